"""A round of delivering under way: claims become jobs, jobs go over connections, and each ends in the books."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.deliver.brake import MOST, OF, Brake
from bot.deliver.desk import Desk
from bot.deliver.errands import Errands
from bot.deliver.jobs import Job, Jobs
from bot.deliver.ledger import Ledger
from bot.deliver.means import Means
from bot.deliver.pool import Pool, Relay
from bot.deliver.retry import FIRST_WAIT, concerns_sender, concerns_server, decide, jitter_of, refusal
from bot.deliver.throttle import Throttle
from bot.errors import BotError, MailServerError, NotRenderedError, SettingsError, StoreError
from bot.models.deliveries import Claim, Message, Outcome, Phase, Reply, State
from bot.store import halting, outbox, runs
from bot.store.home import assure_home
from bot.store.settling import Settlement

#: How long one delivery may take, before and again after it is handed over.
LEASE = timedelta(minutes=30)
#: How long, once asked to stop, to wait for the server in the middle of a message.
STOP_GRACE = timedelta(seconds=5)
#: Deliveries that are claimed together, and how few may wait before more are.
BATCH, LOW = 160, 240
#: Batches that are rendered at the same time, so that no process waits for the next one.
RENDERING = 3
#: Seconds between looks whether to stop, between looks at the pace, and between those at everything else.
GLANCE, LOOK, HOUSEKEEPING = 0.1, 1.0, 60.0
#: Seconds between claims while receivers want it slower: a bucket holds one second's worth.
AT_PACE = 0.25

log = structlog.get_logger(__name__)


class Round:
    """Delivers what is due, until there is no more of it, or a reason to stop."""

    def __init__(self, means: Means, states: Counter[State], reasons: Counter[str]) -> None:
        self._means, self._store, self._clock = means, means.store, means.clock
        self._states, self._reasons = states, reasons
        #: What ended the round early.
        self.error: BotError | None = None
        #: When the quiet hours end that ended the round.
        self.quiet_until: datetime | None = None
        self._started = means.clock()
        self._desk = Desk(means.store)
        self._jobs = Jobs()
        self._ledger = Ledger(
            means.store, self._desk, means.clock, LEASE, self._written, lambda: -(-self._pool.at_work // 2)
        )
        self._pool = Pool(
            means.relays,
            self._jobs,
            hand_over=self._hand_over,
            concluded=self._concluded,
            may_go_on=self._may_go_on,
            give_up=self._give_up,
        )
        self._throttle = Throttle(means.limits)
        self._brake = Brake()
        #: Until when deliveries are put off for their receivers' sake, as far as is known here.
        self._put_off_until: datetime | None = None
        self._stop_asked_at: datetime | None = None
        self._errands = Errands(self._fail)
        self._looking_up: asyncio.Task[Any] | None = None

    async def drain(self, limit: int | None) -> None:
        """Deliver; what becomes due meanwhile is for the next round, so that every round ends.

        Raises:
            StoreError: what was to be written down could not be.
        """
        watch = asyncio.get_running_loop().create_task(self._watch())
        try:
            await self._feed(limit)
            self._jobs.close()
            await self._pool.join()
        except (StoreError, SettingsError) as error:
            self._fail(error)
            await self._pool.join()
        except Exception:
            self._pool.stop()
            await self._pool.join()
            raise
        finally:
            # Nobody is left at work, unless it is broken off in the middle or something has gone wrong here.
            await self._pool.break_off()
            await self._errands.done()
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            for job in self._jobs.drop():
                self._put_back(job.claim)
            try:
                await self._ledger.close()
                await self._desk(partial(self._throttle.write, self._store, self._clock()))
            finally:
                self._desk.close()
        self.error = self.error or self._ledger.error or self._pool.error

    @property
    def troubles(self) -> list[MailServerError]:
        """Why servers were given up, whether or not others have stood in for them."""
        return self._pool.troubles

    # From the outbox to the jobs

    async def _feed(self, limit: int | None) -> None:
        rendering: list[asyncio.Task[None]] = []
        left = limit
        while self._may_go_on() and left != 0:
            await self._jobs.low(LOW)
            if not self._may_go_on():
                break
            asked_at = self._clock()
            claims = await self._claim(BATCH if left is None else min(BATCH, left))
            if claims:
                left = None if left is None else left - len(claims)
                rendering.append(self._errands.start(self._prepare(claims)))
                if len(rendering) >= RENDERING:
                    await rendering.pop(0)
            elif self._put_off_until is not None and self._put_off_until > asked_at:
                await asyncio.sleep(AT_PACE)
            else:
                break
        await asyncio.gather(*rendering)

    async def _claim(self, most: int) -> list[Claim]:
        now = self._clock()
        # As long as any are put off, the round goes on with whatever is due.
        due_by = self._started if self._put_off_until is None else now
        claimed = await self._desk(
            partial(
                outbox.claim_at_pace,
                self._store,
                now,
                LEASE,
                self._means.limits,
                domain=self._means.domain,
                due_by=due_by,
                limit=most,
            )
        )
        if claimed.put_off:
            latest = max(claimed.put_off.values())
            self._put_off_until = max(self._put_off_until or latest, latest)
        receivers = self._means.receivers
        if claimed.unknown and receivers and (self._looking_up is None or self._looking_up.done()):
            self._looking_up = self._errands.start(receivers.look_up(claimed.unknown, now))
        found: list[Claim] = claimed.claims
        return found

    async def _prepare(self, claims: Sequence[Claim]) -> None:
        """Render these, and have them wait for a connection; what must not be sent is settled."""
        wanted = []
        for one in claims:
            refused = refusal(one, self._clock())
            if refused is None:
                wanted.append(one)
            else:
                self._settle(one, refused)
        try:
            rendered = await self._means.render(wanted) if wanted else []
        except (StoreError, SettingsError) as error:
            self._fail(error)
            rendered = [error] * len(wanted)
        except Exception as error:
            log.exception("not rendered", deliveries=len(wanted))
            self._fail(BotError(f"rendering: {type(error).__name__}: {error}"))
            rendered = [BotError("rendering")] * len(wanted)
        jobs = []
        for one, message in zip(wanted, rendered, strict=True):
            if isinstance(message, Message):
                jobs.append(Job(one, message))
            else:
                self._not_rendered(one, message)
        self._jobs.put(jobs)
        self._pool.grow()

    def _not_rendered(self, taken: Claim, error: BotError) -> None:
        if self.error is not None:
            self._put_back(taken)
        elif isinstance(error, NotRenderedError):
            # The process that rendered it has died, perhaps of it: others first.
            self._settle(taken, Outcome(State.QUEUED, due_at=self._clock() + FIRST_WAIT, tried=False))
        else:
            self._settle(taken, Outcome(State.FAILED, str(error), tried=False))
            if self._brake.note(concerns_us=True):
                self._fail(error)

    # From the jobs to the books

    async def _hand_over(self, job: Job) -> bool:
        """Whether the final dot may be sent, which then is written down."""
        try:
            renewed = await self._ledger.hand_over(job.claim)
        except StoreError as error:
            self._fail(error)
            job.called_off = True
            self._put_back(job.claim)
            return False
        if renewed is None:
            job.called_off = True
            await self._called_off(job.claim)
            return False
        job.claim, job.handed_over = renewed, True
        return True

    async def _called_off(self, taken: Claim) -> None:
        """Settle what must not be sent any more, by what has changed since it was claimed."""
        now_is = await self._desk(partial(outbox.look_again, self._store, taken))
        if now_is is None:
            log.warning("taken over by another sender, or cancelled", delivery=taken.delivery_id)
            if await self._desk(partial(runs.is_held, self._store, taken.run_id)):
                self._put_back_of(taken.run_id)
            return
        refused = refusal(now_is, self._clock())
        if refused is None:
            # Its run is held up; so are the others of it, which are not worth a connection each.
            self._put_back(taken)
            self._put_back_of(taken.run_id)
        else:
            self._settle(taken, refused)

    def _concluded(self, job: Job, reply: Reply, relay: Relay) -> None:
        """Settle what was tried, or have it tried once more at once; look whether the others would fare better."""
        now = self._clock()
        lost = not job.handed_over and (reply.code == 421 or not reply.code)
        if not job.called_off:
            self._throttle.note(job.claim.domain, reply, now)
        if lost and not reply.code and not job.called_off and self._means.should_stop():
            self._put_back(job.claim)
        elif lost and not job.called_off and job.chances and relay.goes_on:
            job.chances -= 1
            self._jobs.again(job)
            return
        elif not job.called_off:
            self._settle_by_reply(job.claim, reply, relay, now)
        self._jobs.done()

    def _settle_by_reply(self, taken: Claim, reply: Reply, relay: Relay, now: datetime) -> None:
        server = relay.url.server
        if concerns_server(reply):
            # Later, so that if it is this message after all that the server closes down on, others get their turn.
            later = Outcome(State.DEFERRED, f"the mail server's trouble: {reply.code}", now + FIRST_WAIT, tried=False)
            self._settle(taken, later, reply)
            if reply.code != 421 or not relay.goes_on:
                phase = reply.phase if reply.code == 421 else Phase.AUTH
                self._pool.lose(relay, MailServerError(server, f"refused at {reply}", phase=phase))
            return
        outcome = decide(reply, taken.attempts, now, taken.expires_at, jitter_of(taken.delivery_id, taken.attempts))
        self._settle(taken, outcome, reply)
        if not relay.goes_on:
            words = f"lost {relay.losses} times in a row; last at {reply}"
            self._pool.lose(relay, MailServerError(server, words, phase=reply.phase))
        if self._brake.note(concerns_us=concerns_sender(reply)):
            self._brake = Brake()
            words = f"more than {MOST} of the last {OF} mails were refused for a reason of ours; last at {reply}"
            self._errands.start(self._desk(partial(halting.halt, self._store, taken.run_id, words, now)))
            self._fail(MailServerError(server, f"refuses our mails; last at {reply}; find out why before going on"))

    def _put_back(self, taken: Claim) -> None:
        """Let it go that is not to blame."""
        self._ledger.settle(Settlement(taken, Outcome(State.QUEUED, tried=False)))

    def _put_back_of(self, run_id: int) -> None:
        """Let all of a run go that wait for a connection."""
        for job in self._jobs.drop(run_id):
            self._put_back(job.claim)

    def _settle(self, taken: Claim, outcome: Outcome, reply: Reply | None = None) -> None:
        failed = reply is not None and outcome.state is State.FAILED
        suppress = self._means.suppression_for(reply) if failed and reply is not None else None
        self._ledger.settle(Settlement(taken, outcome, reply, suppress))

    def _written(self, one: Settlement, done: bool) -> None:
        taken, outcome = one.taken, one.outcome
        if outcome.state is State.QUEUED:
            # Put back, or in other hands already.
            return
        if not done:
            log.warning("settled by another sender", delivery=taken.delivery_id, not_written=outcome.state)
        else:
            if outcome.state is State.UNCERTAIN:
                log.warning("uncertain", delivery=taken.delivery_id, message_id=taken.message_id)
            self._states[outcome.state] += 1
            if outcome.reason:
                self._reasons[outcome.reason] += 1
            self._means.progress(taken, outcome)

    # Whether to go on

    def _fail(self, error: BotError) -> None:
        self.error = self.error or error
        self._pool.stop()

    def _may_go_on(self) -> bool:
        if self.error is not None or self._pool.error is not None or self._means.should_stop():
            return False
        self.quiet_until = self._means.quiet_until(self._clock())
        return self.quiet_until is None

    def _give_up(self) -> bool:
        """Whether we were asked to stop, and the server has had its time since."""
        if not self._means.should_stop():
            return False
        self._stop_asked_at = self._stop_asked_at or self._clock()
        return self._clock() - self._stop_asked_at >= STOP_GRACE

    async def _watch(self) -> None:
        """Stop when told to, see that nobody waits behind a slow one, and keep the books in order."""
        loop = asyncio.get_running_loop()
        looked, kept, waited = loop.time(), loop.time(), 0
        while True:
            await asyncio.sleep(GLANCE)
            now = loop.time()
            if self._means.should_stop():
                self._pool.stop()
                if self._looking_up is not None:
                    self._looking_up.cancel()
                if self._give_up():
                    self._pool.hurry()
            if now - looked >= LOOK:
                looked = now
                self._pool.let_go()
                if waited and len(self._jobs) >= waited:
                    self._pool.grow(by_one=True)
                waited = len(self._jobs)
                try:
                    await self._desk(partial(self._throttle.write, self._store, self._clock()))
                except StoreError as error:
                    # It is kept for the next look; whether the database is gone, the ledger finds out.
                    log.warning("paces not written", error=str(error))
            if now - kept >= HOUSEKEEPING:
                kept = now
                try:
                    await self._desk(partial(runs.close_runs, self._store, self._clock()))
                    await self._desk(partial(assure_home, self._store))
                except StoreError as error:
                    self._fail(error)
