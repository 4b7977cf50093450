"""Tasks that wait for a worker: deferred in the transaction of the rows that they are about. PostgreSQL alone has them.

A task says that there may be something to do, and never what: whoever runs it looks into the tables, so that a
task that is run twice does nothing twice, and one that is lost is made up for by the leader's next look.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, TextClause, select, text
from sqlalchemy.exc import IntegrityError

from bot.models.deliveries import State
from bot.store.engine import Store
from bot.store.runs import held
from bot.store.tables import delivery
from bot.store.task_schema import SCHEMA

#: A task whose workers died so often is given up: it may be what they die of.
MOST_TRIES = 10
#: Finished tasks are kept so long, to be looked at.
KEPT_HOURS = 24

_WAITING = (State.QUEUED, State.DEFERRED)


@dataclass(frozen=True, slots=True)
class Task:
    """One call of a verb, to be made by some worker."""

    name: str
    #: Whoever works on this queue runs it.
    queue: str
    args: Mapping[str, int | str] = field(default_factory=dict)
    #: Of tasks with the same lock, one runs at a time.
    lock: str | None = None
    #: Of tasks with the same one, one waits at a time.
    queueing_lock: str | None = None


#: Any number of workers deliver at once; one task that waits is enough to call the next one.
DELIVER = Task("deliver", "deliver", queueing_lock="deliver")
PLAN = Task("plan", "plan", lock="plan", queueing_lock="plan")
TAG = Task("tag", "collect", lock="tag", queueing_lock="tag")
#: Like a source, a mailbox is mostly waited for.
BOUNCES = Task("bounces", "collect", lock="bounces", queueing_lock="bounces")
LETTERS = Task("letters", "letters", lock="letters", queueing_lock="letters")


def collect_task(query_id: int) -> Task:
    """Ask one source query."""
    name = f"collect {query_id}"
    return Task("collect", "collect", {"query_id": query_id}, lock=name, queueing_lock=name)


class Leading(Protocol):
    """Transactions that only the leader may write; see `bot.store.leader`."""

    def writing(self) -> Any:
        """A context with a connection, as `Store.writing` has it; raises LeadershipError for whoever leads no more."""


def defer(connection: Connection, task: Task) -> bool:
    """Let a task wait for a worker from the commit of this transaction on; whether it is one more that waits.

    One that waits already stands for both. It is locked until the commit, so that no worker runs it
    before the rows of this transaction can be seen; so this is to be the last statement of one. SQLite has no tasks:
    its one process looks for itself.

    Args:
        connection: in a write transaction.
    """
    if connection.dialect.name == "sqlite":
        return False
    _reach(connection)
    while not _waits(connection, task):
        try:
            with connection.begin_nested():
                connection.execute(_DEFER, _row(task))
        except IntegrityError:
            # Somebody else let one wait, and has committed since we looked. If it runs already, ours is to wait.
            continue
        return True
    return False


def defer_alone(store: Store, task: Task) -> bool:
    """Let a task wait that is about no rows of ours; see `defer`."""
    with store.writing() as connection:
        return defer(connection, task)


def defer_all(leadership: Leading, tasks: Iterable[Task]) -> int:
    """Let tasks wait in one transaction of the leader; how many are new.

    Raises:
        LeadershipError: somebody else leads; none of them waits.
    """
    with leadership.writing() as connection:
        return sum(defer(connection, task) for task in tasks)


def retry_stalled(leadership: Leading, seconds: float) -> tuple[int, int]:
    """Let the tasks of dead workers wait again; how many do, and how many were given up.

    A worker is taken for dead that has not been heard of for so many seconds. If it is alive after all, both run the
    task, which is no harm. A task is given up where another one like it waits, or after `MOST_TRIES`.

    Raises:
        LeadershipError: somebody else leads.
    """
    from procrastinate.sql import queries  # noqa: PLC0415 (slow to load: no other command should wait for it)

    again = dropped = 0
    with leadership.writing() as connection:
        _reach(connection)
        which = {"queue": None, "task_name": None, "seconds_since_heartbeat": seconds}
        for job in connection.exec_driver_sql(queries["select_stalled_jobs_by_heartbeat"], which).mappings().all():
            if job["attempts"] < MOST_TRIES and _wait_again(connection, job["id"]):
                again += 1
            else:
                connection.execute(_GIVE_UP, {"id": job["id"]})
                dropped += 1
    return again, dropped


def tidy(leadership: Leading) -> None:
    """Delete what was finished more than `KEPT_HOURS` ago, however it ended.

    Raises:
        LeadershipError: somebody else leads.
    """
    from procrastinate.sql import queries  # noqa: PLC0415 (as above)

    ended = ["succeeded", "failed", "cancelled", "aborted"]
    with leadership.writing() as connection:
        _reach(connection)
        old = {"nb_hours": KEPT_HOURS, "queue": None, "statuses": ended}
        connection.exec_driver_sql(queries["delete_old_jobs"], old)


def more_due(store: Store, now: datetime, beyond: int = 0) -> bool:
    """Whether more than `beyond` deliveries can be claimed."""
    with store.reading() as connection:
        left = held(connection)
        for state in _WAITING:
            query = select(delivery.c.id).where(delivery.c.state == state, delivery.c.due_at <= now)
            if left:
                query = query.where(delivery.c.run_id.not_in(left))
            # Not counted: there may be millions.
            found = len(connection.execute(query.limit(beyond + 1)).all())
            if found > beyond:
                return True
            beyond -= found
    return False


def _wait_again(connection: Connection, job_id: int) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(_AGAIN, {"id": job_id})
    except IntegrityError:
        # Another one with its queueing lock waits.
        return False
    return True


def _waits(connection: Connection, task: Task) -> bool:
    """Whether one like it waits; if so it is locked, against workers alone, until we commit."""
    if task.queueing_lock is None:
        return False
    return connection.execute(_WAITS, {"lock": task.queueing_lock}).first() is not None


def _reach(connection: Connection) -> None:
    """Let this transaction, and no later one, find Procrastinate's names: it writes them without a schema."""
    connection.execute(_REACH)


def _row(task: Task) -> dict[str, str | None]:
    args = json.dumps(dict(task.args), sort_keys=True)
    return {
        "queue": task.queue,
        "name": task.name,
        "lock": task.lock,
        "queueing_lock": task.queueing_lock,
        "args": args,
    }


_REACH: TextClause = text(
    "select set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), "
    f"'{SCHEMA}'), true) where position('{SCHEMA}' in current_setting('search_path')) = 0"
)
# Workers fetch with `for update skip locked`, which passes over what is locked so.
_WAITS: TextClause = text(
    "select id from procrastinate_jobs where queueing_lock = :lock and status = 'todo' for key share"
)
_DEFER: TextClause = text(
    "select procrastinate_defer_jobs_v1(array[row(cast(:queue as varchar), cast(:name as varchar), 0, "
    "cast(:lock as text), cast(:queueing_lock as text), cast(:args as jsonb), cast(null as timestamptz)"
    ")::procrastinate_job_to_defer_v1])"
)
_AGAIN: TextClause = text("select procrastinate_retry_job_v2(:id, now(), null, null, null)")
_GIVE_UP: TextClause = text("select procrastinate_finish_job_v1(:id, 'failed', false)")
