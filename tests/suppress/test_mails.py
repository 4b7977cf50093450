"""Mails that come to the bounce address are read, whatever they are made of."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.bounces import BounceKind
from bot.suppress.mails import READ_AT_MOST, Sort, is_told_by_header, read_mail
from tests.suppress.reports import MESSAGE_ID, TOKENS, arf, bounced, dsn, reply

TOKEN = TOKENS.make_bounce(4711)
SRS = b"SRS0=HHH=TT=papers.example.org=bounce+" + TOKEN.encode() + b"=papers.example.org@forwarder.example"


def test_a_failure_is_read_with_all_that_names_its_mail() -> None:
    quoted = f"Return-Path: <bounce+{TOKENS.make_bounce(7)}@papers.example.org>\nMessage-ID:\n {MESSAGE_ID}\n"
    read = read_mail(bounced(4711, envelope_id="4711.aa+3Dbb@papers.example.org", quoted=quoted))
    assert (read.sort, read.kind, read.status) == (Sort.REPORT, BounceKind.GONE, "5.1.1")
    assert read.diagnostic == "smtp; 550 5.1.1 <zoe@reader.example>: no such user"
    # The address that it came to first, what it quotes after.
    assert read.tokens == (TOKEN, TOKENS.make_bounce(7))
    assert read.message_ids == ("4711.aa=bb@papers.example.org", MESSAGE_ID.strip("<>"))


@pytest.mark.parametrize(
    "way",
    [
        lambda mail: mail.replace(b"\n", b"\r\n"),
        lambda mail: mail.replace(TOKEN.encode(), TOKEN.upper().encode()),
        lambda mail: mail.replace(b"Delivered-To:", b"X-Nothing:"),
        lambda mail: mail.replace(b"\nTo: bounce", b"\nX-Nothing: bounce"),
        # As forwarders rewrite an envelope sender (SRS), and as others tag it (BATV).
        lambda mail: mail.replace(b"bounce+" + TOKEN.encode() + b"@papers.example.org", SRS),
        lambda mail: mail.replace(b"bounce+", b"prvs=0123456789=bounce+"),
        lambda mail: mail.replace(b"message/delivery-status", b'MESSAGE/Delivery-Status; charset="none such"'),
        lambda mail: mail.replace(b"; report-type=delivery-status", b""),
        lambda mail: mail[: mail.index(b"Remote-MTA")],
        lambda mail: mail.replace(b"I'm sorry", b"\xff\xfe\x00 entschuldigung"),
        lambda mail: mail + b"x" * READ_AT_MOST,
        # One blank line less than there should be.
        lambda mail: mail.replace(b"(UTC)\n\n", b"(UTC)\n"),
    ],
)
def test_it_is_read_in_the_forms_in_which_it_comes(way: Callable[[bytes], bytes]) -> None:
    read = read_mail(way(bounced(4711)))
    assert (read.kind, read.status) == (BounceKind.GONE, "5.1.1")
    assert [token.lower() for token in read.tokens] == [TOKEN]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_encoded_reports_are_read(encoding: str) -> None:
    mail = bounced(4711)
    head = b"Content-Type: message/delivery-status\n\n"
    start = mail.index(head) + len(head)
    end = mail.index(b"\n--4fX", start)
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    coded = head.replace(b"\n\n", f"\nContent-Transfer-Encoding: {encoding}\n\n".encode()) + encode(mail[start:end])
    assert read_mail(mail[: start - len(head)] + coded + mail[end:]).kind is BounceKind.GONE


def test_a_report_inside_of_a_gateways_own_parts_is_read_if_it_is_from_nobody() -> None:
    inner = bounced(4711).partition(b"MIME-Version: 1.0\n")[2]
    head = b"Return-Path: <>\nTo: bounce+%s@papers.example.org\n" % TOKEN.encode()
    mail = head + b"Content-Type: multipart/mixed; boundary=o\n\n--o\n" + inner + b"\n--o--"
    assert read_mail(mail).kind is BounceKind.GONE
    assert read_mail(mail.replace(b"<>", b"<zoe@reader.example>")).sort is Sort.PERSON


def test_whoever_attaches_a_report_is_a_person() -> None:
    head = b"Return-Path: <zoe@reader.example>\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
    mail = head + b"Content-Type: message/rfc822\n\n" + bounced(4711) + b"\n--o--\n"
    assert read_mail(mail).sort is Sort.PERSON


@pytest.mark.parametrize(
    ("action", "sort"),
    [("delayed", "delayed"), ("delivered", "delivered"), ("relayed", "delivered"), ("expanded", "delivered")],
)
def test_what_is_no_failure_is_told_apart(action: str, sort: str) -> None:
    read = read_mail(bounced(4711, action=action, status="4.4.1" if action == "delayed" else "2.0.0"))
    assert (read.sort, read.kind) == (sort, None)


def test_of_several_recipients_one_that_is_gone_closes_nothing_if_others_are_not() -> None:
    other = "\nFinal-Recipient: rfc822; two@reader.example\nAction: {}\nStatus: {}\n"
    assert read_mail(bounced(4711, more=other.format("relayed", "2.0.0"))).kind is BounceKind.SOFT
    assert read_mail(bounced(4711, more=other.format("failed", "5.1.1"))).kind is BounceKind.GONE


@pytest.mark.parametrize("mail", [dsn().replace(b"Status:", b"X:").replace(b"Action:", b"Y:"), dsn()[:900]])
def test_a_report_without_one_is_unreadable(mail: bytes) -> None:
    assert read_mail(mail.replace(b"message/delivery-status", b"text/plain")).sort is Sort.UNREADABLE


@pytest.mark.parametrize(
    ("mail", "sort"),
    [
        (reply(), "person"),
        (reply("Auto-Submitted: no\n"), "person"),
        (reply("Auto-Submitted: auto-replied (vacation)\n"), "automatic"),
        (reply("Precedence: bulk\n"), "automatic"),
        (reply("X-Autoreply: yes\n"), "automatic"),
        (reply().replace(b"<zoe@reader.example>", b"<>"), "automatic"),
        (dsn(report_type="; report-type=disposition-notification").replace(b"<>", b"<a@b.c>"), "other"),
        (b"", "person"),
        (b"\n\n\n", "person"),
    ],
)
def test_replies_are_told_apart(mail: bytes, sort: str) -> None:
    assert read_mail(mail).sort == sort
    header = mail.partition(b"\n\n")[0] + b"\n\n"
    assert not is_told_by_header(header) or read_mail(header).sort == sort


def test_reports_are_not_told_by_their_header() -> None:
    assert is_told_by_header(reply())
    assert not any(
        is_told_by_header(mail) for mail in (bounced(1), arf(""), reply().replace(b"<zoe@reader.example>", b"<>"))
    )


def test_a_complaint_names_the_mail_in_what_it_quotes() -> None:
    leave = TOKENS.make("unsubscribe", 17)
    quoted = f"Return-Path: <bounce+{TOKEN}@papers.example.org>\nMessage-ID: {MESSAGE_ID}\n"
    link = f"List-Unsubscribe: <https://papers.example.org/unsubscribe/{leave}>,\n <mailto:a@b.c>\n"
    read = read_mail(arf(quoted + link))
    assert (read.kind, read.status, read.diagnostic) == (BounceKind.COMPLAINT, "abuse", "by Provider-FBL/1.0")
    assert (read.tokens, read.leave_tokens) == ((TOKEN,), (leave,))
    assert read.message_ids == (MESSAGE_ID.strip("<>"),)
    assert read_mail(arf(quoted, kind="not-spam")).sort is Sort.OTHER


def test_the_same_mail_is_the_same_from_everywhere() -> None:
    mail = bounced(4711)
    again = read_mail(b"Received: from elsewhere\n" + mail.replace(b"\n", b"\r\n"))
    assert read_mail(mail).identity == again.identity
    nameless = bounced(4711, message_id="")
    assert read_mail(nameless).identity == read_mail(nameless.replace(b"\n", b"\r\n")).identity
    assert read_mail(nameless).identity != read_mail(mail).identity


_PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        b"Content-Type: message/delivery-status\n",
        b'Content-Type: multipart/mixed; boundary="b\\"\n',
        b"Content-Transfer-Encoding: base64\n",
        b"Return-Path: <>\n",
        b"Final-Recipient: rfc822; \xff\n",
        b"Action: failed\n",
        b"Status: 5.1.1\n",
        b"Diagnostic-Code: smtp; 550 5.1.1\x00\n",
        b"To: bounce+4711-%s@papers.example.org\n" % (b"0" * 20),
        b"--b\n",
        b"--b--\n",
        b"\n",
        b" \n",
        b"\r\n",
        b"From \n",
    ]
)


@given(st.lists(_PIECES | st.binary(max_size=30), max_size=40))
def test_nothing_that_comes_is_a_fault(pieces: list[bytes]) -> None:
    read = read_mail(b"".join(pieces))
    assert (read.kind is not None) is (read.sort is Sort.REPORT)


@given(st.integers(0, 3_000), st.binary(max_size=4), st.randoms(use_true_random=False))
def test_a_token_is_found_whatever_its_capitals_and_what_is_spoilt_elsewhere(
    at: int, junk: bytes, dice: Random
) -> None:
    shown = "".join(dice.choice([c.lower(), c.upper()]) for c in TOKEN)
    mail = bounced(4711).replace(TOKEN.encode(), shown.encode())
    start = mail.index(b"Subject:") + at
    read = read_mail(mail[:start] + junk + mail[start:])
    if read.kind is not None:
        assert shown in read.tokens


@pytest.mark.parametrize(
    "hostile",
    [
        # Each would keep a parser busy that goes over all for each of its parts.
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(15_000)),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * 200_000,
        b"Subject: x\n" + b" y\n" * 300_000,
        b"Content-Type: x" + b';a="' * 200_000,
        b"Return-Path: <>\nContent-Type: message/delivery-status\n\n" + b"\n \t" * 300_000,
        b"To: " + b"+1-" * 300_000,
    ],
)
def test_a_mebibyte_that_was_made_to_hurt_does_not(hostile: bytes) -> None:
    assert read_mail(b"Return-Path: <>\n" + hostile).kind is None
