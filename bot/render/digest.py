"""The digest mail: put together from fragments, or rendered as a whole, which comes to the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from quopri import decodestring

from bot.errors import TemplateError
from bot.models.deliveries import Message
from bot.render.fit import HTML_LIMIT, smaller
from bot.render.fragments import FOLDER, Filled, Fragments
from bot.render.inline import inlined
from bot.render.languages import language
from bot.render.mime import Envelope, assembled, build_message
from bot.render.plain import plain
from bot.render.templates import build_environment, filled
from bot.render.view import DigestView


class Press:
    """Makes the digests of many readers, in all languages.

    Args:
        own: a folder whose templates go before the packaged ones, file by file. Where they look at what fragments do
            not know, such as all sections at once, digests are rendered as a whole: slowly, but as they are meant.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._environment = cache(lambda code: build_environment(own, language(code)))
        self._fragments = Fragments(self._environment)
        self._own_subject = own is not None and (own / f"{FOLDER}/subject.txt").is_file()
        #: Whether fragments come to the same as the whole; packaged ones do, as tests see to.
        self._alike = None if own else True

    def message(self, view: DigestView, envelope: Envelope) -> Message:
        """The digest as a message whose HTML part keeps within the limit.

        Args:
            view: what is in it; cards that do not fit are linked instead, in both parts.
            envelope: who sends it to whom; its language becomes the view's.

        Raises:
            TemplateError: a template cannot be rendered, or alone exceeds the limit.
            AddressError, HeaderError: the mail cannot be addressed.
        """
        if self._own_subject:
            subject = plain(filled(self._environment(view.language), f"{FOLDER}/subject.txt", mail=view))
            view = replace(view, subject=subject)
        if not self.is_fast(view, envelope):
            return self.whole(view, envelope)
        return self._put_together(view, envelope)

    def prepare(self, views: Sequence[DigestView]) -> None:
        """Make the pieces that some digests need together, which saves time; `message` makes what is not there yet."""
        if self._alike:
            # Whose fault it is will be told where that digest is made.
            with suppress(TemplateError):
                self._fragments.prepare(views)

    def is_fast(self, view: DigestView, envelope: Envelope) -> bool:
        """Whether digests can be put together from fragments; own templates are tried on the first one.

        Raises:
            TemplateError, AddressError, HeaderError: as `message` does.
        """
        if self._alike is None:
            # The last one finds the pieces of the first kept, and must not find there what that one alone has.
            others = (
                view,
                replace(view, reader_name="", votes_url="", summary=""),
                view.with_sections(view.sections[:1]),
            )
            wholes = [_said(self.whole(one, envelope)) for one in others]
            try:
                self._alike = wholes == [_said(self._put_together(one, envelope)) for one in others]
            except TemplateError:
                self._alike = False
        return self._alike

    def whole(self, view: DigestView, envelope: Envelope) -> Message:
        """The digest from one document: what fragments are held to."""
        environment = self._environment(view.language)
        while True:
            html = inlined(filled(environment, f"{FOLDER}/body.html", mail=view))
            size = len(html.encode())
            if size <= HTML_LIMIT:
                text = filled(environment, f"{FOLDER}/body.txt", mail=view)
                return build_message(view.subject, text, html, replace(envelope, language=view.language))
            view = _smaller(view, size)

    def page(self, view: DigestView) -> str:
        """The digest's HTML alone, to be shown by a browser; within the same limit as the mail's.

        Raises:
            TemplateError: a template cannot be rendered, or alone exceeds the limit.
        """
        while True:
            if self._alike:
                done = Filled(self._fragments.of(view), view)
                html, size = decodestring(b"".join(done.html)).decode(), done.html_size
            else:
                html = inlined(filled(self._environment(view.language), f"{FOLDER}/body.html", mail=view))
                size = len(html.encode())
            if size <= HTML_LIMIT:
                return html.replace("\r\n", "\n")
            view = _smaller(view, size)

    def _put_together(self, view: DigestView, envelope: Envelope) -> Message:
        while True:
            done = Filled(self._fragments.of(view), view)
            if done.html_size <= HTML_LIMIT:
                return assembled(view.subject, done.text, done.html, envelope, view.language)
            view = _smaller(view, done.html_size)


def _said(message: Message) -> tuple[str, str, str]:
    """What a reader sees: pieces are encoded in other lines than the whole."""
    return message.subject, message.text, message.html


def _smaller(view: DigestView, size: int) -> DigestView:
    less = smaller(view, size)
    if less is None:
        problem = f"{size} bytes without any paper; at most {HTML_LIMIT} are sent"
        raise TemplateError(f"{FOLDER}/body.html", None, problem)
    return less
