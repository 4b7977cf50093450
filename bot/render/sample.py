"""A digest of invented papers with every kind of row in it: to try templates on, and to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.concepts.trends import Trend
from bot.models.deliveries import Digest, DigestSection
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, Author, Mark, PaperRecord
from bot.render.cards import Shown
from bot.render.view import DigestView, Reader, Site, build_view

_FATIGUE, _STING, _INTERFERON, _PORE, _FUNGUS = (
    FeedRecord(1, "sample-fatigue", "Chronic fatigue syndrome", "Disabling fatigue: how it comes and goes."),
    FeedRecord(2, "sample-sting", "STING receptor agonists", "Small molecules that wake innate immunity."),
    FeedRecord(3, "sample-interferon", "Interferon signalling", "What a cell says when a virus is there."),
    FeedRecord(4, "sample-pore", "Nuclear pore complex in ALS/FTD", "Traffic of the nucleus in motor neurons."),
    FeedRecord(5, "sample-fungus", "Blastomycosis", "A fungus of wet soils, and the pneumonia it causes."),
)
_FEEDS: Final = {feed.id: feed for feed in (_FATIGUE, _STING, _INTERFERON, _PORE, _FUNGUS)}
#: How many papers came in each week; the second feed has too few weeks for a chart.
_WEEKS: Final = {
    1: (3, 1, 4, 2, 6, 5, 2, 7, 3, 2, 5, 9),
    2: (2, 1, 3),
    4: (6, 5, 7, 6, 5, 6, 8, 6, 7, 6, 9, 18),
}
_TRENDS: Final = {4: Trend(4, 18, 6.2, 11.0), 5: Trend(5, 9, 0.0, 0.0, known=False)}

_ANNALS, _LANTERN, _ORIGINS = "Annals of Sample Medicine", "Lantern Journal of Immunity", "Invented Origins"


def _authors(names: str) -> tuple[Author, ...]:
    return tuple(
        Author(family, "", initials) for family, _, initials in (name.partition("/") for name in names.split())
    )


_PAPERS: Final = (
    PaperRecord(
        11,
        "Reduced cerebral oxygen extraction after mild exertion in people with long-standing fatigue",
        "https://doi.example.org/10.5555/sample.11",
        (
            AbstractSection(
                "BACKGROUND",
                "Whether the deficit lies in delivery or in uptake has been argued for twenty years. Small series have "
                "spoken for either, and none has followed its participants past the first hour.",
            ),
            AbstractSection(
                "METHODS",
                "We measured 48 participants and 31 matched controls (median age 41 years) before and after a step "
                "test, by near-infrared spectroscopy, and again on each of the three following days.",
            ),
            AbstractSection(
                "RESULTS",
                "Extraction fell by 11.4% in participants vs. 2.1% in controls (p = 0.003), and stayed low for 24 h. "
                "Nothing in resting blood counts, cortisol or lactate foretold it.",
            ),
            AbstractSection(
                "CONCLUSIONS",
                "Uptake rather than delivery of oxygen fails after mild exertion, for a day at the least. A trial that "
                "paces activity by oxygenation is under way.",
            ),
        ),
        _authors("Abara/N Bergström/K Castellanos/MJ Dlamini/T Eriksen/S Farrokhzad/P Göğüş/E Haverkamp/L"),
        _ANNALS,
        language="en",
    ),
    PaperRecord(
        12,
        "Do two days of testing tell more than one? A blinded comparison of repeated exercise tests",
        "https://doi.example.org/10.5555/sample.12",
        (
            AbstractSection(
                "",
                "Repeated tests are said to unmask what a single one misses. Two readers who did not know the day "
                "compared 120 pairs of curves. They agreed on the first day in 71 pairs, and on the second in 74.",
            ),
        ),
        _authors("Iwasawa/H Jokinen/A"),
        _ANNALS,
        language="en",
    ),
    PaperRecord(
        13,
        "A serum marker of fatigue in 12 volunteers",
        "",
        authors=_authors("Kovačević/D"),
        journal=_ORIGINS,
        marks=(Mark.RETRACTED,),
    ),
    PaperRecord(
        14,
        "Carriers for STING agonists with α<β: a systematic review of 64 studies & their odd signs",
        "https://doi.example.org/10.5555/sample.14",
        (
            AbstractSection("AIM", "To see which carriers reach the tumour, and which do not."),
            AbstractSection("METHODS", "We searched five libraries up to last spring, in four languages."),
            AbstractSection("FINDINGS", "Lipids did (k = 41; p < 0.05 & n > 400). Polymers mostly did not."),
        ),
        _authors("Lindqvist/O Mbeki/R Nakagawa/Y"),
        _LANTERN,
        publication_types=("Systematic Review", "Published Erratum"),
        language="en",
    ),
    PaperRecord(
        15,
        "تأثير منبهات STING على المناعة الفطرية: دراسة صغيرة",
        "https://doi.example.org/10.5555/sample.15",
        (AbstractSection("", "هذه دراسة صغيرة. شملت 40 مريضا. لم يظهر فرق."),),
        (Author("الخوارزمي", "محمد"),),
        publication_types=("Review",),
        language="ar",
        preprint=True,
    ),
)
#: How long before the end of the window they appeared, in days, and how much of the date is known.
_APPEARED: Final = {11: (3, "%Y-%m-%d"), 12: (5, "%Y-%m"), 13: (5, "%Y"), 14: (2, "%Y-%m-%d"), 15: (4, "%Y-%m-%d")}
_EARLIER: Final = {
    paper.id: paper
    for paper in (
        PaperRecord(21, "Vaginal ring adherence over two years", "https://doi.example.org/10.5555/sample.21"),
        PaperRecord(22, "Heterochromatin spreads in bursts", "https://doi.example.org/10.5555/sample.22"),
        PaperRecord(23, "Lineage bias of stem cells", "", journal=_ORIGINS, language="en"),
    )
}
_DIGEST: Final = Digest(
    (DigestSection(1, (11, 12, 13), 3, 1), DigestSection(2, (14, 15), 1), DigestSection(3, (), 4)),
    (4,),
    ((21, Mark.RETRACTED), (22, Mark.CORRECTED), (23, "published")),
    ((1, ("pubmed", "europepmc")), (2, ("syndication",))),
    missed=31,
)


def sample_view(site: Site, reader: Reader, now: datetime) -> DigestView:
    """What templates see of it: all that a digest may hold.

    Args:
        site: who sends.
        reader: what is empty of it is not shown; without a name, they are shown a feed that is too young to trend, too.
        now: aware; the end of the window.
    """
    papers = {}
    for paper in _PAPERS:
        days, form = _APPEARED[paper.id]
        papers[paper.id] = replace(paper, published=(now - timedelta(days=days)).strftime(form))
    fatigue, exercise, interferons = (
        (("Fatigue Syndrome, Chronic", _FATIGUE), ("Oxygen Consumption", None)),
        (("Exercise Test", None),),
        (("Interferons", _INTERFERON),),
    )
    view = build_view(
        _DIGEST if reader.name else replace(_DIGEST, trending=(4, 5)),
        _FEEDS,
        {
            (1, 11): Shown(papers[11], fatigue, "title: fatigue; 3 times in the abstract", free=True),
            (1, 12): Shown(papers[12], exercise),
            (1, 13): Shown(papers[13]),
            (2, 14): Shown(papers[14], interferons, "found by this feed's PubMed query"),
            (2, 15): Shown(papers[15]),
        },
        reader,
        site,
        (now - timedelta(days=7), now),
        earlier=_EARLIER,
        also_in={14: (2, 3)},
        trends=_TRENDS,
        weeks=_WEEKS,
    )
    # As if there had been no room for the last section.
    return view.with_sections(view.sections[:-1], 1, view.sections[-1].more)
