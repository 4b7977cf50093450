"""Where bounces are read: `BOT_BOUNCES`, read: a Maildir's folder, or the URL of a folder on an IMAP server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from bot.errors import SettingsError
from bot.settings import is_loopback

VARIABLE = "BOT_BOUNCES"
NO_URL = (
    "not a mailbox; write the folder of a Maildir, or imaps://user:password@host/INBOX, with @ / : # ? % in users and "
    "passwords percent-encoded"
)
#: What may follow a URL's `?`.
OPTIONS = ("password_file", "ca_file")
#: RFC 3501 and RFC 8314.
PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True, slots=True)
class ImapUrl:
    """A folder on an IMAP server, and who we are to it."""

    host: str
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)
    folder: str
    #: Not at all protected: on this machine only.
    clear: bool = False
    #: Holds the password, and is read at each login.
    password_file: Path | None = None
    #: CA certificates to trust, instead of the system's.
    ca_file: Path | None = None

    @property
    def name(self) -> str:
        """`imaps://mail.example.org:993/INBOX`: fit to be shown, there are no credentials in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'imap' if self.clear else 'imaps'}://{host}:{self.port}/{self.folder}"

    def secret(self) -> str:
        """The password, as it is now.

        Raises:
            OSError, UnicodeDecodeError: its file cannot be read.
        """
        return self.password if self.password_file is None else self.password_file.read_text("utf-8").strip()


def read_mailbox(text: str) -> ImapUrl | Path:
    """The mailbox that `text` names.

    Raises:
        SettingsError: it names none, or one that must not be asked so. What was written is not repeated: there may be
            a password in it.
    """
    text = text.strip()
    if "://" not in text:
        if not text or "\0" in text:
            raise _wrong(NO_URL)
        return Path(text).expanduser()
    return _imap(text)


def _imap(text: str) -> ImapUrl:
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        # Not chained: the cause may quote a password that was taken for a port.
        raise _wrong(NO_URL) from None
    if parts.scheme not in PORTS or not host or parts.fragment:
        raise _wrong(NO_URL)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (parts.query and not options) or set(options) - set(OPTIONS):
        raise _wrong(f"{NO_URL}; after ? there may be {' and '.join(OPTIONS)}")
    clear = parts.scheme == "imap"
    if clear and not is_loopback(host):
        raise _wrong(f"not in clear over the network: '{host}'; write imaps://")
    user, password = _unquoted(parts.username), _unquoted(parts.password)
    if not user or bool(password) == ("password_file" in options):
        raise _wrong("a user and a password are needed, or ?password_file= in the place of the password")
    folder = _unquoted(parts.path.removeprefix("/")) or "INBOX"
    if not folder.isascii():
        raise _wrong("the folder's name is to be written as the server lists it, in modified UTF-7")
    return ImapUrl(
        host,
        port or PORTS[parts.scheme],
        user,
        password,
        folder,
        clear,
        Path(options["password_file"]) if "password_file" in options else None,
        Path(options["ca_file"]) if "ca_file" in options else None,
    )


def _unquoted(quoted: str | None) -> str:
    try:
        text = unquote(quoted or "", errors="strict")
    except UnicodeDecodeError:
        raise _wrong("it is not UTF-8 when percent-decoded") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise _wrong("it holds control characters")
    return text


def _wrong(problem: str) -> SettingsError:
    return SettingsError([f"{VARIABLE}: {problem}"])
