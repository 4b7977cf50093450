"""The sender's book: many connections, few transactions, and nobody who waits for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deliver.ledger import Ledger
from bot.errors import StoreError
from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.store import outbox
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.settling import Settlement
from tests.deliver.rows import NOW, change_subscriber, column, fill, states

LEASE = timedelta(minutes=30)
SENT = Outcome(State.SENT)
TAKEN = Reply(Phase.DOT, 250, "taken", "2.0.0")


class Desk:
    """Does each step at once, or when it is told to, and can be out of order."""

    def __init__(self) -> None:
        self.steps = 0
        self.errors: list[Exception] = []
        #: Awaited before each step.
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, step: Callable[[], Any], /) -> Any:
        self.steps += 1
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return step()


class Book:
    """A ledger over a store, with all of its deliveries claimed, and what it was told."""

    def __init__(self, store: Store, count: int) -> None:
        fill(store, count)
        self.claims = outbox.claim(store, NOW, LEASE, domain="papers.example.org", limit=count)
        self.desk = Desk()
        self.told: list[tuple[int, bool]] = []
        self.ledger = Ledger(store, self.desk, lambda: NOW, LEASE, self._concluded)

    def _concluded(self, one: Settlement, done: bool) -> None:
        self.told.append((one.taken.delivery_id, done))

    async def send(self, taken: Claim) -> None:
        handed_over = await self.ledger.hand_over(taken)
        assert handed_over is not None
        self.ledger.settle(Settlement(handed_over, SENT, TAKEN))


def test_what_many_write_at_once_is_one_transaction(store: Store) -> None:
    async def go() -> None:
        book = Book(store, 20)
        await asyncio.gather(*(book.send(taken) for taken in book.claims))
        await book.ledger.close()
        # All hand-overs together, and all settlements.
        assert book.desk.steps == 2
        assert sorted(book.told) == [(taken.delivery_id, True) for taken in book.claims]

    asyncio.run(go())
    assert states(store) == ["sent"] * 20
    assert column(store, "reply_enhanced") == ["2.0.0"] * 20


def test_a_message_is_handed_over_with_or_after_the_settlement_of_the_one_before(store: Store) -> None:
    async def go() -> None:
        book = Book(store, 4)
        first, second, third, fourth = book.claims
        handed = await asyncio.gather(book.ledger.hand_over(first), book.ledger.hand_over(second))
        assert states(store) == ["handed over", "handed over", "claimed", "claimed"]
        for one in handed:
            assert one is not None
            book.ledger.settle(Settlement(one, SENT, TAKEN))
        # Of two connections there are never more than two handed over.
        assert all(await asyncio.gather(book.ledger.hand_over(third), book.ledger.hand_over(fourth)))
        assert states(store) == ["sent", "sent", "handed over", "handed over"]

    asyncio.run(go())


def test_what_comes_while_one_is_written_goes_into_the_next(store: Store) -> None:
    async def go() -> None:
        book = Book(store, 6)
        book.desk.gate.clear()
        first = asyncio.create_task(book.send(book.claims[0]))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(book.send(taken)) for taken in book.claims[1:]]
        await asyncio.sleep(0.01)
        assert book.desk.steps == 1
        book.desk.gate.set()
        await asyncio.gather(first, *others)
        await book.ledger.close()
        assert book.desk.steps == 3

    asyncio.run(go())
    assert states(store) == ["sent"] * 6


def test_whoever_has_left_is_not_handed_over_and_the_others_are(store: Store) -> None:
    async def go() -> list[Claim | None]:
        book = Book(store, 3)
        change_subscriber(store, 1, standing="left")
        return await asyncio.gather(*(book.ledger.hand_over(taken) for taken in book.claims))

    assert [found is None for found in asyncio.run(go())] == [False, True, False]
    assert states(store) == ["handed over", "claimed", "handed over"]


def test_another_ones_lease_is_told_and_changes_nothing(store: Store) -> None:
    async def go() -> None:
        book = Book(store, 2)
        mine, other = book.claims
        assert await book.ledger.hand_over(mine._replace(claimed_until=NOW)) is None
        book.ledger.settle(Settlement(other._replace(claimed_until=NOW), SENT, TAKEN))
        await book.ledger.close()
        assert book.told == [(other.delivery_id, False)]

    asyncio.run(go())
    assert states(store) == ["claimed", "claimed"]


def test_a_database_that_fails_reaches_all_who_wait_and_all_who_come(sqlite_store: Store) -> None:
    error = StoreError("bot.db", "the disk is full")

    async def go() -> None:
        book = Book(sqlite_store, 5)
        book.desk.gate.clear()
        book.desk.errors = [error]
        waiting = [asyncio.create_task(book.ledger.hand_over(book.claims[0]))]
        await asyncio.sleep(0.01)
        # These come while the transaction is under way that fails.
        waiting += [asyncio.create_task(book.ledger.hand_over(taken)) for taken in book.claims[1:4]]
        await asyncio.sleep(0.01)
        book.desk.gate.set()
        found = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert found == [error] * 4
        with pytest.raises(StoreError):
            await book.ledger.hand_over(book.claims[4])
        assert (book.ledger.error, book.desk.steps) == (error, 1)
        await book.ledger.close()

    asyncio.run(go())
    assert states(sqlite_store) == ["claimed"] * 5


def test_what_nobody_foresaw_reaches_them_too(sqlite_store: Store) -> None:
    async def go() -> None:
        book = Book(sqlite_store, 2)
        book.desk.gate.clear()
        book.desk.errors = [sqlite3.InterfaceError("?")]
        first = asyncio.create_task(book.ledger.hand_over(book.claims[0]))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(book.ledger.hand_over(book.claims[1]))
        await asyncio.sleep(0.01)
        book.desk.gate.set()
        found = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), 10)
        assert all(isinstance(one, sqlite3.InterfaceError) for one in found)
        await book.ledger.close()

    asyncio.run(go())


def test_what_could_not_be_written_is_tried_once_more_at_the_end(sqlite_store: Store) -> None:
    async def go() -> None:
        book = Book(sqlite_store, 3)
        handed = [await book.ledger.hand_over(taken) for taken in book.claims]
        book.desk.errors = [StoreError("bot.db", "database is locked")]
        for one in handed:
            assert one is not None
            book.ledger.settle(Settlement(one, SENT, TAKEN))
        await book.ledger.close()
        # All is well, so that the round need not tell of it.
        assert book.ledger.error is None
        assert len(book.told) == 3

    asyncio.run(go())
    assert states(sqlite_store) == ["sent"] * 3


def test_what_cannot_be_written_at_the_end_either_is_told_and_stays_in_doubt(sqlite_store: Store) -> None:
    async def go() -> None:
        book = Book(sqlite_store, 1)
        one = await book.ledger.hand_over(book.claims[0])
        assert one is not None
        book.desk.errors = [StoreError("bot.db", "the disk is full")] * 2
        book.ledger.settle(Settlement(one, SENT, TAKEN))
        with pytest.raises(StoreError, match="disk is full"):
            await book.ledger.close()

    asyncio.run(go())
    assert states(sqlite_store) == ["handed over"]


@settings(max_examples=settings().max_examples // 5)
@given(connections=st.integers(1, 5), turns=st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_no_more_are_handed_over_than_connections_at_any_commit(
    tmp_path_factory: pytest.TempPathFactory, connections: int, turns: list[int]
) -> None:
    """Whatever the order in which connections get their turns."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/bot.db")

    async def go() -> None:
        book = Book(store, 12)
        waiting = list(zip(book.claims, turns, strict=True))

        async def connection() -> None:
            while waiting:
                taken, pause = waiting.pop()
                for _ in range(pause):
                    await asyncio.sleep(0)
                await book.send(taken)
                assert states(store).count("handed over") <= connections

        await asyncio.gather(*(connection() for _ in range(connections)))
        await book.ledger.close()

    asyncio.run(go())
    assert states(store) == ["sent"] * 12
    store.close()
