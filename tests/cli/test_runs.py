"""Runs and the outbox on the command line: what is shown, what is changed, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.models.deliveries import Claim, Outcome, Phase, Reply, State
from bot.store import outbox, runs, settling
from bot.store.engine import Store
from bot.store.schema import open_store
from tests.cli.conftest import Ran
from tests.deliver.rows import NOW, fill, states

Bot = Callable[..., Ran]

LEASE = timedelta(minutes=30)
#: The commands read the clock: what waits must not expire meanwhile.
FAR = NOW.replace(year=2090)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The database that the commands work on, with four deliveries: sent, failed, uncertain, queued."""
    made = open_store(f"sqlite:///{folder}/bot.db")
    fill(made, 4, expires_at=FAR)
    sent, failed, doubted = outbox.claim(made, NOW, LEASE, domain="papers.example.org", limit=3)
    over(made, sent, State.SENT, 250)
    refused = Reply(Phase.RCPT, 550, "no such user", "5.1.1")
    settling.settle(made, failed, Outcome(State.FAILED, "refused at rcpt: 550 5.1.1"), NOW, refused)
    over(made, doubted, State.UNCERTAIN, 0)
    yield made
    made.close()


def over(store: Store, taken: Claim, state: State, code: int) -> None:
    renewed = settling.hand_over(store, taken, NOW, LEASE)
    assert renewed is not None
    settling.settle(store, renewed, Outcome(state), NOW, Reply(Phase.DOT, code))


def test_without_runs_the_next_step_is_named(bot: Bot) -> None:
    assert bot("runs", "list").out == "no runs yet; run `bot plan`\n"
    assert bot("runs", "list", "--json").json == []
    assert bot("outbox", "list").out == "no deliveries\n"
    assert bot("outbox", "list", "--json").json == {"states": {}, "deliveries": []}


def test_a_run_is_shown_with_its_account(bot: Bot, store: Store) -> None:
    ran = bot("runs", "show", "1")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "run 1: open, planned Mon 2026-11-23 09:30 UTC",
        "4 chosen = 1 sent + 1 failed + 0 suppressed + 0 skipped + 1 uncertain + 1 queued",
        "  failed: refused at rcpt: 550 5.1.1 1",
        "  uncertain: no reply to the final dot 1",
    ]
    one = {
        "run": 1,
        "state": "open",
        "planned": "2026-11-23T09:30:00Z",
        "paused": None,
        "cancelled": None,
        "closed": None,
        "chosen": 4,
        "sent": 1,
        "failed": 1,
        "suppressed": 0,
        "skipped": 0,
        "uncertain": 1,
        "open": {"queued": 1},
        "adds_up": True,
    }
    assert bot("runs", "list", "--json").json == [one]
    assert bot("runs", "show", "1", "--json").json == one | {
        "reasons": [
            {"state": "failed", "reason": "refused at rcpt: 550 5.1.1", "count": 1},
            {"state": "uncertain", "reason": "no reply to the final dot", "count": 1},
        ],
        "passed_over": {},
        "bounces": {},
    }
    line = bot("runs", "list").out.splitlines()[1].split()
    assert line == ["1", *"Mon 2026-11-23 09:30 UTC open 4 1 1 0 0 1 1".split()]


def test_an_account_that_does_not_add_up_is_told(bot: Bot, store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("update run set chosen = 5, passed_over = '{\"nothing new\": 3}'"))
    ran = bot("runs", "show", "1")
    assert ran.code == 1
    assert "5 chosen is not 1 sent + " in ran.out
    assert "no mail for those who were due: nothing new 3" in ran.out
    assert ran.err == "bot: run: 1: 5 were chosen, and the outbox does not have as many\n"


def test_a_run_is_paused_and_resumed(bot: Bot, store: Store) -> None:
    said = "paused: run 1, 1 delivery not settled; `bot runs resume 1` goes on\n"
    assert bot("runs", "pause", "1").out == said
    assert bot("runs", "pause", "1").out == "run 1 was paused\n"
    assert bot("runs", "show", "1").out.startswith("run 1: paused since ")
    assert bot("runs", "resume", "1", "--json").json["state"] == "open"
    assert bot("runs", "resume", "1").out == "run 1 was not paused\n"
    assert bot("runs", "pause", "1", "--json").json["state"] == "paused"
    assert bot("runs", "resume", "1").out == "resumed: run 1, 1 delivery to go\n"


def test_a_run_is_cancelled_and_closed_with_its_account(bot: Bot, store: Store) -> None:
    assert bot("runs", "cancel", "1").out == "cancelled: run 1, 1 delivery skipped\n"
    one = bot("runs", "show", "1", "--json").json
    assert (one["state"], one["skipped"], one["open"], one["adds_up"]) == ("cancelled", 1, {}, True)
    assert one["closed"]
    ran = bot("runs", "resume", "1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bot: run: 1: it was cancelled, and what it had not sent comes in the next digests\n"
    assert bot("runs", "cancel", "1", "--json").json["state"] == "cancelled"


@pytest.mark.parametrize("words", [("show", "7"), ("pause", "7"), ("resume", "7"), ("cancel", "7")])
def test_an_unknown_run_is_one_clear_line(bot: Bot, store: Store, words: tuple[str, ...]) -> None:
    ran = bot("runs", *words)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bot: no such run: '7'; `bot runs list` names them\n"


def test_deliveries_are_listed_and_chosen_from(bot: Bot, store: Store) -> None:
    listed = bot("outbox", "list", "--json").json
    assert listed["states"] == {"queued": 1, "sent": 1, "failed": 1, "uncertain": 1}
    assert [one["id"] for one in listed["deliveries"]] == [4, 3, 2, 1]
    (one,) = bot("outbox", "list", "--state", "failed", "--json").json["deliveries"]
    message_id = one.pop("message_id")
    assert message_id.endswith("@papers.example.org>")
    assert one == {
        "id": 2,
        "run": 1,
        "subscriber": "reader2@reader.example",
        "state": "failed",
        "reason": "refused at rcpt: 550 5.1.1",
        "reply": "rcpt: 550 5.1.1 no such user",
        "attempts": 1,
        "due": "2026-11-23T09:29:58Z",
        "expires": "2090-11-23T09:30:00Z",
        "settled": "2026-11-23T09:30:00Z",
        "doubted": False,
    }
    theirs = bot("outbox", "list", "--subscriber", "reader3@reader.example", "--run", "1").out.splitlines()
    assert theirs[1].split()[:4] == ["3", "1", "reader3@reader.example", "uncertain"]
    assert theirs[-1] == "uncertain 1"
    assert len(bot("outbox", "list", "--limit", "2", "--json").json["deliveries"]) == 2
    assert bot("outbox", "list", "--run", "7").err == "bot: no such run: '7'; `bot runs list` names them\n"
    assert bot("outbox", "list", "--subscriber", "nobody@reader.example").code == 1
    assert bot("outbox", "list", "--state", "lost").code == 2


def test_failed_deliveries_are_queued_again(bot: Bot, store: Store) -> None:
    ran = bot("outbox", "retry", "1", "2", "9")
    assert (ran.code, ran.out) == (3, "1 delivery queued again, 2 refused\n")
    assert ran.err.splitlines() == [
        "bot: delivery: 1 (reader1@reader.example): it is sent; only what has failed can be retried",
        "bot: delivery: 9: no such delivery",
    ]
    assert states(store) == ["sent", "queued", "uncertain", "queued"]
    assert bot("outbox", "retry", "2", "--json").json == {
        "queued": [],
        "refused": [
            {
                "id": 2,
                "subscriber": "reader2@reader.example",
                "why": "it is queued; only what has failed can be retried",
            }
        ],
    }
    assert bot("outbox", "retry", "2").code == 1


def test_all_that_failed_of_a_run_is_queued_again(bot: Bot, store: Store) -> None:
    assert bot("outbox", "retry", "--failed", "--run", "1", "--json").json == {"queued": [2], "refused": []}
    assert bot("outbox", "retry", "--failed", "--run", "1").out == "0 deliveries queued again, 0 refused\n"
    assert bot("outbox", "retry", "--failed", "--run", "7").code == 1


@pytest.mark.parametrize("words", [(), ("--failed",), ("--run", "1"), ("2", "--failed", "--run", "1"), ("two",)])
def test_what_is_to_be_retried_must_be_said_in_one_way(bot: Bot, store: Store, words: tuple[str, ...]) -> None:
    assert bot("outbox", "retry", *words).code == 2
    assert states(store)[1] == "failed"


@pytest.mark.parametrize(
    ("verdict", "state", "said"),
    [
        ("sent", "sent", "delivery 3: sent\n"),
        ("failed", "failed", "delivery 3: failed; its papers come with the next digest\n"),
        ("again", "queued", "delivery 3: queued, to be sent once more\n"),
    ],
)
def test_what_is_in_doubt_is_settled(bot: Bot, store: Store, verdict: str, state: str, said: str) -> None:
    ran = bot("outbox", "settle", "3", verdict)
    assert (ran.code, ran.out, ran.err) == (0, said, "")
    assert states(store)[2] == state
    assert runs.run_by_id(store, 1).adds_up


def test_only_what_is_in_doubt_is_settled(bot: Bot, store: Store) -> None:
    ran = bot("outbox", "settle", "1", "failed", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bot: delivery: 1: it is sent; only what is uncertain can be settled\n"
    assert bot("outbox", "settle", "9", "sent").err.startswith("bot: no such delivery: '9'")
    assert bot("outbox", "settle", "3", "perhaps").code == 2
    assert bot("outbox", "settle", "3", "sent", "--json").json == {"id": 3, "state": "sent"}
