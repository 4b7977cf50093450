"""From sign-ups and letters that wait to the mails that answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from bot.deliver.letters import send_letters
from bot.deliver.smtp import Connection
from bot.errors import BotError
from bot.models.deliveries import Message
from bot.models.feeds import FeedRecord
from bot.models.letters import LetterKind, LetterRecord
from bot.models.signups import SIGN_UP_LIMITS, SignUpLimits
from bot.render.dkim import signed
from bot.render.languages import language
from bot.render.letters import Choice, LetterView, already, changed, confirmation, goodbye, render_letter, welcome
from bot.render.mime import Envelope
from bot.render.templates import build_environment
from bot.render.view import Reader, Site
from bot.settings import Mailbox, Settings
from bot.store import letters, signups
from bot.store.engine import Store
from bot.store.feeds import feeds
from bot.store.home import assure_home
from bot.subscribe.tokens import Purpose, Tokens
from bot.suppress.replies import suppression_for
from bot.wiring.signing import signers

_DAY = timedelta(days=1)


def answer_all(
    store: Store,
    settings: Settings,
    tokens: Tokens,
    mail_server: Callable[[], tuple[Mailbox, Connection]],
    clock: Callable[[], datetime],
    *,
    limits: SignUpLimits = SIGN_UP_LIMITS,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Take in the sign-ups that wait, and send the letters that are due; how many were sent.

    Quiet hours do not keep letters back: somebody waits for them.

    Raises:
        SettingsError: what sending needs is missing or wrong, all of it named.
        MailServerError: the mail server cannot be used; the letters are tried again later.
        StoreError: the database cannot be used, or is a copy that sends nothing.
    """
    if not letters.any_due(store, clock()):
        return 0
    assure_home(store)
    sender, connection = mail_server()
    while not should_stop() and signups.take_in(store, tokens.pseudonyms, limits, clock()) == signups.AT_ONCE:
        pass
    signups.ask_waiting(store, tokens.pseudonyms, limits, clock())
    try:
        desk = _Desk(store, settings, sender, tokens, clock)
        return send_letters(
            store,
            connection,
            desk.message,
            clock,
            domain=sender.address.rpartition("@")[2],
            suppression_for=suppression_for,
            should_stop=should_stop,
        )
    finally:
        connection.close()


class _Desk:
    """Writes the letters of one round."""

    def __init__(
        self, store: Store, settings: Settings, sender: Mailbox, tokens: Tokens, clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._sender, self._tokens, self._clock = settings, sender, tokens, clock
        self._feeds = {feed.slug: feed for feed in feeds(store)}
        self._brand = sender.name or "Concept Digest"
        self._site = Site(self._brand, settings.public_url, settings.postal_address)
        self._signers = signers(settings)

    def message(self, one: LetterRecord) -> Message:
        """The mail, signed.

        Raises:
            TemplateError: a template cannot be rendered.
            AddressError, HeaderError: the mail cannot be addressed.
        """
        view = self._view(one)
        environment = build_environment(self._settings.templates, language(one.language))
        message = render_letter(view, self._envelope(one, view), environment)
        return replace(message, content=signed(message.content, self._signers, self._clock()))

    def _view(self, one: LetterRecord) -> LetterView:
        chosen = self._chosen(one)
        choice = Choice(chosen, one.wish, one.max_papers)
        reader = Reader(
            name=one.name,
            language=one.language,
            timezone=one.wish.timezone,
            unsubscribe_url=self._own(Purpose.UNSUBSCRIBE, one),
            preferences_url=self._own(Purpose.PREFERENCES, one),
            pause_url=self._own(Purpose.PAUSE, one),
        )
        site = self._site
        match one.kind:
            case LetterKind.CONFIRMATION:
                return confirmation(choice, one.email, site, self._button(one), self._days(one), one.language)
            case LetterKind.ALREADY:
                link = self._button(one) if chosen else ""
                return already(chosen, reader, one.email, site, link, self._days(one))
            case LetterKind.WELCOME:
                return welcome(choice, reader, one.email, site, one.next_due or self._clock())
            case LetterKind.CHANGED:
                return changed(choice, reader, one.email, site, one.next_due)
            case LetterKind.GOODBYE:
                return goodbye(reader, one.email, site, f"{self._settings.public_url}/sign-up")
        raise BotError(f"letter: {one.id}: no such kind: '{one.kind}'")

    def _envelope(self, one: LetterRecord, view: LetterView) -> Envelope:
        domain = self._sender.address.rpartition("@")[2]
        reply_to = self._settings.reply_to.address if self._settings.reply_to else ""
        leave = self._tokens.make(Purpose.UNSUBSCRIBE, one.subscriber_id)
        return Envelope(
            from_name=self._brand,
            from_address=self._sender.address,
            # Empty where the letter answers whoever filled in a form.
            to_name=one.name,
            to_address=one.email,
            message_id=one.message_id,
            date=self._clock(),
            unsubscribe_url=view.unsubscribe_url or None,
            unsubscribe_mailto=f"{reply_to or self._sender.address}?subject=unsubscribe%20{leave}",
            reply_to=reply_to,
            list_id=f"digest.{domain}" if view.unsubscribe_url else "",
            list_name=self._brand,
            feedback_id=f"{one.kind}:letter:concept-digest:{domain}",
            sender=self._settings.bounce_path(self._tokens.make_letter_bounce(one.id)),
            smtputf8=True,
        )

    def _chosen(self, one: LetterRecord) -> tuple[FeedRecord, ...]:
        return tuple(self._feeds[slug] for slug in one.feeds if slug in self._feeds)

    def _button(self, one: LetterRecord) -> str:
        return f"{self._settings.public_url}/confirm/{self._tokens.make(Purpose.CONFIRM, one.sign_up_id or 0)}"

    def _days(self, one: LetterRecord) -> int:
        """How long the link is good, from now on, in whole days."""
        return max(1, ceil(((one.expires_at or self._clock()) - self._clock()) / _DAY))

    def _own(self, purpose: Purpose, one: LetterRecord) -> str:
        return f"{self._settings.public_url}/{purpose}/{self._tokens.make(purpose, one.subscriber_id)}"
