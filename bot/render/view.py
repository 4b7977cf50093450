"""What the templates of a digest see, and how it is built from the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, TypedDict

from bot.concepts.trends import Trend
from bot.models.deliveries import Digest, DigestSection
from bot.models.feeds import SOURCE_NAMES, FeedRecord
from bot.models.papers import Mark, PaperRecord
from bot.render.cards import NAME_LENGTH, TITLE_LENGTH, Cards, CardView, Shown
from bot.render.language import text_language
from bot.render.languages import Language, language
from bot.render.languages import marked as _
from bot.render.plain import direction_of, plain, web_link
from bot.render.rows import (
    FeedsView,
    FeedView,
    HeadView,
    LeftOutView,
    MissedView,
    MoreView,
    Row,
    UnreachedFeed,
    UnreachedView,
    UpdatesView,
    UpdateView,
)
from bot.render.subject import digest_subject, headline, summary
from bot.render.wording import zone_named

_DESCRIPTION_LENGTH = 300


#: What has happened to an earlier paper, as a badge's kind and in words.
_UPDATES: Final[Mapping[str, tuple[str, str]]] = {
    Mark.RETRACTED: ("retracted", _("Retracted since")),
    Mark.CONCERN: ("retracted", _("The publisher has expressed concern")),
    Mark.CORRECTED: ("erratum", _("Corrected since")),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """The subscriber a digest is for; links are empty where there are no such pages."""

    name: str = ""
    language: str = "en"
    #: An IANA name.
    timezone: str = "UTC"
    unsubscribe_url: str = ""
    preferences_url: str = ""
    pause_url: str = ""
    #: Where their votes go, without the paper's part at the end; empty where they are not asked.
    votes_url: str = ""
    #: Of the digest's own page.
    view_url: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Who sends, and where the web page is."""

    brand: str
    public_url: str
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class SectionView:
    """One concept feed's part."""

    head: HeadView
    cards: tuple[CardView, ...] = ()
    #: Papers of the window that only the web has.
    more: int = 0
    #: How many of those gave way to others because of the reader's votes.
    by_votes: int = 0

    @property
    def name(self) -> str:
        """The feed's."""
        return self.head.name


@dataclass(frozen=True, slots=True)
class DigestView:
    """All that a digest's templates see."""

    brand: str
    #: Of the frame's words.
    language: str
    direction: str
    reader_name: str
    period: str
    #: `7 new papers`
    headline: str
    summary: str
    #: Of the mail, which is also its title.
    subject: str
    sections: tuple[SectionView, ...]
    #: Feeds that the reader does not follow.
    trending: tuple[FeedView, ...]
    unsubscribe_url: str
    preferences_url: str
    pause_url: str
    votes_url: str
    postal_address: str
    public_url: str
    #: Feeds of the reader that have news but no section, because the mail was too long, and their papers.
    feeds_left_out: int = 0
    papers_left_out: int = 0
    updates: tuple[UpdateView, ...] = ()
    unreached: tuple[UnreachedFeed, ...] = ()
    view_url: str = ""
    #: Papers that came during a pause and are too old for this digest.
    missed: int = 0

    @property
    def total(self) -> int:
        """Papers that are shown."""
        return sum(len(section.cards) for section in self.sections)

    @property
    def more(self) -> int:
        """Papers that only the web has."""
        return sum(section.more for section in self.sections) + self.papers_left_out

    @property
    def rows(self) -> Iterator[Row]:
        """Everything between the masthead and the footer, from above."""
        spoken = language(self.language)
        for section in self.sections:
            yield section.head
            yield from section.cards
            if section.more:
                yield _more(section.head, section.more, section.by_votes, spoken)
        if self.feeds_left_out:
            yield _left_out(self, spoken)
        if self.missed:
            yield _missed(self, spoken)
        if self.updates:
            yield UpdatesView(self.updates)
        if self.unreached:
            yield UnreachedView(self.unreached)
        if self.trending:
            yield FeedsView(not any(feed.young for feed in self.trending))
            yield from self.trending

    def with_sections(
        self, sections: Sequence[SectionView], feeds_left_out: int = 0, papers_left_out: int = 0
    ) -> DigestView:
        """The digest with other sections, and with words that fit; what it leaves out besides is added.

        Args:
            feeds_left_out: feeds that have no section any more.
            papers_left_out: of these.
        """
        left_out = self.papers_left_out + papers_left_out
        return replace(
            self,
            sections=tuple(sections),
            feeds_left_out=self.feeds_left_out + feeds_left_out,
            papers_left_out=left_out,
            **_words(sections, left_out, language(self.language)),
        )


class _Words(TypedDict):
    headline: str
    summary: str
    subject: str


def _words(sections: Sequence[SectionView], left_out: int, language: Language) -> _Words:
    """What a digest says of its sections, and of `left_out` papers that are in none of them."""
    shown = tuple([(section.head.name, len(section.cards)) for section in sections if section.cards])
    total = sum([papers for _, papers in shown])
    more = sum([section.more for section in sections]) + left_out
    return {
        "headline": headline(total, language),
        "summary": summary(shown, more, language),
        "subject": digest_subject(total, tuple([name for name, _ in shown]), language),
    }


def build_view(
    digest: Digest,
    feeds: Mapping[int, FeedRecord],
    papers: Mapping[tuple[int, int], Shown],
    reader: Reader,
    site: Site,
    window: tuple[datetime, datetime],
    *,
    cards: Cards | None = None,
    earlier: Mapping[int, PaperRecord] | None = None,
    also_in: Mapping[int, tuple[int, ...]] | None = None,
    trends: Mapping[int, Trend] | None = None,
    weeks: Mapping[int, Sequence[int]] | None = None,
) -> DigestView:
    """What a digest's templates see; papers and feeds that are no longer there are left out.

    Args:
        digest: as the outbox keeps it.
        feeds: by id, trending ones included.
        papers: by feed id and paper id.
        window: aware and half-open, which the papers come from.
        cards: keeps cards over many digests.
        earlier: papers that something has happened to, by id.
        also_in: by paper id, all feeds of this reader that have the paper.
        trends: by feed id.
        weeks: by feed id, how many papers came in each of its last weeks, the oldest first.
    """
    spoken, grown, there = language(reader.language), trends or {}, earlier or {}
    builder = _Builder(feeds, papers, spoken, cards or Cards(site.public_url), also_in or {}, weeks or {})
    built = [builder.section(section) for section in digest.sections if section.feed_id in feeds]
    sections = tuple([section for section in built if section.cards or section.more])
    brand, postal_address, public_url = _of_site(site)
    return DigestView(
        brand=brand,
        language=spoken.code,
        direction=spoken.direction,
        reader_name=plain(reader.name, NAME_LENGTH),
        period=_period(window, reader.timezone, spoken),
        **_words(sections, 0, spoken),
        sections=sections,
        trending=tuple([builder.other(feed, grown.get(feed)) for feed in digest.trending if feed in feeds]),
        unsubscribe_url=web_link(reader.unsubscribe_url),
        preferences_url=web_link(reader.preferences_url),
        pause_url=web_link(reader.pause_url),
        votes_url=web_link(reader.votes_url),
        view_url=web_link(reader.view_url),
        missed=digest.missed,
        postal_address=postal_address,
        public_url=public_url,
        updates=tuple([builder.update(there[paper], kind) for paper, kind in digest.updates if paper in there]),
        unreached=tuple([builder.unreached(feeds[feed], names) for feed, names in digest.unreached if feed in feeds]),
    )


@lru_cache(maxsize=64)
def _of_site(site: Site) -> tuple[str, str, str]:
    """Brand, postal address and link as they are shown."""
    address = plain(site.postal_address, _DESCRIPTION_LENGTH)
    return plain(site.brand, NAME_LENGTH), address, web_link(site.public_url)


@lru_cache(maxsize=1_024)
def _period(window: tuple[datetime, datetime], zone: str, language: Language) -> str:
    return language.period(*window, zone_named(zone))


@dataclass(frozen=True, slots=True)
class _Builder:
    feeds: Mapping[int, FeedRecord]
    papers: Mapping[tuple[int, int], Shown]
    language: Language
    cards: Cards
    also_in: Mapping[int, tuple[int, ...]]
    weeks: Mapping[int, Sequence[int]]

    def section(self, section: DigestSection) -> SectionView:
        feed = self.feeds[section.feed_id]
        found = [self.papers.get((feed.id, paper)) for paper in section.paper_ids]
        cards = tuple(
            [
                self.cards.card(shown, feed.id, self.also_in.get(shown.paper.id, ()), self.feeds, self.language)
                for shown in found
                if shown is not None
            ]
        )
        head = self.cards.head(feed, self.weeks.get(feed.id, ()), self.language)
        return SectionView(head, cards, section.more, section.by_votes)

    def other(self, feed_id: int, trend: Trend | None) -> FeedView:
        return self.cards.other(self.feeds[feed_id], trend, self.weeks.get(feed_id, ()), self.language)

    def update(self, paper: PaperRecord, kind: str) -> UpdateView:
        title = plain(paper.title, TITLE_LENGTH) or self.language.gettext("Untitled")
        journal = plain(paper.journal, NAME_LENGTH)
        if kind in _UPDATES:
            badge, words = _UPDATES[kind][0], self.language.gettext(_UPDATES[kind][1])
        elif journal:
            badge, words = "published", self.language.text("Now published in %(journal)s", journal=journal)
        else:
            badge, words = "published", self.language.gettext("Now published")
        foreign = text_language(title, paper.language, self.language.code)
        return UpdateView(title, web_link(paper.url), words, badge, foreign, direction_of(title))

    def unreached(self, feed: FeedRecord, sources: Sequence[str]) -> UnreachedFeed:
        other = self.language.gettext("a journal's feed")
        names = dict.fromkeys(SOURCE_NAMES.get(source, other) for source in sources)
        return UnreachedFeed(plain(feed.name, NAME_LENGTH), self.language.listing(list(names)))


@lru_cache(maxsize=4_096)
def _more(head: HeadView, more: int, by_votes: int, language: Language) -> MoreView:
    rest = language.text("in %(feed)s", feed=head.name)
    if by_votes:
        votes = language.count(
            by_votes, "%(number)s of them because of your votes", "%(number)s of them because of your votes"
        )
        rest = f"{rest}, {votes}"
    return MoreView(language.count(more, "%(number)s more on the web", "%(number)s more on the web"), head.url, rest)


def _left_out(mail: DigestView, language: Language) -> LeftOutView:
    papers = language.count(mail.papers_left_out, "%(number)s more paper", "%(number)s more papers")
    feeds = language.count(mail.feeds_left_out, "%(number)s more feed", "%(number)s more feeds")
    link = language.text("%(papers)s in %(feeds)s on the web", papers=papers, feeds=feeds)
    return LeftOutView(link, mail.public_url)


def _missed(mail: DigestView, language: Language) -> MissedView:
    words = language.count(
        mail.missed,
        "%(number)s paper came during your pause, too long ago for this digest.",
        "%(number)s papers came during your pause, too long ago for this digest.",
    )
    return MissedView(words, language.count(mail.missed, "It is on the web", "They are on the web"), mail.public_url)
