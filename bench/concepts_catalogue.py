"""The starter catalogue's feeds, as `bot feeds test` matches them, beside a list of judged papers.

`judged_feeds.tsv` names papers of a PubMed update file by their PMIDs, each judged against one feed: those that the bot
took when the list was made, drawn at random where there were many, and near misses that hold a word of the feed. Their
texts are in the records alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.concepts_cases import case
from bench.labelled import Document, Records
from bench.measure import Case
from bot.concepts import catalogue
from bot.concepts.match import compile_feeds
from bot.concepts.several import Several
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord

_JUDGED = Path(__file__).with_name("judged_feeds.tsv")
_PEER = "names in the text"


def judgements(lines: Sequence[str]) -> dict[tuple[str, str], bool]:
    """Give for each feed and PMID whether the paper belongs there."""
    rows = (line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith(("#", "feed\t")))
    return {(feed, pmid): belongs == "yes" for feed, pmid, belongs, *_ in rows}


def cases(records: Records, vocabulary: Vocabulary, tell: Callable[[str], None]) -> Iterator[Case]:
    """Precision and recall over all judged papers that the records hold; nothing where they hold none."""
    judged = judgements(_JUDGED.read_text("utf-8").splitlines())
    papers = records.papers({pmid for _, pmid in judged})
    judged = {key: belongs for key, belongs in judged.items() if key[1] in papers}
    if not judged:
        return
    tell(f"concepts: catalogue: {len(judged):,} judgements of {len(papers):,} papers")
    feeds = [
        FeedRecord(number, feed.slug, feed.name, feed.description, feed.mesh, feed.synonyms, feed.exclude)
        for number, feed in enumerate(catalogue.starter())
    ]
    several = Several(compile_feeds(feeds, vocabulary))
    taken = {
        (matcher.feed.slug, pmid)
        for pmid, paper in papers.items()
        for matcher, _ in several.matches(paper.title, paper.abstract)
    }
    named = {(feed.slug, pmid) for pmid, paper in papers.items() for feed in feeds if _names(feed, paper)}
    for name, ours, theirs in (
        ("precision", _share(judged, taken, by=taken), _share(judged, named, by=named)),
        ("recall", _share(judged, taken, by=None), _share(judged, named, by=None)),
    ):
        yield case(f"starter catalogue, judged papers: {name}", ours, _PEER, theirs)


def _share(
    judged: dict[tuple[str, str], bool], taken: set[tuple[str, str]], *, by: set[tuple[str, str]] | None
) -> float:
    """The share of right ones among those taken, or of those taken among all that belong."""
    right = sum(belongs and key in taken for key, belongs in judged.items())
    all_of = sum(key in by for key in judged) if by is not None else sum(judged.values())
    return right / all_of if all_of else 0.0


def _names(feed: FeedRecord, paper: Document) -> bool:
    text = f"{paper.title} {paper.abstract}".casefold()
    return any(name.casefold() in text for name in (feed.name, *feed.synonyms, *feed.mesh))
