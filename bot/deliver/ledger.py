"""The sender's book: what several connections have to write down goes into one transaction, and in order.

A connection has at most one message handed over and not settled: the next is handed over in the transaction that
settles the one before, or in a later one. So after a crash, no more deliveries are uncertain than connections were
open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.errors import BotError
from bot.models.deliveries import Claim
from bot.store.engine import Store
from bot.store.settling import Settlement, write_down

#: Seconds that one waits for others to be written down with: a mail server takes longer for its reply.
MOMENT = 0.002

log = structlog.get_logger(__name__)


class Ledger:
    """Writes down for all connections of a sender.

    Args:
        desk: where the database is waited for.
        lease: how long a delivery may stay handed over; then its sender is taken for dead.
        concluded: told of each settlement, and whether it was written: False where the delivery is ours no more.
        enough: says how many that wait to be handed over are worth a transaction at once.
    """

    def __init__(
        self,
        store: Store,
        desk: Callable[[Callable[[], Any]], Awaitable[Any]],
        clock: Callable[[], datetime],
        lease: timedelta,
        concluded: Callable[[Settlement, bool], None],
        enough: Callable[[], int] = lambda: 1,
    ) -> None:
        self._store, self._desk, self._clock, self._lease = store, desk, clock, lease
        self._concluded, self._enough = concluded, enough
        self._handing: list[tuple[Claim, asyncio.Future[Claim | None]]] = []
        self._settling: list[Settlement] = []
        self._writing: asyncio.Task[None] | None = None
        #: Set once enough wait.
        self._gathered = asyncio.Event()
        #: Why nothing more can be written.
        self.error: BotError | None = None

    async def hand_over(self, taken: Claim) -> Claim | None:
        """The claim, handed over; None if it must not be sent; see `bot.store.settling.write_down`.

        Raises:
            StoreError: it cannot be written down, and so must not be sent.
        """
        if self.error is not None:
            raise self.error
        written: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._handing.append((taken, written))
        self._wake()
        return await written

    def settle(self, one: Settlement) -> None:
        """Have it written down soon, before anything else is handed over."""
        self._settling.append(one)
        self._wake()

    async def close(self) -> None:
        """Come back when all is written.

        Raises:
            StoreError: it cannot be, though it was tried twice.
        """
        while self._writing is not None and not self._writing.done():
            await self._writing
        if self._settling:
            # What could not be written may be now; otherwise it is in doubt, and told as such.
            await self._write_some()
            self.error = None

    def _wake(self) -> None:
        if len(self._handing) >= self._enough():
            self._gathered.set()
        if self.error is None and (self._writing is None or self._writing.done()):
            # In the loop's next turn: whatever else is ready in this one goes along.
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        while self._handing or self._settling:
            await self._gather()
            try:
                await self._write_some()
            except BotError as error:
                self.error = error
                return
            except Exception:
                # Whoever waits has been told; `close` tries once more.
                log.exception("not written down")
                return

    async def _gather(self) -> None:
        """Wait a moment for others, since a transaction costs as much for one as for some."""
        self._gathered.clear()
        if len(self._handing) < self._enough():
            with suppress(TimeoutError):
                async with asyncio.timeout(MOMENT):
                    await self._gathered.wait()

    async def _write_some(self) -> None:
        handing, self._handing = self._handing, []
        settling, self._settling = self._settling, []
        claims = [taken for taken, _ in handing]
        step = partial(write_down, self._store, self._clock(), self._lease, settled=settling, handed_over=claims)
        try:
            written = await self._desk(step)
        except BaseException as error:
            self._settling = settling + self._settling
            # Those too that have come meanwhile: nobody begins another transaction for them.
            refused, self._handing = handing + self._handing, []
            for _, future in refused:
                if not future.done():
                    future.set_exception(error)
            raise
        for taken, future in handing:
            if not future.done():
                future.set_result(written.handed_over.get(taken.delivery_id))
        for one in settling:
            self._concluded(one, one.taken.delivery_id in written.settled)
