"""Planning: whoever is due gets one digest per occasion; nobody twice, nothing lost between two windows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.digests.plan import PlanReport, compose_for, plan
from bot.models.deliveries import Digest, PassedOver, PlannedDelivery
from bot.models.feeds import Health
from bot.models.papers import Finding, Identifier, Mark, Notice
from bot.models.rosters import RosterRow
from bot.models.subscribers import Standing, Wish, address_key
from bot.store import due, feeds, papers, queries, rosters, subscribers
from bot.store.engine import Store
from bot.store.rosters import Defaults
from bot.store.tables import delivery, run, shown, subscriber, suppression
from tests.builders import NOW, catalogue_feed, finding, save

DAILY_AT_SEVEN = Wish("daily", 0, 7, "UTC")


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def join(store: Store, clock: Clock) -> Callable[..., int]:
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two"), catalogue_feed("three")], NOW)
    import_id = rosters.begin_import(store, "test", NOW)

    def join(name: str, *slugs: str, wish: Wish = DAILY_AT_SEVEN, max_papers: int = 12) -> int:
        email = f"{name}@reader.example"
        row = RosterRow(2, email, address_key(email), name, slugs, wish, max_papers)
        next_due = clock.now.replace(hour=7, minute=0) + timedelta(days=1)
        done = rosters.import_rows(
            store,
            [row],
            import_id=import_id,
            how="test",
            defaults=Defaults(Wish(), "en"),
            next_due=lambda _: next_due,
            now=clock.now,
        )
        assert done.added == 1
        return subscribers.subscriber_by_email(store, email).id

    return join


def collect(store: Store, clock: Clock, slug: str, *numbers: int) -> None:
    save(store, feeds.feed(store, slug).id, [finding(n) for n in numbers], clock)


def outbox(store: Store) -> dict[int, list[tuple[int, ...]]]:
    """By subscriber, the papers of each delivery."""
    found: dict[int, list[tuple[int, ...]]] = {}
    with store.reading() as connection:
        for row in connection.execute(select(delivery).order_by(delivery.c.id)):
            found.setdefault(row.subscriber_id, []).append(Digest.thawed(row.content).paper_ids)
    return found


def test_nobody_is_due_before_their_hour(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1, 2)
    assert plan(store, clock) == PlanReport(None, 0)
    assert outbox(store) == {}


def test_due_once_and_then_no_more(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    zoe = join("zoe", "one")
    collect(store, clock, "one", 1, 2)
    clock.now += timedelta(days=1)
    assert plan(store, clock) == PlanReport(1, 1)
    assert plan(store, clock) == PlanReport(None, 0)
    assert {who: list(map(sorted, digests)) for who, digests in outbox(store).items()} == {zoe: [[1, 2]]}
    with store.reading() as connection:
        row = connection.execute(select(delivery)).one()
    assert row.occasion == NOW.replace(hour=7, minute=0) + timedelta(days=1)
    assert row.expires_at == row.occasion + timedelta(days=1)
    assert row.due_at <= clock.now + timedelta(seconds=1)


def test_a_paper_reaches_a_reader_once_even_if_it_enters_another_feed_later(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    zoe = join("zoe", "one", "two")
    collect(store, clock, "one", 1)
    plan(store, clock, everyone=True)
    clock.now += timedelta(hours=1)
    collect(store, clock, "two", 1, 2)
    plan(store, clock, everyone=True)
    assert outbox(store) == {zoe: [(1,), (2,)]}


def test_reasons_are_counted(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("nothing", "two")
    join("nofeeds")
    join("barred", "one")
    join("zoe", "one")
    collect(store, clock, "one", 1)
    with store.writing() as connection:
        row = {"email_key": "barred@reader.example", "reason": "bounce", "detail": "", "at": NOW}
        connection.execute(suppression.insert().values(row))
    report = plan(store, clock, everyone=True)
    assert report == PlanReport(1, 1, {"no feeds chosen": 1, "nothing new": 1, "suppressed": 1})


def test_a_run_that_chose_nobody_is_closed(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("zoe", "one")
    assert plan(store, clock, everyone=True) == PlanReport(1, 0, {"nothing new": 1})
    with store.reading() as connection:
        assert connection.execute(select(run.c.closed_at)).scalar_one() is not None


def test_the_first_digest_looks_back_as_far_as_it_is_told(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    collect_later = clock.now
    zoe = join("zoe", "one")
    clock.now = collect_later - timedelta(days=8)
    collect(store, clock, "one", 1)
    clock.now = collect_later - timedelta(days=6)
    collect(store, clock, "one", 2)
    clock.now = collect_later
    plan(store, clock, everyone=True, lookback_days=7)
    assert outbox(store) == {zoe: [(2,)]}


def test_planning_for_a_later_hour_loses_nothing_that_comes_before_it(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    zoe = join("zoe", "one")
    collect(store, clock, "one", 1)
    plan(store, clock, at=clock.now + timedelta(days=1))
    clock.now += timedelta(hours=5)
    collect(store, clock, "one", 2)
    clock.now += timedelta(days=2)
    plan(store, clock)
    assert outbox(store) == {zoe: [(1,), (2,)]}


def test_a_week_asleep_is_caught_up_once_for_the_newest_occasion(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    clock.now += timedelta(days=7)
    assert plan(store, clock).chosen == 1
    with store.reading() as connection:
        assert connection.execute(select(delivery.c.occasion)).scalar_one() == clock.now.replace(hour=7, minute=0)
    assert plan(store, clock).chosen == 0


def test_looking_at_a_time_long_past_does_not_open_the_archive(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    zoe = join("zoe", "one")
    now = clock.now
    clock.now = now - timedelta(days=100)
    collect(store, clock, "one", 1)
    clock.now = now
    collect(store, clock, "one", 2)
    assert plan(store, clock, at=NOW.replace(year=1970), everyone=True).chosen == 0
    plan(store, clock, everyone=True)
    assert outbox(store) == {zoe: [(2,)]}


def test_a_round_that_is_told_to_stop_leaves_the_others_due(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    assert plan(store, clock, everyone=True, should_stop=lambda: True) == PlanReport(None, 0)
    assert plan(store, clock, everyone=True).chosen == 1


@pytest.mark.parametrize("at_once", [1, 3, 7, 8])
def test_batches_of_any_size_leave_nobody_out(
    store: Store, clock: Clock, join: Callable[..., int], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(due, "LISTED", 4)
    people = [join(f"reader{number}", "one", wish=Wish("daily", 0, number % 3, "UTC")) for number in range(8)]
    collect(store, clock, "one", 1)
    clock.now += timedelta(days=1)
    seen: list[int] = []
    assert plan(store, clock, dry_run=True, at_once=at_once, progress=seen.append) == PlanReport(None, 8)
    assert seen[-1] == 8
    assert plan(store, clock, at_once=at_once) == PlanReport(1, 8)
    assert outbox(store) == {who: [(1,)] for who in people}
    assert plan(store, clock, everyone=True, at_once=at_once).skipped == {"nothing new": 8}


def test_whoever_is_due_no_more_is_not_planned(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    zoe, ann = join("zoe", "one"), join("ann", "one")
    collect(store, clock, "one", 1)
    clock.now += timedelta(days=1)
    ids = next(due.batches(store, clock.now, everyone=False))
    assert ids == [zoe, ann]
    with store.writing() as connection:
        connection.execute(subscriber.update().where(subscriber.c.id == zoe).values(standing=Standing.PAUSED))
        found = due.dues(
            connection, ids, at=clock.now, everyone=False, lookback=NOW, back_to=lambda _: NOW, moment=clock.now
        )
    assert [one.subscriber_id for one in found] == [ann]


def test_a_clock_set_back_plans_no_occasion_twice(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    clock.now += timedelta(days=1)
    plan(store, clock)
    collect(store, clock, "one", 2)
    with store.writing() as connection:
        connection.execute(subscriber.update().values(next_due=clock.now - timedelta(hours=3)))
    assert plan(store, clock).skipped == {"planned already": 1}
    assert len(outbox(store)) == 1


def test_a_dry_run_writes_nothing(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    assert plan(store, clock, everyone=True, dry_run=True) == PlanReport(None, 1)
    assert outbox(store) == {}
    assert plan(store, clock, everyone=True).chosen == 1


def test_a_preview_is_what_would_be_planned(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    zoe, ann = join("zoe", "one"), join("ann", "two")
    collect(store, clock, "one", 1)
    composed = compose_for(store, clock, zoe)
    assert isinstance(composed, PlannedDelivery)
    assert composed.digest.paper_ids == (1,)
    assert compose_for(store, clock, ann) == PassedOver(ann, "nothing new")
    assert compose_for(store, clock, 99) is None
    assert outbox(store) == {}


def test_two_planners_at_once_plan_nothing_twice(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    for number in range(30):
        join(f"reader{number}", "one", "two")
    collect(store, clock, "one", *range(1, 20))
    collect(store, clock, "two", *range(10, 30))
    clock.now += timedelta(days=1)
    reports: list[PlanReport] = []
    threads = [threading.Thread(target=lambda: reports.append(plan(store, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.chosen for report in reports) == 30
    assert all(len(digests) == 1 for digests in outbox(store).values())
    with store.reading() as connection:
        assert len(connection.execute(select(shown)).all()) == 30 * 12


def thawed(store: Store) -> list[Digest]:
    with store.reading() as connection:
        return [Digest.thawed(content) for content in connection.execute(select(delivery.c.content)).scalars()]


def preprint(number: int, **changes: object) -> Finding:
    """The preprint of an article that `finding` announces."""
    own = Identifier("doi", f"10.1101/2026.01.02.1000{number:02}")
    values: dict[str, object] = {"source": "biorxiv", "identifiers": (own,), "preprint": True, "journal": "bioRxiv"}
    return finding(number, **(values | {"title": f"Preprint {number}"} | changes))


def test_a_preprint_that_appears_in_a_journal_is_not_sent_again_but_told_of(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one")
    feed_id = feeds.feed(store, "one").id
    save(store, feed_id, [preprint(1)], clock)
    plan(store, clock, everyone=True)
    clock.now += timedelta(hours=1)
    article = finding(1, links=preprint(1).announcement.identifiers)
    assert save(store, feed_id, [article], clock).new == 0
    # What happens to a paper is no reason for a mail by itself, and is not forgotten for that.
    assert plan(store, clock, everyone=True).skipped == {"nothing new": 1}
    clock.now += timedelta(hours=1)
    collect(store, clock, "one", 2)
    plan(store, clock, everyone=True)
    clock.now += timedelta(hours=1)
    collect(store, clock, "one", 3)
    plan(store, clock, everyone=True)
    first, second, third = thawed(store)
    (paper_id,) = first.paper_ids
    assert (first.updates, second.updates, third.updates) == ((), ((paper_id, "published"),), ())
    assert paper_id not in second.paper_ids
    assert papers.papers(store, [paper_id])[paper_id].journal == "Journal of Samples"


def test_a_retraction_is_told_to_whoever_has_had_the_paper(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1, 2)
    plan(store, clock, everyone=True)
    join("new", "one")
    clock.now += timedelta(hours=1)
    about = finding(1).announcement.identifiers[0]
    notice = finding(9, title="Retraction of a sample", notices=(Notice(Mark.RETRACTED, about),))
    save(store, feeds.feed(store, "one").id, [notice], clock)
    plan(store, clock, everyone=True)
    first, *later = thawed(store)
    assert first.updates == ()
    assert sorted(digest.updates for digest in later) == [(), ((1, "retracted"),)]


def test_a_change_is_told_once_though_the_last_digest_is_of_an_earlier_occasion(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one")
    collect(store, clock, "one", 1)
    plan(store, clock, everyone=True)
    clock.now += timedelta(minutes=30)
    about = finding(1).announcement.identifiers[0]
    notice = finding(9, title="Retraction of a sample", notices=(Notice(Mark.RETRACTED, about),))
    save(store, feeds.feed(store, "one").id, [notice], clock)
    clock.now += timedelta(minutes=30)
    with store.writing() as connection:
        connection.execute(subscriber.update().values(next_due=NOW.replace(hour=7)))
    plan(store, clock)
    clock.now += timedelta(minutes=30)
    collect(store, clock, "one", 2)
    plan(store, clock, everyone=True)
    with store.reading() as connection:
        occasions = list(connection.execute(select(delivery.c.occasion).order_by(delivery.c.id)).scalars())
    assert occasions[1] < occasions[0] < occasions[2]
    assert [digest.updates for digest in thawed(store)] == [(), ((1, "retracted"),), ()]


def test_a_feed_without_room_is_told_of_in_the_outbox(store: Store, clock: Clock, join: Callable[..., int]) -> None:
    join("zoe", "one", "two", max_papers=1)
    collect(store, clock, "one", 1)
    collect(store, clock, "two", 2, 3)
    plan(store, clock, everyone=True)
    (digest,) = thawed(store)
    assert [(len(section.paper_ids), section.more) for section in digest.sections] == [(1, 0), (0, 2)]


def test_sources_out_of_reach_are_told_to_whoever_follows_their_feeds(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    join("zoe", "one", "two")
    collect(store, clock, "one", 1)
    for query in queries.standing_queries(store, "two"):
        after = replace(query, health=Health.FAILING, since=NOW)
        queries.note_round(store, query, after, "http 500", NOW)
    plan(store, clock, everyone=True)
    (digest,) = thawed(store)
    assert digest.unreached == ((feeds.feed(store, "two").id, ("pubmed",)),)


def test_a_digest_has_what_its_feed_lets_in_and_retracted_papers_last(
    store: Store, clock: Clock, join: Callable[..., int]
) -> None:
    who = join("zoe", "one")
    feed = feeds.feed(store, "one")
    retracted = Finding(finding(4, marks=(Mark.RETRACTED,)).announcement, 0.9)
    found = [replace(finding(number), relevance=relevance) for number, relevance in ((1, 0.2), (2, 0.5), (3, 0.8))]
    save(store, feed.id, [*found, retracted], clock)

    def composed(threshold: float | None) -> list[str]:
        feeds.apply_catalogue(store, [catalogue_feed("one", threshold=threshold)], NOW)
        clock.now += timedelta(minutes=1)
        outcome = compose_for(store, clock, who)
        assert isinstance(outcome, PlannedDelivery)
        (section,) = outcome.digest.sections
        there = papers.papers(store, section.paper_ids)
        return [there[paper_id].title[-1] for paper_id in section.paper_ids]

    assert composed(None) == ["3", "2", "1", "4"]
    assert composed(0.5) == ["3", "2", "4"]
    assert composed(1.0) == ["4"]
