"""What limits the pace, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.output import local
from bot.models.paces import ALL, Limits
from bot.store import paces
from bot.store.engine import Store
from bot.store.schema import open_store
from tests.cli.conftest import Ran

Bot = Callable[..., Ran]


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The database that the commands work on."""
    made = open_store(f"sqlite:///{folder}/bot.db")
    yield made
    made.close()


def test_where_nothing_is_limited_it_says_so(bot: Bot) -> None:
    assert bot("outbox", "paces").out == "nothing is limited\n"
    assert bot("outbox", "paces", "--json").json == []


def test_limits_and_what_has_come_down(bot: Bot, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_RATE", "50")
    monkeypatch.setenv("BOT_RATE_PER_DOMAIN", "Gmail.com=0.001,*=5")
    limits = Limits.of(50, [("gmail.com", 0.001), ("*", 5)])
    # The command reads the clock: what is put off must still lie ahead, and it is by 1,000 seconds a message.
    now = datetime.now(UTC)
    until = now + timedelta(seconds=2000)
    with store.writing() as connection:
        paces.admit(connection, [(1, "gmail.com"), (2, "gmail.com")], limits, now)
    paces.slow_down(store, {"mx:outlook.com": 3}, limits, now)
    ran = bot("outbox", "paces")
    assert (ran.code, [line.split() for line in ran.out.splitlines()]) == (
        0,
        [
            ["SCOPE", "LIMIT", "COME", "DOWN", "TO", "SINCE", "PUT", "OFF", "UNTIL"],
            [ALL, "50/s", "-", "-", "-"],
            ["mx:*", "5/s", "-", "-", "-"],
            ["mx:google.com", "0.06/min", "-", "-", *local(until).split()],
            ["mx:outlook.com", "5/s", "1.5/s", *local(now).split(), "-"],
        ],
    )
    shown = {one.pop("scope"): one for one in bot("outbox", "paces", "--json").json}
    unlimited = {"rate": None, "since": None, "put_off_until": None}
    assert shown == {
        ALL: unlimited | {"limit": 50},
        "mx:*": unlimited | {"limit": 5},
        "mx:google.com": unlimited | {"limit": 0.001, "put_off_until": as_json(until)},
        "mx:outlook.com": {"limit": 5, "rate": 1.5, "since": as_json(now), "put_off_until": None},
    }


def as_json(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")
