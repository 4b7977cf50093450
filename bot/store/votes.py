"""Votes: cast and taken back one at a time, read in batches to learn from, and erased whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.models.subscribers import Standing
from bot.models.votes import LEARNED_FROM, CastVote, PaperText
from bot.store.belonging import belongs
from bot.store.engine import Store
from bot.store.tables import concept_feed, evidence, feed_entry, paper, paper_merge, subscriber, vote

#: Papers whose words are read together.
TEXTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class VoteCount:
    """How many votes a subscriber has cast."""

    liked: int = 0
    disliked: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.liked + self.disliked


def cast(store: Store, subscriber_id: int, paper_id: int, *, liked: bool, now: datetime) -> bool:
    """Keep a vote in place of an earlier one on the same paper; False, and nothing is kept, where it cannot be.

    That is: somebody who is gone, or wants nothing learned; a paper that is there no more.
    """
    with store.writing() as connection:
        there = _present(connection, paper_id)
        if there is None or not _learns(connection, subscriber_id):
            return False
        dialect = sqlite if store.is_sqlite else postgresql
        row = {"subscriber_id": subscriber_id, "paper_id": there, "liked": liked, "at": now}
        kept = dialect.insert(vote).values(row)
        of_paper = [vote.c.subscriber_id, vote.c.paper_id]
        connection.execute(kept.on_conflict_do_update(index_elements=of_paper, set_={"liked": liked, "at": now}))
    return True


def take_back(store: Store, subscriber_id: int, paper_id: int) -> bool:
    """Forget a vote; False where there was none."""
    with store.writing() as connection:
        there = _present(connection, paper_id)
        this = delete(vote).where(vote.c.subscriber_id == subscriber_id, vote.c.paper_id == there)
        return bool(connection.execute(this).rowcount)


def erase(store: Store, subscriber_id: int, now: datetime, how: str, network: str = "") -> int:
    """Forget all votes of a subscriber; how many there were.

    Args:
        network: from where, cut.
    """
    with store.writing() as connection:
        gone = connection.execute(delete(vote).where(vote.c.subscriber_id == subscriber_id)).rowcount
        if gone:
            _note(connection, subscriber_id, now, f"{how}: votes erased", network)
    return gone


def switch_learning(store: Store, subscriber_id: int, now: datetime, how: str, network: str = "", *, on: bool) -> bool:
    """Let the order be learned from votes, or not any more; False where nothing changed.

    Votes stay until they are erased, and count again when learning is switched on again.

    Args:
        network: from where, cut.
    """
    mine = (subscriber.c.id == subscriber_id, subscriber.c.standing != Standing.LEFT, subscriber.c.learns != on)
    with store.writing() as connection:
        changed = bool(connection.execute(update(subscriber).where(*mine).values(learns=on)).rowcount)
        if changed:
            _note(connection, subscriber_id, now, f"{how}: learning {'on' if on else 'off'}", network)
    return changed


def vote_on(store: Store, subscriber_id: int, paper_id: int) -> bool | None:
    """Whether a subscriber liked a paper; None where there is no vote."""
    query = select(vote.c.liked).where(vote.c.subscriber_id == subscriber_id, vote.c.paper_id == paper_id)
    with store.reading() as connection:
        liked: bool | None = connection.execute(query).scalar()
    return liked


def count(store: Store, subscriber_id: int) -> VoteCount:
    """How many votes a subscriber has cast."""
    query = select(vote.c.liked, func.count()).where(vote.c.subscriber_id == subscriber_id).group_by(vote.c.liked)
    with store.reading() as connection:
        counts: dict[bool, int] = dict(connection.execute(query).all())
    return VoteCount(counts.get(True, 0), counts.get(False, 0))


def latest_votes(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[CastVote, ...]]:
    """By subscriber, what is learned from: the latest `LEARNED_FROM` votes, by paper id."""
    if not ids:
        return {}
    newness = func.row_number().over(partition_by=vote.c.subscriber_id, order_by=(vote.c.at.desc(), vote.c.paper_id))
    numbered = select(vote, newness.label("newness")).where(vote.c.subscriber_id.in_(ids)).subquery()
    query = (
        select(numbered.c.subscriber_id, numbered.c.paper_id, numbered.c.liked)
        .where(numbered.c.newness <= LEARNED_FROM)
        .order_by(numbered.c.subscriber_id, numbered.c.paper_id)
    )
    found: dict[int, list[CastVote]] = {}
    for subscriber_id, paper_id, liked in connection.execute(query):
        found.setdefault(subscriber_id, []).append(CastVote(paper_id, liked))
    return {subscriber_id: tuple(votes) for subscriber_id, votes in found.items()}


def votes_of(store: Store, subscriber_id: int) -> tuple[CastVote, ...]:
    """What is learned from of one subscriber, whether or not learning is switched on."""
    with store.reading() as connection:
        return latest_votes(connection, [subscriber_id]).get(subscriber_id, ())


def texts(store: Store, ids: Iterable[int]) -> dict[int, PaperText]:
    """The words of some papers, by id; missing ones are left out."""
    wanted = list(ids)
    found = {}
    with store.reading() as connection:
        for start in range(0, len(wanted), TEXTS_AT_ONCE):
            some = wanted[start : start + TEXTS_AT_ONCE]
            query = select(paper.c.id, paper.c.title, paper.c.abstract, paper.c.keywords).where(paper.c.id.in_(some))
            for row in connection.execute(query):
                abstract = " ".join(text for _, text in row.abstract)
                found[row.id] = PaperText(row.title, abstract, tuple(row.keywords))
    return found


def newest_ids(store: Store, most: int, of_a_feed: int) -> dict[int, tuple[int, ...]]:
    """By feed on offer, the papers that entered it last: `of_a_feed` at the most, about `most` over all feeds."""
    found = {}
    with store.reading() as connection:
        offered = select(concept_feed.c.id).where(concept_feed.c.retired_at.is_(None)).order_by(concept_feed.c.id)
        feed_ids = connection.execute(offered).scalars().all()
        share = max(1, min(of_a_feed, most // max(1, len(feed_ids))))
        # One query for each feed: the index gives the last ones without looking at the whole archive.
        for feed_id in feed_ids:
            last = (
                select(feed_entry.c.paper_id)
                .join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
                .where(feed_entry.c.feed_id == feed_id, belongs())
                .order_by(feed_entry.c.entered_at.desc(), feed_entry.c.paper_id)
                .limit(share)
            )
            found[feed_id] = tuple(connection.execute(last).scalars())
    return found


def _present(connection: Connection, paper_id: int) -> int | None:
    """The paper's number now; None where the paper is gone."""
    query = select(paper.c.id).where(paper.c.id == paper_id)
    merged = select(paper_merge.c.paper_id).where(paper_merge.c.merged_id == paper_id)
    found: int | None = connection.execute(query).scalar() or connection.execute(merged).scalar()
    return found


def _learns(connection: Connection, subscriber_id: int) -> bool:
    """Whether this subscriber's votes are kept; locked, so that nobody is erased or switches it off meanwhile."""
    query = select(subscriber.c.learns, subscriber.c.standing).where(subscriber.c.id == subscriber_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    return row is not None and row.learns and row.standing != Standing.LEFT


def _note(connection: Connection, subscriber_id: int, now: datetime, how: str, network: str) -> None:
    said = {"what": "changed", "how": how, "network": network}
    connection.execute(insert(evidence).values(subscriber_id=subscriber_id, at=now, **said))
