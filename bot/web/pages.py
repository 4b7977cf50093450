"""Pages from templates, and what every page knows of the site."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from bot.render.languages import SPOKEN, Language, language
from bot.render.plain import plain
from bot.render.templates import build_environment, filled
from bot.settings import Settings
from bot.web.wished import Wished, wished

BRAND = "Concept Digest"
_BRAND_LENGTH = 64

#: For pages that anybody may see: fresh enough for feeds that are collected every few hours.
PUBLIC = {"Cache-Control": "public, max-age=60"}
#: For pages that a token opens: kept by nobody, found by nobody.
PERSONAL = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language that the site speaks, to choose."""

    code: str
    #: In itself: `Deutsch`.
    name: str
    direction: str


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
    #: The same of the script.
    script_version: str = ""
    #: The same of the one for preferences.
    choosing_version: str = ""
    #: Where the site is for those outside, without a slash at the end.
    public_url: str = ""
    #: Whether the reader chose the language by the address, so that links go on in it.
    chosen: bool = False
    languages: tuple[Tongue, ...] = ()

    def link(self, path: str) -> str:
        """A path of the site as a link on a page: `/digests/feeds/one?lang=de`."""
        if not self.chosen:
            return f"{self.base}{path}"
        path, mark, fragment = path.partition("#")
        return f"{self.base}{path}{'&' if '?' in path else '?'}lang={self.language}{mark}{fragment}"


class Pages:
    """Fills the templates of `web/`, in one language."""

    def __init__(self, settings: Settings, wish: Wished | None = None) -> None:
        """Read the style sheet and whatever never changes while the site runs.

        Args:
            wish: the language; the one of the settings where there is none.

        Raises:
            TemplateError: there is no style sheet.
        """
        wish = wish or wished("", "", settings.language)
        self._settings = settings
        #: In which the pages speak.
        self.language: Language = language(wish.code)
        self._environment = _environment(settings, self.language)
        self.style = filled(self._environment, "web/style.css")
        self.script = filled(self._environment, "web/sign-up.js")
        self.choosing = filled(self._environment, "web/choosing.js")
        name = settings.from_.name if settings.from_ is not None else ""
        self.site = SiteView(
            brand=plain(name, _BRAND_LENGTH) or BRAND,
            base=urlsplit(settings.public_url).path.rstrip("/"),
            language=self.language.code,
            direction=self.language.direction,
            postal_address=plain(settings.postal_address, 300),
            style_version=hashlib.sha256(self.style.encode()).hexdigest()[:12],
            script_version=hashlib.sha256(self.script.encode()).hexdigest()[:12],
            choosing_version=hashlib.sha256(self.choosing.encode()).hexdigest()[:12],
            public_url=settings.public_url.rstrip("/"),
            chosen=wish.chosen,
            languages=tuple(map(_tongue, SPOKEN)),
        )
        self._others: dict[Wished, Pages] = {wish: self}

    def spoken(self, wish: Wished | str) -> Pages:
        """The same pages in another language; made once."""
        wish = wished("", wish, self._settings.language) if isinstance(wish, str) else wish
        if wish not in self._others:
            other = Pages(self._settings, wish)
            other._others = self._others
            self._others[wish] = other
        return self._others[wish]

    def html(self, name: str, **values: object) -> str:
        """The text of the template `web/NAME.html`.

        Raises:
            TemplateError: it cannot be rendered.
        """
        return filled(self._environment, f"web/{name}.html", site=self.site, **values)

    def page(
        self, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: object
    ) -> HTMLResponse:
        """The page of the template `web/NAME.html`.

        Raises:
            TemplateError: it cannot be rendered.
        """
        return HTMLResponse(self.html(name, **values), status, self.told(headers or {}))

    def told(self, headers: dict[str, str]) -> dict[str, str]:
        """Headers of a page, with what its language makes of it: caches keep one for each (RFC 9110 section 12.5.5)."""
        return {"Content-Language": self.language.code, "Vary": "Accept-Language"} | headers


def _environment(settings: Settings, spoken: Language) -> Environment:
    environment = build_environment(settings.templates, spoken)
    filters: dict[str, Any] = {"number": spoken.number, "bold": _bold, "listing": spoken.listing}
    environment.filters.update(filters)

    def count(number: int, one: str, many: str, **values: object) -> Markup:
        return Markup(spoken.ngettext(one, many, number)) % {"number": spoken.number(number), **values}  # noqa: S704 (a message of our own; what is put into it is escaped)

    environment.globals["count"] = count
    return environment


def _bold(text: object) -> Markup:
    """The text as it stands out, for a place in a message, which itself holds no markup."""
    return Markup("<b>{}</b>").format(text)


def _tongue(code: str) -> Tongue:
    one = language(code)
    return Tongue(code, str(one.locale.get_language_name(code) or code).capitalize(), one.direction)


async def _pages_of(request: Request) -> Pages:
    return pages_of(request)


def pages_of(request: Request) -> Pages:
    """The pages of the site that a request came to, in the language that it wishes."""
    pages = request.app.state.pages
    assert isinstance(pages, Pages)
    wish = wished(request.query_params.get("lang", ""), request.headers.get("accept-language", ""), pages.site.language)
    return pages.spoken(wish)


#: An endpoint's argument of this type is the site's pages.
SitePages = Annotated[Pages, Depends(_pages_of)]

#: What reads, and changes nothing.
READ = ["GET", "HEAD"]
