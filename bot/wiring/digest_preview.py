"""The very message that a subscriber would be sent, before it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.deliver.retry import refusal
from bot.digests.plan import compose_for
from bot.errors import BotError
from bot.models.deliveries import Claim, PassedOver
from bot.models.subscribers import Standing
from bot.settings import Settings
from bot.store import outbox, subscribers
from bot.store.engine import Store
from bot.store.subscribers import SubscriberRecord
from bot.wiring.mailroom import Mailroom
from bot.wiring.samples import DigestPreview, sender_of


class DigestPreviews:
    """Shows what would be sent: from the outbox where a digest waits, otherwise composed now.

    Args:
        mailroom: gives one that renders by the templates of now.
        trending: gives the feeds that are offered as trending.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        mailroom: Callable[[], Mailroom],
        trending: Callable[[], Sequence[int]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._mailroom, self._trending = mailroom, trending

    def show(self, email: str, at: datetime | None = None, language: str = "") -> DigestPreview:
        """What this subscriber would be sent.

        Args:
            at: what would be composed then, whatever waits.
            language: instead of the subscriber's.

        Raises:
            UnknownError: there is no such subscriber.
            BotError: there is nothing to send, and why.
        """
        person = subscribers.subscriber_by_email(self._store, email)
        if person.standing != Standing.ACTIVE:
            raise BotError(f"preview: {person.email}: gets no digest: {person.standing}")
        claim = None if at else outbox.waiting_for(self._store, person.id)
        if claim is None:
            claim = self._composed(person, at)
        elif refused := refusal(claim, self._clock()):
            raise BotError(f"preview: {person.email}: the digest that waits will not be sent: {refused.reason}")
        if not claim.message_id:
            domain = sender_of(self._settings).address.rpartition("@")[2]
            claim = claim._replace(message_id=f"<preview@{domain}>")
        return self._mailroom().preview(claim._replace(language=language or claim.language))

    def _composed(self, person: SubscriberRecord, at: datetime | None) -> Claim:
        outcome = compose_for(
            self._store,
            self._clock,
            person.id,
            at=at,
            lookback_days=self._settings.lookback_days,
            trending=self._trending(),
            timezone=self._settings.timezone,
        )
        if outcome is None or isinstance(outcome, PassedOver):
            reason = outcome.reason if outcome else "not there any more"
            raise BotError(f"preview: {person.email}: would get no digest: {reason}")
        return Claim(
            delivery_id=0,
            run_id=0,
            subscriber_id=person.id,
            email=person.email,
            name=person.name,
            standing=person.standing,
            language=person.language,
            timezone=person.wish.timezone,
            suppressed=False,
            message_id="",
            attempts=0,
            window_start=outcome.window_start,
            window_end=outcome.window_end,
            expires_at=outcome.expires_at,
            content=outcome.digest.frozen(),
            learns=person.learns,
        )
