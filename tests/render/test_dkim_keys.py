"""Keys out of their texts, and as DNS records."""

from __future__ import annotations

import traceback
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from bot.errors import KeyFileError
from bot.render.dkim import Signer
from bot.render.dkim_keys import read_key, record, strength

GOOD = rsa.generate_private_key(65537, 2048)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def pem(key: Key, form: PrivateFormat = PrivateFormat.PKCS8, locked: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, form, locked or NoEncryption()).decode()


def rsa_key_of_primes(p: int, q: int) -> rsa.RSAPrivateKey:
    """A key too short or too long to be made by the library."""
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, public).private_key()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_rsa_keys_are_read_as_other_programs_write_them(form: PrivateFormat) -> None:
    key = read_key(pem(GOOD, form), "BOT_DKIM_KEY")
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.private_numbers() == GOOD.private_numbers()


def test_ed25519_keys_are_read_and_1024_bits_will_do() -> None:
    assert isinstance(read_key(pem(ed25519.Ed25519PrivateKey.generate()), "BOT_DKIM_KEY"), ed25519.Ed25519PrivateKey)
    assert isinstance(read_key(pem(rsa.generate_private_key(65537, 1024)), "BOT_DKIM_KEY"), rsa.RSAPrivateKey)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # 2^255 - 19 and 2^256 - 189 are primes.
        (pem(rsa_key_of_primes(2**256 - 189, 2**255 - 19)), "an RSA key of 511 bits; from 1024 to 4096 will do"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519 key"),
        (pem(GOOD, locked=BestAvailableEncryption(b"hunter2")), "locked with a passphrase; write it without one"),
        (pem(GOOD)[:400], "no private key in PEM; `bot dkim make` makes a good one"),
        (pem(GOOD).replace("\n", "\nA", 2), "no private key in PEM"),
        ("bWFkZSB1cCBzZWNyZXQgb2YgYSBzZWVkLCBzbw==", "no private key in PEM"),
        ("\udcff", "no private key in PEM"),
        ("", "no private key in PEM"),
    ],
)
def test_what_is_of_no_use_is_told_without_a_word_of_it(text: str, words: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        read_key(text, "BOT_DKIM_KEY_2")
    assert str(caught.value).startswith(f"dkim key: BOT_DKIM_KEY_2: {words}")
    assert caught.value.where == "BOT_DKIM_KEY_2"
    told = "".join(traceback.format_exception(caught.value))
    assert not [line for line in text.splitlines() if len(line) > 20 and line in told and "-----" not in line]


def test_no_key_is_shown_with_its_signer() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    assert repr(Signer("2026a", "papers.example.org", key)) == ("Signer(selector='2026a', domain='papers.example.org')")


def test_the_record_of_an_rsa_key_is_cut_into_strings_that_dns_takes() -> None:
    made = record(Signer("2026a", "papers.example.org", GOOD))
    assert made.name == "2026a._domainkey.papers.example.org"
    assert made.value.startswith("v=DKIM1; k=rsa; p=MIIB")
    assert len(b64decode(made.value.partition("p=")[2])) == 294
    assert [len(piece) for piece in made.strings] == [255, len(made.value) - 255]
    assert "".join(made.strings) == made.value


def test_the_record_of_an_ed25519_key_is_that_of_rfc_8463() -> None:
    # Appendix A.1 and A.2.
    seed, public = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    signer = Signer("brisbane", "football.example.com", ed25519.Ed25519PrivateKey.from_private_bytes(b64decode(seed)))
    made = record(signer)
    assert made == ("brisbane._domainkey.football.example.com", f"v=DKIM1; k=ed25519; p={public}")
    assert made.in_zone_file() == f'{made.name}. IN TXT (\n    "{made.value}" )'
    assert strength(signer) == "ed25519-sha256"
