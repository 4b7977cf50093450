"""Pages from templates, and what every page knows of the site."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from bot.render.language import frame_direction, frame_language
from bot.render.plain import plain
from bot.render.templates import build_environment, filled
from bot.settings import Settings

BRAND = "Concept Digest"
_BRAND_LENGTH = 64

#: For pages that anybody may see: fresh enough for feeds that are collected every few hours.
PUBLIC = {"Cache-Control": "public, max-age=60"}
#: For pages that a token opens: kept by nobody, found by nobody.
PERSONAL = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True, slots=True)
class SiteView:
    """What the frame of every page shows."""

    brand: str
    #: What paths begin with, where the site does not lie at the root of its host; without a slash at the end.
    base: str
    language: str
    direction: str
    postal_address: str
    #: Changes with the style sheet, so that browsers may keep it.
    style_version: str


class Pages:
    """Fills the templates of `web/`."""

    def __init__(self, settings: Settings) -> None:
        """Read the style sheet and whatever never changes while the site runs.

        Raises:
            TemplateError: there is no style sheet.
        """
        self._environment: Environment = build_environment(settings.templates)
        self.style = filled(self._environment, "web/style.css")
        language = frame_language(settings.language)
        name = settings.from_.name if settings.from_ is not None else ""
        self.site = SiteView(
            brand=plain(name, _BRAND_LENGTH) or BRAND,
            base=urlsplit(settings.public_url).path.rstrip("/"),
            language=language,
            direction=frame_direction(language),
            postal_address=plain(settings.postal_address, 300),
            style_version=hashlib.sha256(self.style.encode()).hexdigest()[:12],
        )

    def page(
        self, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: object
    ) -> HTMLResponse:
        """The page of the template `web/NAME.html`.

        Raises:
            TemplateError: it cannot be rendered.
        """
        html = filled(self._environment, f"web/{name}.html", site=self.site, **values)
        return HTMLResponse(html, status, headers)


async def _pages_of(request: Request) -> Pages:
    return pages_of(request)


def pages_of(request: Request) -> Pages:
    """The pages of the site that a request came to."""
    pages = request.app.state.pages
    assert isinstance(pages, Pages)
    return pages


#: An endpoint's argument of this type is the site's pages.
SitePages = Annotated[Pages, Depends(_pages_of)]

#: What reads, and changes nothing.
READ = ["GET", "HEAD"]
