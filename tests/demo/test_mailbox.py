"""The loopback mailbox, with a real client on a real socket."""

from __future__ import annotations

import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.demo.mailbox import Mailbox, file_name


def digest(recipient: str, subject: str = "7 new papers: Blastomycosis") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "digest@papers.example.org", recipient, subject
    message.set_content("p < 0.05\n.dots at the start\n..stay\n")
    message.add_alternative("<p>p &lt; 0.05, naïve cells</p>", subtype="html")
    return message


def send(mailbox: Mailbox, message: EmailMessage, sender: str = "bounce+token@papers.example.org") -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=10) as client:
        client.send_message(message, sender)


def test_keeps_a_mail_with_its_parts(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mails") as mailbox:
        send(mailbox, digest("ada.okafor@example.org", "Résumé: β-catenin " * 6))
    (mail,) = mailbox.mails
    assert (mail.number, mail.recipient, mail.sender) == (
        1,
        "ada.okafor@example.org",
        "bounce+token@papers.example.org",
    )
    assert mail.subject == ("Résumé: β-catenin " * 6).strip()
    assert mail.path == tmp_path / "mails" / "001-ada_okafor.eml"
    assert b"\r\n.dots at the start\r\n..stay\r\n" in mail.path.read_bytes()
    assert mail.html is not None
    assert mail.text is not None
    assert mail.html.read_text(encoding="utf-8") == "<p>p &lt; 0.05, naïve cells</p>\n"
    assert mail.text.read_text(encoding="utf-8") == "p < 0.05\n.dots at the start\n..stay\n"
    assert sorted(path.name for path in mailbox.folder.iterdir()) == [
        "001-ada_okafor.eml",
        "001-ada_okafor.html",
        "001-ada_okafor.txt",
    ]


def test_offers_what_a_fast_client_wants(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox, smtplib.SMTP("127.0.0.1", mailbox.port, timeout=10) as client:
        client.ehlo("tests.example.org")
        assert {"pipelining", "8bitmime", "smtputf8", "size"} <= set(client.esmtp_features)
        assert not client.has_extn("auth")


def test_commands_may_come_all_at_once(tmp_path: Path) -> None:
    """RFC 2920: one write with MAIL, RCPT and DATA, the next with the mail, QUIT after its dot."""
    with Mailbox(tmp_path) as mailbox, socket.create_connection(("127.0.0.1", mailbox.port), timeout=10) as client:
        replies = client.makefile("rb")
        assert replies.readline().startswith(b"220 ")
        client.sendall(b"EHLO tests.example.org\r\n")
        while not replies.readline().startswith(b"250 "):
            pass
        client.sendall(b"MAIL FROM:<a@example.org> BODY=8BITMIME\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
        assert [replies.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        client.sendall(b"Subject: all at once\r\n\r\nna\xc3\xafve\r\n.\r\nQUIT\r\n")
        assert [replies.readline()[:3] for _ in range(2)] == [b"250", b"221"]
        replies.close()
    (mail,) = mailbox.mails
    assert mail.path.read_bytes() == b"Subject: all at once\r\n\r\nna\xc3\xafve\r\n"
    assert (mail.subject, mail.html) == ("all at once", None)


def test_one_file_for_each_recipient(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        message = digest("a@example.org")
        message["Cc"] = "b@example.org"
        send(mailbox, message)
    assert [mail.path.name for mail in mailbox.mails] == ["001-a.eml", "002-b.eml"]


def test_many_clients_at_once(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: send(mailbox, digest(f"reader{n}@example.org")), range(40)))
    mails = mailbox.mails
    assert [mail.number for mail in mails] == list(range(1, 41))
    assert {mail.recipient for mail in mails} == {f"reader{n}@example.org" for n in range(40)}
    assert len({mail.path for mail in mails}) == 40


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox, pytest.raises(OSError, match="in use"):
        Mailbox(tmp_path, port=mailbox.port)


def test_ends_though_a_client_holds_on(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        client = socket.create_connection(("127.0.0.1", mailbox.port), timeout=10)
        assert client.recv(100).startswith(b"220 ")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", mailbox.port), timeout=1)
    client.close()


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("ada@example.org", "ada"),
        ("søren.å@example.org", "søren_å"),
        ("../../etc/passwd@example.org", "etc_passwd"),
        ('"a b/c"@example.org', "a_b_c"),
        ("...@example.org", "nobody"),
        (f"{'x' * 300}@example.org", "x" * 64),
    ],
)
def test_file_names_stay_in_the_folder(recipient: str, name: str) -> None:
    assert file_name(recipient) == name
