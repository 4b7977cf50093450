"""From the settings to the keys that sign."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.errors import KeyFileError, SettingsError
from bot.render.dkim import signed
from bot.render.dkim_keys import record
from bot.settings import Settings, file_variable, read_settings
from bot.wiring.signing import signers
from tests.render.dkim_judges import dkimpy_says

FROM = "Concept Digest <digest@papers.example.org>"


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA, ED25519 = pem(generate_private_key(65537, 2048)), pem(Ed25519PrivateKey.generate())


def read(folder: Path, **environ: str) -> Settings:
    return read_settings(folder, {f"BOT_{name}": value for name, value in {"FROM": FROM, **environ}.items()})


def test_nobody_signs_without_a_key(tmp_path: Path) -> None:
    assert signers(read(tmp_path)) == ()
    assert signers(read_settings(tmp_path, {})) == ()


def test_two_keys_sign_and_rsa_goes_first(tmp_path: Path) -> None:
    (tmp_path / "ed25519.pem").write_text(ED25519)
    (tmp_path / "rsa.pem").write_text(RSA)
    made = signers(
        read(
            tmp_path,
            DKIM_SELECTOR="2026b",
            DKIM_KEY_FILE=str(tmp_path / "ed25519.pem"),
            DKIM_SELECTOR_2="2026a",
            DKIM_KEY_FILE_2=str(tmp_path / "rsa.pem"),
        )
    )
    told = [(one.selector, one.domain, one.algorithm) for one in made]
    assert told == [
        ("2026a", "papers.example.org", "rsa-sha256"),
        ("2026b", "papers.example.org", "ed25519-sha256"),
    ]
    content = signed(b"From: digest@papers.example.org\r\n\r\nx\r\n", made, datetime(2020, 1, 1, tzinfo=UTC))
    assert dkimpy_says(content, [record(one) for one in made]) == [True, True]


def test_a_key_may_stand_in_a_variable_that_takes_no_line_ends(tmp_path: Path) -> None:
    settings = read(tmp_path, DKIM_SELECTOR="2026a", DKIM_KEY=ED25519.replace("\n", "\\n"))
    assert [one.algorithm for one in signers(settings)] == ["ed25519-sha256"]


def test_the_domain_is_that_of_from_in_ascii(tmp_path: Path) -> None:
    def domain(**more: str) -> str:
        (signer,) = signers(read(tmp_path, DKIM_SELECTOR="2026a", DKIM_KEY=ED25519, **more))
        return signer.domain

    assert domain(FROM="Bücher <digest@Bücher.example>") == "xn--bcher-kva.example"
    assert domain(FROM="digest@bücher.example", DKIM_DOMAIN="bücher.example") == "xn--bcher-kva.example"
    assert domain(DKIM_DOMAIN="Papers.example.ORG") == "papers.example.org"
    with pytest.raises(SettingsError, match=r"BOT_DKIM_DOMAIN: 'example.org' is not the domain of BOT_FROM"):
        domain(DKIM_DOMAIN="example.org")


def test_halves_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        signers(read(tmp_path, DKIM_SELECTOR="2026a", DKIM_KEY_2=ED25519))
    assert caught.value.problems == (
        "BOT_DKIM_KEY_FILE: not set; `bot dkim make` makes the file",
        "BOT_DKIM_SELECTOR_2: not set; write the one that the key was made for",
    )
    with pytest.raises(SettingsError, match="BOT_FROM: not set"):
        signers(read_settings(tmp_path, {"BOT_DKIM_SELECTOR": "2026a", "BOT_DKIM_KEY": ED25519}))
    twice = {"DKIM_SELECTOR": "x", "DKIM_KEY": RSA, "DKIM_SELECTOR_2": "X", "DKIM_KEY_2": ED25519}
    with pytest.raises(SettingsError, match="BOT_DKIM_SELECTOR_2: the same as BOT_DKIM_SELECTOR"):
        signers(read(tmp_path, **twice))


def test_a_key_that_is_none_is_told_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="BOT_DKIM_KEY_2: no private key in PEM"):
        signers(read(tmp_path, DKIM_SELECTOR_2="2026a", DKIM_KEY_2="a-made-up-secret"))


@pytest.mark.parametrize("selector", ["", "a b", "-a", "a..b", "a.", "ä", "a\n", "x" * 64, ED25519])
def test_selectors_are_names_of_dns(tmp_path: Path, selector: str) -> None:
    if not selector:
        assert read(tmp_path, DKIM_SELECTOR="").dkim_selector is None
        return
    with pytest.raises(SettingsError, match=r"BOT_DKIM_SELECTOR: not a selector; write letters") as caught:
        read(tmp_path, DKIM_SELECTOR=selector)
    assert len(str(caught.value)) < 120


def test_no_setting_tells_a_key(tmp_path: Path) -> None:
    secret = ED25519.splitlines()[1]
    assert secret not in repr(read(tmp_path, DKIM_KEY=ED25519, DKIM_KEY_2=ED25519))
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, DKIM_KEY_FILE=ED25519)
    assert caught.value.problems == ("BOT_DKIM_KEY_FILE: not the name of a file but a key; write it into BOT_DKIM_KEY",)


def test_files_of_second_secrets_have_the_number_last() -> None:
    assert [file_variable(name) for name in ("smtp_url", "dkim_key", "dkim_key_2")] == [
        "BOT_SMTP_URL_FILE",
        "BOT_DKIM_KEY_FILE",
        "BOT_DKIM_KEY_FILE_2",
    ]
