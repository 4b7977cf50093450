"""A feed's papers page by page: where a page ends is known by its last paper, so that newcomers shift nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_

from bot.store.belonging import belongs
from bot.store.engine import Store
from bot.store.papers import EnteredPaper, entered
from bot.store.tables import feed_entry, paper

#: Newest first, and of one moment the paper that came last.
_ORDER = (feed_entry.c.entered_at.desc(), paper.c.id.desc())


def papers_after(
    store: Store, feed_id: int, limit: int, last: tuple[datetime, int] | None = None
) -> tuple[EnteredPaper, ...]:
    """The next papers of a feed, newest first.

    Args:
        last: when the last paper of the page before entered, and its id; the newest papers where there is none.
    """
    which = [feed_entry.c.feed_id == feed_id, belongs()]
    if last is not None:
        moment, paper_id = last
        before = feed_entry.c.entered_at < moment
        which.append(or_(before, and_(feed_entry.c.entered_at == moment, feed_entry.c.paper_id < paper_id)))
        # The index is read from here on; neither database sees that in the line above.
        which.append(feed_entry.c.entered_at <= moment)
    return entered(store, which, _ORDER, limit)
