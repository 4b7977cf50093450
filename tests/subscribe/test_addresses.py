"""Addresses strictly, names kindly."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import AddressError
from bot.models.subscribers import NAME_LENGTH, address_key
from bot.subscribe import addresses
from bot.subscribe.addresses import Address, clean_name, read_address


@pytest.mark.parametrize(
    ("text", "email", "key"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        (" Ann.Lee+News@Example.ORG\n", "Ann.Lee+News@example.org", "ann.lee+news@example.org"),
        ("INFO@Example.org", "info@example.org", "info@example.org"),
        ("o'neill@example.org", "o'neill@example.org", "o'neill@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp", "用户@xn--r8jz45g.jp"),
        ("иван+news@пример.рф", "иван+news@xn--e1afmkfd.xn--p1ai", "иван+news@xn--e1afmkfd.xn--p1ai"),
        ("ZOE\u0308@example.org", "ZOË@example.org", "zoë@example.org"),
        ("ann@mail.test", "ann@mail.test", "ann@mail.test"),
        ("Ann@Server.Local", "Ann@server.local", "ann@server.local"),
        ("ann@1and1.example", "ann@1and1.example", "ann@1and1.example"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_valid_addresses_are_kept_as_they_are_written_to(text: str, email: str, key: str) -> None:
    assert read_address(text) == Address(email, key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty; write it like name@example.org"),
        ("ann", "must have an @-sign"),
        ("ann@", "there must be something after the @-sign"),
        ("@example.org", "there must be something before the @-sign"),
        ("ann@example", "it should have a period"),
        ("ann@localhost", "it should have a period"),
        ("ann@.local", "period"),
        ("ann@host.localhost", "special-use or reserved"),
        ("ann@host.invalid", "special-use or reserved"),
        ("ann..lee@example.org", "two periods in a row"),
        ("ann@exam ple.org", "invalid characters: SPACE"),
        ("ann@-example.org", "hyphen"),
        ("ann@example..org", "two periods in a row"),
        ("ann@192.168.0.1", "valid top-level domain"),
        ("ann@[192.168.0.1]", "a bracketed IP address after the @-sign is not allowed here"),
        ('"ann lee"@example.org', "quoting the part before the @-sign is not allowed here"),
        ("Ann Lee <ann@example.org>", "write the bare address: ann@example.org"),
        ("mailto:ann@example.org", "leave out 'mailto:'"),
        ("ann@example.org, bob@example.org", "more than one address; give each its own row"),
        ("ann@example.org\r\nBcc: bob@example.org", "more than one address"),
        ("ann\x00@example.org", "invalid characters"),
        ("ann\u202e@example.org", "unsafe characters"),
        ("Zo\ufffd@example.org", "could not be read; save the file as UTF-8"),
        ("a" * 65 + "@example.org", "too long"),
        ("ü" * 33 + "@example.org", "too long: at most 64 octets"),
        ("a@" + ".".join(["b" * 60] * 5) + ".org", "too long"),
        ("a@" + "b" * 64 + ".org", "so many characters"),
        ("@" * 100_000, "too long"),
        ("<" + "@" * 500, "write the bare address"),
        ("pаypal@example.org", "mixes alphabets"),
        ("ann@pаypal.example", "mixes alphabets"),
        ("ann@xn--pypal-4ve.example", "mixes alphabets"),
    ],
)
def test_what_cannot_be_written_to_is_refused_with_the_mend(text: str, words: str) -> None:
    with pytest.raises(AddressError) as caught:
        read_address(text)
    assert words in caught.value.problem
    said = str(caught.value)
    assert said.startswith("address: '")
    assert said.isprintable()
    assert len(said) < 400
    assert not said.endswith(".")


def test_spellings_of_one_mailbox_share_a_key() -> None:
    spellings = ["straße@bücher.example", "STRASSE@BÜCHER.example", "strasse@xn--bcher-kva.example"]
    assert len({read_address(each).key for each in spellings}) == 1


ascii_parts = st.text("abcXYZ019._+-", min_size=1, max_size=70)
domains = st.text("abcXYZ019.-", min_size=1, max_size=70)
tops = st.sampled_from(["org", "ORG", "test", "local", "Invalid", "c", "x1", "1", "museum", "xn--p1ai"])


@settings(max_examples=settings().max_examples * 10)
@given(st.builds("{}@{}.{}".format, ascii_parts, domains, tops))
@example("Info@example.org")
@example("ann@ab--cd.org")
@example("a@" + "b" * 63 + ".org")
@example("a" * 64 + "@" + ("b" * 60 + ".") * 3 + "org")
def test_the_fast_path_takes_only_what_the_strict_rules_take_and_gives_the_same(text: str) -> None:
    try:
        strict: Address | None = addresses._strictly(text)
    except AddressError:
        strict = None
    try:
        fast: Address | None = read_address(text)
    except AddressError:
        fast = None
    assert fast == strict


@given(st.text() | st.emails() | st.builds("{}@{}.org".format, st.text(), st.text()))
def test_every_text_is_an_address_or_refused_and_reading_it_again_changes_nothing(text: str) -> None:
    try:
        found = read_address(text)
    except AddressError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.isprintable()
        return
    assert read_address(found.email) == found
    assert found.key == address_key(found.email)
    assert found.email.rpartition("@")[2].isascii()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ann Lee", "Ann Lee"),
        ("  Ann \t\r\n Lee ", "Ann Lee"),
        ("Ann\r\nBcc: evil@example.org", "Ann Bcc: evil@example.org"),
        ("An\x00n\x07", "Ann"),
        ("\u202eeeL nnA\u202c", "eeL nnA"),
        ("Doe, John <evil@x>", "Doe, John <evil@x>"),
        ("Zoe\u0308", "Zoë"),
        ("e\u200b\u0301", "é"),
        ("Ann\u2028Lee\u00a0Ray", "Ann Lee Ray"),
        ("نیلوفر می\u200cخواهد", "نیلوفر می\u200cخواهد"),
        ("\ud800Ann\uffff\ue000", "Ann"),
        ("", ""),
        ("\u200d", ""),
        ("x" * 400, "x" * 64),
        ("x" * 63 + " yz", "x" * 63),
        ("x" * 63 + "q\u0323\u0302", "x" * 63),
        ("x" * 62 + "👩\u200d🔬", "x" * 62),
        ("q" + "\u0323" * 400, "q" + "\u0323" * 63),
    ],
)
def test_names_are_cleaned_into_one_line(text: str, name: str) -> None:
    assert clean_name(text) == name


@given(st.text(st.characters(), max_size=200) | st.text("a\u0301\u200d\u202e\r\n\t \x00👩\ud800é", max_size=200))
def test_names_are_clean_whatever_comes_in(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= NAME_LENGTH
    assert name == name.strip()
    assert "  " not in name
    assert unicodedata.is_normalized("NFC", name)
    joiners = {"\u200c", "\u200d"}
    assert not {unicodedata.category(c) for c in name if c not in joiners} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert clean_name(name) == name
