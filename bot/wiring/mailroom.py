"""From a claim in the outbox to the message that is sent: one way for sending and for previews."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from bot.concepts.trends import WEEKS, Trend, notable
from bot.models.deliveries import Claim, Digest, DigestSection, Message
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, Author, PaperRecord
from bot.render.digest import render_digest
from bot.render.mime import Envelope
from bot.render.templates import build_environment
from bot.render.view import Reader, Site, VoteLinks, build_view
from bot.settings import Mailbox, Settings
from bot.store import feeds, papers
from bot.store.engine import Store
from bot.subscribe.tokens import Purpose, Tokens
from bot.wiring.relating import Relating


class Mailroom:
    """Renders the digests of one round; feeds, trends and common tags are looked up once for all of them."""

    def __init__(
        self, store: Store, settings: Settings, sender: Mailbox, tokens: Tokens, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._settings = settings
        self._sender = sender
        self._tokens = tokens
        self._clock = clock
        self._environment = build_environment(settings.templates)
        self._brand = sender.name or "Concept Digest"
        self._relating = Relating(store)

    def message(self, claim: Claim) -> Message:
        """The mail that a claim is about.

        Raises:
            TemplateError: a template cannot be rendered.
            AddressError, HeaderError: the mail cannot be addressed.
        """
        ids = claim.digest.paper_ids
        records = papers.papers(self._store, (*ids, *(paper for paper, _ in claim.digest.updates)))
        reader_id = claim.subscriber_id or 0
        shown_in = {paper_id: part.feed_id for part in claim.digest.sections for paper_id in part.paper_ids}
        view = build_view(
            _each_once(claim.digest, records),
            self._feeds,
            records,
            {
                paper_id: [(concept.name, concept.feed) for concept in concepts]
                for paper_id, concepts in self._relating.of(records, shown_in).items()
            },
            Reader(
                name=claim.name,
                language=claim.language,
                timezone=claim.timezone,
                unsubscribe_url=self._link(Purpose.UNSUBSCRIBE, reader_id),
                preferences_url=self._link(Purpose.PREFERENCES, reader_id),
            ),
            Site(self._brand, self._settings.public_url, self._settings.postal_address),
            claim.window_start,
            claim.window_end,
            also_in=papers.chosen_feeds_of(self._store, ids, reader_id),
            trending_notes={trend.feed_id: trend.words for trend in self._trends},
            young={trend.feed_id for trend in self._trends if not trend.known},
            votes=self._votes(reader_id, records.values()) if claim.learns else None,
        )
        return render_digest(view, self._envelope(claim), self._environment)

    def sample(self) -> Message:
        """A digest of one invented paper, to see that the templates work."""
        feed = FeedRecord(0, "sample", "Sample feed", "What a sample looks like.")
        paper = PaperRecord(
            0,
            "A sample paper with α<β in its title",
            "https://doi.org/10.5555/sample",
            (AbstractSection("RESULTS", "It was found that samples are short."),),
            (Author("Sample", "Sam", "S"),),
            "Journal of Samples",
        )
        now = self._clock()
        view = build_view(
            Digest((DigestSection(0, (0,), 1),), (0,)),
            {0: feed},
            {0: paper},
            {0: [("Samples", feed)]},
            Reader("Sam", self._settings.language, self._settings.timezone, self._link(Purpose.UNSUBSCRIBE, 0)),
            Site(self._brand, self._settings.public_url, self._settings.postal_address),
            now - timedelta(days=7),
            now,
        )
        address = self._sender.address
        url = self._link(Purpose.UNSUBSCRIBE, 0)
        envelope = Envelope(self._brand, address, "Sam", "sam@reader.example", "sample@localhost", now, url)
        return render_digest(view, envelope, self._environment)

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

    def _votes(self, subscriber_id: int, shown: Iterable[PaperRecord]) -> dict[int, VoteLinks]:
        """By paper, where the reader votes on it."""
        links = {}
        for paper in shown if subscriber_id else ():
            token = self._tokens.make_vote(subscriber_id, paper.id)
            links[paper.id] = VoteLinks(
                *(f"{self._settings.public_url}/vote/{way}/{token}" for way in ("more", "less"))
            )
        return links

    @cached_property
    def _feeds(self) -> Mapping[int, FeedRecord]:
        return feeds.every_feed(self._store)

    @cached_property
    def _trends(self) -> Sequence[Trend]:
        return notable(feeds.weekly_counts(self._store, self._clock(), WEEKS))


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
