"""The feeds' matchers with the vocabulary that is loaded, compiled again only where something has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from bot.concepts.match import NO_VOCABULARY, Matcher, compile_feeds
from bot.concepts.reading import Reader
from bot.concepts.vocabulary import Vocabulary
from bot.models.feeds import FeedRecord
from bot.store import vocabulary
from bot.store.engine import Store, may_be_there
from bot.store.schema import current_version

#: The schema in which databases began to have a vocabulary.
_SINCE = "0004"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the matchers read papers with."""

    reader: Reader
    vocabulary: Vocabulary
    #: The vocabulary's.
    version: str


class Matchers:
    """Keeps what was compiled last: with all of MeSH that takes seconds, and most rounds change nothing.

    The database is asked each time which vocabulary it has, so that one that is loaded while a scheduler runs is
    noticed by its next round.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._version = ""
        self._vocabulary = NO_VOCABULARY
        self._feeds: tuple[FeedRecord, ...] = ()
        self._compiled: tuple[Matcher, ...] = ()

    def of(self, feeds: Iterable[FeedRecord]) -> tuple[Matcher, ...]:
        """A matcher for each feed, in the same order."""
        feeds = tuple(feeds)
        with self._lock:
            # Before reading: what is loaded between the two is read again the next time, rather than never.
            version = vocabulary.version(self._store)
            changed = version != self._version
            if changed:
                self._compiled = ()  # not two of them in memory at once
                self._vocabulary = Vocabulary(vocabulary.read(self._store)) if version else NO_VOCABULARY
                self._version = version
            if changed or feeds != self._feeds or len(self._compiled) != len(feeds):
                self._compiled = ()
                self._compiled = compile_feeds(feeds, self._vocabulary)
                self._feeds = feeds
            return self._compiled

    def shared(self) -> Shared | None:
        """What was compiled last, for reading more than feeds ask for; None where that was nothing, or no vocabulary.

        Nothing is compiled for it, and the database is not asked.
        """
        with self._lock:
            if not self._compiled or not self._vocabulary:
                return None
            # All of them have the same one. Not by way of a matcher, which keeps its last reading for its feeds.
            reader = self._compiled[0]._shared._reader
            return Shared(reader, self._vocabulary, self._version)


def vocabulary_at(url: str) -> Vocabulary:
    """The vocabulary of the database at `url`; empty where there is no such database yet, or none in it.

    Nothing is made and nothing is brought up to date.

    Raises:
        StoreError: there may be a database, and it cannot be used.
    """
    if not may_be_there(url):
        return NO_VOCABULARY
    store = Store(url)
    try:
        if current_version(store) < _SINCE or not vocabulary.version(store):
            return NO_VOCABULARY
        return Vocabulary(vocabulary.read(store))
    finally:
        store.close()
