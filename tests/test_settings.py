"""Settings: where they are read from, and how wrong ones are named."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Mailbox, QuietHours, Settings, names, read_settings


def read(folder: Path, **environ: str) -> Settings:
    return read_settings(folder, {f"BOT_{name}": value for name, value in environ.items()})


def test_defaults_hold_in_an_empty_folder(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == "sqlite:///bot.db"
    assert settings.lookback_days == 7
    assert settings.from_ is None


def test_environment_goes_before_dotenv_before_toml(tmp_path: Path) -> None:
    (tmp_path / "bot.toml").write_text('lookback_days = 1\ntimezone = "Europe/Berlin"\nlanguage = "de"\n')
    (tmp_path / ".env").write_text("BOT_LOOKBACK_DAYS=2\nBOT_TIMEZONE=Asia/Tokyo\nOTHER=1\n")
    settings = read(tmp_path, LOOKBACK_DAYS="3")
    assert (settings.lookback_days, settings.timezone, settings.language) == (3, "Asia/Tokyo", "de")


def test_from_is_one_mailbox(tmp_path: Path) -> None:
    settings = read(tmp_path, FROM="Concept Digest <digest@papers.example.org>")
    assert settings.from_ == Mailbox("Concept Digest", "digest@papers.example.org")
    (tmp_path / "bot.toml").write_text('from = "Lab <lab@papers.example.org>"\n')
    assert read(tmp_path).from_ == Mailbox("Lab", "lab@papers.example.org")


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef-from-file\n")
    assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")).secret_keys == ("0123456789abcdef-from-file",)


def test_keys_rotate(tmp_path: Path) -> None:
    settings = read(tmp_path, SECRET_KEY="new-new-new-new-new, old-old-old-old-old")
    assert settings.secret_keys == ("new-new-new-new-new", "old-old-old-old-old")


def test_quiet_hours_are_wall_times(tmp_path: Path) -> None:
    assert read(tmp_path).quiet_hours is None
    assert read(tmp_path, QUIET_HOURS="22:00-06:30").quiet_hours == QuietHours(time(22), time(6, 30))
    assert read(tmp_path, QUIET_HOURS=" 9:05 - 17:00 ").quiet_hours == QuietHours(time(9, 5), time(17))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("22-6", "BOT_QUIET_HOURS: not hours: '22-6'; write 22:00-06:00"),
        ("22:00-24:00", "not hours"),
        ("22:60-06:00", "not hours"),
        ("07:00-07:00", "nothing would ever be sent"),
    ],
)
def test_what_is_no_quiet_hours_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(tmp_path, QUIET_HOURS=text)


def test_rates_are_messages_a_second(tmp_path: Path) -> None:
    assert (read(tmp_path).rate, read(tmp_path).rate_per_domain) == (None, ())
    settings = read(tmp_path, RATE="0.5", RATE_PER_DOMAIN=" GMail.com = 20, *=5, München.example.=0.25,")
    assert settings.rate == 0.5
    assert settings.rate_per_domain == (("gmail.com", 20.0), ("*", 5.0), ("xn--mnchen-3ya.example", 0.25))
    (tmp_path / "bot.toml").write_text('rate = 2\nrate_per_domain = {"gmail.com" = 20, "*" = 0.1}\n')
    settings = read(tmp_path)
    assert (settings.rate, settings.rate_per_domain) == (2.0, (("gmail.com", 20.0), ("*", 0.1)))


@pytest.mark.parametrize("text", ["fast", "0", "-1", "0.0001", "10001", "nan", "inf", "5/s"])
def test_what_is_no_rate_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=f"BOT_RATE: not messages a second: '{text}'; write 0.001 to 10,000, as"):
        read(tmp_path, RATE=text)
    with pytest.raises(SettingsError, match=f"BOT_RATE_PER_DOMAIN: not messages a second: '{text}'"):
        read(tmp_path, RATE_PER_DOMAIN=f"gmail.com={text}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", "not a limit: '5'; write gmail.com=20,[*]=5"),
        ("gmail.com", "not a limit: 'gmail.com'"),
        ("=5", "not a limit: '=5'"),
        ("*.de=5", "not a domain"),
        ("@gmail.com=5", "not a domain: '@gmail.com'"),
        ("a..example=5", "not a domain: 'a..example'"),
        ("gmail.com=5,GMAIL.com=6", "named twice: 'GMAIL.com'"),
    ],
)
def test_what_is_no_limit_of_a_domain_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"BOT_RATE_PER_DOMAIN: {words}"):
        read(tmp_path, RATE_PER_DOMAIN=text)


def test_everything_wrong_is_named_at_once_and_no_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_LOOKBAK_DAYS=3\n")
    with pytest.raises(SettingsError) as caught:
        read(
            tmp_path,
            FROM="no address",
            PUBLIC_URL="papers.example.org",
            LOOKBACK_DAYS="soon",
            SECRET_KEY="hunter2",
            TIMEZONE="Mars/Olympus",
            SMTP_CA_FILE="/no/such.pem",
            NCBI_API_KEY_FILE="/no/such.key",
            UNCERTAIN="perhaps",
        )
    told = str(caught.value)
    names_of_the_wrong = (
        "FROM PUBLIC_URL LOOKBACK_DAYS SECRET_KEY TIMEZONE SMTP_CA_FILE NCBI_API_KEY_FILE UNCERTAIN LOOKBAK_DAYS"
    ).split()
    for name in names_of_the_wrong:
        assert f"BOT_{name}" in told
    assert len(caught.value.problems) == 9
    assert "hunter2" not in told


def test_repr_tells_no_secret(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        SECRET_KEY="0123456789abcdef",
        SMTP_URL="smtps://u:hunter2@h",
        DATABASE_URL="postgresql://u:hunter2@h/d",
    )
    assert "hunter2" not in repr(settings)
    assert "0123456789abcdef" not in repr(settings)


def test_names_are_those_of_the_interface() -> None:
    assert {"BOT_FROM", "BOT_DATABASE_URL", "BOT_UNCERTAIN_WAIT"} <= set(names())


def test_a_slip_in_the_environment_is_told_and_other_programs_variables_are_not(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such setting: 'BOT_FORM'; did you mean BOT_FROM"):
        read(tmp_path, FORM="x")
    read(tmp_path, TOKEN_OF_ANOTHER_PROGRAM="x", SMTP_CONNECTIONS="8")


def test_values_of_the_wrong_kind_and_places_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "bot.toml").write_text('timezone = ["x"]\n')
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, PUBMED_URL="https://user:geheim@h.example/x?api_key=k")
    told = str(caught.value)
    assert "BOT_TIMEZONE" in told
    assert ".env" in told
    assert "BOT_PUBMED_URL" in told
    assert "geheim" not in told
