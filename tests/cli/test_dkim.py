"""Keys made and shown on the command line, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dns.zone
import pytest
from dns.rdtypes.ANY.TXT import TXT

from bot.render.dkim import signed
from bot.render.dkim_keys import Record
from bot.settings import read_settings
from bot.wiring.signing import signers
from tests.cli.conftest import Ran
from tests.render.dkim_judges import dkimpy_says

Bot = Callable[..., Ran]


@pytest.fixture
def bot_with_from(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.setenv("BOT_FROM", "Lab <lab@papers.example.org>")
    return bot


def in_zone(text: str) -> list[Record]:
    """What a name server makes of a zone file's lines."""
    zone = dns.zone.from_text("$TTL 3600\n" + text, "papers.example.org.", relativize=False, check_origin=False)
    return [
        Record(str(name).rstrip("."), b"".join(found.strings).decode())
        for name, _, found in zone.iterate_rdatas("TXT")
        if isinstance(found, TXT)
    ]


def test_a_key_is_made_shown_and_signs(bot_with_from: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bot_with_from("dkim", "make", "--selector", "2026a", "rsa.pem")
    assert made.code == 0
    assert made.out.startswith("; rsa-sha256, 2048 bits\n2026a._domainkey.papers.example.org. IN TXT (\n")
    assert "BOT_DKIM_SELECTOR=2026a and BOT_DKIM_KEY_FILE=rsa.pem" in made.err
    assert (folder / "rsa.pem").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("BOT_DKIM_SELECTOR", "2026a")
    monkeypatch.setenv("BOT_DKIM_KEY_FILE", "rsa.pem")
    second = bot_with_from("dkim", "make", "--selector", "2026b", "--ed25519", "ed25519.pem")
    assert "BOT_DKIM_SELECTOR_2=2026b and BOT_DKIM_KEY_FILE_2=ed25519.pem" in second.err
    monkeypatch.setenv("BOT_DKIM_SELECTOR_2", "2026b")
    monkeypatch.setenv("BOT_DKIM_KEY_FILE_2", "ed25519.pem")
    assert bot_with_from("dkim", "show").out == made.out + second.out
    content = signed(
        b"From: lab@papers.example.org\r\n\r\n", signers(read_settings()), datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert dkimpy_says(content, in_zone(made.out + second.out)) == [True, True]


def test_records_are_shown_to_programs_too(bot_with_from: Bot) -> None:
    (made,) = bot_with_from("dkim", "make", "--selector", "2026b", "--ed25519", "new.pem", "--json").json
    assert made.pop("value").startswith("v=DKIM1; k=ed25519; p=")
    assert made == {
        "selector": "2026b",
        "domain": "papers.example.org",
        "algorithm": "ed25519-sha256",
        "bits": None,
        "name": "2026b._domainkey.papers.example.org",
    }


def test_no_file_is_overwritten(bot_with_from: Bot, folder: Path) -> None:
    (folder / "key.pem").write_text("mine")
    ran = bot_with_from("dkim", "make", "--selector", "2026a", "key.pem")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bot: dkim key: key.pem: there already, and kept as it is; name a new file\n"
    assert (folder / "key.pem").read_text() == "mine"
    ran = bot_with_from("dkim", "make", "--selector", "2026a", "nowhere/key.pem")
    assert (ran.code, ran.err) == (
        1,
        "bot: dkim key: nowhere/key.pem: cannot be written: no such file or directory\n",
    )


def test_what_is_missing_is_told_before_a_key_is_made(bot: Bot, folder: Path) -> None:
    ran = bot("dkim", "make", "--selector", "2026a", "key.pem")
    assert (ran.code, ran.err) == (1, "bot: settings: BOT_FROM: not set; its domain is the one that signs\n")
    assert bot("dkim", "make", "key.pem").code == 2
    ran = bot("dkim", "make", "--selector", "a b", "key.pem")
    assert ran.code == 2
    assert "not a selector" in ran.err
    assert list(folder.iterdir()) == []


def test_no_key_is_shown_where_none_is_set(bot: Bot) -> None:
    ran = bot("dkim", "show")
    assert (ran.code, ran.out) == (0, "")
    assert "mails are not signed here" in ran.err
    assert bot("dkim", "show", "--json").json == []


def test_check_says_who_signs(bot_with_from: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> tuple[bool, str]:
        checks = bot_with_from("check", "--json").json["checks"]
        return next((one["ok"], one["detail"]) for one in checks if one["check"] == "dkim")

    monkeypatch.setenv("BOT_SMTP_URL", "smtp://127.0.0.1:1")
    ok, words = found()
    assert ok
    assert words.startswith("mails are not signed here")
    bot_with_from("dkim", "make", "--selector", "2026b", "--ed25519", "new.pem")
    monkeypatch.setenv("BOT_DKIM_SELECTOR", "2026b")
    monkeypatch.setenv("BOT_DKIM_KEY_FILE", "new.pem")
    ok, words = found()
    assert ok
    assert words.startswith("2026b (ed25519-sha256) for papers.example.org; ")
    monkeypatch.setenv("BOT_DKIM_KEY_FILE", "")
    monkeypatch.setenv("BOT_DKIM_KEY", "a-made-up-secret")
    ok, words = found()
    assert not ok
    assert words.startswith("dkim key: BOT_DKIM_KEY: no private key in PEM")
    assert "a-made-up-secret" not in words
