"""What the templates of a digest see, and how it is built from the records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from urllib.parse import quote

from bot.models.deliveries import Digest, DigestSection
from bot.models.feeds import SOURCE_NAMES, FeedRecord
from bot.models.papers import Mark, PaperRecord
from bot.render import wording
from bot.render.excerpt import Excerpt, excerpt
from bot.render.language import NAMES, frame_direction, frame_language, text_language
from bot.render.plain import direction_of, plain, shortened, web_link

TITLE_LENGTH = 500
_NAME_LENGTH = 120
_DESCRIPTION_LENGTH = 300
_JOURNAL_LENGTH = 160
_RELATED = 5
#: Of the title in the name of a link that stands below it.
_NAMING_LENGTH = 60

#: Badge kind and label by publication type, in the order they are shown.
_BADGES = {
    "retracted publication": ("retracted", "Retracted"),
    "retraction of publication": ("retracted", "Retraction notice"),
    "expression of concern": ("retracted", "Expression of concern"),
    "preprint": ("preprint", "Preprint"),
    "systematic review": ("review", "Systematic review"),
    "meta-analysis": ("review", "Meta-analysis"),
    "review": ("review", "Review"),
    "published erratum": ("erratum", "Erratum"),
    "corrected": ("erratum", "Corrected"),
}
_OF_MARKS = {
    Mark.RETRACTED: "retracted publication",
    Mark.CONCERN: "expression of concern",
    Mark.CORRECTED: "corrected",
}
#: What has happened to an earlier paper, as a badge's kind and in words.
_UPDATES: dict[str, tuple[str, str]] = {
    Mark.RETRACTED: ("retracted", "Retracted since"),
    Mark.CONCERN: ("retracted", "The publisher has expressed concern"),
    Mark.CORRECTED: ("erratum", "Corrected since"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """The subscriber a digest is for."""

    name: str = ""
    language: str = "en"
    #: An IANA name.
    timezone: str = "UTC"
    unsubscribe_url: str = ""
    preferences_url: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Who sends, and where the web page is."""

    brand: str
    public_url: str
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class BadgeView:
    """A word about the kind of a paper."""

    #: preprint, review, retracted, erratum or language.
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class ConceptView:
    """A related concept, with the page of its feed where there is one."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CardView:
    """One paper."""

    title: str
    #: http or https; empty where the source gave no such link.
    url: str = ""
    authors: str = ""
    journal: str = ""
    date: str = ""
    excerpt: Excerpt = field(default_factory=Excerpt)
    badges: tuple[BadgeView, ...] = ()
    related: tuple[ConceptView, ...] = ()
    #: Names of the other feeds of this digest that the paper is in too.
    also_in: tuple[str, ...] = ()
    #: BCP 47 tags where title and abstract are not in the frame's language.
    language: str = ""
    excerpt_language: str = ""
    #: `ltr` or `rtl`.
    direction: str = "ltr"
    excerpt_direction: str = "ltr"
    #: Pages to vote on; empty where the reader is not asked.
    liked_url: str = ""
    disliked_url: str = ""
    #: The title's beginning, to tell these links from those of other cards where they are read out alone.
    naming: str = ""


@dataclass(frozen=True, slots=True)
class VoteLinks:
    """The pages on which a reader says of a paper: more like this, not for me."""

    liked: str
    disliked: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """One concept feed's part."""

    name: str
    url: str
    description: str = ""
    cards: tuple[CardView, ...] = ()
    #: Papers of the window that only the web has.
    more: int = 0
    #: How many of those gave way to others because of the reader's votes.
    by_votes: int = 0
    more_url: str = ""
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class TrendingView:
    """A feed that the reader does not follow: it trends, or is too young to tell."""

    name: str
    url: str
    description: str = ""
    note: str = ""
    young: bool = False


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What has happened to a paper of an earlier digest."""

    title: str
    url: str
    #: `Now published in Journal of Samples`, `Retracted`.
    words: str
    #: As a badge's.
    kind: str
    language: str = ""
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class UnreachedView:
    """A feed whose sources could not all be reached."""

    name: str
    sources: str


@dataclass(frozen=True, slots=True)
class DigestView:
    """All that a digest's templates see."""

    brand: str
    #: Of the frame's words.
    language: str
    direction: str
    reader_name: str
    period: str
    #: Papers that are shown.
    total: int
    #: Papers that only the web has, over all sections.
    more: int
    summary: str
    sections: tuple[SectionView, ...]
    trending: tuple[TrendingView, ...]
    unsubscribe_url: str
    preferences_url: str
    postal_address: str
    public_url: str
    #: Feeds of the reader that have news but no section, because the mail was too long, and their papers.
    feeds_left_out: int = 0
    papers_left_out: int = 0
    updates: tuple[UpdateView, ...] = ()
    unreached: tuple[UnreachedView, ...] = ()

    @property
    def all_trend(self) -> bool:
        """Whether the other feeds at the end are there because they trend, each of them."""
        return not any(feed.young for feed in self.trending)


def feed_url(public_url: str, slug: str) -> str:
    """The public page of a concept feed."""
    return f"{public_url.rstrip('/')}/feeds/{quote(slug, safe='')}"


def build_view(
    digest: Digest,
    feeds: Mapping[int, FeedRecord],
    papers: Mapping[int, PaperRecord],
    related: Mapping[int, Sequence[tuple[str, FeedRecord | None]]],
    reader: Reader,
    site: Site,
    window_start: datetime,
    window_end: datetime,
    *,
    also_in: Mapping[int, Sequence[int]] | None = None,
    trending_notes: Mapping[int, str] | None = None,
    young: Collection[int] = (),
    votes: Mapping[int, VoteLinks] | None = None,
) -> DigestView:
    """What a digest's templates see; papers and feeds that are no longer there are left out.

    Args:
        digest: as the outbox keeps it.
        feeds: by id, trending ones included.
        papers: by id.
        related: related concepts by paper id, with the feed that follows the concept.
        window_start: aware; with `window_end` the half-open window that the papers come from.
        also_in: by paper id, all feeds of this reader that have the paper.
        trending_notes: by feed id, why a feed is trending, in words.
        young: feeds that are named without trending, because they have no past yet to compare with.
        votes: by paper id, where to vote on it.
    """
    language = frame_language(reader.language)
    builder = _Builder(feeds, papers, related, site, language, also_in or {}, votes or {})
    built = (builder.section(section) for section in digest.sections if section.feed_id in feeds)
    sections = tuple(section for section in built if section.cards or section.more)
    notes = trending_notes or {}
    return DigestView(
        brand=plain(site.brand, _NAME_LENGTH),
        language=language,
        direction=frame_direction(language),
        reader_name=plain(reader.name, _NAME_LENGTH),
        period=wording.period_label(window_start, window_end, wording.zone_named(reader.timezone)),
        sections=sections,
        trending=tuple(
            builder.trending(feeds[feed], notes.get(feed, ""), young=feed in young)
            for feed in digest.trending
            if feed in feeds
        ),
        unsubscribe_url=web_link(reader.unsubscribe_url),
        preferences_url=web_link(reader.preferences_url),
        postal_address=plain(site.postal_address, _DESCRIPTION_LENGTH),
        public_url=web_link(site.public_url),
        updates=tuple(builder.update(papers[paper], kind) for paper, kind in digest.updates if paper in papers),
        unreached=tuple(builder.unreached(feeds[feed], names) for feed, names in digest.unreached if feed in feeds),
        **totals(sections),
    )


class Totals(TypedDict):
    """The fields of a `DigestView` that follow from its sections."""

    total: int
    more: int
    summary: str


def totals(sections: Sequence[SectionView], left_out: int = 0) -> Totals:
    """What a digest says of its sections as a whole, and of `left_out` papers that are in none of them."""
    more = sum(section.more for section in sections) + left_out
    return {
        "total": sum(len(section.cards) for section in sections),
        "more": more,
        "summary": wording.summary([(section.name, len(section.cards)) for section in sections], more),
    }


@dataclass(frozen=True, slots=True)
class _Builder:
    feeds: Mapping[int, FeedRecord]
    papers: Mapping[int, PaperRecord]
    related: Mapping[int, Sequence[tuple[str, FeedRecord | None]]]
    site: Site
    language: str
    also_in: Mapping[int, Sequence[int]]
    votes: Mapping[int, VoteLinks]

    def section(self, section: DigestSection) -> SectionView:
        feed = self.feeds[section.feed_id]
        url = web_link(feed_url(self.site.public_url, feed.slug))
        name = plain(feed.name, _NAME_LENGTH)
        cards = tuple(self.card(self.papers[paper], feed) for paper in section.paper_ids if paper in self.papers)
        return SectionView(
            name=name,
            url=url,
            description=plain(feed.description, _DESCRIPTION_LENGTH),
            cards=cards,
            more=section.more,
            by_votes=section.by_votes,
            more_url=url,
            direction=direction_of(name),
        )

    def card(self, paper: PaperRecord, feed: FeedRecord) -> CardView:
        title = plain(paper.title, TITLE_LENGTH) or "Untitled"
        shown = excerpt(paper.abstract)
        words = " ".join(part.text for part in shown.parts)
        language = text_language(title, paper.language, self.language)
        votes = self.votes.get(paper.id, VoteLinks("", ""))
        others = (self.feeds[other] for other in self.also_in.get(paper.id, ()) if other in self.feeds)
        return CardView(
            title=title,
            url=web_link(paper.url),
            authors=wording.author_line(paper.authors),
            journal=plain(paper.journal, _JOURNAL_LENGTH),
            date=wording.date_label(paper.published),
            excerpt=shown,
            badges=badges(paper, self.language),
            related=tuple(self.concept(*concept) for concept in self.related.get(paper.id, ())[:_RELATED]),
            also_in=tuple(dict.fromkeys(plain(other.name, _NAME_LENGTH) for other in others if other.id != feed.id)),
            language=language,
            excerpt_language=text_language(words, language, self.language),
            direction=direction_of(title),
            excerpt_direction=direction_of(words),
            liked_url=web_link(votes.liked),
            disliked_url=web_link(votes.disliked),
            naming=shortened(title, _NAMING_LENGTH),
        )

    def concept(self, name: str, feed: FeedRecord | None) -> ConceptView:
        url = web_link(feed_url(self.site.public_url, feed.slug)) if feed else ""
        return ConceptView(plain(name, _NAME_LENGTH), url or None)

    def update(self, paper: PaperRecord, kind: str) -> UpdateView:
        title = plain(paper.title, TITLE_LENGTH) or "Untitled"
        journal = plain(paper.journal, _JOURNAL_LENGTH)
        badge, words = _UPDATES.get(kind, ("published", f"Now published in {journal}" if journal else "Now published"))
        language = text_language(title, paper.language, self.language)
        return UpdateView(title, web_link(paper.url), words, badge, language, direction_of(title))

    def unreached(self, feed: FeedRecord, sources: Sequence[str]) -> UnreachedView:
        names = [SOURCE_NAMES.get(source, "a journal's feed") for source in sources]
        return UnreachedView(plain(feed.name, _NAME_LENGTH), wording.listing(list(dict.fromkeys(names))))

    def trending(self, feed: FeedRecord, note: str, *, young: bool) -> TrendingView:
        return TrendingView(
            name=plain(feed.name, _NAME_LENGTH),
            url=web_link(feed_url(self.site.public_url, feed.slug)),
            description=plain(feed.description, _DESCRIPTION_LENGTH),
            note=plain(note, _NAME_LENGTH),
            young=young,
        )


def badges(paper: PaperRecord, frame: str = "en") -> tuple[BadgeView, ...]:
    """Words about the kind of a paper, gravest first, then its language where it is not `frame`."""
    kinds = {kind.casefold().strip() for kind in paper.publication_types} | {_OF_MARKS[mark] for mark in paper.marks}
    kinds |= {"preprint"} if paper.preprint else set()
    shown = [BadgeView(kind, label) for name, (kind, label) in _BADGES.items() if name in kinds]
    if len([badge for badge in shown if badge.kind == "review"]) > 1:
        shown = [badge for badge in shown if badge.label != "Review"]
    primary = paper.language.partition("-")[0]
    if primary in NAMES and primary != frame:
        shown.append(BadgeView("language", f"In {NAMES[primary]}"))
    return tuple(shown)
