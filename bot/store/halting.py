"""The emergency brake's durable half: a run is stopped and the admin told, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from bot.store.alarms import LOCK, raise_alarm
from bot.store.engine import Store
from bot.store.tables import run

#: How often the admin is told of the same trouble with the mail server, which every round meets anew.
TROUBLE_EVERY = timedelta(days=1)


def halt(store: Store, run_id: int, words: str, now: datetime) -> bool:
    """Claim nothing more of a run until an admin resumes it, and tell them; False if it is held up or over already.

    Whoever has deliveries of it claimed finishes them; those that are no more than claimed may be put back.

    Args:
        words: why, in English, without a full stop; how to go on is added.
    """
    with store.writing() as connection:
        return halt_within(connection, run_id, words, now)


def halt_within(connection: Connection, run_id: int, words: str, now: datetime) -> bool:
    """The same in a transaction under way."""
    open_ = (run.c.paused_at.is_(None), run.c.cancelled_at.is_(None), run.c.closed_at.is_(None))
    if not connection.execute(update(run).where(run.c.id == run_id, *open_).values(paused_at=now)).rowcount:
        return False
    mend = (
        f"`bot runs show {run_id}` shows it; `bot runs resume {run_id}` sends it, `bot runs cancel {run_id}` does not"
    )
    # A run that was resumed and is stopped again is told again.
    raise_alarm(connection, f"run {run_id} was stopped", f"{words}; {mend}", now, again_after=None)
    return True


def trouble(store: Store, about: str, words: str, now: datetime) -> bool:
    """Tell the admin what keeps all mails back, at most once in `TROUBLE_EVERY`; whether it is told this time.

    The alarm is mailed once the mail server takes mails again; until then, the log has it.

    Args:
        about: what is wrong, without figures that change: `the mail server refuses our credentials`.
        words: the server, its words, and how to mend it; in English, and no secrets.
    """
    with store.writing(lock=LOCK) as connection:
        return raise_alarm(connection, about, words, now, again_after=TROUBLE_EVERY)
