"""Mails that are rendered in one piece: all but digests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from jinja2 import Environment

from bot.errors import TemplateError
from bot.models.deliveries import Message
from bot.render.fit import HTML_LIMIT
from bot.render.inline import inlined
from bot.render.languages import Language
from bot.render.mime import Envelope, build_message
from bot.render.plain import plain, web_link
from bot.render.templates import filled
from bot.render.view import Site

BRAND_LENGTH = 120
_POSTAL_ADDRESS_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """What the frame around a mail sees."""

    site: Site
    #: Of the frame's words.
    spoken: Language
    #: Which is also the title of the page; comes from a template, so that it is empty there.
    subject: str = ""
    preferences_url: str = ""
    pause_url: str = ""
    unsubscribe_url: str = ""

    @property
    def brand(self) -> str:
        """Who sends."""
        return plain(self.site.brand, BRAND_LENGTH)

    @property
    def postal_address(self) -> str:
        """Of the sender."""
        return plain(self.site.postal_address, _POSTAL_ADDRESS_LENGTH)

    @property
    def public_url(self) -> str:
        """Of the web page; empty where it is no link."""
        return web_link(self.site.public_url)

    @property
    def language(self) -> str:
        """BCP 47."""
        return self.spoken.code

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.spoken.direction


@dataclass(frozen=True, slots=True)
class Fact:
    """Something told in a few words: `How often`, `every Monday`."""

    label: str
    value: str
    note: str = ""
    #: BCP 47, of a label that is not in the frame's language.
    language: str = ""


View = TypeVar("View", bound=MailView)


def render_mail(
    folder: str, view_of: Callable[[int], View], most: int, envelope: Envelope, environment: Environment
) -> Message:
    """The mail of that folder's templates, telling of as many things as its HTML part has room for.

    Args:
        folder: `email/welcome`; has `subject.txt`, `body.html` and `body.txt`.
        view_of: what the templates see, telling of at most so many things one by one and counting the others.
        most: how many are told one by one in any case.
        envelope: who sends it to whom; its language becomes the view's.
        environment: of the view's language.

    Raises:
        TemplateError: a template cannot be rendered, or exceeds the limit without any of them.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    while True:
        view = view_of(most)
        view = replace(view, subject=plain(filled(environment, f"{folder}/subject.txt", mail=view)))
        html = inlined(filled(environment, f"{folder}/body.html", mail=view))
        size = len(html.encode())
        if size <= HTML_LIMIT:
            text = filled(environment, f"{folder}/body.txt", mail=view)
            return build_message(view.subject, text, html, replace(envelope, language=view.language))
        if not most:
            problem = f"{size} bytes with nothing told one by one; at most {HTML_LIMIT} are sent"
            raise TemplateError(f"{folder}/body.html", None, problem)
        most //= 2
