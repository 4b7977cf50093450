"""The digest mail: subject, text part and HTML part from one view, as a message."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import Environment

from bot.errors import TemplateError
from bot.models.deliveries import Message
from bot.render.fit import HTML_LIMIT, smaller
from bot.render.inline import inlined
from bot.render.mime import Envelope, build_message
from bot.render.plain import plain
from bot.render.subject import digest_subject
from bot.render.templates import filled
from bot.render.view import DigestView

_FOLDER = "email/digest"


def render_digest(view: DigestView, envelope: Envelope, environment: Environment) -> Message:
    """The digest as a message whose HTML part keeps within the limit.

    Args:
        view: what is in it; cards that do not fit are linked instead, in both parts.
        envelope: who sends it to whom; its language becomes the view's.
        environment: from `build_environment`.

    Raises:
        TemplateError: a template cannot be rendered, or alone exceeds the limit.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    fitting, subject, html = _fitting(view, environment)
    text = filled(environment, f"{_FOLDER}/body.txt", mail=fitting, subject=subject)
    return build_message(subject, text, html, replace(envelope, language=view.language))


def _fitting(view: DigestView, environment: Environment) -> tuple[DigestView, str, str]:
    """The view that fits, with its subject and its HTML."""
    while True:
        subject = _subject(view, environment)
        html = inlined(filled(environment, f"{_FOLDER}/body.html", mail=view, subject=subject))
        size = len(html.encode())
        if size <= HTML_LIMIT:
            return view, subject, html
        less = smaller(view, size)
        if less is None:
            problem = f"{size} bytes without any paper; at most {HTML_LIMIT} are sent"
            raise TemplateError(f"{_FOLDER}/body.html", None, problem)
        view = less


def _subject(view: DigestView, environment: Environment) -> str:
    inside = digest_subject(view.total, [section.name for section in view.sections if section.cards])
    return plain(filled(environment, f"{_FOLDER}/subject.txt", mail=view, subject=inside))
