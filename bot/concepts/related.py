"""What else a paper is about: headings by its indexers and keywords by its authors, linked to the feeds on them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.concepts.reading import Reading
from bot.concepts.relevance import relevance
from bot.concepts.vocabulary import Vocabulary
from bot.concepts.words import key_of, visible
from bot.models.feeds import FeedRecord
from bot.models.papers import PaperRecord

#: Headings that MEDLINE's indexers look for in every article, whatever it is about: ages, sexes, laboratory
#: animals, pregnancy (National Library of Medicine, "Check Tags", Index Section training material).
CHECK_TAGS = frozenset(
    (
        "Adolescent",
        "Adult",
        "Aged",
        "Aged, 80 and over",
        "Animals",
        "Cats",
        "Cattle",
        "Chick Embryo",
        "Child",
        "Child, Preschool",
        "Cricetinae",
        "Dogs",
        "Female",
        "Guinea Pigs",
        "Humans",
        "In Vitro Techniques",
        "Infant",
        "Infant, Newborn",
        "Male",
        "Mice",
        "Middle Aged",
        "Pregnancy",
        "Rabbits",
        "Rats",
        "Swine",
        "Young Adult",
    )
)
#: And what is so common that it tells one paper from no other.
UNTELLING = CHECK_TAGS | frozenset(
    (
        "Association",
        "Case-Control Studies",
        "Cells",
        "Cohort Studies",
        "Comorbidity",
        "Confidence Intervals",
        "Control Groups",
        "Cross-Sectional Studies",
        "Death",
        "Disease",
        "Disease Progression",
        "Evaluation Studies as Topic",
        "Follow-Up Studies",
        "Incidence",
        "Methods",
        "Models, Biological",
        "Odds Ratio",
        "Patients",
        "Prevalence",
        "Prognosis",
        "Prospective Studies",
        "Recurrence",
        "Reproducibility of Results",
        "Research",
        "Retrospective Studies",
        "Risk",
        "Risk Factors",
        "Role",
        "Sensitivity and Specificity",
        "Sex",
        "Signs and Symptoms",
        "Surveys and Questionnaires",
        "Syndrome",
        "Therapeutics",
        "Time",
        "Time Factors",
        "Treatment Outcome",
    )
)
#: Trees of MeSH that papers are about: the body, organisms, diseases, chemicals, techniques, the mind, processes.
_TELLING_TREES = ("A", "B", "C", "D", "E", "F", "G")
_UNTELLING_KEYS = frozenset(map(key_of, UNTELLING))
#: Longer keywords are sentences or lists; they do not fit on a card.
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept that a paper is about."""

    #: As the paper has it.
    name: str
    #: The feed that follows it; None where no feed does.
    feed: FeedRecord | None = None


@dataclass(frozen=True, slots=True)
class FeedIndex:
    """Which feed follows a concept, found by its name; made once for many papers."""

    _by_name: Mapping[str, FeedRecord]

    @classmethod
    def of(cls, feeds: Iterable[FeedRecord]) -> FeedIndex:
        """Give the index of `feeds`; where two follow the same concept, the first by name, then by MeSH has it."""
        feeds = tuple(feeds)
        by_name: dict[str, FeedRecord] = {}
        for names_of in (_own_name, _synonyms, _mesh):
            for feed in feeds:
                for name in names_of(feed):
                    by_name.setdefault(key_of(name), feed)
        by_name.pop("", None)
        return cls(by_name)

    def feed_of(self, name: str) -> FeedRecord | None:
        """Give the feed that follows the concept `name`; capitals of short forms matter."""
        return self._by_name.get(key_of(name)) or self._by_name.get(key_of(name.lower()))


def related(
    paper: PaperRecord,
    feeds: FeedIndex | Sequence[FeedRecord],
    limit: int = 4,
    *,
    without: int | None = None,
    mentioned: Iterable[str] = (),
) -> tuple[Concept, ...]:
    """Give at most `limit` concepts that `paper` is about, the most telling first, each feed at most once.

    Headings of what the paper is mainly about come first, then the authors' keywords, then the other headings, then
    what the text mentions.

    Args:
        paper: the paper.
        feeds: the feeds on offer; pass a `FeedIndex` where there are many papers.
        limit: how many.
        without: the feed that the paper is shown in: what it follows is no news there.
        mentioned: concepts that the text mentions, the most telling first, as `telling` gives them.
    """
    index = feeds if isinstance(feeds, FeedIndex) else FeedIndex.of(feeds)
    found: dict[str, Concept] = {}
    linked = {without} if without is not None else set()
    for name in (*_names(paper), *mentioned):
        if len(found) >= limit:
            break
        key, feed = key_of(name), index.feed_of(name)
        if not key or key in found or (feed is not None and feed.id in linked):
            continue
        if feed is not None:
            linked.add(feed.id)
        found[key] = Concept(name, feed)
    return tuple(found.values())


def telling(reading: Reading, vocabulary: Vocabulary, limit: int = 8) -> tuple[str, ...]:
    """Give the names of the concepts that a text is most tellingly about: central to it, and narrow.

    How central a concept is, relevance tells; how narrow, the number of concepts below it: *Diseases* says less than
    any of them.
    """
    weights: dict[str, float] = {}
    for number, found in reading.by_concept.items():
        if number < len(vocabulary) and found.named and vocabulary.in_tree(number, _TELLING_TREES):
            name = vocabulary.descriptors[number].name
            if not _is_untelling(name):
                weights[name] = relevance(found) / (1 + math.log(len(vocabulary.narrower(number))))
    return tuple(sorted(weights, key=lambda name: (-weights[name], name))[:limit])


def _names(paper: PaperRecord) -> Iterator[str]:
    """The paper's concepts, the most telling first, without what is common to most; some come twice."""
    yield from (heading.name for heading in paper.mesh if heading.major and not _is_untelling(heading.name))
    for keyword in paper.keywords:
        yield from (name for name in _single(keyword) if len(name) <= NAME_LENGTH and not _is_untelling(name))
    yield from (heading.name for heading in paper.mesh if not heading.major and not _is_untelling(heading.name))


def _single(keyword: str) -> Iterator[str]:
    """The keywords in `keyword`: some journals put the whole list into one."""
    parts = re.split(r"[;•·|]", keyword)
    if len(parts) == 1 and keyword.count(",") >= 3:
        parts = keyword.split(",")
    for part in parts:
        name = " ".join(visible(part).split()).strip(" .,:*")
        if len(name) > 1:
            yield name


def _is_untelling(name: str) -> bool:
    return key_of(name) in _UNTELLING_KEYS


def _own_name(feed: FeedRecord) -> tuple[str, ...]:
    return (feed.name,)


def _synonyms(feed: FeedRecord) -> tuple[str, ...]:
    return feed.synonyms


def _mesh(feed: FeedRecord) -> tuple[str, ...]:
    return feed.mesh
