"""Documents that were looked at for reviews, ranked as a feed on the review's subject would, beside BM25."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bench.baselines import BM25
from bench.concepts_cases import case
from bench.labelled import Review
from bench.measure import Case
from bench.ranking import average_precision, ndcg, ranked, work_saved
from bench.review_topics import topic_of
from bench.taggers import feed_tagger


def cases(name: str, reviews: Iterable[Review], tell: Callable[[str], None]) -> Iterator[Case]:
    """Documents of reviews, ranked by how well they fit a feed on the review's subject."""
    sums: dict[str, list[tuple[float, float]]] = {}
    for review in reviews:
        topic = topic_of(review.name)
        if topic is None:
            tell(f"concepts: {name}: {review.name}: nobody has said what it is about; add it to bench/review_topics.py")
            continue
        feeds = feed_tagger((topic,))
        ids = [document.id for document in review.documents]
        mine = ranked(ids, {one.id: feeds.feeds(one.title, one.abstract).get(0, 0.0) for one in review.documents})
        theirs = ranked(ids, BM25({one.id: one.text for one in review.documents}).scores(topic.names))
        tell(f"concepts: {name}: {review.name}: {len(ids):,} documents as a feed on {topic.name}")
        for stage, relevant in review.included.items():
            if not relevant:
                continue
            for measure, of in (
                (f"{stage}: average precision", average_precision),
                (f"{stage}: nDCG@10", ndcg),
                (f"{stage}: WSS@95", work_saved),
            ):
                sums.setdefault(measure, []).append((of(mine, relevant), of(theirs, relevant)))
            first = sums[f"{stage}: average precision"][-1]
            yield case(f"{name}, {review.name}, {stage}: average precision", first[0], "BM25, same words", first[1])
    for measure, values in sums.items():
        ours, others = (sum(side) / len(values) for side in zip(*values, strict=True))
        yield case(f"{name}, mean of {len(values)}, {measure}", ours, "BM25, same words", others)
