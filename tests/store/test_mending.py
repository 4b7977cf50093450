"""Single deliveries, mended by an admin: failed ones queued again, those in doubt settled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from bot.errors import RefusedError, UnknownError
from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.store import mending, outbox, runs, settling
from bot.store.engine import Store
from bot.store.mending import Refused, Verdict
from bot.store.tables import paper, run, shown, subscriber, suppression
from tests.deliver.rows import (
    NOW,
    WEEK,
    change,
    change_subscriber,
    column,
    covered,
    fill,
    run_closed_at,
    states,
    still_shown,
)

LEASE = timedelta(minutes=30)
LATER = NOW + timedelta(minutes=1)
GONE = Reply(Phase.RCPT, 550, "no such user", "5.1.1")


def take_one(store: Store, now: datetime = NOW) -> Claim:
    (taken,) = outbox.claim(store, now, LEASE, domain="papers.example.org")
    return taken


def fail(store: Store) -> None:
    assert settling.settle(store, take_one(store), Outcome(State.FAILED, "refused"), NOW, GONE)


def doubt(store: Store, now: datetime = NOW) -> Claim:
    taken = settling.hand_over(store, take_one(store, now), now, LEASE)
    assert taken is not None
    assert settling.settle(store, taken, Outcome(State.UNCERTAIN), now, Reply(Phase.DOT, 0))
    return taken


def whys(store: Store, ids: list[int], now: datetime = LATER) -> list[str]:
    return [one.why for one in mending.retry(store, ids, now).refused]


def test_a_failed_delivery_is_queued_again_and_takes_its_papers(store: Store) -> None:
    ids = fill(store, 1)
    change(store, 0, attempts=5)
    fail(store)
    assert runs.close_runs(store, NOW) == 1
    assert (still_shown(store), covered(store)) == (0, [NOW - WEEK])
    assert mending.retry(store, ids * 2, LATER) == mending.Retried(tuple(ids), ())
    assert (states(store), column(store, "attempts"), column(store, "reason")) == (["queued"], [0], [""])
    assert (column(store, "due_at"), column(store, "settled_at")) == ([LATER], [None])
    assert (still_shown(store), covered(store)) == (2, [NOW])
    assert run_closed_at(store) is None
    # It may fail again, and then gives them back again.
    assert settling.settle(store, take_one(store, LATER), Outcome(State.FAILED, "refused"), LATER, GONE)
    assert (still_shown(store), covered(store)) == (0, [NOW - WEEK])


def test_a_window_that_others_have_opened_further_stays_open(store: Store) -> None:
    ids = fill(store, 2)
    fail(store)
    fail(store)
    change_subscriber(store, 0, covered_until=NOW - 2 * WEEK)
    change_subscriber(store, 1, covered_until=NOW + WEEK)
    assert mending.retry(store, ids, LATER).queued == tuple(ids)
    assert covered(store) == [NOW - 2 * WEEK, NOW + WEEK]


def test_papers_that_another_digest_has_had_since_are_not_sent_twice(store: Store) -> None:
    ids = fill(store, 1)
    fail(store)
    with store.writing() as connection:
        who = connection.execute(select(subscriber.c.id)).scalar_one()
        what = connection.execute(select(paper.c.id).order_by(paper.c.id.desc()).limit(1)).scalar_one()
        connection.execute(insert(shown).values(subscriber_id=who, paper_id=what))
    done = mending.retry(store, ids, LATER)
    why = "its papers were given back, and another digest has had some of them since"
    assert done == mending.Retried((), (Refused(ids[0], "reader1@reader.example", why),))
    assert (states(store), still_shown(store)) == (["failed"], 1)


def test_a_paper_that_is_gone_does_not_keep_the_others_back(store: Store) -> None:
    ids = fill(store, 1)
    fail(store)
    with store.writing() as connection:
        first = select(paper.c.id).order_by(paper.c.id).limit(1).scalar_subquery()
        connection.execute(delete(paper).where(paper.c.id == first))
    assert mending.retry(store, ids, LATER).queued == tuple(ids)
    assert still_shown(store) == 1


def test_what_may_have_arrived_is_retried_with_its_doubt(store: Store) -> None:
    ids = fill(store, 1)
    doubt(store)
    outbox.recover(store, NOW, resend_after=timedelta(0))
    fail(store)
    assert still_shown(store) == 2
    assert mending.retry(store, ids, LATER).queued == tuple(ids)
    doubt(store, LATER)
    assert column(store, "reason") == [outbox.LOST_AGAIN]
    assert outbox.recover(store, LATER + WEEK / 2, resend_after=timedelta(0)).again == 0


def test_what_would_not_be_sent_is_refused_by_name_and_reason(store: Store) -> None:
    ids = fill(store, 7)
    for _ in range(5):
        fail(store)
    change_subscriber(store, 0, standing="left")
    change(store, 1, expires_at=LATER)
    with store.writing() as connection:
        connection.execute(
            suppression.insert().values(email_key="reader3@reader.example", reason="bounce", detail="", at=NOW)
        )
        connection.execute(delete(subscriber).where(subscriber.c.email_key == "reader4@reader.example"))
    assert whys(store, [*ids[:4], ids[5], 10**9]) == [
        "its subscriber is left",
        "too late: the next occasion has come",
        "its address is suppressed",
        "its subscriber was erased",
        "it is queued; only what has failed can be retried",
        "no such delivery",
    ]
    with store.writing() as connection:
        connection.execute(update(run).values(cancelled_at=NOW))
    assert whys(store, [ids[4]]) == [f"its run {take_run(store)} was cancelled"]


def take_run(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.execute(select(run.c.id)).scalar_one())


def test_an_admin_settles_what_is_in_doubt(store: Store) -> None:
    ids = fill(store, 3)
    for _ in ids:
        doubt(store)
    assert runs.close_runs(store, NOW) == 1
    assert mending.settle_by_hand(store, ids[0], Verdict.SENT, LATER) is State.SENT
    assert mending.settle_by_hand(store, ids[1], Verdict.FAILED, LATER) is State.FAILED
    assert mending.settle_by_hand(store, ids[2], Verdict.AGAIN, LATER) is State.QUEUED
    assert states(store) == ["sent", "failed", "queued"]
    assert column(store, "reason") == [mending.BY_ADMIN, mending.BY_ADMIN, outbox.AGAIN]
    assert column(store, "settled_at") == [LATER, LATER, None]
    assert covered(store) == [NOW, NOW - WEEK, NOW]
    assert still_shown(store) == 4
    assert run_closed_at(store) is None
    # Sent once more, and in doubt again: an admin may say so once more.
    doubt(store, LATER)
    assert column(store, "reason")[2] == outbox.LOST_AGAIN
    assert mending.settle_by_hand(store, ids[2], Verdict.AGAIN, LATER) is State.QUEUED


def test_an_admins_word_is_on_every_try(store: Store) -> None:
    ids = fill(store, 1)
    doubt(store)
    outbox.recover(store, NOW, resend_after=timedelta(0))
    taken = doubt(store)
    assert mending.settle_by_hand(store, ids[0], Verdict.FAILED, LATER) is State.FAILED
    assert (still_shown(store), column(store, "doubted_at")) == (0, [None])
    # Whoever still waited for the reply has no say any more.
    assert not settling.settle(store, taken, Outcome(State.SENT), LATER, Reply(Phase.DOT, 250))


def test_only_what_is_in_doubt_can_be_settled_by_hand(store: Store) -> None:
    ids = fill(store, 1)
    with pytest.raises(RefusedError, match="it is queued; only what is uncertain can be settled"):
        mending.settle_by_hand(store, ids[0], Verdict.SENT, NOW)
    with pytest.raises(UnknownError, match="no such delivery: '99'"):
        mending.settle_by_hand(store, 99, Verdict.SENT, NOW)
    doubt(store)
    with pytest.raises(RefusedError, match="too late"):
        mending.settle_by_hand(store, ids[0], Verdict.AGAIN, NOW + WEEK)
    assert states(store) == ["uncertain"]


def test_deliveries_are_listed_newest_first(store: Store) -> None:
    ids = fill(store, 3)
    fail(store)
    counts, found = mending.deliveries(store, limit=2)
    assert counts == {State.QUEUED: 2, State.FAILED: 1}
    assert [one.id for one in found] == [ids[2], ids[1]]
    counts, (one,) = mending.deliveries(store, limit=9, state=State.FAILED)
    assert (counts, one.id, one.email) == ({State.FAILED: 1}, ids[0], "reader1@reader.example")
    assert (one.state, one.reason, one.attempts, one.reply) == (State.FAILED, "refused", 1, GONE)
    assert (one.settled_at, one.doubted) == (NOW, False)
    assert mending.deliveries(store, limit=9, run_id=10**6) == ({}, [])
    with store.reading() as connection:
        who = connection.execute(select(subscriber.c.id).where(subscriber.c.email_key.like("reader2@%"))).scalar_one()
    assert [one.id for one in mending.deliveries(store, limit=9, subscriber_id=who)[1]] == [ids[1]]
    assert mending.failed_of(store, one.run_id) == [ids[0]]
