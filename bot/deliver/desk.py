"""Where a sender waits for the database while its connections go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.store.engine import Store

_T = TypeVar("_T")


class Desk:
    """Runs steps that use the database, one after another.

    On PostgreSQL a thread waits for the server. With SQLite there is nothing to wait for but the disk, for less than it
    costs two threads to hand Python's lock back and forth.
    """

    def __init__(self, store: Store) -> None:
        self._thread = None if store.is_sqlite else ThreadPoolExecutor(1, "books")

    async def __call__(self, step: Callable[[], _T], /) -> _T:
        """What the step gives; raises what it raises."""
        if self._thread is None:
            return step()
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    def close(self) -> None:
        """Let the thread go."""
        if self._thread is not None:
            self._thread.shutdown()
