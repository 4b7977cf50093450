"""Where bounces come from: Maildirs, pipes, and how mailboxes are written."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from bot.errors import MailboxError, SettingsError
from bot.suppress.imap import ImapFolder
from bot.suppress.mailbox_url import ImapUrl, read_mailbox
from bot.suppress.mailboxes import Piped
from bot.suppress.maildir import Maildir
from bot.suppress.mails import READ_AT_MOST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    return tmp_path / "box"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for part in ("new", "cur") for path in (folder / part).iterdir())


def test_what_nobody_has_seen_is_read_and_gets_its_flag(folder: Path) -> None:
    (folder / "new" / "1.a").write_bytes(b"one")
    (folder / "cur" / "2.b:2,FR").write_bytes(b"two")
    (folder / "cur" / "3.c:2,S").write_bytes(b"seen")
    (folder / "cur" / "4.d").write_bytes(b"four")
    box = Maildir(folder)
    assert box.count() == 3
    for mail in box.unread():
        assert mail.content in {b"one", b"two", b"four"}
        box.mark(mail)
    assert files(folder) == ["cur/1.a:2,S", "cur/2.b:2,FRS", "cur/3.c:2,S", "cur/4.d:2,S"]
    assert box.count() == 0


def test_only_plain_files_are_read_and_the_beginning_of_large_ones(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "new" / "link").symlink_to(tmp_path / "secret")
    (folder / "new" / "folder").mkdir()
    os.mkfifo(folder / "new" / "pipe")
    with (folder / "new" / "large").open("wb") as large:
        large.truncate(50 << 20)
    (folder / "new" / ".hidden").write_bytes(b"")
    found = {mail.name: mail for mail in Maildir(folder).unread()}
    assert {name for name, mail in found.items() if mail.problem} == {"new/link", "new/folder", "new/pipe"}
    assert len(found["new/large"].content) == READ_AT_MOST
    assert not any(mail.content for mail in found.values() if mail.problem)


def test_what_somebody_else_took_meanwhile_is_passed_over(folder: Path) -> None:
    for name in ("1", "2", "3"):
        (folder / "new" / name).write_bytes(name.encode())
    box, seen = Maildir(folder), []
    for mail in box.unread():
        seen.append(mail.content)
        (folder / "new" / "2").unlink(missing_ok=True)
        (folder / mail.name).unlink()
        box.mark(mail)
    assert seen == [b"1", b"3"]
    assert files(folder) == []


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match=f"bounces: {tmp_path}: no Maildir; it has the folders new, cur and tmp"):
        Maildir(tmp_path)


@pytest.mark.parametrize(
    ("piped", "mails"),
    [
        (b"", []),
        (b"A: b\n\nHello\n\nFrom here on\n", [b"A: b\n\nHello\n\nFrom here on\n"]),
        (b"From MAILER-DAEMON Mon\nA: b\n\nx\n\nFrom y\nC: d\n\ny\n", [b"A: b\n\nx\n\n", b"C: d\n\ny\n"]),
        (b"From x\r\nA: b\r\n\r\nx\r\nFrom now on\r\n", [b"A: b\r\n\r\nx\r\nFrom now on\r\n"]),
        (b"From x\n", []),
    ],
)
def test_a_pipe_has_one_mail_or_an_mbox(piped: bytes, mails: list[bytes]) -> None:
    found = list(Piped(io.BytesIO(piped)).unread())
    assert [mail.content for mail in found] == mails
    assert [mail.name for mail in found] == [f"mail {n}" for n in range(1, len(mails) + 1)]


def test_of_a_pipe_no_more_is_held_than_is_read() -> None:
    (mail,) = Piped(io.BytesIO(b"A: b\n\n" + b"x" * (3 << 20))).unread()
    assert len(mail.content) == READ_AT_MOST


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("/var/mail/bounce", Path("/var/mail/bounce")),
        (" bounces ", Path("bounces")),
        ("imaps://me:p%40ss@mail.example.org", ImapUrl("mail.example.org", 993, "me", "p@ss", "INBOX")),
        ("imaps://me%40x:s@[2001:db8::1]:1993/A%20b/c", ImapUrl("2001:db8::1", 1993, "me@x", "s", "A b/c")),
        ("imap://me:s@127.0.0.1:2143/INBOX", ImapUrl("127.0.0.1", 2143, "me", "s", "INBOX", clear=True)),
        (
            "imaps://me@h/INBOX?password_file=/run/p&ca_file=/run/ca",
            ImapUrl("h", 993, "me", "", "INBOX", password_file=Path("/run/p"), ca_file=Path("/run/ca")),
        ),
    ],
)
def test_mailboxes_are_read(text: str, where: ImapUrl | Path) -> None:
    assert read_mailbox(text) == where


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a mailbox"),
        ("pop3://me:s3cret@h", "not a mailbox"),
        ("imaps://me:s3cret@", "not a mailbox"),
        ("imaps://me:s3cret@h:port/", "not a mailbox"),
        ("imaps://me:s3cret@h/a#b", "not a mailbox"),
        ("imaps://me:s3cret@h/?tls=no", "after [?] there may be"),
        ("imap://me:s3cret@mail.example.org", "not in clear over the network: 'mail.example.org'; write imaps://"),
        ("imaps://h/INBOX", "a user and a password are needed"),
        ("imaps://me@h/INBOX", "a user and a password are needed"),
        ("imaps://me:s3cret@h/?password_file=x", "a user and a password are needed"),
        ("imaps://me:s3cret%0d%0aA1@h", "control characters"),
        ("imaps://me:s3cret%ff@h", "not UTF-8"),
        ("imaps://me:s3cret@h/Zur%C3%BCck", "modified UTF-7"),
    ],
)
def test_others_are_refused_and_no_password_is_told(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refusal:
        read_mailbox(text)
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_mailbox_shows_no_credentials() -> None:
    url = read_mailbox("imaps://me:s3cret@mail.example.org/INBOX")
    assert isinstance(url, ImapUrl)
    assert url.name == ImapFolder(url).name == "imaps://mail.example.org:993/INBOX"
    assert "s3cret" not in repr(url)


def test_a_server_out_of_reach_is_told_without_credentials() -> None:
    # Port 1 is nobody's.
    box = ImapFolder(ImapUrl("127.0.0.1", 1, "me", "s3cret", "INBOX", clear=True))
    with pytest.raises(MailboxError, match=r"bounces: imap://127.0.0.1:1/INBOX: cannot be reached: connection refused"):
        box.count()
    box.close()
