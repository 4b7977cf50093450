"""A folder on an IMAP server (RFC 3501): what has no \\Seen flag is read in part, and gets it once it was taken."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot.errors import MailboxError
from bot.suppress.mailbox_url import ImapUrl
from bot.suppress.mailboxes import Unread
from bot.suppress.mails import READ_AT_MOST, is_told_by_header

#: Seconds that the server may take for one answer.
PATIENCE = 60.0
#: Of what the server says.
_WORDS = 200
_UID = re.compile(r"\d{1,10}", re.ASCII)


class ImapFolder:
    """The mails of a folder that nobody has seen; it is connected to when it is first asked for something."""

    def __init__(self, url: ImapUrl, patience: float = PATIENCE) -> None:
        self._url, self._patience = url, patience
        self._connection: imaplib.IMAP4 | None = None

    @property
    def name(self) -> str:
        """Its URL without credentials."""
        return self._url.name

    def unread(self) -> Iterator[Unread]:
        """In the order in which they came; of people's mails the header alone, since they are here each time."""
        for uid in self._unseen():
            content = self._fetched(uid, "HEADER")
            if content and not is_told_by_header(content):
                content = self._fetched(uid, "")
            # Nothing, where somebody else has moved it meanwhile.
            if content:
                yield Unread(uid, content)

    def count(self) -> int:
        """How many there are."""
        return len(self._unseen())

    def mark(self, mail: Unread) -> None:
        """Give it the \\Seen flag."""
        self._uid("STORE", mail.name, "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Log out; nothing waits for it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.logout()
            except (imaplib.IMAP4.error, OSError):
                connection.shutdown()

    def _fetched(self, uid: str, section: str) -> bytes:
        found = self._uid("FETCH", uid, f"(BODY.PEEK[{section}]<0.{READ_AT_MOST}>)")
        return next((one[1] for one in found if isinstance(one, tuple) and isinstance(one[1], bytes)), b"")

    def _unseen(self) -> list[str]:
        found = self._uid("SEARCH", "UNSEEN")
        listed = b" ".join(one for one in found if isinstance(one, bytes)).decode("ascii", "replace")
        return _UID.findall(listed)

    def _uid(self, command: str, *words: str) -> Sequence[Any]:
        return self._ask(lambda: self._there().uid(command, *words), command)

    def _there(self) -> imaplib.IMAP4:
        if self._connection is None:
            self._connection = self._connected()
            self._log_in(self._connection)
            name = '"' + self._url.folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            self._ask(lambda: self._there().select(name), "SELECT")
        return self._connection

    def _connected(self) -> imaplib.IMAP4:
        url = self._url
        if url.clear:
            return imaplib.IMAP4(url.host, url.port, timeout=self._patience)
        context = ssl.create_default_context(cafile=str(url.ca_file) if url.ca_file else None)
        return imaplib.IMAP4_SSL(url.host, url.port, ssl_context=context, timeout=self._patience)

    def _log_in(self, connection: imaplib.IMAP4) -> None:
        try:
            secret = self._url.secret()
        except (OSError, UnicodeDecodeError) as error:
            raise self._wrong(f"the password's file cannot be read ({type(error).__name__})") from error
        if "AUTH=PLAIN" in connection.capabilities:
            # RFC 4616; unlike LOGIN it has a way to write what is not ASCII.
            said = f"\0{self._url.user}\0{secret}".encode()
            self._ask(lambda: connection.authenticate("PLAIN", lambda _: said), "AUTHENTICATE")
        elif f"{self._url.user}{secret}".isascii():
            user = self._url.user.replace("\\", "\\\\").replace('"', '\\"')
            self._ask(lambda: connection.login(f'"{user}"', secret), "LOGIN")
        else:
            raise self._wrong("takes no user or password beyond ASCII (it offers no AUTH=PLAIN)")

    def _ask(self, step: Callable[[], tuple[str, Sequence[Any]]], what: str) -> Sequence[Any]:
        """What the server answers.

        Raises:
            MailboxError: it says no, or nothing, or cannot be reached or trusted. What we said is not told.
        """
        try:
            status, found = step()
        except ssl.SSLError as error:
            words = getattr(error, "verify_message", "") or error.reason or error
            raise self._wrong(f"no TLS that can be trusted: {_brief(words).lower()}") from error
        except imaplib.IMAP4.abort as error:
            raise self._wrong(f"went away at {what}: {_brief(error)}") from None
        except imaplib.IMAP4.error as error:
            raise self._wrong(f"refused at {what}: {_brief(error)}") from None
        except OSError as error:
            raise self._wrong(f"cannot be reached: {_brief(error.strerror or error).lower()}") from error
        if status != "OK":
            raise self._wrong(f"refused at {what}: {_brief(found[0] if found else '')}")
        return found

    def _wrong(self, problem: str) -> MailboxError:
        return MailboxError(self.name, problem)


def _brief(said: object) -> str:
    """The server's words in one line; they come as bytes, or with those written out."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if words.startswith(("b'", 'b"')):
        words = words[2:-1]
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_WORDS]
