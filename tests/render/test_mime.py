"""The message as bytes: headers, parts and lines."""

from __future__ import annotations

import email
import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from quopri import decodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AddressError, HeaderError
from bot.models.deliveries import Message
from bot.render import headers
from bot.render.mime import Envelope, build_message
from bot.render.plain import plain

ENVELOPE = Envelope(
    from_name="Concept Digest",
    from_address="digest@papers.example.org",
    to_name="Marie Curie",
    to_address="marie@lab.example.net",
    message_id="7.abc@papers.example.org",
    date=datetime(2026, 11, 9, 6, 0, 5, tzinfo=UTC),
    unsubscribe_url="https://papers.example.org/unsubscribe/" + "x" * 120,
    unsubscribe_mailto="unsubscribe+" + "y" * 60 + "@papers.example.org?subject=unsubscribe",
    reply_to="editors@papers.example.org",
    list_id="digest.papers.example.org",
    list_name="Concept Digest",
    feedback_id="1:weekly:digest:papers",
    sender="bounce+token@papers.example.org",
)
ANYTHING = st.text(st.characters(codec=None))


def parsed(message: Message) -> EmailMessage:
    mail = email.message_from_bytes(message.content, policy=default)
    assert not [defect for part in mail.walk() for defect in part.defects]
    return mail


def head_of(message: Message) -> str:
    return message.content.partition(b"\r\n\r\n")[0].decode("ascii")


def header(message: Message, name: str) -> str:
    """The raw value, unfolded."""
    found = re.findall(rf"^{name}: (.*)$", head_of(message).replace("\r\n ", " ").replace("\r\n", "\n"), re.M)
    assert len(found) == 1
    return str(found[0])


def test_the_headers_are_those_of_the_rules() -> None:
    message = build_message("7 new papers", "text", "<p>html</p>", ENVELOPE)
    assert header(message, "From") == "Concept Digest <digest@papers.example.org>"
    assert header(message, "To") == "Marie Curie <marie@lab.example.net>"
    assert header(message, "Reply-To") == "editors@papers.example.org"
    assert header(message, "Subject") == "7 new papers"
    assert parsedate_to_datetime(header(message, "Date")) == ENVELOPE.date
    assert header(message, "Message-ID") == message.message_id == "<7.abc@papers.example.org>"
    assert header(message, "List-Id") == "Concept Digest <digest.papers.example.org>"
    assert header(message, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert header(message, "Feedback-ID") == "1:weekly:digest:papers"
    assert header(message, "Auto-Submitted") == "auto-generated"
    assert header(message, "Precedence") == "bulk"
    assert header(message, "X-Auto-Response-Suppress") == "OOF, AutoReply"
    assert header(message, "Content-Language") == "en"
    assert header(message, "MIME-Version") == "1.0"
    assert (message.sender, message.recipient) == ("bounce+token@papers.example.org", "marie@lab.example.net")


def test_list_unsubscribe_is_folded_at_the_comma_and_never_encoded() -> None:
    message = build_message("s", "t", "h", ENVELOPE)
    assert header(message, "List-Unsubscribe") == (
        f"<{ENVELOPE.unsubscribe_url}>, <mailto:{ENVELOPE.unsubscribe_mailto}>"
    )
    assert f"<{ENVELOPE.unsubscribe_url}>,\r\n <mailto:" in head_of(message)


def test_one_click_is_offered_only_over_https() -> None:
    clear = replace(ENVELOPE, unsubscribe_url="http://127.0.0.1:8000/u/x", unsubscribe_mailto="")
    message = build_message("s", "t", "h", clear)
    assert header(message, "List-Unsubscribe") == "<http://127.0.0.1:8000/u/x>"
    assert "List-Unsubscribe-Post" not in head_of(message)


def test_optional_headers_are_left_out() -> None:
    bare = replace(ENVELOPE, reply_to="", list_id="", feedback_id="", sender="", to_name="")
    message = build_message("s", "t", "h", bare)
    assert not re.search(r"^(Reply-To|List-Id|Feedback-ID):", head_of(message), re.M)
    assert header(message, "To") == "marie@lab.example.net"
    assert message.sender == "digest@papers.example.org"


def test_a_list_name_that_is_not_ascii_is_left_out() -> None:
    message = build_message("s", "t", "h", replace(ENVELOPE, list_name="Übersicht"))
    assert header(message, "List-Id") == "<digest.papers.example.org>"


def test_the_same_arguments_give_the_same_bytes() -> None:
    first, second = (build_message("s", "t", "h", ENVELOPE) for _ in range(2))
    assert first == second
    other = build_message("s", "t", "h", replace(ENVELOPE, message_id="8@papers.example.org"))
    assert parsed(other).get_boundary() != parsed(first).get_boundary()


def test_the_message_is_text_then_html_in_quoted_printable() -> None:
    message = build_message("s", "α < β\n", "<p>α &lt; β</p>\n", ENVELOPE)
    mail = parsed(message)
    parts = list(mail.iter_parts())
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["quoted-printable"] * 2
    assert [part.get_content() for part in parts] == ["α < β\r\n", "<p>α &lt; β</p>\r\n"]


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_is_in_it_lines_are_short_and_end_in_crlf(subject: str, name: str, text: str, html: str) -> None:
    message = build_message(subject, text, html, replace(ENVELOPE, to_name=name, from_name=name))
    assert not re.search(rb"[^\r]\n|\r[^\n]|\x00", message.content)
    lines = message.content.decode("ascii").split("\r\n")
    assert max(map(len, lines)) <= 200
    assert max(len(line) for line in lines if not line.startswith(("List-Unsubscribe", " <mailto"))) <= 78
    assert not any(line.startswith("From ") for line in lines)
    mail = parsed(message)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert header(message, "Message-ID") == "<7.abc@papers.example.org>"


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_the_parts_decode_to_what_was_written(text: str, html: str) -> None:
    raw = build_message("s", text, html, ENVELOPE).content
    boundary = email.message_from_bytes(raw).get_boundary()
    bodies = [part.partition(b"\r\n\r\n")[2] for part in raw.split(f"--{boundary}".encode())[1:3]]
    for body, written in zip(bodies, (text, html), strict=True):
        lines = written.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        assert decodestring(body).decode().replace("\r\n", "\n").rstrip("\n") == lines


@given(ANYTHING)
def test_a_subject_comes_back_as_it_was(subject: str) -> None:
    raw = headers.words("Subject", subject).removeprefix("Subject: ").replace("\r\n", "")
    assert str(make_header(decode_header(raw))) == plain(subject)


@given(st.text(min_size=1, max_size=300))
def test_encoded_words_are_short_and_hold_whole_characters(subject: str) -> None:
    raw = headers.words("Subject", "é" + subject)
    for word in re.findall(r"=\?[^ \r\n]+\?=", raw):
        assert len(word) <= 75
        _, _, kind, body, _ = word.split("?", 4)
        data = b64decode(body) if kind.lower() == "b" else decodestring(body.replace("_", " ").encode(), header=True)
        data.decode("utf-8")


def test_a_subject_that_looks_encoded_is_encoded() -> None:
    raw = headers.words("Subject", "=?utf-8?q?evil?=").removeprefix("Subject: ")
    assert str(make_header(decode_header(raw))) == "=?utf-8?q?evil?="


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Doe, John <evil@x>", "Doe, John evil x"),
        ("A\r\nBcc: b@example.org", "A Bcc: b example.org"),
        ('Nu\x00ll "Q" \\ \u202eevil', "Null Q evil"),
        ("N" * 400, "N" * 64),
        ("(c); g: a, b;", "(c); g: a, b;"),
        ("居里 夫人", "居里 夫人"),
        ("=?utf-8?q?x?=", "=?utf-8?q?x?="),
        ("  ", ""),
    ],
)
def test_a_hostile_name_stays_a_name(name: str, shown: str) -> None:
    message = build_message("s", "t", "h", replace(ENVELOPE, to_name=name))
    addresses = parsed(message)["To"].addresses
    assert [(address.display_name, address.addr_spec) for address in addresses] == [(shown, "marie@lab.example.net")]
    assert parsed(message)["Bcc"] is None


def test_a_long_name_is_capped_and_decodes() -> None:
    raw = header(build_message("s", "t", "h", replace(ENVELOPE, to_name="Ö" * 400)), "To")
    assert str(make_header(decode_header(raw))) == "Ö" * 64 + " <marie@lab.example.net>"


@given(ANYTHING)
def test_no_name_adds_an_address_or_a_header(name: str) -> None:
    message = build_message("s", "t", "h", replace(ENVELOPE, to_name=name))
    mail = parsed(message)
    assert [address.addr_spec for address in mail["To"].addresses] == ["marie@lab.example.net"]
    assert mail.keys() == parsed(build_message("s", "t", "h", ENVELOPE)).keys()


def test_domains_are_written_in_idna() -> None:
    assert headers.mailbox("jörg@bücher.example", smtputf8=True) == "jörg@xn--bcher-kva.example"
    assert headers.mailbox("Jo.hn+tag@BOOKS.example") == "Jo.hn+tag@books.example"


def test_a_name_that_is_not_ascii_needs_smtputf8() -> None:
    with pytest.raises(AddressError, match="SMTPUTF8"):
        headers.mailbox("jörg@example.org")
    envelope = replace(ENVELOPE, to_address="jörg@example.org", smtputf8=True)
    assert "<jörg@example.org>".encode() in build_message("s", "t", "h", envelope).content


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a b@example.org",
        "a@b c.example",
        "a@example.org\r\nBcc: x@example.org",
        "a\r\n@example.org",
        "a,b@example.org",
        "<a@example.org>",
        "a..b@example.org",
        "a@-x.example",
        "a@[127.0.0.1]",
        '"q"@example.org',
        "x" * 65 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        headers.mailbox(address, smtputf8=True)


@pytest.mark.parametrize(
    "broken",
    [
        {"message_id": "no-domain"},
        {"message_id": "<a@b>\r\nX: y"},
        {"unsubscribe_url": "https://e.org/\r\nX: y"},
        {"unsubscribe_url": ""},
        {"unsubscribe_url": "https://e.org/ü"},
        {"unsubscribe_url": "https://e.org/" + "x" * 990},
        {"unsubscribe_mailto": "a@e.org>,<b@e.org"},
        {"list_id": "a b"},
        {"feedback_id": "a\r\nX: y"},
        {"language": "en\n"},
    ],
)
def test_structured_headers_are_refused_rather_than_encoded(broken: dict[str, str]) -> None:
    with pytest.raises(HeaderError):
        build_message("s", "t", "h", replace(ENVELOPE, **broken))  # type: ignore[arg-type]  # text fields only
