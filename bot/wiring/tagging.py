"""After a round of collecting: the papers that are new are read for the concepts that their text tells most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.concepts.match import text_of
from bot.concepts.related import telling
from bot.errors import StoreError
from bot.models.papers import PaperRecord
from bot.store import papers, tags
from bot.store.engine import Store
from bot.wiring.matchers import Shared

#: Papers that entered a feed so lately are tagged; the lookback may be longer.
LATELY = timedelta(days=30)
#: Papers of one round at the most, so that a new vocabulary does not hold up a round for long; the next one goes on.
MOST = 4_000
#: Papers that are read and written together.
AT_ONCE = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TaggingReport:
    """What tagging did."""

    papers: int = 0
    #: Why it could not go on, or which paper could not be read; empty where all went well.
    error: str = ""


def tag_papers(
    store: Store,
    shared: Shared | None,
    clock: Callable[[], datetime],
    lookback: timedelta,
    should_stop: Callable[[], bool] = lambda: False,
) -> TaggingReport:
    """Tag the papers that entered a feed lately and have no tags, or those of another text or vocabulary.

    Cards can do without, so whatever goes wrong is told, once, and raises nothing.

    Args:
        shared: what texts are read with; None where there is no vocabulary: nothing is tagged then.
        lookback: the papers of so long are tagged, where that is longer than `LATELY`.
        should_stop: asked between batches.
    """
    if shared is None:
        return TaggingReport()
    reading, done = _Reading(shared), 0
    try:
        waiting = tags.untagged(store, shared.version, clock() - max(lookback, LATELY), MOST)
        for start in range(0, len(waiting), AT_ONCE):
            if should_stop():
                break
            batch = papers.papers(store, waiting[start : start + AT_ONCE]).values()
            done += tags.tag(store, [(one, reading.tags_of(one)) for one in batch], shared.version, clock)
    except StoreError as error:
        log.warning("papers not tagged", error=str(error))
        return TaggingReport(done, str(error))
    except Exception as error:
        log.exception("papers not tagged")
        return TaggingReport(done, f"internal fault: {type(error).__name__}; run it with --debug and report it")
    return TaggingReport(done, reading.error)


class _Reading:
    """Reads one paper after the other; one that cannot be read does not keep the others from it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        #: Of the first paper that could not be read.
        self.error = ""

    def tags_of(self, paper: PaperRecord) -> tuple[str, ...]:
        shared = self._shared
        try:
            reading = shared.reader.read(paper.title, text_of(paper.abstract), paper.keywords)
            return telling(reading, shared.vocabulary)
        except Exception as error:
            # It gets none, so that it is not tried in each round again.
            if not self.error:
                self.error = f"paper {paper.id}: cannot be read: {type(error).__name__}; report it"
                log.exception("paper not read", paper=paper.id)
            return ()
