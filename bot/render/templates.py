"""Where templates are found, and how they are filled."""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import Any

import jinja2
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import bot
from bot.errors import TemplateError
from bot.render.languages import Language, language
from bot.render.slots import deferred, is_open
from bot.render.wrap import wrapped


def packaged_templates() -> Path:
    """The folder of the templates that come with the bot: beside the package in a checkout, inside it in a wheel."""
    package = Path(bot.__file__).resolve().parent
    inside = package / "_packaged" / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def is_markup(name: str | None) -> bool:
    """Whether values are escaped in the template of that name: in all but plain text and style sheets.

    Jinja's own `select_autoescape` goes by the last suffix alone and leaves `body.html.j2` unescaped.
    """
    return name is None or not name.removesuffix(".j2").endswith((".txt", ".css"))


def build_environment(own: Path | None = None, spoken: Language | None = None) -> Environment:
    """The Jinja environment for mails and pages.

    Args:
        own: a folder whose templates go before the packaged ones, file by file.
        spoken: the language of the frame; the source's own where there is none.
    """
    folders = [folder for folder in (own, packaged_templates()) if folder is not None]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=is_markup,  # noqa: S701 (the rule does not know functions; this one escapes all but text)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    spoken = spoken or language("")
    extended: Any = environment
    extended.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)
    environment.filters["wrapped"] = _wrapped
    return environment


def _wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """`text` in lines; where places in it are left open, a place for the lines."""
    return deferred(text, indent, indent if first is None else first) if is_open(text) else wrapped(text, indent, first)


def filled(environment: Environment, name: str, **values: object) -> str:
    """The template of that name, filled with `values`.

    Raises:
        TemplateError: it is missing, is not Jinja, or uses a name that there is not; with file and line.
    """
    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.filename or error.name or name, error.lineno, _words(error.message)) from error
    except jinja2.TemplateNotFound as error:
        where, line = _place(environment, error, name)
        raise TemplateError(where, line, f"no such template: {error.name}") from error
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        where, line = _place(environment, error, name)
        raise TemplateError(where, line, _words(str(error))) from error


def _words(message: str | None) -> str:
    return " ".join((message or "cannot be rendered").split()).rstrip(".")


def _place(environment: Environment, error: BaseException, name: str) -> tuple[str, int | None]:
    """The innermost template that `error` came through, with its line; Jinja rewrites tracebacks to its templates."""
    loader: Any = environment.loader
    folders = tuple(str(folder) for folder in loader.searchpath)
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    inside = [place for place in frames if place[0].startswith(folders) and not place[0].endswith(".py")]
    return inside[-1] if inside else (name, None)
