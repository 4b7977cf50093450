"""Connections to one or several mail servers, and who goes on where one fails."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.deliver.jobs import Job, Jobs
from bot.deliver.smtp import Patience, Session
from bot.deliver.url import SmtpUrl
from bot.errors import MailServerError
from bot.models.deliveries import Message, Reply

#: Seconds to wait before a server that has worked is tried again, time after time; then it is given up for the round.
BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Longer than most servers look at a message, and shorter than anybody likes to wait for the next one.
BEHIND = 15.0
#: For so many messages one connection more is worth opening at once.
WORTH_ONE = 4
#: Connections lost in a row, beyond as many as there are: then it is the server.
LOSSES = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Relays:
    """The mail servers, and how they are used."""

    urls: Sequence[SmtpUrl]
    #: To all that are no fall-backs together; shared by weight.
    connections: int = 8
    #: Over one connection; then a fresh one.
    messages: int = 100
    ca_file: Path | None = None
    #: What we call ourselves.
    name: str = ""
    patience: Patience = field(default_factory=Patience)
    back_off: Sequence[float] = BACK_OFF
    #: Seconds that a message waits behind one whose reply does not come, before another connection may have it.
    behind: float = BEHIND

    def share(self, url: SmtpUrl) -> int:
        """Connections to one of them; where it has a rate, no more than have something to do each second."""
        if url.connections is not None:
            return url.connections
        alike = [one for one in self.urls if one.fallback == url.fallback and one.connections is None]
        share = max(1, round(self.connections * url.weight / sum(one.weight for one in alike)))
        return share if url.rate is None else min(share, max(1, math.ceil(url.rate)))


@dataclass(slots=True)
class Relay:
    """One server in a round."""

    url: SmtpUrl
    #: Connections that it is to have, and those that it takes.
    share: int
    most: int
    #: Connections at work.
    workers: int = 0
    #: Whether it has taken a connection in this round.
    has_worked: bool = False
    #: Whether it took none when it was tried last.
    is_down: bool = False
    #: Connections lost one after another, and how many there were when the first of these was.
    losses: int = 0
    at_risk: int = 0
    #: Closed with 421 one after another.
    closings: int = 0
    #: Why it is given up for this round.
    error: MailServerError | None = None
    #: When the next message may go, by the loop's clock, where it has a rate of its own.
    next_at: float = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether it has been lost, or has closed, in a row no more often than may be by one fault."""
        at_once = max(self.at_risk, self.workers)
        return self.losses < at_once + LOSSES and self.closings <= at_once

    def note(self, reply: Reply) -> None:
        """Count what was lost, and forget it where the server has answered."""
        if not self.losses:
            self.at_risk = self.workers
        self.closings = self.closings + 1 if reply.code == 421 else self.closings if not reply.code else 0
        self.losses = self.losses + 1 if reply.code in {0, 421} else 0


class Pool:
    """Sends jobs over as many connections as are worth it.

    Args:
        hand_over: awaited right before the dot of a job; False where it must not be sent.
        concluded: told what the server said to a job; it settles it, or puts it back to the jobs.
        may_go_on: asked before each job is begun; False once the round is to end.
    """

    def __init__(
        self,
        relays: Relays,
        jobs: Jobs,
        *,
        hand_over: Callable[[Job], Awaitable[bool]],
        concluded: Callable[[Job, Reply, Relay], None],
        may_go_on: Callable[[], bool],
        give_up: Callable[[], bool],
    ) -> None:
        self._config, self._jobs = relays, jobs
        self._hand_over, self._concluded = hand_over, concluded
        self._may_go_on, self._give_up = may_go_on, give_up
        self._relays = [Relay(url, relays.share(url), relays.share(url)) for url in relays.urls]
        self._tasks: set[asyncio.Task[None]] = set()
        #: Ends waits when the round is to end.
        self._over = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        #: What was begun with the dot of the one before, and when.
        self._behind: dict[Session, tuple[float, list[Job]]] = {}
        self._crashed: BaseException | None = None

    @property
    def error(self) -> MailServerError | None:
        """What keeps all servers from taking mail; None while one may."""
        return self.troubles[0] if len(self.troubles) == len(self._relays) else None

    @property
    def at_work(self) -> int:
        """Connections that are open, or about to be."""
        return len(self._tasks)

    @property
    def troubles(self) -> list[MailServerError]:
        """Why servers were given up for this round."""
        return [relay.error for relay in self._relays if relay.error is not None]

    def grow(self, *, by_one: bool = False) -> None:
        """Open as many connections more as the waiting jobs are worth; `by_one`: one, whatever they are worth.

        The first one to a server goes alone: what is wrong with our credentials is wrong once, not eight times.
        """
        waiting = 0 if self._over.is_set() else len(self._jobs)
        wanted = 1 if by_one else -(-waiting // WORTH_ONE) - sum(relay.workers for relay in self._relays)
        for relay in self._in_turn():
            while waiting and wanted > 0 and relay.workers < (relay.most if relay.has_worked else 1):
                relay.workers += 1
                wanted -= 1
                task = asyncio.get_running_loop().create_task(self._work(relay))
                self._tasks.add(task)
                task.add_done_callback(self._ended)

    async def join(self) -> None:
        """Come back when the jobs are done, or no connection is left to do them.

        Raises:
            BaseException: what nobody foresaw.
        """
        while self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        if self._crashed is not None:
            raise self._crashed

    def stop(self) -> None:
        """Begin no more jobs; what is under way is finished."""
        self._over.set()
        self._jobs.close()

    def lose(self, relay: Relay, error: MailServerError) -> None:
        """Use this server no more in this round."""
        if relay.error is None:
            relay.error = error
            log.error("mail server given up for this round", error=str(error))
        if self.error is not None:
            self.stop()

    async def break_off(self) -> None:
        """Hang up everywhere, in the middle of whatever it is."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def let_go(self) -> None:
        """Let others have what has waited for long behind a message whose reply does not come."""
        now = asyncio.get_running_loop().time()
        for since, following in self._behind.values():
            if following and now - since >= self._config.behind:
                self._jobs.again(following.pop())

    def hurry(self) -> None:
        """Wait no more for connections that are not open yet."""
        for task in list(self._opening):
            task.cancel()

    def _in_turn(self) -> list[Relay]:
        """The servers that may be used, those with the smallest part of their connections open first."""
        regular = [relay for relay in self._relays if relay.error is None and not relay.url.fallback]
        usable = regular or [relay for relay in self._relays if relay.error is None]
        return sorted(usable, key=lambda relay: relay.workers / relay.most)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._crashed = task.exception()
            self.stop()
        if not self._over.is_set():
            # Whoever is left takes over from the one that has gone.
            self.grow()

    async def _work(self, relay: Relay) -> None:
        config = self._config
        session = Session(
            relay.url,
            ca_file=config.ca_file,
            name=config.name,
            messages=config.messages,
            patience=config.patience,
            give_up=self._give_up,
        )
        failures = 0
        job: Job | None = None
        try:
            while not self._over.is_set() and relay.error is None:
                job = job or await self._jobs.next()
                if job is None:
                    break
                if not await self._has_turn(relay):
                    break
                try:
                    if not session.is_open:
                        await self._open(session, relay)
                        failures = 0
                    job = await self._send(session, job, relay)
                except MailServerError as error:
                    # Another connection may have it meanwhile.
                    if job is not None:
                        job.make_amends()
                        self._jobs.again(job)
                    job, failures = None, failures + 1
                    if not await self._may_try_again(relay, error, failures):
                        break
        finally:
            relay.workers -= 1
            if job is not None:
                self._jobs.again(job)
                session.abandon()
            await session.close()

    async def _open(self, session: Session, relay: Relay) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._opening.add(task)
        try:
            await session.open()
        finally:
            self._opening.discard(task)
        if relay.is_down:
            # It was not the number of connections that it refused.
            relay.most = relay.share
        relay.has_worked, relay.is_down = True, False
        self.grow()

    async def _send(self, session: Session, job: Job, relay: Relay) -> Job | None:
        """Send a job; the next one, if it was begun with it."""
        following: list[Job] = []

        async def before_dot() -> bool:
            return await self._hand_over(job)

        def follow() -> Message | None:
            if relay.url.rate is None and self._may_go_on() and not self._over.is_set():
                following.extend(filter(None, [self._jobs.take()]))
            if following:
                self._behind[session] = (asyncio.get_running_loop().time(), following)
            return following[0].message if following else None

        try:
            reply = await session.send(job.message, before_dot, follow)
        except BaseException:
            for one in following:
                self._jobs.again(one)
            raise
        finally:
            begun = self._behind.pop(session, None) is not None
        if begun and not following:
            # Another connection has it now. Of what was begun here nothing is left once it is hung up.
            session.abandon()
        if not job.called_off:
            relay.note(reply)
        self._concluded(job, reply, relay)
        return following[0] if following else None

    async def _has_turn(self, relay: Relay) -> bool:
        """Wait for the server's own rate; False where the round is over meanwhile."""
        if relay.url.rate is not None:
            now = asyncio.get_running_loop().time()
            wait, relay.next_at = relay.next_at - now, max(relay.next_at, now) + 1 / relay.url.rate
            if wait > 0:
                await self._sleep(wait)
        if not self._may_go_on():
            self.stop()
        return not self._over.is_set()

    async def _may_try_again(self, relay: Relay, error: MailServerError, failures: int) -> bool:
        """Whether to go on with this server, now that it could not be opened: after a while, if at all."""
        if relay.workers > 1 and error.passing:
            # It takes fewer connections than we want; the others go on.
            log.info("one connection less", error=str(error), connections=relay.workers - 1)
            relay.most = max(1, relay.workers - 1)
            return False
        if not (error.passing and relay.has_worked and failures <= len(self._config.back_off)):
            self.lose(relay, error)
            return False
        relay.is_down = True
        await self._sleep(self._config.back_off[failures - 1])
        return True

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return
