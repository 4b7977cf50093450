"""What the template of a card sees of a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import quote

from bot.concepts.trends import Trend
from bot.models.feeds import FeedRecord
from bot.models.papers import Author, Mark, PaperRecord
from bot.render.charts import chart
from bot.render.excerpt import EXCERPT_LENGTH, Excerpt, excerpt, key_sentence
from bot.render.language import text_language
from bot.render.languages import Language
from bot.render.languages import marked as _
from bot.render.plain import direction_of, plain, shortened, web_link
from bot.render.rows import FeedView, HeadView

TITLE_LENGTH: Final = 500
NAME_LENGTH: Final = 120
_JOURNAL_LENGTH = 160
_DESCRIPTION_LENGTH = 300
_WHY_LENGTH = 160
_AUTHOR_LENGTH = 80
_RELATED = 5
#: Of the title in the name of a link that stands below it.
_NAMING_LENGTH = 60
#: Beside a key sentence, so much less of the abstract is shown.
_BESIDE_KEY = 0.7


#: Badge kind and label by publication type, in the order they are shown.
_BADGES: Final = {
    "retracted publication": ("retracted", _("Retracted")),
    "retraction of publication": ("retracted", _("Retraction notice")),
    "expression of concern": ("retracted", _("Expression of concern")),
    "preprint": ("preprint", _("Preprint")),
    "systematic review": ("review", _("Systematic review")),
    "meta-analysis": ("review", _("Meta-analysis")),
    "review": ("review", _("Review")),
    "published erratum": ("erratum", _("Erratum")),
    "corrected": ("erratum", _("Corrected")),
}
_OF_MARKS: Final = {
    Mark.RETRACTED: "retracted publication",
    Mark.CONCERN: "expression of concern",
    Mark.CORRECTED: "corrected",
}


@dataclass(frozen=True, slots=True)
class BadgeView:
    """A word about the kind of a paper."""

    #: preprint, review, retracted, erratum, free or language.
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class ConceptView:
    """A related concept, with the page of its feed where there is one."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CardView:
    """One paper. Told from others by being another object, since it stands in many digests and is looked up in each."""

    kind: ClassVar[str] = "card"
    title: str
    #: http or https; empty where the source gave no such link.
    url: str = ""
    authors: str = ""
    journal: str = ""
    date: str = ""
    #: What the paper itself says it found; empty where its abstract does not tell, or is shown whole.
    key: str = ""
    excerpt: Excerpt = field(default_factory=Excerpt)
    badges: tuple[BadgeView, ...] = ()
    related: tuple[ConceptView, ...] = ()
    #: Names of the other feeds of this digest that the paper is in too.
    also_in: tuple[str, ...] = ()
    #: The same in words, as a list.
    also_in_words: str = ""
    #: Why it is in its feed, in words.
    why: str = ""
    #: BCP 47 tags where title and abstract are not in the frame's language.
    language: str = ""
    excerpt_language: str = ""
    #: `ltr` or `rtl`.
    direction: str = "ltr"
    excerpt_direction: str = "ltr"
    #: The end of the pages to vote on, behind the reader's own part of their addresses.
    vote: str = ""
    #: The title's beginning, to tell these links from those of other cards where they are read out alone.
    naming: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper with all that its card tells of it."""

    paper: PaperRecord
    related: tuple[tuple[str, FeedRecord | None], ...] = ()
    #: Why it is in the feed, in words.
    why: str = ""
    #: Whether its full text is free to read.
    free: bool = False


def feed_url(public_url: str, slug: str) -> str:
    """The public page of a concept feed."""
    return f"{public_url.rstrip('/')}/feeds/{quote(slug, safe='')}"


def card_view(shown: Shown, also_in: Sequence[FeedRecord], public_url: str, language: Language) -> CardView:
    """What the template of a card sees.

    Args:
        shown: the paper.
        also_in: the reader's other feeds that have it.
        public_url: where the pages of feeds are.
        language: the frame's.
    """
    paper = shown.paper
    title = plain(paper.title, TITLE_LENGTH) or language.gettext("Untitled")
    part = excerpt(paper.abstract)
    key = key_sentence(paper.abstract) if part.cut else ""
    if key:
        part = excerpt(paper.abstract, int(EXCERPT_LENGTH * _BESIDE_KEY))
        key = "" if any(key in one.text for one in part.parts) else key
    words = " ".join(one.text for one in part.parts)
    names = tuple(dict.fromkeys(plain(feed.name, NAME_LENGTH) for feed in also_in))
    return CardView(
        title=title,
        url=web_link(paper.url),
        authors=author_line(paper.authors, language),
        journal=plain(paper.journal, _JOURNAL_LENGTH),
        date=language.date(paper.published),
        key=key,
        excerpt=part,
        badges=badges(paper, language, free=shown.free),
        related=tuple(_concept(name, feed, public_url) for name, feed in shown.related[:_RELATED]),
        also_in=names,
        also_in_words=language.listing(names),
        why=plain(shown.why, _WHY_LENGTH),
        language=text_language(title, paper.language, language.code),
        excerpt_language=text_language(words, paper.language, language.code),
        direction=direction_of(title),
        excerpt_direction=direction_of(words),
        vote=f"/{paper.id}",
        naming=shortened(title, _NAMING_LENGTH),
    )


def _concept(name: str, feed: FeedRecord | None, public_url: str) -> ConceptView:
    url = web_link(feed_url(public_url, feed.slug)) if feed else ""
    return ConceptView(plain(name, NAME_LENGTH), url or None)


def badges(paper: PaperRecord, language: Language, *, free: bool = False) -> tuple[BadgeView, ...]:
    """Words about the kind of a paper, gravest first, then its language where it is not that of the frame."""
    kinds = {kind.casefold().strip() for kind in paper.publication_types} | {_OF_MARKS[mark] for mark in paper.marks}
    kinds |= {"preprint"} if paper.preprint else set()
    # A systematic review is a review; the plain word says nothing more.
    kinds -= {"review"} if kinds & {"systematic review", "meta-analysis"} else set()
    shown = [BadgeView(kind, language.gettext(label)) for name, (kind, label) in _BADGES.items() if name in kinds]
    if free:
        shown.append(BadgeView("free", language.gettext("Free full text")))
    primary = paper.language.partition("-")[0]
    name = language.name_of(primary)
    # Readers of science expect English.
    if name and primary not in {language.code, "en"}:
        shown.append(BadgeView("language", language.text("In %(language)s", language=name)))
    return tuple(shown)


def author_name(author: Author) -> str:
    """`Curie MS`, as the life sciences write names; initials are made from given names where there are none."""
    initials = author.initials or "".join(word[0] for word in author.given.replace("-", " ").split())
    # Scripts without capitals have no initials.
    given = initials if initials.lower() != initials.upper() else author.given
    return plain(f"{author.family} {given}", _AUTHOR_LENGTH)


def author_line(authors: Sequence[Author], language: Language) -> str:
    """The first three authors, the last, and how many more: `Curie M, Joliot F, Perrin J … Langevin P, and 12 more`."""
    names = [name for name in map(author_name, authors) if name]
    if len(names) <= 5:
        return ", ".join(names)
    return language.count(
        len(names) - 4,
        "%(first)s … %(last)s, and %(number)s more",
        "%(first)s … %(last)s, and %(number)s more",
        first=", ".join(names[:3]),
        last=names[-1],
    )


class Cards:
    """Cards and heads of sections for many digests: the very same objects as long as nothing about them has changed.

    Args:
        public_url: where the pages of feeds are.
    """

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._cards: dict[tuple[int, int, tuple[int, ...], str], tuple[Shown, tuple[FeedRecord, ...], CardView]] = {}
        self._heads: dict[tuple[int, str], tuple[FeedRecord, Sequence[int], HeadView]] = {}
        self._others: dict[tuple[int, str], tuple[FeedRecord, Trend | None, Sequence[int], FeedView]] = {}

    def card(
        self, shown: Shown, feed_id: int, also_in: tuple[int, ...], feeds: Mapping[int, FeedRecord], language: Language
    ) -> CardView:
        """The card of a paper in a section.

        Args:
            also_in: feeds of the reader that have the paper; this one may be among them.
        """
        key = (shown.paper.id, feed_id, also_in, language.code)
        others = tuple([feeds[other] for other in also_in if other != feed_id and other in feeds])
        kept = self._cards.get(key)
        # Rounds come and go, and feeds are renamed between them: what the card says of others is compared, too.
        if kept is not None and (kept[0] is shown or kept[0] == shown) and kept[1] == others:
            if kept[0] is not shown:
                # What was looked up anew is compared once, and not in every digest.
                self._cards[key] = shown, others, kept[2]
            return kept[2]
        if len(self._cards) >= _KEPT:
            self._cards.clear()
        view = card_view(shown, others, self._public_url, language)
        self._cards[key] = shown, others, view
        return view

    def head(self, feed: FeedRecord, weeks: Sequence[int], language: Language) -> HeadView:
        """The head of a feed's section.

        Args:
            weeks: how many papers came in each of its last weeks, the oldest first.
        """
        key = (feed.id, language.code)
        kept = self._heads.get(key)
        if kept is None or kept[:2] != (feed, weeks):
            name = plain(feed.name, NAME_LENGTH)
            view = HeadView(
                name=name,
                url=web_link(feed_url(self._public_url, feed.slug)),
                description=plain(feed.description, _DESCRIPTION_LENGTH),
                direction=direction_of(name),
                chart=chart(weeks, language),
            )
            kept = self._heads[key] = feed, weeks, view
        return kept[2]

    def other(self, feed: FeedRecord, trend: Trend | None, weeks: Sequence[int], language: Language) -> FeedView:
        """A feed that the reader does not follow.

        Args:
            trend: how it grows, where that is known.
            weeks: as for `head`.
        """
        key = (feed.id, language.code)
        kept = self._others.get(key)
        if kept is None or kept[:3] != (feed, trend, weeks):
            view = FeedView(
                name=plain(feed.name, NAME_LENGTH),
                url=web_link(feed_url(self._public_url, feed.slug)),
                description=plain(feed.description, _DESCRIPTION_LENGTH),
                note=_note(trend, language) if trend else "",
                young=trend is not None and not trend.known,
                add=f"?add={feed.slug}",
                chart=chart(weeks, language),
            )
            kept = self._others[key] = feed, trend, weeks, view
        return kept[3]


def _note(trend: Trend, language: Language) -> str:
    """`18 papers this week, about 6 in a usual one`."""
    papers = language.count(trend.papers, "%(number)s paper this week", "%(number)s papers this week")
    if not trend.known:
        return papers
    usual = language.number(round(trend.usual))
    return language.text("%(papers)s, about %(usual)s in a usual one", papers=papers, usual=usual)


#: Cards that are kept, some 5 KB each; and heads.
_KEPT = 4_000
