"""`bot deliver` in quiet hours, and with runs that are paused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import runs
from bot.store.engine import Store
from bot.store.schema import open_store
from tests.cli.conftest import Ran
from tests.deliver.rows import NOW, fill, states
from tests.deliver.servers import ScriptedServer

Bot = Callable[..., Ran]


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The database that the commands work on, with two deliveries that are due."""
    monkeypatch.setenv("BOT_FROM", "Concept Digest <digest@papers.example.org>")
    monkeypatch.setenv("BOT_POSTAL_ADDRESS", "1 Sample Street")
    made = open_store(f"sqlite:///{folder}/bot.db")
    fill(made, 2, expires_at=NOW.replace(year=2090))
    yield made
    made.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        monkeypatch.setenv("BOT_SMTP_URL", f"smtp://{made.url.server}")
        yield made


def quiet_now() -> tuple[str, str]:
    """Quiet hours that it is now, and their end as it is told."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=2)
    return f"{start:%H:%M}-{end:%H:%M}", f"{end:%a %Y-%m-%d %H:%M} UTC"


def test_it_says_so_and_sends_all_the_same_when_told_to(
    bot: Bot, store: Store, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours, end = quiet_now()
    monkeypatch.setenv("BOT_QUIET_HOURS", hours)
    ran = bot("deliver")
    assert ran.code == 0
    assert ran.out.startswith("0 messages sent")
    assert ran.err == f"quiet hours until {end}: what is due waits; `bot deliver --now` sends it all the same\n"
    assert bot("deliver", "--json").json["quiet_until"].endswith(":00Z")
    assert states(store) == ["queued", "queued"]
    ran = bot("deliver", "--now", "--limit", "1", "--json")
    assert (ran.json["sent"], ran.json["quiet_until"], ran.err) == (1, None, "")
    assert states(store) == ["sent", "queued"]


def test_what_waits_in_paused_runs_is_told(bot: Bot, store: Store, server: ScriptedServer) -> None:
    runs.pause(store, 1, NOW)
    ran = bot("deliver")
    assert ran.out.startswith("0 messages sent")
    assert ran.err == "held up: 2 deliveries of runs that are paused; see `bot runs list`\n"
    assert states(store) == ["queued", "queued"]
