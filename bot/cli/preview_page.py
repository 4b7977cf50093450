"""One page that shows a message from all sides, for a browser that opens a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import SMTP
from typing import Final

from bot.cli.output import plural
from bot.render.fit import HTML_LIMIT
from bot.render.templates import build_environment, filled
from bot.wiring.samples import DigestPreview

_STYLE_SHEETS = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: What the frames are called, how wide they are in pixels, and which colours the reader prefers.
_FRAMES: Final = (
    ("600 pixels", 600, "light"),
    ("320 pixels, as on a small telephone", 320, "light"),
    ("600 pixels, dark", 600, "dark"),
)


@dataclass(frozen=True, slots=True)
class FactView:
    """Something told of the message."""

    label: str
    value: str
    #: What is counted, and how much of it there may be; 0 where there is no limit.
    number: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class FrameView:
    """The HTML part as one reader sees it."""

    name: str
    width: int
    #: light or dark
    scheme: str
    document: str


@dataclass(frozen=True, slots=True)
class PageView:
    """What the template of the page sees."""

    subject: str
    sender: str
    recipient: str
    direction: str
    facts: tuple[FactView, ...]
    frames: tuple[FrameView, ...]
    text: str
    headers: str
    source: str


def preview_page(preview: DigestPreview) -> str:
    """The page, whole: it asks for nothing from elsewhere, runs nothing, and everything that a mail says is escaped.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    message = preview.message
    html, source = message.html, message.content.decode("utf-8", "replace").replace("\r\n", "\n")
    head = BytesHeaderParser(policy=SMTP).parsebytes(message.content)
    page = PageView(
        subject=message.subject,
        sender=str(head["From"]),
        recipient=str(head["To"]),
        direction=preview.view.direction,
        facts=_facts(preview, len(html.encode())),
        frames=tuple(FrameView(name, width, scheme, in_scheme(html, scheme)) for name, width, scheme in _FRAMES),
        text=message.text,
        headers=source.partition("\n\n")[0],
        source=source,
    )
    # Not with own templates: they may be what one looks for a fault in.
    return filled(build_environment(), "preview/page.html", page=page)


def _facts(preview: DigestPreview, size: int) -> tuple[FactView, ...]:
    shown, planned = preview.shown().total, preview.view.total
    left_out = f"; {planned - shown:,} more had no room" if planned > shown else ""
    made = "fast, put together from fragments" if preview.fast else "slow, rendered as a whole; `bot check` tells why"
    return (
        FactView("HTML part", f"{size:,} of {HTML_LIMIT:,} bytes", size, HTML_LIMIT),
        FactView("Text part", plural(len(preview.message.text.encode()), "byte")),
        FactView("Whole message", plural(len(preview.message.content), "byte")),
        FactView("Cards", f"{shown:,}{left_out}"),
        FactView("Templates", made),
        FactView("Language", preview.view.language),
    )


def in_scheme(html: str, scheme: str) -> str:
    """The HTML as a reader sees it who prefers that colour scheme, whatever the browser prefers.

    Args:
        scheme: light or dark.
    """

    def asked(found: re.Match[str]) -> str:
        return "(min-width: 0)" if found[1].lower() == scheme else "(max-width: 0)"

    def decided(found: re.Match[str]) -> str:
        return found[1] + _SCHEME.sub(asked, found[2]) + found[3]

    forced = f"<style>:root {{ color-scheme: only {scheme} !important; }}</style>"
    return _HEAD.sub(lambda found: found[0] + forced, _STYLE_SHEETS.sub(decided, html), count=1)
