"""`bot bounces take`, `bot suppressions` and what else tells of bounces, as a person runs them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.settings import read_settings
from bot.store.engine import Store
from bot.store.instance import secret_key
from bot.store.runs import close_runs
from bot.store.schema import open_store
from bot.subscribe.tokens import Tokens
from bot.wiring.bounces import look_at
from tests.cli.conftest import Ran
from tests.deliver.rows import NOW, change, fill
from tests.suppress.reports import dsn, reply

Bot = Callable[..., Ran]
WHO = "reader1@reader.example"


@pytest.fixture
def store(folder: Path, sqlite_url: str) -> Iterator[Store]:
    """The database that the commands work on, with one digest that was sent."""
    made = open_store(sqlite_url)
    fill(made, 1)
    change(made, 0, state="sent", settled_at=NOW)
    close_runs(made, NOW)
    yield made
    made.close()


@pytest.fixture
def maildir(folder: Path, store: Store) -> Path:
    """A Maildir with a bounce, a person's reply, and what is broken."""
    for part in ("new", "cur", "tmp"):
        (folder / "box" / part).mkdir(parents=True)
    token = Tokens([secret_key(store)]).make_bounce(1)
    new = folder / "box" / "new"
    (new / "1.bounce").write_bytes(dsn(f"bounce+{token.upper()}@papers.example.org"))
    (new / "2.person").write_bytes(reply())
    (new / "3.broken").write_bytes(dsn().replace(b"message/delivery-status", b"text/plain"))
    return folder / "box"


def test_a_maildir_is_taken_and_told(bot: Bot, maildir: Path) -> None:
    ran = bot("bounces", "take", "--maildir", "box")
    assert ran.code == 3
    assert ran.out.splitlines() == [
        "3 mails read: gone 1, replies 1, broken 1",
        "1 address suppressed; `bot suppressions list` names them",
        "2 mails left unread, for you to look at",
    ]
    assert ran.err == (
        "bot: bounces: new/3.broken: says that it is a report, and has none that can be read; it stays unread\n"
    )
    assert sorted(path.name for path in (maildir / "new").iterdir()) == ["2.person", "3.broken"]
    (maildir / "new" / "3.broken").unlink()
    assert bot("bounces", "take", "--maildir", "box").code == 0


def test_the_settings_name_the_mailbox_and_the_check_tells_of_it(
    bot: Bot, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (maildir.parent / "where").write_text("box\n")
    monkeypatch.setenv("BOT_BOUNCES_FILE", "where")
    report = bot("bounces", "take", "--json").json
    assert report["problems"].pop()["mail"] == "new/3.broken"
    assert look_at(read_settings()) == "2 unread in box"
    assert report == {
        "read": 3,
        "suppressed": 1,
        "gone": 1,
        "soft": 0,
        "refused": 0,
        "complaints": 0,
        "unsubscribed": 0,
        "delayed": 0,
        "delivered": 0,
        "replies": 1,
        "others": 0,
        "unknown": 0,
        "forged": 0,
        "repeated": 0,
        "broken": 1,
        "left": 2,
        "problems": [],
    }


def test_a_pipe_is_taken(bot: Bot, maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = b"From MAILER-DAEMON\n" + (maildir / "new" / "1.bounce").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail)))
    ran = bot("bounces", "take", "--stdin")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "1 mail read: gone 1")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "bot: settings: BOT_BOUNCES is not set; write a Maildir's folder or imaps://"),
        (("--maildir", "none"), 1, "bot: bounces: none: no Maildir; it has the folders new, cur and tmp"),
        (("--imap", "box"), 1, "bot: settings: --imap: not a mailbox; write"),
        (
            ("--imap", "imap://a:s3cret@mail.example.org"),
            1,
            "bot: settings: BOT_BOUNCES: not in clear over the network",
        ),
        (("--imap", "imap://a:s3cret@127.0.0.1:1"), 1, "bot: bounces: imap://127.0.0.1:1/INBOX: cannot be reached"),
        (("--stdin", "--maildir", "box"), 2, "bot: one mailbox at a time"),
    ],
)
def test_what_is_no_mailbox_is_told_in_one_line(bot: Bot, words: tuple[str, ...], code: int, said: str) -> None:
    ran = bot("bounces", "take", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said.removeprefix("bot: ") in ran.err
    assert ran.err.count("\n") == 1
    assert "s3cret" not in ran.err


def test_suppressions_tell_why_with_what_came_back(bot: Bot, maildir: Path) -> None:
    assert bot("suppressions", "list").out == "no address is suppressed\n"
    assert bot("suppressions", "why", WHO).out == f"{WHO}: is not suppressed\n"
    bot("bounces", "take", "--maildir", "box")
    said = "5.1.1 smtp; 550 5.1.1 <zoe@reader.example>: no such user"
    lines = bot("suppressions", "why", WHO.upper()).out.splitlines()
    assert lines[0] == f"{WHO.upper()}: must not be written to"
    assert lines[1].startswith("  bounce, ")
    assert lines[1].endswith(f": delivery 1: {said}")
    assert lines[3].endswith(f" gone: delivery 1 of run 1, sent Mon 2026-11-23 09:30 UTC: {said}")
    told = bot("suppressions", "why", WHO, "--json").json
    assert [told["suppressed"], told["erased"], told["bounces"][0]["delivery"]] == [True, None, 1]
    assert bot("suppressions", "list", "--json").json["reasons"] == {"bounce": 1}
    assert bot("suppressions", "list").out.splitlines()[-1] == "bounce 1"
    assert "came back later: gone 1" in bot("runs", "show", "1").out
    assert bot("runs", "show", "1", "--json").json["bounces"] == {"gone": 1}


def test_an_admin_closes_an_address(bot: Bot, store: Store) -> None:
    assert bot("suppressions", "add", WHO, "--because", "asked by telephone").out == f"suppressed: {WHO}\n"
    assert bot("suppressions", "add", WHO).out == f"{WHO} was suppressed by an admin before\n"
    assert bot("suppressions", "why", WHO).out.splitlines()[1].endswith(": asked by telephone")
    assert bot("suppressions", "add", "nobody").code == 1
