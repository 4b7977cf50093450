"""DKIM signatures, as others verify them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.render.dkim import ONCE_MORE, SIGNED, Signer, signed
from bot.render.dkim_keys import record
from bot.render.mime import build_message
from tests.render.dkim_judges import dkimpy_says, opendkim_says
from tests.render.test_mime import ENVELOPE

DOMAIN = "papers.example.org"
MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
BY_RSA = Signer("2026a", DOMAIN, generate_private_key(65537, 2048))
BY_ED25519 = Signer("2026b", DOMAIN, Ed25519PrivateKey.generate())
BOTH = (BY_RSA, BY_ED25519)
RECORDS = [record(one) for one in BOTH]
DIGEST = build_message("Grüße: α<β", "Dear reader,\n.\nFrom here on\n\n\n", "<p>Dear reader</p>\n", ENVELOPE).content

# Blanks and folds between words, one of them a line of nothing but a blank.
GAP = st.sampled_from([" ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n \t", "\r\n \r\n "])
WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=" "), min_size=1, max_size=12)
NAME = st.sampled_from([*SIGNED, "X-Other", "Precedence", "FROM", "subject", "lIST-iD"])


@st.composite
def values(draw: st.DrawFn) -> str:
    words = draw(st.lists(WORD, max_size=6))
    around = draw(st.sampled_from(["", " ", "   ", "\t"])), draw(st.sampled_from(["", " ", "\t  "]))
    return around[0] + "".join(word + draw(GAP) for word in words[:-1]) + "".join(words[-1:]) + around[1]


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
BODY = st.builds(
    lambda lines, empty: "\r\n".join(lines) + "\r\n" * empty,
    st.lists(LINE, max_size=6),
    st.sampled_from([0, 1, 2, 3, 200]),
)


@st.composite
def mails(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Header lines, unended, with one From among them, and a body."""
    lines = [f"{name}:{value}" for name, value in draw(st.lists(st.tuples(NAME, values()), max_size=12))]
    lines = [line for line in lines if not line.lower().startswith("from:")]
    lines.insert(draw(st.integers(0, len(lines))), f"From:{draw(values())}")
    return [line.encode() for line in lines], draw(BODY).encode()


def whole(lines: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def signature_of(content: bytes) -> bytes:
    """The signatures in front of `content`, once it is signed."""
    return signed(content, BOTH, MOMENT).removesuffix(content)


@given(mails())
@settings(deadline=None)
def test_others_verify_whatever_we_sign(mail: tuple[list[bytes], bytes]) -> None:
    content = signed(whole(*mail), BOTH, MOMENT)
    assert dkimpy_says(content, RECORDS) == [True, True]
    assert max(map(len, content.removesuffix(whole(*mail)).split(b"\r\n"))) <= 78


@given(mails(), st.integers(0, 10_000))
@settings(deadline=None)
def test_a_changed_body_is_noticed(mail: tuple[list[bytes], bytes], at: int) -> None:
    lines, body = mail
    counts = len(body.rstrip(b"\r\n"))
    assume(counts)
    at %= counts
    changed = body[:at] + (b"!" if body[at : at + 1] != b"!" else b"?") + body[at + 1 :]
    assert dkimpy_says(signature_of(whole(lines, body)) + whole(lines, changed), RECORDS) == [False, False]


@given(mails(), st.integers(0, 100))
@settings(deadline=None)
def test_a_changed_header_is_noticed_where_it_is_signed(mail: tuple[list[bytes], bytes], at: int) -> None:
    lines, body = mail
    at %= len(lines)
    changed = [line + b"!" if number == at else line for number, line in enumerate(lines)]
    is_signed = lines[at].partition(b":")[0].lower() in {name.lower().encode() for name in SIGNED}
    said = dkimpy_says(signature_of(whole(lines, body)) + whole(changed, body), RECORDS)
    assert said == [not is_signed] * 2


@given(mails(), st.sampled_from(ONCE_MORE), st.booleans())
@settings(deadline=None)
def test_nothing_that_is_there_once_can_be_added(mail: tuple[list[bytes], bytes], name: str, first: bool) -> None:
    lines, body = mail
    more = [name.encode() + b": other@example.net"]
    added = whole(more + lines if first else lines + more, body)
    assert dkimpy_says(signature_of(whole(lines, body)) + added, RECORDS) == [False, False]


@pytest.mark.parametrize("lines_end", [b"", b"\r\n"])
def test_a_mail_without_any_body_is_signed(lines_end: bytes) -> None:
    assert dkimpy_says(signed(b"From: a@papers.example.org" + lines_end, BOTH, MOMENT), RECORDS) == [True, True]


def test_opendkim_verifies_a_digest_and_notices_changes(tmp_path: Path) -> None:
    content = signed(DIGEST, BOTH, MOMENT)
    assert opendkim_says(content, RECORDS, tmp_path) == [True, True]
    for old, new in (
        (b"Dear", b"Deer"),
        (b"Subject: ", b"Subject: x"),
        (b"List-Id: ", b"List-Id: x"),
        (b"\r\nFrom: ", b"\r\nFrom: a@example.net\r\nFrom: "),
    ):
        assert opendkim_says(content.replace(old, new, 1), RECORDS, tmp_path) == [False, False]


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n\r\n", b"no end", b"x \t\r\n" + b"\r\n" * 50, b".\r\n..\r\n"])
def test_opendkim_verifies_odd_mails(tmp_path: Path, body: bytes) -> None:
    # A blank before the colon is of old mails alone (RFC 5322 section 4.5), and to be taken.
    head = "From: \t Zoë\r\n\t<zoe@papers.example.org>  \r\nTO :b@lab.example\r\nSubject:\r\n \t x  y\r\nDate:\r\n\r\n"
    assert opendkim_says(signed(head.encode() + body, BOTH, MOMENT), RECORDS, tmp_path) == [True, True]


def test_what_a_signature_says() -> None:
    first, second = re.findall(rb"DKIM-Signature: (.*?)\r\n(?! )", signed(DIGEST, BOTH, MOMENT), re.DOTALL)
    tags = [dict(tag.split(b"=", 1) for tag in re.sub(rb"\s", b"", one).split(b";")) for one in (first, second)]
    assert [tag[b"a"] for tag in tags] == [b"rsa-sha256", b"ed25519-sha256"]
    assert [tag[b"s"] for tag in tags] == [b"2026a", b"2026b"]
    for tag in tags:
        assert tag[b"c"] == b"relaxed/simple"
        assert tag[b"d"] == DOMAIN.encode()
        assert tag[b"t"] == b"1577934245"
        assert b"l" not in tag
        assert tag[b"h"].decode() == (
            "From:From:To:To:Subject:Subject:Date:Date:Message-ID:MIME-Version:Content-Type:Reply-To:"
            "List-Id:List-Unsubscribe:List-Unsubscribe-Post:Feedback-ID"
        )
    assert tags[0][b"bh"] == tags[1][b"bh"]


@pytest.mark.parametrize("domain", [DOMAIN, ".".join(["long" * 14] * 3) + ".example"])
def test_lines_are_short_where_that_can_be(domain: str) -> None:
    signers = [replace(one, domain=domain) for one in BOTH]
    content = signed(DIGEST, signers, MOMENT)
    lines = content.removesuffix(DIGEST).split(b"\r\n")
    assert max(len(line) for line in lines if domain.encode() not in line) <= 78
    assert dkimpy_says(content, [record(one) for one in signers]) == [True, True]


def test_the_same_is_signed_the_same_and_nobody_signs_nothing() -> None:
    assert signed(DIGEST, BOTH, MOMENT) == signed(DIGEST, BOTH, MOMENT)
    assert signed(DIGEST, (), MOMENT) is DIGEST
    assert signed(DIGEST, BOTH, MOMENT).endswith(b"\r\n" + DIGEST)
