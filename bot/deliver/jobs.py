"""The messages that wait for a connection."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from bot.models.deliveries import Claim, Message


@dataclass(slots=True)
class Job:
    """One message on its way."""

    #: As it is in the outbox now, with the lease that holds.
    claim: Claim
    message: Message
    #: Whether it is written down as handed over.
    handed_over: bool = False
    #: Whether it was called off right before the dot: then it is not for the connection's sake that it went wrong.
    called_off: bool = False
    #: How often it may be tried once more at once, on another connection.
    chances: int = 1
    #: How often it gets such a chance back.
    amends: int = 3

    def make_amends(self) -> None:
        """Give back its chance, since no other connection could be had: so one was lost for the server's sake."""
        if not self.chances and self.amends:
            self.chances, self.amends = 1, self.amends - 1


class Jobs:
    """A queue that ends when it is closed, it is empty, and whatever was taken from it is done."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._getters: deque[asyncio.Future[None]] = deque()
        self._under_way = 0
        self._closed = False
        #: Set when fewer wait than were asked for by `low`.
        self._low = asyncio.Event()
        self._low_at = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, jobs: list[Job]) -> None:
        """Have these wait at the end of the queue."""
        self._waiting.extend(jobs)
        self._wake(len(jobs))

    def again(self, job: Job) -> None:
        """Have a job that was taken wait at the front."""
        self._under_way -= 1
        self._waiting.appendleft(job)
        self._wake(1)

    def take(self) -> Job | None:
        """The next one, if one waits."""
        if not self._waiting:
            return None
        self._under_way += 1
        job = self._waiting.popleft()
        if len(self._waiting) <= self._low_at:
            self._low.set()
        return job

    async def next(self) -> Job | None:
        """The next one, waited for; None when there are no more."""
        while not self._waiting:
            if self._closed and not self._under_way:
                return None
            getter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._getters.append(getter)
            await getter
        return self.take()

    def done(self) -> None:
        """One that was taken needs no connection any more."""
        self._under_way -= 1
        if self._closed and not self._under_way and not self._waiting:
            self._wake(len(self._getters))

    def close(self) -> None:
        """No more will be put."""
        self._closed = True
        self._low.set()
        self._wake(len(self._getters))

    def drop(self, run_id: int | None = None) -> list[Job]:
        """All that wait, or those of one run, taken out."""
        left = [job for job in self._waiting if run_id in {None, job.claim.run_id}]
        self._waiting = deque(job for job in self._waiting if run_id not in {None, job.claim.run_id})
        self._low.set()
        return left

    async def low(self, at: int) -> None:
        """Come back when no more than `at` wait, or the queue is closed."""
        self._low_at = at
        while len(self._waiting) > at and not self._closed:
            self._low.clear()
            await self._low.wait()

    def _wake(self, count: int) -> None:
        while count > 0 and self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                count -= 1
