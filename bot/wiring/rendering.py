"""Mails rendered and signed in processes of their own, because rendering holds Python's lock.

Where a process dies, the digests that it had are given back as not rendered; the next ones go to fresh processes, and
where those die too, they are rendered here.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from datetime import datetime
from multiprocessing import get_context
from typing import Final

import structlog

from bot.errors import BotError, NotRenderedError
from bot.models.deliveries import Claim, Message
from bot.settings import Settings
from bot.store.engine import may_be_there
from bot.wiring import rendering_process
from bot.wiring.mailroom import Mailroom
from bot.wiring.rendering_process import ENDING

#: Deliveries for which it pays to start one more process: that takes a second, and each renders every card itself.
WORTH_ONE: Final = 500
#: Processes without being told how many.
MOST: Final = 8
#: Digests that a process renders together: enough to look up together, few enough not to be waited for.
AT_ONCE: Final = 40
#: Digests that are rendered here before connections get their turn, some 10 ms.
BETWEEN: Final = 20
#: So often in a row processes may die.
_DEATHS: Final = 2

log = structlog.get_logger(__name__)


def processes_for(due: int, setting: int, cores: int) -> int:
    """How many processes are worth starting for so many deliveries.

    Args:
        setting: `BOT_RENDER_PROCESSES`: at the most so many, or -1 for all cores but the one that sends.
    """
    most = min(cores - 1, MOST) if setting < 0 else setting
    return min(most, due // WORTH_ONE)


class Rendering:
    """Renders the digests of one round.

    Args:
        settings: what each process builds its own mailroom from; it reads the same database.
        mailroom: makes the one that renders here; asked once, and only if it is needed.
        clock: gives aware times; a function that can be pickled, since each process gets it.
        processes: 0 to render here, between the loop's other work. So it is, too, where the database is in memory.
    """

    def __init__(
        self, settings: Settings, mailroom: Callable[[], Mailroom], clock: Callable[[], datetime], processes: int
    ) -> None:
        self._settings, self._clock = settings, clock
        self._make_mailroom = mailroom
        self._mailroom: Mailroom | None = None
        self._processes = processes if may_be_there(settings.database_url) else 0
        self._pool: ProcessPoolExecutor | None = None
        #: Done when the first process is ready.
        self._starting: Future[None] | None = None
        #: Pools in a row that broke.
        self._broken = 0

    def start(self) -> None:
        """Have the processes begin, which takes each a second or two; until one is ready, mails are rendered here."""
        if self._processes:
            # Whatever goes wrong is told when something is to be rendered.
            with suppress(BrokenProcessPool, OSError), _signals_held():
                self._starting = self._fresh_pool().submit(rendering_process.make_ready)

    async def render(self, claims: Sequence[Claim]) -> list[Message | BotError]:
        """The mails that some claims are about, or what went wrong with each, in their order.

        What nobody foresaw is logged. A `NotRenderedError` is no fault of its digest.

        Raises:
            StoreError: the database cannot be reached or read.
            SettingsError, KeyFileError: no mail can be made with these settings.
        """
        begun = self._starting is None or self._starting.done()
        elsewhere = self._processes and self._broken < _DEATHS and begun
        made = await (self._in_processes(claims) if elsewhere else self._here(claims))
        for claim, one in zip(claims, made, strict=True):
            if notes := getattr(one, "__notes__", None):
                log.error("not rendered", delivery=claim.delivery_id, error=str(one), exception="\n".join(notes))
        return made

    def close(self) -> None:
        """End the processes, each when it is done with what it has; waits for that."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    async def _here(self, claims: Sequence[Claim]) -> list[Message | BotError]:
        if self._mailroom is None:
            self._mailroom = self._make_mailroom()
        made: list[Message | BotError] = []
        for some in _batches(claims, BETWEEN):
            made += self._mailroom.messages(some)
            await asyncio.sleep(0)
        return made

    async def _in_processes(self, claims: Sequence[Claim]) -> list[Message | BotError]:
        pool = self._pool or self._fresh_pool()
        batches = list(_batches(claims, AT_ONCE))
        answers: Sequence[list[Message | BotError] | BaseException]
        try:
            with _signals_held():
                futures = [pool.submit(rendering_process.render, batch) for batch in batches]
        except (BrokenProcessPool, OSError) as error:
            answers = [error] * len(batches)
        else:
            answers = await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
        made: list[Message | BotError] = []
        lost: BaseException | None = None
        for batch, answer in zip(batches, answers, strict=True):
            if isinstance(answer, list):
                made += answer
            elif isinstance(answer, BrokenProcessPool | OSError | asyncio.CancelledError):
                lost = answer
                made += [NotRenderedError() for _ in batch]
            else:
                raise answer
        if lost is None:
            self._broken = 0
        else:
            self._bury(pool, lost)
        return made

    def _fresh_pool(self) -> ProcessPoolExecutor:
        # Not forked: threads and connections of this process must not be in others.
        self._pool = ProcessPoolExecutor(
            self._processes, get_context("spawn"), rendering_process.begin, (self._settings, self._clock)
        )
        return self._pool

    def _bury(self, pool: ProcessPoolExecutor, cause: BaseException) -> None:
        """Let go of a pool that has broken; of those who find it so, the first counts it."""
        if pool is not self._pool:
            return
        self._pool = None
        self._broken += 1
        pool.shutdown(wait=False, cancel_futures=True)
        then = "from now on mails are rendered here" if self._broken >= _DEATHS else "others are started"
        log.warning(f"a process that renders has died; {then}", error=str(cause))


def _batches(claims: Sequence[Claim], size: int) -> Iterable[Sequence[Claim]]:
    return (claims[start : start + size] for start in range(0, len(claims), size))


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals that end a program wait: a process that is started meanwhile begins with them held, and ignores them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
