"""From a claim in the outbox to the message that is sent: one way for sending and for previews."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from bot.concepts.trends import WEEKS, Trend, notable
from bot.models.deliveries import Claim, Digest, Message
from bot.models.feeds import FeedRecord
from bot.models.papers import PaperRecord
from bot.render.cards import Shown
from bot.render.dkim import signed
from bot.render.mime import Envelope
from bot.render.view import DigestView, Reader, Site, build_view
from bot.settings import Mailbox, Settings
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.subscribe.tokens import Purpose, Tokens
from bot.wiring.printing import Printing
from bot.wiring.relating import Relating
from bot.wiring.samples import DigestPreview
from bot.wiring.signing import signers

#: Papers that are kept over the digests of a round, with what their cards tell.
_KEPT = 5_000
_NOBODY = Shown(PaperRecord(0, "", ""))


class Mailroom:
    """Renders the digests of one round; feeds, trends and common tags are looked up once for all of them."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        sender: Mailbox,
        tokens: Tokens,
        printing: Printing,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._settings = settings
        self._sender = sender
        self._tokens = tokens
        self._clock = clock
        self._press, self._cards = printing
        self._brand = sender.name or "Concept Digest"
        self._site = Site(self._brand, settings.public_url, settings.postal_address)
        self._relating = Relating(store)
        self._signers = signers(settings)
        self._known: dict[tuple[int, int], Shown] = {}

    def message(self, claim: Claim) -> Message:
        """The mail that a claim is about.

        Raises:
            TemplateError: a template cannot be rendered.
            AddressError, HeaderError: the mail cannot be addressed.
        """
        return self._signed(self._press.message(self._view(claim), self._envelope(claim)))

    def preview(self, claim: Claim) -> DigestPreview:
        """The very mail of `message`, with what is told of it beside; raises the same."""
        view, envelope = self._view(claim), self._envelope(claim)
        message = self._signed(self._press.message(view, envelope))
        return DigestPreview(message, view, self._press.is_fast(view, envelope), self._settings.templates)

    def _view(self, claim: Claim) -> DigestView:
        ids = claim.digest.paper_ids
        reader_id = claim.subscriber_id or 0
        earlier = papers.papers(self._store, [paper for paper, _ in claim.digest.updates])
        records = papers.papers(self._store, ids)
        return build_view(
            _each_once(claim.digest, records),
            self._feeds,
            self._shown(claim.digest, records),
            Reader(
                name=claim.name,
                language=claim.language,
                timezone=claim.timezone,
                unsubscribe_url=self._link(Purpose.UNSUBSCRIBE, reader_id),
                preferences_url=self._link(Purpose.PREFERENCES, reader_id),
                pause_url=self._link(Purpose.PAUSE, reader_id),
                votes_url=self._votes(reader_id) if claim.learns and reader_id else "",
            ),
            self._site,
            (claim.window_start, claim.window_end),
            cards=self._cards,
            earlier=earlier,
            also_in=papers.chosen_feeds_of(self._store, ids, reader_id),
            trends=self._trends,
            weeks=self._weeks,
        )

    def _shown(self, digest: Digest, records: Mapping[int, PaperRecord]) -> dict[tuple[int, int], Shown]:
        """By feed and paper, what the cards of a digest tell; what many digests show is looked up once."""
        wanted = [(part.feed_id, paper) for part in digest.sections for paper in part.paper_ids if paper in records]
        new = {key: records[key[1]] for key in wanted if self._known.get(key, _NOBODY).paper != records[key[1]]}
        if new:
            if len(self._known) > _KEPT:
                self._known.clear()
            related = self._relating.of({paper: record for (_, paper), record in new.items()}, {p: f for f, p in new})
            why = papers.why(self._store, new)
            free = papers.free_to_read(self._store, (record.id for record in new.values()))
            for key, record in new.items():
                concepts = tuple((one.name, one.feed) for one in related.get(key[1], ()))
                self._known[key] = Shown(record, concepts, why.get(key, ""), record.id in free)
        return {key: self._known[key] for key in wanted}

    def _envelope(self, claim: Claim) -> Envelope:
        domain = self._sender.address.rpartition("@")[2]
        reply_to = self._settings.reply_to.address if self._settings.reply_to else ""
        token = self._tokens.make(Purpose.UNSUBSCRIBE, claim.subscriber_id) if claim.subscriber_id else ""
        return Envelope(
            from_name=self._brand,
            from_address=self._sender.address,
            to_name=claim.name,
            to_address=claim.email,
            message_id=claim.message_id,
            date=self._clock(),
            unsubscribe_url=self._link(Purpose.UNSUBSCRIBE, claim.subscriber_id or 0),
            unsubscribe_mailto=f"{reply_to or self._sender.address}?subject=unsubscribe%20{token}",
            reply_to=reply_to,
            list_id=f"digest.{domain}",
            list_name=self._brand,
            feedback_id=f"{claim.run_id}:digest:concept-digest:{domain}",
            sender=self._bounces_to(claim),
            smtputf8=True,
        )

    def _bounces_to(self, claim: Claim) -> str:
        """The envelope sender, which tells by its token which delivery a bounce is about."""
        if not self._settings.bounce_address:
            return self._sender.address
        local, _, domain = self._settings.bounce_address.rpartition("@")
        return f"{local}+{self._tokens.make_bounce(claim.delivery_id)}@{domain}"

    def _link(self, purpose: Purpose, subscriber_id: int) -> str:
        token = self._tokens.make(purpose, subscriber_id) if subscriber_id else "nobody"
        return f"{self._settings.public_url}/{purpose}/{token}"

    def _votes(self, subscriber_id: int) -> str:
        """Where the reader votes, without the paper's part at the end."""
        return f"{self._settings.public_url}/vote/{self._tokens.make_vote(subscriber_id)}"

    def _signed(self, message: Message) -> Message:
        return replace(message, content=signed(message.content, self._signers, self._clock()))

    @cached_property
    def _feeds(self) -> Mapping[int, FeedRecord]:
        return feeds.every_feed(self._store)

    @cached_property
    def _weeks(self) -> Mapping[int, Sequence[int]]:
        return feeds.weekly_counts(self._store, self._clock(), WEEKS)

    @cached_property
    def _trends(self) -> Mapping[int, Trend]:
        return {trend.feed_id: trend for trend in notable(self._weeks)}


def _each_once(digest: Digest, records: Mapping[int, PaperRecord]) -> Digest:
    """The digest without papers that have become one with another of it since it was frozen."""
    shown: set[int] = set()
    sections = []
    for section in digest.sections:
        kept = []
        for paper_id in section.paper_ids:
            now_is = records[paper_id].id if paper_id in records else paper_id
            if now_is not in shown:
                shown.add(now_is)
                kept.append(paper_id)
        sections.append(replace(section, paper_ids=tuple(kept)))
    return replace(digest, sections=tuple(sections))
