"""Many rows with few statements, on both databases: what goes in comes out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from bot.models.deliveries import State
from bot.store.bulk import PARAMETERS, among, insert_all, update_all
from bot.store.engine import Store
from bot.store.tables import delivery, run, subscriber
from tests.builders import NOW

COUNT = PARAMETERS + 1


@pytest.fixture
def readers(store: Store) -> list[int]:
    """So many subscribers that one statement does not hold them."""
    names = [f"reader{number}@reader.example" for number in range(COUNT)]
    with store.writing() as connection:
        insert_all(connection, subscriber, {"email": names, "email_key": names}, {"created_at": NOW})
        return list(connection.execute(select(subscriber.c.id).order_by(subscriber.c.id)).scalars())


def test_rows_get_what_is_given_what_is_common_and_the_defaults(store: Store, readers: list[int]) -> None:
    with store.reading() as connection:
        rows = connection.execute(select(subscriber).order_by(subscriber.c.id)).all()
    assert [row.email for row in rows] == [f"reader{number}@reader.example" for number in range(COUNT)]
    assert {(row.created_at, row.cadence, row.max_papers, row.learns, row.next_due) for row in rows} == {
        (NOW, "weekly", 12, True, None)
    }


def test_text_and_times_come_out_as_they_went_in(store: Store, readers: list[int]) -> None:
    texts = ['{"a":"b"}', "\\", '"', "", "null", "a,b}", "{", "'; --", "α\n\t", "%s ?"]
    moments = [NOW + timedelta(microseconds=number) for number in range(len(texts))]
    elsewhere = [moment.astimezone(timezone(timedelta(hours=9))) for moment in moments]
    with store.writing() as connection:
        run_id = connection.execute(insert(run).values(planned_at=NOW).returning(run.c.id)).scalar_one()
        insert_all(
            connection,
            delivery,
            {
                "subscriber_id": readers[: len(texts)],
                "occasion": elsewhere,
                "window_start": moments,
                "window_end": moments,
                "content": texts,
                "due_at": moments,
                "expires_at": moments,
                "claimed_until": [None, *moments[1:]],
            },
            {"run_id": run_id, "state": State.QUEUED.value, "reason": "50 % of 'it'"},
        )
        rows = connection.execute(select(delivery).order_by(delivery.c.id)).all()
    assert [row.content for row in rows] == texts
    assert [row.occasion for row in rows] == moments
    assert [row.claimed_until for row in rows] == [None, *moments[1:]]
    assert {(row.run_id, row.state, row.reason, row.attempts) for row in rows} == {
        (run_id, "queued", "50 % of 'it'", 0)
    }


def test_each_row_gets_its_own_values(store: Store, readers: list[int]) -> None:
    some = readers[::3]
    moments: list[datetime | None] = [NOW + timedelta(hours=number % 5) for number in range(len(some))]
    moments[0] = None
    with store.writing() as connection:
        update_all(connection, subscriber, "id", {"id": some, "next_due": moments, "name": [f"n{one}" for one in some]})
        rows = connection.execute(select(subscriber).order_by(subscriber.c.id)).all()
    changed = dict(zip(some, moments, strict=True))
    assert {row.id: row.next_due for row in rows if row.name} == changed
    assert all(row.name == (f"n{row.id}" if row.id in changed else "") for row in rows)


def test_rows_are_found_among_many_ids(store: Store, readers: list[int]) -> None:
    with store.reading() as connection:
        for wanted in (readers, readers[5:7], [], [0]):
            query = select(subscriber.c.id).where(among(connection, subscriber.c.id, wanted)).order_by(subscriber.c.id)
            assert list(connection.execute(query).scalars()) == [one for one in wanted if one]


def test_nothing_is_asked_for_no_rows(store: Store) -> None:
    with store.writing() as connection:
        insert_all(connection, subscriber, {"email": [], "email_key": []}, {"created_at": NOW})
        update_all(connection, subscriber, "id", {"id": [], "name": []})
        assert connection.execute(select(subscriber.c.id)).all() == []
