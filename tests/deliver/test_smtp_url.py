"""BOT_SMTP_URL, by values."""

from __future__ import annotations

import pytest

from bot.deliver.url import Security, SmtpUrl
from bot.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("smtp://127.0.0.1:1025", SmtpUrl(Security.CLEAR, "127.0.0.1", 1025)),
        ("smtp://localhost", SmtpUrl(Security.CLEAR, "localhost", 25)),
        ("smtp://[::1]:2525/", SmtpUrl(Security.CLEAR, "::1", 2525)),
        ("smtp+starttls://mail.example.org", SmtpUrl(Security.STARTTLS, "mail.example.org", 587)),
        ("smtps://digest:s3cret@mail.example.org", SmtpUrl(Security.TLS, "mail.example.org", 465, "digest", "s3cret")),
        (
            "smtps://me%40papers.example.org:p%3A%2F%40%25%C3%A9+@mail.example.org:4650",
            SmtpUrl(Security.TLS, "mail.example.org", 4650, "me@papers.example.org", "p:/@%é+"),
        ),
        ("smtps://m\u00fcller.example", SmtpUrl(Security.TLS, "xn--mller-kva.example", 465)),
    ],
)
def test_a_mail_server_is_read(text: str, url: SmtpUrl) -> None:
    assert SmtpUrl.parse(text) == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a mail server's URL; write smtp"),
        ("mail.example.org:587", "not a mail server's URL"),
        ("http://mail.example.org", "not a mail server's URL"),
        ("smtps://", "not a mail server's URL"),
        ("smtps://host:99999", "not a mail server's URL"),
        ("smtps://host:port", "not a mail server's URL"),
        ("smtps://[::1", "not a mail server's URL"),
        ("smtps://digest:s3cr/et@host", "percent-encoded"),
        ("smtps://host/path", "percent-encoded"),
        ("smtps://host?tls=no", "percent-encoded"),
        ("smtps://digest@host", "belong together"),
        ("smtps://:s3cret@host", "belong together"),
        ("smtps://digest:%FF@host", "is not UTF-8"),
        ("smtps://digest:s3cret%00@host", "NUL"),
        ("smtp://mail.example.org:25", "not in clear over the network: 'mail.example.org'"),
        ("smtp://10.0.0.1", "not in clear over the network"),
        ("smtp://127.0.0.1.example.org", "not in clear over the network"),
        ("smtp://digest:s3cret@127.0.0.1", "under TLS only"),
        ("smtps://a\u2024b..example", "no such host name"),
    ],
)
def test_what_is_none_or_unsafe_is_refused_without_repeating_secrets(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match="BOT_SMTP_URL") as caught:
        SmtpUrl.parse(text)
    assert words in str(caught.value)
    assert "s3cr" not in str(caught.value)


def test_credentials_are_never_shown() -> None:
    url = SmtpUrl.parse("smtps://digest:s3cret@mail.example.org")
    assert url.server == "mail.example.org:465"
    assert "s3cret" not in repr(url)
    assert "digest" not in repr(url)
    assert SmtpUrl.parse("smtp://[::1]:25").server == "[::1]:25"
