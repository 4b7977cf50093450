"""What the templates of the feed pages see, and how it is built from the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from urllib.parse import quote

from bot.concepts.related import Concept
from bot.concepts.trends import Trend, Why
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, PaperRecord
from bot.render.cards import TITLE_LENGTH, BadgeView, author_line, badges
from bot.render.excerpt import excerpt
from bot.render.language import text_language
from bot.render.languages import Language
from bot.render.languages import language as spoken
from bot.render.plain import direction_of, plain, shortened, web_link
from bot.store.feeds import FeedOverview
from bot.store.papers import EnteredPaper
from bot.web.chart import ChartView

#: Characters of one abstract at the most, so that no page grows past what a telephone likes.
ABSTRACT_LENGTH = 4000
_WHOLE = 1_000_000
_NAME_LENGTH = 120
_DESCRIPTION_LENGTH = 500
_JOURNAL_LENGTH = 160


@dataclass(frozen=True, slots=True)
class PaperView:
    """One paper."""

    title: str
    #: Of its page, within the site.
    path: str = ""
    #: http or https; empty where the source gave no such link.
    url: str = ""
    authors: str = ""
    journal: str = ""
    date: str = ""
    badges: tuple[BadgeView, ...] = ()
    #: What is shown of the abstract at once.
    beginning: tuple[AbstractSection, ...] = ()
    #: What is shown when asked for; begins with a part without label where a part was cut in two.
    rest: tuple[AbstractSection, ...] = ()
    #: BCP 47 tags where title and abstract are not in the page's language.
    language: str = ""
    abstract_language: str = ""
    #: `ltr` or `rtl`.
    direction: str = "ltr"
    abstract_direction: str = "ltr"
    #: What else it is about; the path is empty where no feed follows the concept.
    related: tuple[LinkView, ...] = ()


@dataclass(frozen=True, slots=True)
class DayView:
    """The papers that entered a feed on one day."""

    name: str
    papers: tuple[PaperView, ...]


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed with its figures."""

    name: str
    #: Of its page, within the site.
    path: str
    description: str
    papers: int
    #: Papers of the last seven days.
    week: int
    newest: tuple[PaperView, ...] = ()
    direction: str = "ltr"
    slug: str = ""
    #: Its weeks in the small, where there are enough.
    chart: ChartView | None = None


@dataclass(frozen=True, slots=True)
class FieldView:
    """Feeds that stand together; the name is empty for those that nobody gave a field."""

    name: str
    feeds: tuple[FeedView, ...]


@dataclass(frozen=True, slots=True)
class LinkView:
    """A name and the path of its feed's page, within the site."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class TrendView:
    """A feed that grows faster than its own past."""

    name: str
    path: str
    #: `12 papers this week, 4 in a usual week`.
    words: str
    chart: ChartView | None
    direction: str = "ltr"


def feed_path(slug: str) -> str:
    """Where a feed's page is, within the site."""
    return f"/feeds/{quote(slug, safe='')}"


def paper_path(paper_id: int) -> str:
    """Where a paper's page is, within the site."""
    return f"/papers/{paper_id}"


def link_view(feed: FeedRecord) -> LinkView:
    """A feed to go to."""
    return LinkView(plain(feed.name, _NAME_LENGTH), feed_path(feed.slug))


def feed_view(overview: FeedOverview, newest: Iterable[PaperView] = (), chart: ChartView | None = None) -> FeedView:
    """A feed as a page shows it."""
    feed = overview.feed
    name = plain(feed.name, _NAME_LENGTH)
    return FeedView(
        name=name,
        path=feed_path(feed.slug),
        description=plain(feed.description, _DESCRIPTION_LENGTH),
        papers=overview.papers,
        week=overview.week,
        newest=tuple(newest),
        direction=direction_of(name),
        slug=feed.slug,
        chart=chart,
    )


def field_views(shown: Iterable[tuple[FeedRecord, FeedView]]) -> tuple[FieldView, ...]:
    """Feeds by their fields, which stand in the order of their names; those without come last."""
    by_field: dict[str, list[FeedView]] = {}
    for feed, view in shown:
        by_field.setdefault(plain(feed.field, _NAME_LENGTH), []).append(view)
    names = sorted(by_field, key=lambda name: (not name, name.casefold()))
    return tuple(FieldView(name, tuple(by_field[name])) for name in names)


def trend_view(feed: FeedRecord, trend: Trend, chart: ChartView | None, language: Language) -> TrendView:
    """A trending feed as the home page shows it."""
    name = plain(feed.name, _NAME_LENGTH)
    return TrendView(name, feed_path(feed.slug), trend_words(trend, language), chart, direction_of(name))


def trend_words(trend: Trend, language: Language) -> str:
    """`12 papers this week, 4 in a usual week`."""
    papers = language.count(trend.papers, "%(number)s paper this week", "%(number)s papers this week")
    if not trend.known:
        return language.text("%(papers)s, too soon to say what is usual", papers=papers)
    usual = language.number(round(trend.usual)) if trend.usual >= 1 else language.gettext("less than one")
    if trend.why is Why.QUIET:
        return language.text("%(papers)s, %(usual)s to be expected after quiet weeks", papers=papers, usual=usual)
    if trend.why is Why.SEASON:
        return language.text("%(papers)s, %(usual)s in a busy week at this time of year", papers=papers, usual=usual)
    return language.text("%(papers)s, %(usual)s in a usual week", papers=papers, usual=usual)


def headline_view(paper: PaperRecord, frame: str) -> PaperView:
    """A paper without authors and abstract, and of its kind no more than that it does not stand.

    Args:
        frame: the page's own language.
    """
    title = plain(paper.title, TITLE_LENGTH) or spoken(frame).gettext("Untitled")
    return PaperView(
        title=title,
        path=paper_path(paper.id),
        url=web_link(paper.url),
        journal=plain(paper.journal, _JOURNAL_LENGTH),
        date=spoken(frame).date(paper.published),
        badges=tuple(badge for badge in badges(paper, spoken(frame)) if badge.kind == "retracted"),
        language=text_language(title, paper.language, frame),
        direction=direction_of(title),
    )


def concept_view(concept: Concept) -> LinkView:
    """A related concept, with the feed that follows it."""
    return LinkView(plain(concept.name, _NAME_LENGTH), feed_path(concept.feed.slug) if concept.feed else "")


def paper_view(paper: PaperRecord, frame: str, related: Iterable[Concept] = ()) -> PaperView:
    """A paper with all that is known of it.

    Args:
        frame: the page's own language.
        related: the most telling first.
    """
    title = plain(paper.title, TITLE_LENGTH) or spoken(frame).gettext("Untitled")
    language = text_language(title, paper.language, frame)
    beginning, rest = abstract_in_two(paper.abstract)
    words = " ".join(part.text for part in beginning)
    return PaperView(
        title=title,
        path=paper_path(paper.id),
        url=web_link(paper.url),
        authors=author_line(paper.authors, spoken(frame)),
        journal=plain(paper.journal, _JOURNAL_LENGTH),
        date=spoken(frame).date(paper.published),
        badges=badges(paper, spoken(frame)),
        beginning=beginning,
        rest=rest,
        language=language,
        abstract_language=text_language(words, language, frame),
        direction=direction_of(title),
        abstract_direction=direction_of(words),
        related=tuple(map(concept_view, related)),
    )


def day_views(
    entered: Sequence[EnteredPaper], zone: tzinfo, frame: str, related: Mapping[int, Sequence[Concept]]
) -> tuple[DayView, ...]:
    """Papers by the day on which they entered the feed, in the order given.

    Args:
        entered: newest first.
        zone: whose days they are.
        frame: the page's own language.
        related: related concepts by paper.
    """
    by_day = groupby(entered, key=lambda entry: entry.entered_at.astimezone(zone).date())
    return tuple(
        DayView(
            spoken(frame).weekday(day),
            tuple(paper_view(entry.paper, frame, related.get(entry.paper.id, ())) for entry in entries),
        )
        for day, entries in by_day
    )


def abstract_in_two(
    abstract: Sequence[AbstractSection],
) -> tuple[tuple[AbstractSection, ...], tuple[AbstractSection, ...]]:
    """The first sentences of an abstract, and all that follows them."""
    shown = excerpt(abstract)
    if not shown.cut:
        return shown.parts, ()
    whole = _bounded(excerpt(abstract, _WHOLE).parts)
    last = len(shown.parts) - 1
    seen = shown.parts[last].text
    # An excerpt is cut at the end of a sentence, or within one and then says so with an ellipsis.
    seen = seen if whole[last].text.startswith(seen) else seen.removesuffix("…")
    left = whole[last].text[len(seen) :].strip()
    rest = ((AbstractSection("", left),) if left else ()) + whole[last + 1 :]
    return shown.parts, rest


def _bounded(parts: Sequence[AbstractSection]) -> tuple[AbstractSection, ...]:
    kept: list[AbstractSection] = []
    left = ABSTRACT_LENGTH
    for part in parts:
        if left <= 0:
            break
        kept.append(AbstractSection(part.label, shortened(part.text, left)))
        left -= len(part.text)
    return tuple(kept)
