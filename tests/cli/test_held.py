"""`bot plan` tells of a run that is held up for its size, and `bot runs resume` lets it go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store.engine import Store
from bot.store.schema import open_store
from tests.cli.conftest import Ran
from tests.digests.test_size import DAY, MANY, bring_in, earlier

Bot = Callable[..., Ran]


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The database that the commands work on: many subscribers, and small runs before."""
    now = datetime.now(UTC)
    made = open_store(f"sqlite:///{folder}/bot.db")
    bring_in(made, now)
    earlier(made, 2, 7, 1, at=now - DAY)
    yield made
    made.close()


def test_it_says_so_and_how_to_go_on(bot: Bot, store: Store) -> None:
    ran = bot("plan", "--all")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"{MANY} digests put into the outbox",
        f"held up: run 4 is more than ten times the usual size ({MANY}, and the largest of the last 35 days had 7); "
        "see `bot runs show 4`, `bot runs resume 4` sends it",
    ]
    assert bot("runs", "show", "4").out.startswith("run 4: paused since ")
    assert bot("runs", "resume", "4").out == f"resumed: run 4, {MANY} deliveries to go\n"


def test_json_has_the_usual_size_and_the_limit(bot: Bot, store: Store) -> None:
    assert bot("plan", "--all", "--dry-run", "--json").json["held"] is None
    assert bot("plan", "--all", "--json").json["held"] == {"usual": 7, "limit": 100}
    assert bot("plan", "--json").json["held"] is None
