"""What a round has begun and not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from bot.errors import BotError

log = structlog.get_logger(__name__)


class Errands:
    """Tasks under way; what goes wrong in one of them is told.

    Args:
        fail: is given what went wrong.
    """

    def __init__(self, fail: Callable[[BotError], None]) -> None:
        self._fail = fail
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, step: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have it done beside what is being done."""
        task = asyncio.get_running_loop().create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def done(self) -> None:
        """Come back when all have ended, whichever way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, BotError):
            self._fail(error)
        elif error is not None:
            log.error("gone wrong", exc_info=error)
            self._fail(BotError(f"delivering: {type(error).__name__}: {error}"))
