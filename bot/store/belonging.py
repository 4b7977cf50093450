"""Which entries are in their feed: the one place that says so, for every query that tells what readers get.

Entries are kept with their relevance whatever the feed's threshold, so that a threshold can be moved both ways over
what is stored.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true

from bot.store.tables import concept_feed, feed_entry

#: A retracted paper is the only one with a relevance of 0, and is in the feed in any case: whoever may have read it is
#: to learn of that.
_RETRACTED = feed_entry.c.relevance <= 0


def belongs() -> ColumnElement[bool]:
    """Whether an entry is in its feed by the feed's own threshold; the query must join `concept_feed`.

    A feed without one has all its entries.
    """
    threshold = concept_feed.c.threshold
    return or_(threshold.is_(None), feed_entry.c.relevance >= threshold, _RETRACTED)


def belongs_at(threshold: float | None) -> ColumnElement[bool]:
    """Whether an entry would be in its feed by that threshold."""
    return true() if threshold is None else or_(feed_entry.c.relevance >= threshold, _RETRACTED)
