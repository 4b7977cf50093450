"""Mail servers on loopback for tests: one that misbehaves on demand, and certificates to prove who they are."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bot.deliver.url import Security, SmtpUrl

#: Ways to misbehave that are no replies.
DROP, RESET, SILENCE, STALL = "<drop>", "<reset>", "<silence>", "<stall>"

OFFERS = ("PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
REPLIES = {
    "CONNECT": "220 test ESMTP",
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 taken",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}

#: What to say instead, by step (`RCPT`), by step and how many times it came (`RCPT 2`), or by step and
#: recipient (`RCPT zoe@reader.example`).
Script = Mapping[str, str]


class _GoneError(Exception):
    """This connection is over."""


class ScriptedServer:
    """A mail server that follows a script, and keeps what it was told."""

    def __init__(
        self,
        script: Script | None = None,
        offers: tuple[str, ...] = OFFERS,
        tls: ssl.SSLContext | None = None,
        *,
        tls_at_once: bool = False,
        at_once: int = 1000,
        lenient: bool = False,
    ) -> None:
        """See the class.

        Args:
            tls_at_once: speak TLS from the first byte.
            at_once: connections at a time; whoever comes beyond is told 421.
            lenient: want a body even though no recipient was accepted.
        """
        self.script: dict[str, str] = dict(script or {})
        self.offers, self._tls, self._tls_at_once = offers, tls, tls_at_once
        self.at_once, self.lenient = at_once, lenient
        self.commands: list[str] = []
        #: Recipient and content of what was answered with 250 at the dot.
        self.taken: list[tuple[str, bytes]] = []
        #: Recipients of everything whose final dot came.
        self.dots: list[str] = []
        self.connections = 0
        #: The same as `taken`, recipients alone, for each connection.
        self.sessions: list[list[str]] = []
        #: Set when silence begins.
        self.silent = threading.Event()
        #: Set at the end, for those who stall.
        self.over = threading.Event()
        self._times: Counter[str] = Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> SmtpUrl:
        """This server, in clear."""
        return SmtpUrl(Security.CLEAR, "127.0.0.1", self.port)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connected in list(self._open):
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _start(self, what: object, *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments, daemon=True)  # type: ignore[arg-type]  # a method
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connected)
            self._start(self._serve, connected)

    def _serve(self, connected: socket.socket) -> None:
        # A TLS socket takes the place of the plain one; both are closed at the end.
        with contextlib.suppress(_GoneError, OSError), _Talk(self, connected) as talk:
            if self._tls_at_once:
                talk.secure()
            talk.run()
        self._open.discard(connected)
        connected.close()

    def what(self, step: str, recipient: str = "") -> str:
        """What to say, or how to misbehave."""
        self._times[step] += 1
        if step == "CONNECT" and len(self._open) > self.at_once:
            return "421 4.7.0 too many connections"
        for key in (f"{step} {self._times[step]}", f"{step} {recipient}", step):
            if key in self.script:
                return self.script[key]
        return REPLIES[step]

    @property
    def tls(self) -> ssl.SSLContext:
        """The context to prove itself with."""
        assert self._tls is not None
        return self._tls


class _Talk:
    """One connection."""

    def __init__(self, server: ScriptedServer, connected: socket.socket) -> None:
        self._server, self._socket = server, connected
        self._file: BinaryIO = connected.makefile("rb")
        self._recipient = ""
        self._took: list[str] = []
        server.sessions.append(self._took)
        #: Whether MAIL, and then RCPT, was accepted.
        self._opened = self._accepted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def secure(self) -> None:
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
        self._file.close()
        self._file = self._socket.makefile("rb")

    def run(self) -> None:
        self._say("CONNECT")
        while line := self._file.readline():
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self._server.commands.append(command)
            step = command.split(" ", 1)[0].split(":", 1)[0].upper()
            if step == "EHLO":
                self._greet()
            elif step == "DATA":
                self._data()
            elif step in REPLIES or step in self._server.script:
                if step == "RCPT":
                    self._recipient = command.partition("<")[2].partition(">")[0]
                if step == "RCPT" and not self._opened:
                    self._send("503 5.5.1 MAIL first")
                    continue
                said = self._say(step)
                if step in {"MAIL", "RSET"}:
                    self._opened, self._accepted = step == "MAIL" and said.startswith("250"), False
                elif step == "RCPT":
                    self._accepted = said.startswith("250")
                if step == "STARTTLS" and said.startswith("220"):
                    self.secure()
                if step == "QUIT":
                    return
            else:
                self._send("502 5.5.1 what?")

    def _greet(self) -> None:
        if "EHLO" in self._server.script:
            self._act(self._server.script["EHLO"])
            return
        lines = ["test greets you", *self._server.offers]
        self._send("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    def _data(self) -> None:
        if not self._accepted and not self._server.lenient:
            # As servers do that are sent commands ahead (RFC 2920, 3.1).
            self._send("503 5.5.1 no valid recipients")
        elif self._say("DATA").startswith("354"):
            self._take()

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                raise _GoneError
            lines.append(line[1:] if line.startswith(b".") else line)
            if len(lines) == 1 and (early := self._server.script.get(f"BODY {self._recipient}")):
                self._act(early)
                raise _GoneError
        self._server.dots.append(self._recipient)
        said = self._server.what("DOT", self._recipient)
        if said.startswith("250"):
            self._server.taken.append((self._recipient, b"".join(lines)))
            self._took.append(self._recipient)
        self._act(said)

    def _say(self, step: str) -> str:
        said = self._server.what(step, self._recipient)
        self._act(said)
        return said

    def _act(self, said: str) -> None:
        if said == DROP:
            raise _GoneError
        if said == RESET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _GoneError
        if said == STALL:
            self._server.over.wait()
            raise _GoneError
        if said == SILENCE:
            self._server.silent.set()
            while self._socket.recv(65_536):
                pass
            raise _GoneError
        self._send(said)
        if said.startswith("421"):
            raise _GoneError

    def _send(self, said: str) -> None:
        self._socket.sendall(said.encode() + b"\r\n")


@dataclass(frozen=True)
class Certificates:
    """A certificate authority of our own, and what it has signed."""

    ca: Path
    #: For localhost and 127.0.0.1.
    good: Path
    #: For mail.example.net.
    other_name: Path

    def context(self, certificate: Path) -> ssl.SSLContext:
        """What a server with this certificate needs; the key is in the same file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context


_OPENSSL = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[good]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
[other]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:mail.example.net
"""


def make_certificates(folder: Path) -> Certificates:
    """Fresh ones, made by the `openssl` command."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    # A configuration of our own: what the machine's says differs, and verifiers grow stricter.
    (folder / "openssl.cnf").write_text(_OPENSSL)
    new = ("req", "-config", "openssl.cnf", "-x509", "-days", "2", "-nodes", "-newkey", "ec")
    curve = ("-pkeyopt", "ec_paramgen_curve:prime256v1")
    openssl(*new, *curve, "-subj", "/CN=Test CA", "-extensions", "ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("good", "other"):
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-extensions", name)
        openssl(*new, *curve, *signed, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        (folder / f"{name}.pem").write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text())
    return Certificates(folder / "ca.pem", folder / "good.pem", folder / "other.pem")


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        # Bound, not listening: whoever connects is refused.
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]
