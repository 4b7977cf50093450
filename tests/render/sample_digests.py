"""Sample digests of invented papers, for the tests and for looking at: `python sample_digests.py FOLDER`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.concepts.trends import Trend
from bot.models.deliveries import Digest, DigestSection, Message
from bot.models.feeds import FeedRecord
from bot.models.papers import AbstractSection, Author, PaperRecord
from bot.render.cards import Shown
from bot.render.digest import Press
from bot.render.languages import SPOKEN
from bot.render.mime import Envelope
from bot.render.view import DigestView, Reader, Site, build_view

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
END = datetime(2026, 11, 9, 6, tzinfo=UTC)

FEEDS = {
    feed.id: feed
    for feed in (
        FeedRecord(
            1,
            "chronic-fatigue-syndrome",
            "Chronic fatigue syndrome",
            "Disabling, unexplained fatigue: mechanisms, diagnosis and care.",
        ),
        FeedRecord(
            2,
            "sting-receptor-agonists",
            "STING receptor agonists",
            "Small molecules and carriers that wake innate immunity against tumours and viruses.",
        ),
        FeedRecord(3, "microbicides", "Microbicides", "Gels, rings and films that keep infections from taking hold."),
        FeedRecord(
            4,
            "evolution-of-pluripotency",
            "Evolution of pluripotency",
            "How the ability to become any cell arose, and how it is kept.",
        ),
        FeedRecord(
            5,
            "position-effect-variegation",
            "Position effect variegation",
            "Genes that fall silent where chromatin closes over them.",
        ),
        FeedRecord(6, "blastomycosis", "Blastomycosis", "A fungus of wet soils, and the pneumonia it causes."),
        FeedRecord(
            7,
            "nuclear-pore-complex-in-als-ftd",
            "Nuclear pore complex in ALS/FTD",
            "Traffic in and out of the nucleus when motor neurons fail.",
        ),
    )
}

_FAMILIES = (
    "Abara Bergström Castellanos Dlamini Eriksen Farrokhzad Göğüş Haverkamp Iwasawa Jokinen "
    "Kovačević Lindqvist Mbeki Nakagawa Okonkwo Pellegrini Quispe Rautenbach Szymańska Tran"
).split()
_TITLES = (
    "Reduced cerebral oxygen extraction after mild exertion in women with long-standing fatigue",
    "A slow-release agonist reshapes the tumour microenvironment without systemic inflammation",
    "Vaginal ring adherence over two years: what users told us, and what the residual drug says",
    "Lineage bias of naive stem cells is set by an ancient retroviral enhancer",
    "Heterochromatin spreads in bursts: live imaging of a silenced reporter in the fly eye",
    "Do two days of testing tell more than one? A blinded comparison of repeated cardiopulmonary exercise",
    "Importin loss precedes mislocalised TDP-43 by weeks in human motor neurons",
)
_SENTENCES = (
    "Whether the deficit lies in delivery or in uptake has been argued for twenty years.",
    "We measured 48 participants and 31 matched controls (median age 41 years) before and after a step test, "
    "using near-infrared spectroscopy.",
    "Extraction fell by 11.4% in patients vs. 2.1% in controls (p = 0.003), and stayed low for 24 h.",
    "The effect was largest in those who had been ill for more than five years, e.g. after glandular fever.",
    "Nothing in resting blood counts, cortisol or lactate foretold it.",
    "These findings agree with those of Haverkamp et al. in a smaller series, "
    "and speak against deconditioning as the only cause.",
    "A trial that paces activity by oxygenation is under way.",
)
_LABELS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
_JOURNALS = (
    "Annals of Fatigue Medicine",
    "Journal of Innate Immunity and Therapy",
    "Prevention Letters",
    "Cell Origins",
    "Chromatin",
)
_CONCEPTS = (("Oxygen Consumption", None), ("Interferon-beta", 2), ("Heterochromatin", 5), ("Exercise Test", None))


def invented(number: int) -> PaperRecord:
    """An ordinary paper."""
    authors = tuple(
        Author(_FAMILIES[(number * 3 + place) % len(_FAMILIES)], "", "ABCDEFGH"[(number + place) % 8])
        for place in range(1 + number * 5 % 17)
    )
    said = [_SENTENCES[(number + place) % len(_SENTENCES)] for place in range(7)]
    if number % 2:
        abstract = tuple(
            AbstractSection(label, " ".join(said[place : place + 2])) for place, label in enumerate(_LABELS)
        )
    else:
        abstract = (AbstractSection("", " ".join(said)),)
    kinds = {0: ("Journal Article",), 1: ("Preprint",), 2: ("Journal Article", "Review"), 3: ("Retracted Publication",)}
    return PaperRecord(
        id=number,
        title=_TITLES[number % len(_TITLES)],
        url=f"https://doi.example.org/10.5555/cd.{number:05d}",
        abstract=abstract,
        authors=authors,
        journal=_JOURNALS[number % len(_JOURNALS)],
        publication_types=kinds.get(number % 9, ("Journal Article",)),
        published=("2026-11-03", "2026-11", "2026")[number % 3],
        language="en",
        source="pubmed",
    )


ODD = (
    PaperRecord(
        101,
        "<script>alert(1)</script> & \"quotes\" 'single' {{ 7 * 7 }} </td></table><style>*{color:red}</style>",
        "javascript:alert(1)",
        journal="<b>J</b> & Co",
        authors=(Author("<img src=x onerror=alert(1)>"),),
        abstract=(AbstractSection("<H1>", "<!-- x --> </p></body></html> ]]> &amp; &lt; text goes on."),),
    ),
    PaperRecord(
        102,
        "W" * 300,
        "https://example.org/" + "p" * 300,
        journal="J" * 300,
        authors=(Author("A" * 300),),
        abstract=(AbstractSection("", "x" * 900),),
    ),
    PaperRecord(
        103,
        "تأثير التمارين الرياضية على التعب المزمن: دراسة STING عشوائية",
        "https://example.org/ar",
        abstract=(AbstractSection("", "هذه دراسة صغيرة. شملت 40 مريضا. لم يظهر فرق."),),
        authors=(Author("الخوارزمي", "محمد"),),
        language="ar",
        journal="المجلة الطبية",
        published="2026-11-05",
    ),
    PaperRecord(
        104,
        "慢性疲劳综合征患者运动后脑氧摄取降低的机制研究及其临床意义：一项前瞻性多中心队列研究的结果与长期随访分析报告",
        "https://example.org/zh",
        abstract=(AbstractSection("目的", "探讨机制。" * 120),),
        authors=(Author("王", "小明"), Author("李", "")),
        language="zh",
        journal="中华医学杂志",
        published="2026-11",
    ),
    PaperRecord(
        105,
        "Η επίδραση της ιντερφερόνης‑β στο x<y και p < 0.05 & q > 3",
        "https://example.org/?a=1&b=2&c=<d>",
        abstract=(AbstractSection("", "If x<y then α ≤ β ≪ γ, where p < 0.05 & q; H₂O at −80 °C, 10⁻⁹ M, ΔΔG‡."),),
        language="el",
        published="2026-13-45",
    ),
    PaperRecord(106, "", "", published="n.d."),
    PaperRecord(
        107,
        "Bell\x07 NUL\x00 override \u202edesrever\u202c zero\u200bwidth\ud800 newline\r\nBcc: x@example.org",
        "https://user:pass@example.org/",
        authors=(Author("Doe\r\nX: y", "J"),),
        abstract=(AbstractSection("", ""),),
    ),
    PaperRecord(
        108,
        "[Die Wirkung von Bewegung bei chronischer Erschöpfung].",
        "https://example.org/de?q=größe",
        language="de",
        authors=tuple(Author(f"Name{place}", "Anna Maria") for place in range(400)),
        publication_types=(
            "Preprint",
            "Systematic Review",
            "Review",
            "Meta-Analysis",
            "Retracted Publication",
            "Published Erratum",
        ),
    ),
    PaperRecord(
        109,
        "Übung als Arznei: ein offener Versuch",
        "https://übung.example.org/ä ö",
        language="de",
        abstract=(AbstractSection("ZIEL", "Wir prüften z.B. das Gehen. " * 30),),
    ),
)


def shown(paper: PaperRecord) -> Shown:
    """A paper with what its card tells of it."""
    related = [(concept, FEEDS[feed] if feed else None) for concept, feed in _CONCEPTS[: 1 + paper.id % 4]]
    why = "title: fatigue; 3 times in the abstract" if paper.id % 2 else ""
    return Shown(paper, tuple(related if paper.id % 3 else ()), why, free=paper.id % 4 == 2)


@dataclass(frozen=True)
class Sample:
    """A digest and where it goes."""

    view: DigestView
    envelope: Envelope

    def message(self) -> Message:
        """The finished mail."""
        return Press().message(self.view, self.envelope)


def sample(
    papers: int = 7,
    feeds: int = 3,
    *,
    odd: bool = False,
    more: int = 0,
    name: str = "Marie Curie",
    language: str = "en",
    reader: Reader | None = None,
    trending: tuple[int, ...] = (6, 7),
    updates: tuple[tuple[int, str], ...] = (),
    unreached: tuple[tuple[int, tuple[str, ...]], ...] = (),
    missed: int = 0,
) -> Sample:
    """A digest of so many papers, dealt out over so many feeds, the first one getting most.

    Args:
        odd: let hostile and odd papers go before the ordinary ones.
        more: papers that only the web has, in the first feed.
    """
    chosen = [*(ODD if odd else ()), *(invented(number) for number in range(1, 400))][:papers]
    paper_of = {paper.id: paper for paper in chosen}
    shares = [chosen[place::feeds] for place in range(feeds)]
    digest = Digest(
        tuple(
            DigestSection(
                place + 1,
                tuple(paper.id for paper in share),
                more if place == 0 else 0,
                more // 600 if place == 0 else 0,
            )
            for place, share in enumerate(shares)
        ),
        trending,
        updates,
        unreached,
        missed,
    )
    reader = reader or Reader(
        name=name,
        language=language,
        timezone="Europe/Berlin",
        unsubscribe_url="https://papers.example.org/unsubscribe/eyJzIjoxMjN9.aGVsbG8-d29ybGQ_Zm9vYmFy",
        preferences_url="https://papers.example.org/preferences/eyJzIjoxMjN9.aGVsbG8-d29ybGQ_Zm9vYmFy",
        pause_url="https://papers.example.org/pause/eyJzIjoxMjN9.aGVsbG8-d29ybGQ_Zm9vYmFy",
        votes_url="https://papers.example.org/vote/1234567.aGVsbG8-d29ybGQ_Zm9v" if name else "",
        view_url="https://papers.example.org/digest/1234567.aGVsbG8-d29ybGQ_Zm9vYmFyaGVsbG8-d29ybGQ_Zm9vYmFy",
    )
    site = Site("Concept Digest", "https://papers.example.org", "Example Society, 1 Sample Street, 12345 Sampletown")
    view = build_view(
        digest,
        FEEDS,
        {
            (section.feed_id, paper): shown(paper_of[paper])
            for section in digest.sections
            for paper in section.paper_ids
        },
        reader,
        site,
        (START, END),
        earlier={paper: invented(paper) for paper, _ in updates},
        also_in={paper.id: (1, 2) for paper in chosen if paper.id % 5 == 1},
        trends={6: Trend(6, 18, 6.2, 11.0), 7: Trend(7, 9, 0.0, 0.0, known=False)},
        weeks={1: (3, 0, 4, 2, 6, 5, 1, 7, 2, 2, 5, 9), 6: (6, 5, 7, 6, 6, 18)},
    )
    envelope = Envelope(
        from_name="Concept Digest",
        from_address="digest@papers.example.org",
        to_name=name,
        to_address="marie@lab.example.net",
        message_id=f"digest.{papers}.{feeds}.{odd:d}@papers.example.org",
        date=datetime(2026, 11, 9, 6, 0, 5, tzinfo=UTC),
        unsubscribe_url=reader.unsubscribe_url,
        unsubscribe_mailto="unsubscribe+eyJzIjoxMjN9.aGVsbG8@papers.example.org?subject=unsubscribe",
        reply_to="editors@papers.example.org",
        list_id="digest.papers.example.org",
        list_name="Concept Digest",
        feedback_id="1:weekly:digest:papers",
        sender="bounce+abc123@papers.example.org",
    )
    return Sample(view, envelope)


HOSTILE_NAMES = (
    "Marie\r\nBcc: everyone@example.org",
    "Nu\x00ll \u202eevil\u202c",
    'Quote " and \\ back',
    "N" * 400,
    "Ö" * 400,
    "Doe, John <evil@x>",
    "=?utf-8?q?evil?= <evil@x.example>",
    "居里 夫人",
    "(comment) ; group: a@b, c@d;",
    "   ",
)


def samples() -> dict[str, Sample]:
    """Digests of many kinds by name."""
    kinds = {f"papers-{papers:03d}": sample(papers, min(papers, 3)) for papers in (1, 7, 12, 30, 200)}
    kinds["seven-feeds"] = sample(12, 7, more=0)
    kinds["odd"] = sample(12, 3, odd=True, more=1288)
    kinds["only-on-the-web"] = sample(2, 2, more=3)
    told = ((301, "retracted"), (302, "expression of concern"), (303, "published"), (304, "corrected"))
    missed = ((1, ("pubmed", "europepmc")), (2, ("syndication", "syndication")))
    kinds["after-a-pause"] = sample(3, 1, missed=31)
    kinds["news-of-earlier"] = sample(7, 3, updates=told, unreached=missed)
    kinds["nameless"] = sample(3, 2, name="", trending=())
    bare = Reader(unsubscribe_url="http://127.0.0.1:8000/u/abc")
    kinds["bare"] = sample(1, 1, name="", reader=bare, trending=())
    kinds |= {f"language-{code}": sample(9, 3, odd=code == "ar", more=3, language=code) for code in SPOKEN}
    for number, name in enumerate(HOSTILE_NAMES):
        kinds[f"name-{number}"] = sample(2, 1, name=name)
    return kinds


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for title, kind in samples().items():
        (folder / f"{title}.eml").write_bytes(kind.message().content)
