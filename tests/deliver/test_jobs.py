"""The queue of messages that wait for a connection."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.deliver.jobs import Job, Jobs
from bot.models.deliveries import Claim, Message
from tests.deliver.rows import NOW


def job(number: int, run_id: int = 1) -> Job:
    claim = Claim(
        delivery_id=number,
        run_id=run_id,
        subscriber_id=number,
        email=f"reader{number}@reader.example",
        name="",
        standing="active",
        language="en",
        timezone="UTC",
        suppressed=False,
        message_id=f"<{number}@papers.example.org>",
        attempts=0,
        window_start=NOW,
        window_end=NOW,
        expires_at=NOW,
    )
    return Job(claim, Message("from@papers.example.org", claim.email, "Papers", claim.message_id, b"Hello\r\n"))


async def settled() -> None:
    """Let all go on that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def numbers(jobs: list[Job]) -> list[int]:
    return [one.claim.delivery_id for one in jobs]


def test_they_come_in_their_order_and_one_that_is_tried_again_comes_first() -> None:
    async def go() -> None:
        jobs = Jobs()
        jobs.put([job(1), job(2), job(3)])
        first = await jobs.next()
        assert first is not None
        jobs.again(first)
        assert numbers([one for one in (jobs.take(), jobs.take(), jobs.take()) if one]) == [1, 2, 3]
        assert jobs.take() is None

    asyncio.run(go())


def test_it_ends_only_when_it_is_closed_and_empty_and_nothing_is_under_way() -> None:
    async def go() -> None:
        jobs = Jobs()
        jobs.put([job(1)])
        one = await jobs.next()
        assert one is not None
        waiting = [asyncio.create_task(jobs.next()) for _ in range(3)]
        await settled()
        assert not any(task.done() for task in waiting)
        jobs.close()
        await settled()
        # The one that is under way may come back.
        assert not any(task.done() for task in waiting)
        jobs.again(one)
        await settled()
        assert [task.result() for task in waiting if task.done()] == [one]
        jobs.done()
        assert [await task for task in waiting].count(None) == 2
        assert await jobs.next() is None

    asyncio.run(go())


def test_low_comes_when_few_are_left_or_none_will_come() -> None:
    async def go() -> None:
        jobs = Jobs()
        jobs.put([job(n) for n in range(4)])
        low = asyncio.create_task(jobs.low(2))
        await settled()
        jobs.take()
        await settled()
        assert not low.done()
        jobs.take()
        await asyncio.wait_for(low, 10)
        jobs.put([job(5), job(6)])
        again = asyncio.create_task(jobs.low(2))
        await settled()
        assert not again.done()
        jobs.close()
        await asyncio.wait_for(again, 10)

    asyncio.run(go())


def test_those_of_one_run_can_be_taken_out() -> None:
    async def go() -> None:
        jobs = Jobs()
        jobs.put([job(1, run_id=7), job(2, run_id=8), job(3, run_id=7), job(4, run_id=9)])
        assert numbers(jobs.drop(7)) == [1, 3]
        assert len(jobs) == 2
        assert numbers(jobs.drop()) == [2, 4]
        assert len(jobs) == 0
        jobs.close()
        assert await jobs.next() is None

    asyncio.run(go())


class Queue(RuleBasedStateMachine):
    """Whatever connections do, each job is somewhere, none is given to two, and who waits is woken."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.jobs = Jobs()
        self.fresh: Iterator[int] = iter(range(1, 10_000))
        self.expected: deque[int] = deque()
        self.under_way: list[Job] = []
        self.getters: list[asyncio.Task[Job | None]] = []
        self.closed = False
        self.ended = 0

    def _run(self) -> None:
        self.loop.run_until_complete(settled())
        for getter in [one for one in self.getters if one.done()]:
            self.getters.remove(getter)
            found = getter.result()
            if found is None:
                assert self.closed
                assert not self.under_way
                self.ended += 1
            else:
                assert found.claim.delivery_id == self.expected.popleft()
                self.under_way.append(found)

    @rule(count=st.integers(0, 4))
    @precondition(lambda self: not self.closed)
    def put(self, count: int) -> None:
        some = [job(next(self.fresh)) for _ in range(count)]
        self.expected += numbers(some)
        self.jobs.put(some)
        self._run()

    @rule()
    def wait_for_one(self) -> None:
        self.getters.append(self.loop.create_task(self.jobs.next()))
        self._run()

    @rule()
    def take_one(self) -> None:
        found = self.jobs.take()
        assert (found.claim.delivery_id if found else None) == (self.expected.popleft() if self.expected else None)
        self.under_way += [found] if found else []

    @rule(data=st.data())
    @precondition(lambda self: self.under_way)
    def finish(self, data: st.DataObject) -> None:
        self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.jobs.done()
        self._run()

    @rule(data=st.data())
    @precondition(lambda self: self.under_way)
    def try_again(self, data: st.DataObject) -> None:
        one = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.expected.appendleft(one.claim.delivery_id)
        self.jobs.again(one)
        self._run()

    @rule()
    def close(self) -> None:
        self.closed = True
        self.jobs.close()
        self._run()

    @invariant()
    def nobody_waits_beside_a_job_or_after_the_end(self) -> None:
        assert len(self.jobs) == len(self.expected)
        if self.getters:
            assert not self.expected
            assert self.under_way or not self.closed

    def teardown(self) -> None:
        for getter in self.getters:
            getter.cancel()
        self.loop.run_until_complete(settled())
        self.loop.close()


TestQueue = Queue.TestCase
