"""Consent over any order of steps: what standing follows which, and evidence that only grows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import insert, select

from bot.models.signups import Asked, Limit, SignUpLimits
from bot.models.subscribers import Standing
from bot.store import confirming, feeds, signups
from bot.store.choosing import pause, resume
from bot.store.confirming import Step
from bot.store.erasing import erase, erased_among
from bot.store.leaving import UNDO, drop, leave, stay
from bot.store.schema import open_store
from bot.store.tables import evidence, letter, sign_up, subscriber, suppression
from tests.builders import NOW, catalogue_feed

EVE = "eve@example.org"
#: By address, none.
LIMITS = SignUpLimits(address=Limit(10**6, timedelta(days=1)), address_in_all=Limit(10**6, timedelta(days=7)))
SLUGS = ("one", "two", "three")


def pseudonyms(key: str) -> tuple[str, ...]:
    return (f"new {key}", f"old {key}")


class Consent(RuleBasedStateMachine):
    """One address, and whatever may be done about it."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name)}/bot.db")
        feeds.apply_catalogue(self.store, [catalogue_feed(slug) for slug in SLUGS], NOW)
        self.now = NOW
        self.proof: list[tuple[object, ...]] = []
        self.standing: str | None = None
        self.before_leaving: tuple[str, object] | None = None
        self.left_at = NOW
        self.barred = False
        self.erased = False

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @property
    def person(self) -> int:
        with self.store.reading() as connection:
            return connection.execute(select(subscriber.c.id)).scalar() or 0

    @rule(seconds=st.sampled_from([1, 60, 1700, 90_000]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(slugs=st.lists(st.sampled_from(SLUGS), min_size=1, unique=True))
    def sign_up(self, slugs: list[str]) -> None:
        signups.ask(self.store, Asked(EVE, EVE, tuple(slugs), "en", "UTC", "words"), LIMITS, self.now)
        signups.take_in(self.store, pseudonyms, LIMITS, self.now)
        if self.standing is None and not self.barred:
            self.standing = Standing.PENDING

    @rule(which=st.integers(0, 5))
    def confirm(self, which: int) -> None:
        with self.store.reading() as connection:
            known = connection.execute(select(sign_up).order_by(sign_up.c.id)).all()
        if not known:
            return
        row = known[which % len(known)]
        done = confirming.confirm(
            self.store,
            row.id,
            next_due=lambda _: self.now,
            pseudonyms=pseudonyms,
            how="test",
            wording="words",
            network="",
            now=self.now,
        )
        good = row.subscriber_id is not None and row.expires_at > self.now and not self.barred
        assert (done is not None) is good
        if not good or done is None:
            return
        assert (done.step is Step.DONE) is (row.confirmed_at is not None)
        if done.step is Step.BEGIN:
            assert self.standing in {Standing.PENDING, Standing.LEFT}
            self.standing, self.erased, self.before_leaving = Standing.ACTIVE, False, None

    @rule(goodbye=st.booleans())
    def leave(self, goodbye: bool) -> None:
        gone = leave(self.store, self.person, self.now, "test", goodbye=goodbye)
        assert gone is (self.standing not in {None, Standing.LEFT})
        if gone:
            self.before_leaving, self.left_at = (str(self.standing), None), self.now
            self.standing = Standing.LEFT

    @rule()
    def stay(self) -> None:
        back = stay(self.store, self.person, lambda _: self.now, self.now, "test")
        may = self.standing == Standing.LEFT and self.now < self.left_at + UNDO and not self.barred
        assert back is may
        if back and self.before_leaving:
            self.standing = self.before_leaving[0]

    @rule(slug=st.sampled_from(SLUGS))
    def drop(self, slug: str) -> None:
        drop(self.store, self.person, slug, self.now, "test")

    @rule()
    def pause(self) -> None:
        if pause(self.store, self.person, self.now, "test"):
            assert self.standing == Standing.ACTIVE
            self.standing = Standing.PAUSED

    @rule()
    def resume(self) -> None:
        if resume(self.store, self.person, lambda _: self.now, self.now, "test"):
            assert self.standing == Standing.PAUSED
            self.standing = Standing.ACTIVE

    @rule()
    def complain(self) -> None:
        with self.store.writing() as connection:
            connection.execute(insert(suppression).values(email_key=EVE, reason="complaint", detail="", at=self.now))
        self.barred = True

    @rule()
    def erase(self) -> None:
        if erase(self.store, self.person, pseudonyms, self.now):
            self.standing, self.erased, self.proof = None, True, []
            with self.store.reading() as connection:
                for table in (subscriber, sign_up, letter, evidence, suppression):
                    assert connection.execute(select(table)).first() is None

    @rule()
    def tidy(self) -> None:
        if signups.forget_unconfirmed(self.store, self.now):
            assert self.standing == Standing.PENDING
            self.standing, self.proof = None, []

    @invariant()
    def the_standing_is_what_was_done(self) -> None:
        with self.store.reading() as connection:
            row = connection.execute(select(subscriber)).one_or_none()
            assert (row.standing if row else None) == self.standing
            assert row is None or (row.next_due is not None) is (row.standing == Standing.ACTIVE)

    @invariant()
    def evidence_only_grows(self) -> None:
        with self.store.reading() as connection:
            there = [tuple(row) for row in connection.execute(select(evidence).order_by(evidence.c.id))]
        assert there[: len(self.proof)] == self.proof
        self.proof = there

    @invariant()
    def who_was_erased_is_known_by_any_key(self) -> None:
        with self.store.reading() as connection:
            known = erased_among(connection, [EVE], lambda key: tuple(reversed(pseudonyms(key))))
        assert (EVE in known) is self.erased


Consent.TestCase.settings = settings(
    max_examples=settings().max_examples // 4,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConsent = Consent.TestCase
