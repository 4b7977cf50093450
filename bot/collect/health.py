"""How a query is doing, and when it is asked next: pure rules over what the last rounds brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from bot.models.feeds import Health, StandingQuery

#: A failing one is asked again after this, doubled at each further failure, for ever, up to a day.
FIRST_RETRY = timedelta(minutes=10)
CEILING = timedelta(days=1)
#: What has not changed is left alone for this part of the time since it did; a day at the most.
SLACK = 24

#: Days with news that are remembered, and how many make a habit.
REMEMBERED, FEWEST = 12, 8
#: Silence is odd after so many times the longest there was, and never before some days: there are weekends. Where news
#: comes at random on weekdays, that is wrong about once in ten years of a query.
PATIENCE, LEAST = 3, timedelta(days=4)


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What a query's round came to."""

    #: Empty where every page came.
    error: str = ""
    #: Papers that were new to the feed.
    new: int = 0
    #: The latest day of indexing among the records.
    newest: date | None = None
    #: Records that came, and those of them that were indexed before the time that was asked for.
    records: int = 0
    outside: int = 0
    #: The same for the same records, in whatever order they come.
    batch: str = ""
    #: The service said that nothing has changed.
    unchanged: bool = False
    #: An older stretch was asked for: it says nothing of the habit.
    replay: bool = False
    #: Seconds that the service asks to wait.
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is written down of a query after a round."""

    query: StandingQuery
    #: Why it is failing or stale; empty where it is neither.
    words: str = ""
    #: Whether the answer can be trusted, so that the watermark may pass it.
    whole: bool = True


def judge(query: StandingQuery, outcome: RoundOutcome, now: datetime, chance: float, every: timedelta) -> Verdict:
    """What a query's health is after a round.

    A query is *failing* where no whole answer came. It is *stale* where the answer is an earlier one given again (the
    same records, some from before the time that was asked for), or where nothing new has come for longer than
    `PATIENCE` times the longest silence among its last `REMEMBERED` days with news. Otherwise it is *quiet*.

    Args:
        query: as it was before the round.
        now: when the round ended; aware.
        chance: 0..1, spreads what would be asked at one moment.
        every: how long the source is left alone at the least.
    """
    if outcome.error and outcome.replay:
        # An older stretch that could not be read says nothing of the query's own rounds.
        return Verdict(query, outcome.error, whole=False)
    if outcome.error:
        return Verdict(_turned(_failed(query, outcome, now, chance), Health.FAILING, now), outcome.error, whole=False)
    repeated = _is_repeated(query, outcome)
    after = replace(query, failures=0)
    if not outcome.replay:
        after = _with_news(after, outcome, now, repeated=repeated)
    words = _repeated_words(query, outcome) if repeated else _silence(after, now)
    wait = _interval(after, now, every) * (0.9 + 0.2 * chance)
    after = replace(after, next_ask_at=now + wait)
    return Verdict(_turned(after, Health.STALE if words else Health.QUIET, now), words, whole=not repeated)


def habit(days: Sequence[str]) -> timedelta | None:
    """The longest silence between days with news; None where they are too few to tell."""
    if len(days) < FEWEST:
        return None
    known = [date.fromisoformat(day) for day in days]
    return max(later - earlier for earlier, later in pairwise(known))


def is_due(query: StandingQuery, now: datetime) -> bool:
    """Whether a query is to be asked by itself."""
    # What lies further ahead than it ever can was set by a clock that was wrong.
    return query.next_ask_at is None or query.next_ask_at <= now or query.next_ask_at > now + 2 * CEILING


def _turned(query: StandingQuery, health: Health, now: datetime) -> StandingQuery:
    return query if query.health == health else replace(query, health=health, since=now)


def _failed(query: StandingQuery, outcome: RoundOutcome, now: datetime, chance: float) -> StandingQuery:
    failures = query.failures + 1
    # Whoever doubles for ever must not count for ever: the ceiling is reached long before.
    wait = min(CEILING, FIRST_RETRY * 2 ** min(failures - 1, 12))
    wait = max(wait * (0.75 + 0.5 * chance), timedelta(seconds=min(outcome.wait, CEILING.total_seconds())))
    return replace(query, failures=failures, next_ask_at=now + min(wait, CEILING))


def _with_news(query: StandingQuery, outcome: RoundOutcome, now: datetime, *, repeated: bool) -> StandingQuery:
    if not repeated and not outcome.unchanged and outcome.batch != query.batch:
        query = replace(query, batch=outcome.batch, batch_since=now)
    later = outcome.newest is not None and (query.newest is None or outcome.newest > query.newest)
    if later:
        query = replace(query, newest=outcome.newest)
    # What another query of the feed has brought first is news of this one all the same.
    if outcome.new or (later and not repeated):
        days = tuple(dict.fromkeys((*query.habit, now.date().isoformat())))[-REMEMBERED:]
        query = replace(query, habit=days, brought_at=now)
    return query


def _is_repeated(query: StandingQuery, outcome: RoundOutcome) -> bool:
    return bool(not outcome.replay and outcome.outside and outcome.batch and outcome.batch == query.batch)


def _repeated_words(query: StandingQuery, outcome: RoundOutcome) -> str:
    since = f" since {query.batch_since:%Y-%m-%d}" if query.batch_since else ""
    records = f"the same {outcome.records} records" if outcome.records != 1 else "the same record"
    return f"{records} again{since}, {outcome.outside} from before the time that was asked for"


def _silence(query: StandingQuery, now: datetime) -> str:
    longest = habit(query.habit)
    if longest is None or query.brought_at is None:
        return ""
    silent = now - query.brought_at
    if silent <= max(LEAST, PATIENCE * longest):
        return ""
    return f"nothing new for {silent.days} days; never more than {longest.days} days before"


def _interval(query: StandingQuery, now: datetime, every: timedelta) -> timedelta:
    """How long to leave a query alone: the longer nothing has changed, the longer."""
    if query.batch_since is None:
        return every
    return max(every, min(CEILING, (now - query.batch_since) / SLACK))
