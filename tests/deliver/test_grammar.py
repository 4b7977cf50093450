"""What is said on the wire, by values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliver.grammar import (
    Envelope,
    Offers,
    ReplyLine,
    ascii_path,
    envelope,
    read_line,
    read_offers,
    reply_of,
    stuffed,
    xtext,
)
from bot.models.deliveries import Message, Phase, Reply

EVERYTHING = Offers({"SIZE": "10240000", "8BITMIME": "", "SMTPUTF8": "", "DSN": ""})
MESSAGE = Message(
    sender="bounce+t0ken@papers.example.org",
    recipient="zoe@reader.example",
    subject="",
    message_id="<abc=1+2@papers.example.org>",
    content=b"Subject: 1\r\n\r\nHello\r\n",
)


def lines(*texts: str) -> list[ReplyLine]:
    read = [read_line(text.encode()) for text in texts]
    assert all(read)
    return [line for line in read if line]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"250 2.1.0 ok", ReplyLine(250, "2.1.0 ok", last=True)),
        (b"250-first", ReplyLine(250, "first", last=False)),
        (b"354", ReplyLine(354, "", last=True)),
        (b"550 caf\xc3\xa9 \xff\x1b[2J", ReplyLine(550, "café \ufffd [2J", last=True)),
        (b"", None),
        (b"25 ok", None),
        (b"150 ok", None),
        (b"650 ok", None),
        (b"250ok", None),
        (b"HTTP/1.1 400 Bad Request", None),
    ],
)
def test_a_line_of_a_reply_is_read(line: bytes, read: ReplyLine | None) -> None:
    assert read_line(line) == read


@given(st.binary(max_size=80))
def test_reading_a_line_never_fails(line: bytes) -> None:
    read = read_line(line)
    assert read is None or (200 <= read.code <= 599 and read.text.isprintable())


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (("550 5.1.1 no such user",), Reply(Phase.RCPT, 550, "no such user", "5.1.1")),
        (("550-5.1.1 no such", "550 5.1.1 user"), Reply(Phase.RCPT, 550, "no such user", "5.1.1")),
        (("450 4.7.25",), Reply(Phase.RCPT, 450, "", "4.7.25")),
        (("550 no such user",), Reply(Phase.RCPT, 550, "no such user", "")),
        # RFC 2034: the class must be that of the reply, or it is no status.
        (("550 4.1.1 no",), Reply(Phase.RCPT, 550, "4.1.1 no", "")),
        (("550 5.1.1.7 no",), Reply(Phase.RCPT, 550, "5.1.1.7 no", "")),
        (("250",), Reply(Phase.RCPT, 250, "", "")),
    ],
)
def test_a_reply_is_read_with_its_status(said: tuple[str, ...], reply: Reply) -> None:
    assert reply_of(Phase.RCPT, lines(*said)) == reply


def test_a_talkative_reply_is_cut() -> None:
    assert len(reply_of(Phase.RCPT, lines("550 5.7.1 " + "x" * 5000)).text) == 500


def test_offers_are_read() -> None:
    offers = read_offers(
        lines("250-SIZE 1", "250-size 2000", "250-AUTH=LOGIN", "250-AUTH PLAIN xoauth2", "250-8bitmime", "250 DSN")
    )
    assert offers.size == 2000
    assert offers.auth == {"LOGIN", "PLAIN", "XOAUTH2"}
    assert "8BITMIME" in offers
    assert "PIPELINING" not in offers
    assert Offers({"SIZE": ""}).size == 0
    assert Offers({"SIZE": "²"}).size == 0
    assert Offers().size == 0


def test_only_what_is_offered_is_used() -> None:
    assert envelope(MESSAGE, Offers()) == Envelope(
        b"MAIL FROM:<bounce+t0ken@papers.example.org>", b"RCPT TO:<zoe@reader.example>"
    )
    assert envelope(MESSAGE, EVERYTHING) == Envelope(
        b"MAIL FROM:<bounce+t0ken@papers.example.org> SIZE=21 BODY=7BIT RET=HDRS ENVID=abc+3D1+2B2@papers.example.org",
        b"RCPT TO:<zoe@reader.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;zoe@reader.example",
    )


def test_an_address_goes_in_ascii_where_it_can() -> None:
    there = envelope(replace(MESSAGE, recipient="zoe@例え.jp"), Offers())
    assert isinstance(there, Envelope)
    assert there.rcpt == b"RCPT TO:<zoe@xn--r8jz45g.jp>"


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    message = replace(MESSAGE, recipient="用户@例え.jp")
    assert envelope(message, Offers()) == Reply(
        Phase.RCPT, 553, "needs SMTPUTF8, which the mail server does not offer", "5.6.7"
    )
    there = envelope(message, EVERYTHING)
    assert isinstance(there, Envelope)
    assert there.mail.split()[4:5] == [b"SMTPUTF8"]
    assert there.rcpt == "RCPT TO:<用户@xn--r8jz45g.jp> NOTIFY=FAILURE,DELAY".encode()


@pytest.mark.parametrize(
    ("changes", "offers", "code", "enhanced"),
    [
        ({"content": b"Subject: 1\r\n\r\n\xc3\xa9\r\n"}, Offers(), 554, "5.6.3"),
        ({"content": b"Subject: \xc3\xa9\r\n\r\n"}, Offers({"8BITMIME": ""}), 553, "5.6.7"),
        ({}, Offers({"SIZE": "20"}), 552, "5.3.4"),
        ({"recipient": "zoe@reader.example>\r\nDATA"}, EVERYTHING, 553, "5.1.3"),
        ({"recipient": "zoe@reader.example> NOTIFY=NEVER"}, EVERYTHING, 553, "5.1.3"),
        ({"recipient": ""}, EVERYTHING, 553, "5.1.3"),
        ({"sender": "a b@papers.example.org"}, EVERYTHING, 553, "5.1.7"),
    ],
)
def test_what_this_server_cannot_take_is_refused_by_us(
    changes: dict[str, str], offers: Offers, code: int, enhanced: str
) -> None:
    refused = envelope(replace(MESSAGE, **changes), offers)  # type: ignore[arg-type]  # the keys are the class's
    assert isinstance(refused, Reply)
    assert (refused.code, refused.enhanced) == (code, enhanced)


def test_eight_bits_are_announced() -> None:
    there = envelope(replace(MESSAGE, content=b"Subject: 1\r\n\r\n\xc3\xa9\r\n"), EVERYTHING)
    assert isinstance(there, Envelope)
    assert b"BODY=8BITMIME" in there.mail
    assert b"SMTPUTF8" not in there.mail


def test_an_envelope_id_that_is_too_long_is_left_out() -> None:
    there = envelope(replace(MESSAGE, message_id=f"<{'x' * 120}@papers.example.org>"), EVERYTHING)
    assert isinstance(there, Envelope)
    assert b"ENVID" not in there.mail


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_xtext_is_printable_and_can_be_read_back(text: str) -> None:
    coded = xtext(text)
    assert coded.isascii()
    assert " " not in coded
    assert "=" not in coded
    first, *parts = coded.split("+")
    assert first.encode() + b"".join(bytes([int(p[:2], 16)]) + p[2:].encode() for p in parts) == text.encode()


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b"\n", b".\r\n", b"\r\n.\r\n"]), max_size=12))
def test_a_stuffed_body_never_ends_itself(parts: list[bytes]) -> None:
    content = b"".join(parts)
    body = stuffed(content)
    assert b"\n.\r" not in body
    assert b"\n.\n" not in body
    assert not body.startswith((b".\r", b".\n"))
    assert not body or body.endswith(b"\r\n")
    if content.endswith(b"\r\n"):
        unstuffed = b"".join(line.removeprefix(b".") for line in body.splitlines(keepends=True))
        assert unstuffed == content


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("zoe@reader.example", "zoe@reader.example"),
        ("Zoë@bücher.example", "Zoë@xn--bcher-kva.example"),
        ("zoe@\u2024.example", "zoe@\u2024.example"),
    ],
)
def test_domains_go_as_a_labels(address: str, path: str) -> None:
    assert ascii_path(address) == path
