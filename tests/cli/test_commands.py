"""Commands: what they print, where, and how they end."""

from __future__ import annotations

import socket
import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Bot = Callable[..., Ran]

CATALOGUE = """
[[feed]]
slug = "sample-concept"
name = "Sample concept"
synonyms = ["SCX"]

[[feed.query]]
source = "pubmed"
query = '"sample concept"[tiab]'
"""

ROSTER = """email,name,feeds,cadence,hour,timezone
zoe@reader.example,Zoë,covid-19;microbicides,daily,7,Europe/Berlin
ann@reader.example,Ann,no-such-feed,daily,7,UTC
not an address,,covid-19,daily,7,UTC
bob@reader.example,Bob,covid-19,daily,25,UTC
zoe@READER.example,Zoë again,covid-19,daily,7,UTC
eve@reader.example,=Eve,,weekly,,
"""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def starter(bot: Bot) -> Bot:
    assert bot("feeds", "apply", "--starter").code == 0
    return bot


def test_nothing_named_is_help(bot: Bot) -> None:
    assert "collect" in bot().out + bot("--help").out
    assert bot("--version").out.startswith("concept-digest ")


def test_wrong_usage_is_2(bot: Bot) -> None:
    for words in (("nonsense",), ("feeds", "show"), ("plan", "--at", "yesterday"), ("collect", "--since", "soon")):
        ran = bot(*words)
        assert ran.code == 2
        assert ran.out == ""
        assert "Traceback" not in ran.err


def test_an_unknown_feed_is_one_clear_line(starter: Bot) -> None:
    for words in (("feeds", "show", "nope"), ("feeds", "retire", "nope"), ("collect", "--feed", "nope")):
        ran = starter(*words)
        assert ran.code == 1
        assert ran.err.startswith("bot: no such feed: 'nope'; known: applications-of-molecular-barcoding, ")
        assert ran.err.count("\n") == 1


def test_wrong_settings_are_named_at_once(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_LOOKBACK_DAYS", "soon")
    monkeypatch.setenv("BOT_FROM", "nobody")
    ran = bot("feeds", "list")
    assert ran.code == 1
    assert "BOT_LOOKBACK_DAYS" in ran.err
    assert "BOT_FROM" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [("sqlite:////no/such/folder/x.db", "no such folder"), ("mysql://x/y", "no such database: 'mysql'")],
)
def test_a_database_that_cannot_be_used(bot: Bot, monkeypatch: pytest.MonkeyPatch, url: str, words: str) -> None:
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    for command in (("feeds", "list"), ("collect",), ("plan",), ("deliver",), ("db", "upgrade")):
        ran = bot(*command)
        assert ran.code == 1
        assert words in ran.err


def test_feeds_round_trip(starter: Bot, folder: Path) -> None:
    exported = starter("feeds", "export").out
    assert len(tomllib.loads(exported)["feed"]) == 10
    (folder / "mine.toml").write_text(exported, "utf-8")
    again = starter("feeds", "apply", "mine.toml", "--json").json
    assert again["added"] == []
    assert again["changed"] == {}
    assert len(again["unchanged"]) == 10


def test_a_wrong_catalogue_is_refused_whole(starter: Bot, folder: Path) -> None:
    (folder / "mine.toml").write_text(CATALOGUE + '\n[[feed]]\nslug = "Bad Slug"\nnam = "x"\n', "utf-8")
    ran = starter("feeds", "apply", "mine.toml")
    assert ran.code == 1
    assert "mine.toml:12: " in ran.err
    assert "mine.toml:13: " in ran.err
    assert "sample-concept" not in starter("feeds", "list").out
    assert starter("feeds", "apply", "nowhere.toml").code == 1


def test_a_catalogue_leaves_other_feeds_unless_told(starter: Bot, folder: Path) -> None:
    (folder / "mine.toml").write_text(CATALOGUE, "utf-8")
    assert starter("feeds", "apply", "mine.toml", "--dry-run", "--json").json["added"] == ["sample-concept"]
    assert "sample-concept" not in starter("feeds", "list").out
    assert len(starter("feeds", "apply", "mine.toml", "--json").json["left"]) == 10
    assert len([feed for feed in starter("feeds", "list", "--json").json if not feed["retired"]]) == 11
    assert len(starter("feeds", "apply", "mine.toml", "--prune", "--json").json["retired"]) == 10
    assert [feed["slug"] for feed in starter("feeds", "list", "--json").json if not feed["retired"]] == [
        "sample-concept"
    ]


def test_one_feed_by_hand(bot: Bot) -> None:
    assert bot("feeds", "add", "mine", "--name", "Mine", "--query", "pubmed=mine[tiab]").code == 0
    assert bot("feeds", "add", "mine", "--name", "Mine", "--query", "pubmed=mine[tiab]").code == 1
    assert bot("feeds", "add", "yours", "--name", "Yours", "--query", "pubmd=x").code == 1
    assert bot("feeds", "edit", "mine", "--synonym", "ours", "--synonym", "MNE").code == 0
    assert bot("feeds", "show", "mine", "--json").json["synonyms"] == ["ours", "MNE"]
    assert bot("feeds", "retire", "mine").code == 0
    assert bot("feeds", "edit", "mine", "--name", "x").code == 1


def test_a_catalogue_is_tried_on_papers(bot: Bot, folder: Path) -> None:
    (folder / "mine.toml").write_text(CATALOGUE, "utf-8")
    (folder / "papers.jsonl").write_text(
        '{"id": 1, "title": "The sample concept at work", "abstract": "SCX.", "keywords": []}\n'
        '{"id": 2, "title": "Something else", "abstract": "scx in small letters"}\n',
        "utf-8",
    )
    ran = bot("feeds", "test", "mine.toml", "--papers", "papers.jsonl")
    first, second = (__import__("json").loads(line) for line in ran.out.splitlines())
    assert [match["feed"] for match in first["matches"]] == ["sample-concept"]
    assert 0 < first["matches"][0]["relevance"] <= 1
    assert second == {"id": 2, "matches": []}


def test_papers_are_tried_whatever_their_texts_hold(bot: Bot, folder: Path) -> None:
    (folder / "mine.toml").write_text(CATALOGUE, "utf-8")
    (folder / "papers.jsonl").write_bytes(
        b"\xef\xbb\xbf\r\n"
        + '{"id": "a\u2028b", "title": "The\u2028sample concept\u0085at work", "keywords": null}\r\n'.encode()
        + b'{"id": "\\ud800", "title": "A sample\\ud800 concept", "keywords": [null, 1, ["sample concept"], {}]}\n'
    )
    ran = bot("feeds", "test", "mine.toml", "--papers", "papers.jsonl")
    assert ran.code == 0, ran.err
    first, second = (__import__("json").loads(line) for line in ran.out.strip("\n").split("\n"))
    assert (first["id"], [match["feed"] for match in first["matches"]]) == ("a\u2028b", ["sample-concept"])
    assert second["id"] == "\ud800"


@pytest.mark.parametrize("line", ['{"id": ' + "[" * 100_000, '{"id": NaN}', '{"id": 1'])
def test_papers_that_are_no_json_are_told_by_their_line(bot: Bot, folder: Path, line: str) -> None:
    (folder / "mine.toml").write_text(CATALOGUE, "utf-8")
    (folder / "papers.jsonl").write_text(f"\n{line}\n", "utf-8")
    ran = bot("feeds", "test", "mine.toml", "--papers", "papers.jsonl")
    assert ran.code == 1
    assert "papers.jsonl:2: not JSON" in ran.err


def test_a_roster_comes_in_with_every_bad_row_reported(starter: Bot, folder: Path) -> None:
    (folder / "people.csv").write_text(ROSTER, "utf-8")
    dry = starter("subscribers", "import", "people.csv", "--dry-run", "--json")
    assert (dry.json["added"], dry.json["refused"], dry.json["import"]) == (2, 4, None)
    assert starter("subscribers", "list", "--json").json["subscribers"] == []
    ran = starter("subscribers", "import", "people.csv", "--json")
    assert ran.code == 3
    assert ran.json["added"] == 2
    assert [problem["line"] for problem in ran.json["problems"]] == [3, 4, 5, 6]
    zoe = starter("subscribers", "show", "ZOE@reader.example", "--json").json
    assert (zoe["standing"], zoe["feeds"], zoe["hour"]) == ("active", ["covid-19", "microbicides"], 7)
    again = starter("subscribers", "import", "people.csv", "--json").json
    assert (again["added"], again["unchanged"], again["refused"]) == (0, 2, 4)


def test_nobody_who_left_comes_back(starter: Bot, folder: Path) -> None:
    (folder / "people.csv").write_text(ROSTER, "utf-8")
    starter("subscribers", "import", "people.csv")
    assert starter("subscribers", "remove", "zoe@reader.example").code == 0
    problems = starter("subscribers", "import", "people.csv", "--json").json["problems"]
    assert "has left; not brought back" in {problem["problem"] for problem in problems}
    assert starter("subscribers", "show", "zoe@reader.example", "--json").json["standing"] == "left"


def test_the_roster_goes_out_harmless_and_comes_in_the_same(starter: Bot, folder: Path) -> None:
    (folder / "people.csv").write_text(ROSTER, "utf-8")
    starter("subscribers", "import", "people.csv")
    before = starter("subscribers", "list", "--json").json["subscribers"]
    assert starter("subscribers", "export", "--out", "out.csv").code == 0
    assert ",=Eve" not in (folder / "out.csv").read_text("utf-8")
    (folder / "bot.db").rename(folder / "old.db")
    starter("feeds", "apply", "--starter")
    assert starter("subscribers", "import", "out.csv").code == 0
    assert starter("subscribers", "list", "--json").json["subscribers"] == before


def test_broken_rosters_are_one_clear_line(starter: Bot, folder: Path) -> None:
    (folder / "empty.csv").write_bytes(b"")
    (folder / "no-email.csv").write_bytes(b"name;city\nZoe;Bonn\n")
    (folder / "book.xlsx").write_bytes(b"PK\x03\x04" + bytes(300))
    for name in ("empty.csv", "no-email.csv", "book.xlsx", "nowhere.csv"):
        ran = starter("subscribers", "import", name)
        assert ran.code == 1
        assert ran.err.startswith("bot: roster: ")
        assert ran.err.count("\n") == 1


def test_one_person_by_hand(starter: Bot) -> None:
    words = ("--feeds", "covid-19,microbicides", "--cadence", "weekly", "--weekday", "tue", "--hour", "18")
    assert starter("subscribers", "add", "zoe@reader.example", *words, "--timezone", "Asia/Tokyo").code == 0
    assert starter("subscribers", "add", "zoe@reader.example").code == 1
    assert starter("subscribers", "add", "nobody").code == 1
    assert starter("subscribers", "add", "ann@reader.example", "--feeds", "nope").code == 1
    assert starter("subscribers", "edit", "zoe@reader.example", "--hour", "25").code == 1
    assert starter("subscribers", "edit", "zoe@reader.example", "--hour", "6", "--feeds", "microbicides").code == 0
    zoe = starter("subscribers", "show", "zoe@reader.example", "--json").json
    assert (zoe["weekday"], zoe["hour"], zoe["timezone"], zoe["feeds"]) == (
        "tuesday",
        6,
        "Asia/Tokyo",
        ["microbicides"],
    )
    assert zoe["next"].endswith("T21:00:00Z")


def test_dead_sources_fail_and_say_so(starter: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PUBMED_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("BOT_EUROPEPMC_URL", f"http://127.0.0.1:{closed_port()}")
    ran = starter("collect", "--feed", "microbicides", "--json")
    assert ran.code == 1
    assert ran.json["queries"][0]["health"] == "failing"
    assert "is not public" in ran.json["queries"][0]["error"]
    assert starter("feeds", "show", "microbicides", "--json").json["queries"][0]["health"] == "failing"


def test_sending_needs_its_settings(starter: Bot) -> None:
    ran = starter("deliver")
    assert ran.code == 1
    assert "BOT_FROM: not set" in ran.err
    assert "BOT_POSTAL_ADDRESS: not set" in ran.err


def test_init_sets_up_and_keeps_what_is_there(bot: Bot, folder: Path) -> None:
    ran = bot("init", "--from", "Lab <lab@papers.example.org>", "--postal-address", "1 Sample Street")
    assert ran.code == 0
    assert "10 feeds" in ran.out
    first = (folder / ".env").read_text("utf-8")
    assert "BOT_SECRET_KEY=" in first
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert bot("init").code == 0
    assert (folder / ".env").read_text("utf-8") == first
    assert bot("init", "--timezone", "Mars/Olympus").code == 1
    assert (folder / ".env").read_text("utf-8") == first
    assert bot("deliver").code == 0


def test_check_names_what_is_wrong(starter: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_FROM", "Lab <lab@localhost.example>")
    monkeypatch.setenv("BOT_POSTAL_ADDRESS", "1 Sample Street")
    monkeypatch.setenv("BOT_SMTP_URL", f"smtp://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("BOT_PUBMED_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("BOT_EUROPEPMC_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("BOT_FETCH_ALLOW_PRIVATE", "true")
    ran = starter("check", "--json")
    assert ran.code == 1
    wrong = {one["check"] for one in ran.json["checks"] if not one["ok"]}
    assert wrong == {"mail server", "source europepmc", "source pubmed"}


def test_db_says_where_it_is(bot: Bot) -> None:
    assert bot("db", "current").out.startswith("empty")
    assert "empty -> " in bot("db", "upgrade").out
    assert "already" in bot("db", "upgrade").out


def test_a_mail_server_that_is_dead_is_one_clear_line_and_nothing_is_lost(
    starter: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No papers, so nothing to send: the round is empty, and the server is not asked.
    monkeypatch.setenv("BOT_FROM", "Lab <lab@papers.example.org>")
    monkeypatch.setenv("BOT_POSTAL_ADDRESS", "1 Sample Street")
    monkeypatch.setenv("BOT_SMTP_URL", f"smtp://127.0.0.1:{closed_port()}")
    assert starter("deliver", "--json").json["sent"] == 0
    monkeypatch.setenv("BOT_SMTP_URL", "smtp://mail.example.org")
    ran = starter("deliver")
    assert ran.code == 1
    assert "BOT_SMTP_URL: not in clear over the network" in ran.err


def test_what_is_no_time_for_a_digest_is_refused(starter: Bot) -> None:
    for time in ("9999-12-31T23:59Z", "0001-01-01T00:00", "2099-01-01T00:00Z"):
        ran = starter("plan", "--at", time)
        assert ran.code == 2
        assert ran.err.startswith("bot: invalid value: ")
    assert starter("plan", "--at", "2099-01-01T00:00Z", "--dry-run").code == 0


def test_an_empty_catalogue_retires_nothing(starter: Bot, folder: Path) -> None:
    (folder / "empty.toml").write_text("", "utf-8")
    ran = starter("feeds", "apply", "empty.toml", "--prune")
    assert (ran.code, ran.err) == (1, "bot: catalogue: empty.toml: has no feeds; write each under [[feed]]\n")
    assert len([feed for feed in starter("feeds", "list", "--json").json if not feed["retired"]]) == 10


def test_a_preview_of_somebody_who_left_is_refused(starter: Bot) -> None:
    starter("subscribers", "add", "zoe@reader.example", "--feeds", "covid-19")
    starter("subscribers", "remove", "zoe@reader.example")
    ran = starter("preview", "zoe@reader.example")
    assert (ran.code, ran.err) == (1, "bot: preview: zoe@reader.example: gets no digest: left\n")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:ge@heim:x/@127.0.0.1:1/x",
        "postgresql://u:geheim@h:abc/x",
        "postgresql://u:geheim@127.0.0.1:1/x?bogus=1",
    ],
)
def test_a_password_in_a_wrong_url_is_not_told(bot: Bot, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    ran = bot("feeds", "list")
    assert ran.code == 1
    assert ran.err.startswith("bot: database: ")
    assert "heim" not in ran.err


def test_a_new_database_is_its_owners_alone(starter: Bot, folder: Path) -> None:
    assert (folder / "bot.db").stat().st_mode & 0o077 == 0


def test_init_keeps_no_settings_that_lead_nowhere(bot: Bot, folder: Path) -> None:
    ran = bot("init", "--database-url", "postgresql://u:geheim@127.0.0.1:1/x")
    assert ran.code == 1
    assert "geheim" not in ran.err
    assert not (folder / ".env").exists()


def test_a_locked_database_is_one_clear_line(starter: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starter("subscribers", "add", "zoe@reader.example", "--feeds", "covid-19")
    monkeypatch.setattr("bot.store.engine.BUSY_SECONDS", 0.1)
    monkeypatch.setenv("BOT_PUBMED_URL", f"http://127.0.0.1:{closed_port()}")
    with sqlite3.connect(folder / "bot.db") as other:
        other.execute("begin immediate")
        for command in (("collect",), ("plan", "--all")):
            ran = starter(*command)
            assert ran.code == 1
            assert "bot: database: " in ran.err
            assert "another program has been writing" in ran.err
    other.close()
