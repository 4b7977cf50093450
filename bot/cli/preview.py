"""`bot preview`: the very message that would be sent, on paper, in a file or in a browser."""

from __future__ import annotations

import webbrowser
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from bot.cli.context import now, opened, read_time
from bot.cli.output import show, talk
from bot.cli.preview_page import preview_page
from bot.errors import BotError
from bot.render.languages import SPOKEN
from bot.settings import read_settings
from bot.wiring.samples import DigestPreview, preview_sample


class Form(StrEnum):
    """How a message is shown."""

    HTML = "html"
    TEXT = "text"
    EML = "eml"
    #: All of it, on one page.
    PAGE = "page"


#: Of files that a browser opens.
_SUFFIXES = {Form.HTML: ".html", Form.TEXT: ".txt", Form.EML: ".eml", Form.PAGE: ".html"}


def preview(
    email: Annotated[str | None, typer.Argument(help="The subscriber's address.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="An invented digest, for nobody; needs no database.")
    ] = False,
    at: Annotated[str | None, typer.Option(help="As it would be at this time (now).", metavar="TIME")] = None,
    language: Annotated[
        str | None, typer.Option(help="In another language than the subscriber's.", metavar="CODE")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part (this is the default).")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="The whole message, as it goes over the wire.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write it into this file; with --open also a folder.", metavar="FILE")
    ] = None,
    in_browser: Annotated[
        bool,
        typer.Option(
            "--open", help="Show all of it on one page in a browser; with --html, --text or --eml, that alone."
        ),
    ] = False,
) -> None:
    """Show the very message that would be sent to a subscriber, and send nothing."""
    if html + text + eml > 1:
        raise typer.BadParameter("--html, --text and --eml go one at a time")
    if sample == (email is not None):
        raise typer.BadParameter("name a subscriber, or see an invented digest with --sample; one of the two")
    form = Form.EML if eml else Form.HTML if html else Form.TEXT if text or not in_browser else Form.PAGE
    done = _preview(email, at, _read_language(language))
    content = _as_form(done, form)
    if in_browser:
        _open(_written(content, _file(out, form)))
    elif out is not None:
        talk(f"written: {_written(content, out)}")
    else:
        heading = f"Subject: {done.message.subject}\n\n" if form is Form.TEXT else ""
        show(heading + content.decode())


def _preview(email: str | None, at: str | None, language: str) -> DigestPreview:
    settings = read_settings()
    when = read_time(at, settings)
    if email is None:
        return preview_sample(settings, language or settings.language, when or now())
    with opened(settings) as app:
        return app.preview_closely(email, when, language)


def _read_language(code: str | None) -> str:
    if code is not None and code not in SPOKEN:
        raise typer.BadParameter(f"no such language: '{code}'; known: {', '.join(SPOKEN)}")
    return code or ""


def _as_form(done: DigestPreview, form: Form) -> bytes:
    match form:
        case Form.EML:
            return done.message.content
        case Form.PAGE:
            return preview_page(done).encode()
        case _:
            return (done.message.html if form is Form.HTML else done.message.text).encode()


def _file(out: Path | None, form: Form) -> Path:
    """Where a browser finds it: in the file that was named, or in a folder, whose files nobody else reads."""
    if out is not None and not out.is_dir():
        return out
    return (out or Path(mkdtemp(prefix="bot-preview-"))) / f"preview{_SUFFIXES[form]}"


def _written(content: bytes, file: Path) -> Path:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise BotError(f"preview: {file}: cannot be written: {error.strerror}") from error
    return file


def _open(file: Path) -> None:
    show(str(file.absolute()))
    try:
        there = webbrowser.open(file.absolute().as_uri())
    except (webbrowser.Error, OSError):
        there = False
    if not there:
        talk("no browser is to be found here; open the file yourself")
