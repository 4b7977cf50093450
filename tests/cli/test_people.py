"""One person on the command line: paused for a while, with limits, and all that is known of them in a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.store.schema import open_store
from bot.store.tables import subscription
from tests.cli.conftest import Ran

Bot = Callable[..., Ran]

ZOE = "zoe@reader.example"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def zoe(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot with one reader in Tokyo, on a Monday evening."""
    monkeypatch.setattr("bot.cli.context.now", lambda: NOW)
    assert bot("feeds", "apply", "--starter").code == 0
    words = ("--feeds", "microbicides,covid-19", "--cadence", "weekly", "--weekday", "tue", "--hour", "18")
    assert bot("subscribers", "add", ZOE, *words, "--timezone", "Asia/Tokyo", "--language", "de").code == 0
    return bot


def show(bot: Bot) -> dict[str, object]:
    found: dict[str, object] = bot("subscribers", "show", ZOE, "--json").json
    return found


def test_a_pause_until_a_day_ends_when_that_day_begins_where_they_are(zoe: Bot) -> None:
    done = zoe("subscribers", "edit", ZOE, "--pause-until", "2026-12-07")
    assert done.out == (
        "changed: zoe@reader.example, paused until Mon 2026-12-07 00:00 JST: microbicides, covid-19; "
        "weekly on tuesday at 18:00 Asia/Tokyo\n"
        "next digest: Tue 2026-12-08 18:00 JST\n"
    )
    shown = show(zoe)
    assert (shown["standing"], shown["paused_until"], shown["next"]) == (
        "paused",
        "2026-12-06T15:00:00Z",
        "2026-12-08T09:00:00Z",
    )
    assert "zoe@reader.example: paused until Mon 2026-12-07" in zoe("subscribers", "show", ZOE).out
    assert "Tue 2026-12-08 18:00 JST" in zoe("subscribers", "list").out
    again = zoe("subscribers", "edit", ZOE, "--pause-until", "2026-12-07")
    assert (again.code, again.out.startswith("as before: ")) == (0, True)


def test_a_pause_without_an_end_lasts_until_it_is_ended(zoe: Bot) -> None:
    assert "paused: microbicides" in zoe("subscribers", "edit", ZOE, "--pause").out
    assert (show(zoe)["paused_until"], show(zoe)["next"]) == (None, None)
    assert zoe("subscribers", "edit", ZOE, "--resume").out.endswith("next digest: Tue 2026-11-24 18:00 JST\n")
    shown = show(zoe)
    # That it was paused is remembered for the next digest, and nobody else's business.
    assert (shown["standing"], shown["paused_until"], shown["next"]) == ("active", None, "2026-11-24T09:00:00Z")
    refused = zoe("subscribers", "edit", ZOE, "--resume", "--hour", "6")
    assert (refused.code, refused.err) == (1, "bot: subscriber: zoe@reader.example: is not paused\n")
    assert show(zoe)["hour"] == 18


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--pause-until", "2026-11-23"), 1, "bot: pause: until 2026-11-23: ends on a day to come, 2027-11-24 at the"),
        (("--pause-until", "2027-11-25"), 1, "bot: pause: until 2027-11-25: ends on a day to come, 2027-11-24 at the"),
        (("--pause-until", "soon"), 2, "bot: invalid value: not a day: 'soon'; write 2026-11-23"),
        (("--pause-until", "2026-12-07", "--resume"), 2, "--pause, --pause-until and --resume exclude each other"),
    ],
)
def test_what_is_no_pause_changes_nothing(zoe: Bot, words: tuple[str, ...], code: int, said: str) -> None:
    before = show(zoe)
    ran = zoe("subscribers", "edit", ZOE, "--hour", "6", *words)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert show(zoe) == before


def test_who_has_not_confirmed_has_nothing_to_pause(zoe: Bot, folder: Path) -> None:
    (folder / "people.csv").write_text("email\nann@reader.example\n", "utf-8")
    zoe("subscribers", "import", "people.csv", "--pending")
    ran = zoe("subscribers", "edit", "ann@reader.example", "--pause")
    assert (ran.code, "has not confirmed yet" in ran.err) == (1, True)


def test_feeds_are_shown_in_their_order_with_their_limits(zoe: Bot, folder: Path) -> None:
    store = open_store(f"sqlite:///{folder}/bot.db")
    with store.writing() as connection:
        connection.execute(update(subscription).where(subscription.c.position == 0).values(max_papers=3))
    store.close()
    assert (show(zoe)["feeds"], show(zoe)["limits"]) == (["microbicides", "covid-19"], {"microbicides": 3})
    assert "feeds: microbicides (at most 3), covid-19" in zoe("subscribers", "show", ZOE).out
    # Whoever changes the order loses no limit.
    assert zoe("subscribers", "edit", ZOE, "--feeds", "covid-19,microbicides").code == 0
    assert (show(zoe)["feeds"], show(zoe)["limits"]) == (["covid-19", "microbicides"], {"microbicides": 3})


def test_all_that_is_known_of_somebody_is_one_file(zoe: Bot, folder: Path) -> None:
    told = zoe("subscribers", "export", "--person", "ZOE@reader.example").json
    assert (told["format"], told["made_at"]) == ("concept-digest/my-data/1", "2026-11-23T09:30:00Z")
    assert (told["subscriber"][0]["email"], told["subscriber"][0]["language"]) == (ZOE, "de")
    assert [one["feed"] for one in told["subscriptions"]] == ["microbicides", "covid-19"]
    # Also of whoever has left; as CSV for spreadsheets.
    zoe("subscribers", "remove", ZOE)
    assert zoe("subscribers", "export", "--person", ZOE, "--out", "zoe.csv").code == 0
    with (folder / "zoe.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["table"], row["field"], row["value"]) for row in csv.DictReader(file)]
    assert ("evidence", "what", "left") in rows
    assert zoe("subscribers", "export", "--person", ZOE, "--out", "zoe.json").code == 0
    assert json.loads((folder / "zoe.json").read_text("utf-8"))["evidence"][-1]["what"] == "left"
    assert zoe("subscribers", "export", "--person", "nobody@reader.example", "--out", "nobody.json").code == 1
    assert not (folder / "nobody.json").exists()
    assert zoe("subscribers", "export", "--person", ZOE, "--standing", "left").code == 2
