"""The SMTP client against servers that misbehave, and against real ones."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from bot.deliver.smtp import Connection, Patience
from bot.deliver.url import Security, SmtpUrl
from bot.errors import MailServerError
from bot.models.deliveries import Message, Phase, Reply
from tests.deliver.servers import (
    DROP,
    OFFERS,
    RESET,
    SILENCE,
    STALL,
    Certificates,
    ScriptedServer,
    deaf_port,
    make_certificates,
)

#: Which patience runs out when a server is silent at a step.
WAITS = {"CONNECT": "banner", "EHLO": "session", "STARTTLS": "session", "AUTH": "session"}


def short(step: str, said: str = SILENCE) -> Patience:
    """Patience that soon runs out at one step, if nothing is said there."""
    return replace(Patience(), **{WAITS.get(step, step.lower()): 0.3}) if said == SILENCE else Patience()


LOCK_STEP = tuple(offer for offer in OFFERS if offer != "PIPELINING")
PASSWORD = "s3cret: é/@"


def message(number: int = 1, **changes: object) -> Message:
    values: dict[str, object] = {
        "sender": "bounce+token@papers.example.org",
        "recipient": f"reader{number}@reader.example",
        "subject": "Papers",
        "message_id": f"<{number}@papers.example.org>",
        "content": f"Subject: {number}\r\n\r\nHello\r\n.\r\n..dots\r\n".encode(),
    }
    return Message(**(values | changes))  # type: ignore[arg-type]  # the keys are those of the class


#: More than the buffers of both ends hold, so that the server has to read to get it.
BIG = message(1, content=b"Subject: 1\r\n\r\n" + b"0123456789\r\n" * 1_500_000)


class Ledger:
    """Counts how often the final dot was announced."""

    def __init__(self) -> None:
        self.dots = 0

    def __call__(self) -> None:
        self.dots += 1


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command here: it makes the certificates")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@contextmanager
def connected(server: ScriptedServer, **options: Any) -> Iterator[Connection]:
    connection = Connection(server.url, **options)
    try:
        yield connection
    finally:
        connection.close()


def test_messages_arrive_as_they_are_over_one_connection() -> None:
    ledger = Ledger()
    with ScriptedServer() as server:
        with connected(server, name="papers.example.org") as connection:
            replies = [connection.send(message(n), ledger) for n in range(1, 4)]
            assert connection.phase is Phase.DOT
        assert [str(reply) for reply in replies] == ["dot: 250 2.0.0 taken"] * 3
        assert server.taken == [(f"reader{n}@reader.example", message(n).content) for n in range(1, 4)]
        assert server.connections == 1
        assert server.commands[0] == "EHLO papers.example.org"
        assert server.commands[-1] == "QUIT"
        assert server.commands.count("RSET") == 2
    assert ledger.dots == 3


def test_a_fresh_connection_after_so_many_messages() -> None:
    with ScriptedServer() as server, connected(server, messages=2) as connection:
        for n in range(5):
            assert connection.send(message(n), Ledger()).code == 250
        assert server.connections == 3
        assert server.commands.count("QUIT") == 2


def test_without_a_name_the_address_introduces_us() -> None:
    with ScriptedServer() as server, connected(server) as connection:
        connection.open()
        assert server.commands == ["EHLO [127.0.0.1]"]


def test_a_name_goes_in_ascii() -> None:
    with ScriptedServer() as server, connected(server, name="bücher.example") as connection:
        connection.open()
        assert server.commands == ["EHLO xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("step", "phase"), [("MAIL", Phase.MAIL), ("RCPT", Phase.RCPT), ("DATA", Phase.DATA), ("DOT", Phase.DOT)]
)
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("offers", [OFFERS, LOCK_STEP], ids=["pipelining", "lock-step"])
@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (DROP, 0, "the mail server hung up"),
        (RESET, 0, "reset"),
        (SILENCE, 0, "no reply for 0.3 s"),
        ("421 4.3.2 closing", 421, "closing"),
        ("451 4.3.0 later", 451, "later"),
        ("554 5.3.0 never", 554, "never"),
        ("what?", 0, "no SMTP reply"),
        ("299-5.0.0 so\r\n554 or so", 0, "no SMTP reply"),
    ],
)
def test_each_misfortune_is_told_with_its_phase_and_harms_no_other(
    step: str, phase: Phase, number: int, said: str, code: int, text: str, offers: tuple[str, ...]
) -> None:
    ledger = Ledger()
    server = ScriptedServer({f"{step} {number}": said}, offers)
    with server, connected(server, patience=short(step, said)) as connection:
        replies = [connection.send(message(n), ledger) for n in (1, 2, 3)]
        reply = replies.pop(number - 1)
        assert reply.code == code
        # A reset takes with it what was said before and not read yet.
        assert reply.phase is phase or (said == RESET and phase is not Phase.DOT)
        assert text in reply.text
        assert [other.code for other in replies] == [250, 250]
        assert len(server.taken) == 2
    assert ledger.dots == (3 if phase is Phase.DOT else 2)


@pytest.mark.parametrize("said", [DROP, RESET, "421 4.7.0 too much", "552 5.3.4 too big"])
def test_a_server_that_goes_in_the_middle_of_the_body_has_not_taken_it(said: str) -> None:
    ledger = Ledger()
    with ScriptedServer({"BODY reader1@reader.example": said}, offers=()) as server, connected(server) as connection:
        reply = connection.send(BIG, ledger)
        assert reply.phase is Phase.DATA
        assert reply.code in {0, int(said[:3]) if said[:3].isdigit() else 0}
        assert connection.send(message(2), ledger).code == 250
        assert server.dots == ["reader2@reader.example"]
    assert ledger.dots == 1


def test_a_server_that_stops_reading_is_not_waited_for_without_end() -> None:
    ledger = Ledger()
    with ScriptedServer({"BODY reader1@reader.example": STALL}, offers=()) as server:
        with connected(server, patience=replace(short("BODY"), courtesy=0.3)) as connection:
            assert connection.send(BIG, ledger) == Reply(Phase.DATA, 0, "nothing taken for 0.3 s")
            assert connection.send(message(2), ledger).code == 250
        assert server.dots == ["reader2@reader.example"]
    assert ledger.dots == 1


def test_the_dot_waits_for_its_announcement() -> None:
    """If it cannot be written down that the message is handed over, it is not."""

    def disk_full() -> None:
        raise OSError("disk full")

    with ScriptedServer() as server, connected(server) as connection:
        with pytest.raises(OSError, match="disk full"):
            connection.send(message(1), disk_full)
        assert connection.send(message(2), Ledger()).code == 250
        assert server.dots == ["reader2@reader.example"]


def test_a_connection_that_ended_between_messages_is_opened_again_and_nothing_is_lost() -> None:
    with ScriptedServer({"RSET 1": DROP, "RSET 2": "421 idle", "RSET 3": "502 what?"}) as server:
        with connected(server) as connection:
            assert [connection.send(message(n), Ledger()).code for n in range(4)] == [250] * 4
        assert server.connections == 4
        assert len(server.taken) == 4


def test_a_wait_can_be_ended() -> None:
    with ScriptedServer({"DOT": SILENCE}) as server:
        connection = Connection(server.url)
        before = monotonic()
        reply = connection.send(message(), Ledger(), give_up=lambda: True)
        assert reply == Reply(Phase.DOT, 0, "stopped while waiting for a reply")
        assert monotonic() - before < 5
        connection.close()


@pytest.mark.parametrize(
    ("recipient", "content", "code", "enhanced"),
    [
        ("用户@例え.jp", b"Subject: 1\r\n\r\n", 553, "5.6.7"),
        ("reader1@reader.example", b"x" * 2000, 552, "5.3.4"),
    ],
)
def test_what_the_server_cannot_take_is_refused_without_asking(
    recipient: str, content: bytes, code: int, enhanced: str
) -> None:
    with ScriptedServer(offers=("SIZE 1000",)) as server, connected(server) as connection:
        reply = connection.send(message(recipient=recipient, content=content), Ledger())
        assert (reply.code, reply.enhanced) == (code, enhanced)
        assert connection.send(message(2), Ledger()).code == 250
        assert [c for c in server.commands if c.startswith("MAIL")] == [
            "MAIL FROM:<bounce+token@papers.example.org> SIZE=32"
        ]


@pytest.mark.parametrize("step", ["CONNECT", "EHLO"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (DROP, "hung up"),
        (RESET, "reset"),
        (SILENCE, "no reply for 0.3 s"),
        ("421 4.3.2 not now", "refused at {}: 421 4.3.2 not now"),
        ("451 4.3.0 later", "refused at {}: 451 4.3.0 later"),
        ("554 5.3.0 never", "refused at {}: 554 5.3.0 never"),
        ("HTTP/1.1 400 Bad Request", "no SMTP reply"),
    ],
)
def test_a_server_that_cannot_be_talked_to_at_all_is_named(step: str, said: str, words: str) -> None:
    with ScriptedServer({step: said}) as server, connected(server, patience=short(step, said)) as connection:
        with pytest.raises(MailServerError) as caught:
            connection.send(message(), Ledger())
        assert str(caught.value).startswith(f"mail server: 127.0.0.1:{server.port}: ")
        assert words.format(step.lower()) in str(caught.value)
        assert not any(command.startswith("HELO") for command in server.commands)
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_an_absent_server_is_named() -> None:
    with deaf_port() as port:
        connection = Connection(SmtpUrl(Security.CLEAR, "127.0.0.1", port))
        with pytest.raises(MailServerError, match="cannot be reached: connection refused; check BOT_SMTP_URL"):
            connection.open()
    connection = Connection(SmtpUrl(Security.TLS, "no-such-host.invalid", 465))
    with pytest.raises(MailServerError, match="cannot be reached: "):
        connection.open()


# TLS and AUTH


def under_tls(server: ScriptedServer, security: Security, host: str = "127.0.0.1") -> SmtpUrl:
    return SmtpUrl(security, host, server.port, "digest", PASSWORD)


def test_mail_goes_under_starttls_after_auth(certificates: Certificates) -> None:
    offers = ("STARTTLS", "AUTH PLAIN LOGIN", "SIZE")
    with ScriptedServer(offers=offers, tls=certificates.context(certificates.good)) as server:
        connection = Connection(under_tls(server, Security.STARTTLS), ca_file=certificates.ca)
        assert connection.send(message(), Ledger()).code == 250
        connection.close()
        assert [command.split()[0] for command in server.commands] == (
            ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
        )


def test_mail_goes_under_tls_from_the_first_byte(certificates: Certificates) -> None:
    context = certificates.context(certificates.good)
    with ScriptedServer(offers=("AUTH PLAIN",), tls=context, tls_at_once=True) as server:
        connection = Connection(under_tls(server, Security.TLS, "localhost"), ca_file=certificates.ca)
        replies = [connection.send(message(n), Ledger()).code for n in (1, 2, 3)]
        connection.close()
        assert replies == [250, 250, 250]
        assert server.connections == 1


@pytest.mark.parametrize(
    ("script", "offers", "words"),
    [
        ({}, ("AUTH PLAIN",), "offers no STARTTLS; not going on in clear"),
        ({"STARTTLS": "454 4.7.0 not now"}, ("STARTTLS",), "refused at starttls: 454 4.7.0 not now"),
        ({"STARTTLS": DROP}, ("STARTTLS",), "lost at starttls: the mail server hung up"),
        ({"STARTTLS": SILENCE}, ("STARTTLS",), "lost at starttls: no reply"),
        ({"STARTTLS": "220 go\r\n250 injected"}, ("STARTTLS",), "said in clear before TLS"),
        ({}, ("STARTTLS",), "offers neither AUTH PLAIN nor LOGIN"),
        ({}, ("STARTTLS", "AUTH CRAM-MD5"), "offers neither AUTH PLAIN nor LOGIN"),
        ({"AUTH": "535 5.7.8 who?"}, ("STARTTLS", "AUTH PLAIN"), "refused at auth: 535 5.7.8 who?; check user and"),
        ({"AUTH": "535 5.7.8 not " + PASSWORD}, ("STARTTLS", "AUTH PLAIN"), "refused at auth: 535 5.7.8; check"),
        ({"AUTH": DROP}, ("STARTTLS", "AUTH PLAIN"), "lost at auth: the mail server hung up"),
        ({"AUTH": SILENCE}, ("STARTTLS", "AUTH PLAIN"), "lost at auth: no reply"),
        ({"AUTH": "421 4.7.0 no"}, ("STARTTLS", "AUTH PLAIN"), "refused at auth: 421 4.7.0 no"),
    ],
)
def test_with_less_security_than_asked_for_nothing_is_sent(
    certificates: Certificates, script: dict[str, str], offers: tuple[str, ...], words: str
) -> None:
    patience = short("AUTH", *script.values()) if script else Patience()
    with ScriptedServer(script, offers, certificates.context(certificates.good)) as server:
        connection = Connection(under_tls(server, Security.STARTTLS), ca_file=certificates.ca, patience=patience)
        with pytest.raises(MailServerError) as caught:
            connection.send(message(), Ledger())
        assert words in str(caught.value)
        assert "s3cret" not in str(caught.value)
        assert not any(command.startswith("MAIL") for command in server.commands)
        assert not any(c.startswith("AUTH") for c in server.commands[: server.commands.index("EHLO [127.0.0.1]") + 1])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_server_that_cannot_prove_itself_gets_neither_password_nor_mail(
    certificates: Certificates, security: Security
) -> None:
    at_once = security is Security.TLS
    for certificate, ca_file, words in (
        (certificates.good, None, "its certificate is not trusted: "),
        (certificates.other_name, certificates.ca, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ):
        context = certificates.context(certificate)
        with ScriptedServer(offers=("STARTTLS", "AUTH PLAIN"), tls=context, tls_at_once=at_once) as server:
            connection = Connection(under_tls(server, security), ca_file=ca_file)
            with pytest.raises(MailServerError) as caught:
                connection.send(message(), Ledger())
            assert words in str(caught.value)
            assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_clear_text_where_tls_should_be_is_named(certificates: Certificates) -> None:
    with ScriptedServer() as server:
        connection = Connection(under_tls(server, Security.TLS), ca_file=certificates.ca)
        with pytest.raises(MailServerError, match=r"no TLS with it: WRONG_VERSION_NUMBER; check scheme and port"):
            connection.open()


def test_a_certificate_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    connection = Connection(SmtpUrl(Security.TLS, "127.0.0.1", 1), ca_file=tmp_path / "ca.pem")
    with pytest.raises(MailServerError, match="no certificates in BOT_SMTP_CA_FILE"):
        connection.open()


# Real servers


class Mailbox:
    """Keeps what aiosmtpd takes in, and knows one user."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.mechanisms: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
        self.mechanisms.append(mechanism)
        known = LoginPassword(b"digest", PASSWORD.encode())
        return AuthResult(success=login == known, handled=False)


@contextmanager
def aiosmtpd(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_aiosmtpd_takes_mail_after_starttls_and_auth(certificates: Certificates, excluded: list[str]) -> None:
    mailbox = Mailbox()
    options = {
        "authenticator": mailbox.authenticate,
        "auth_required": True,
        "auth_exclude_mechanism": excluded,
        "require_starttls": True,
        "tls_context": certificates.context(certificates.good),
        "enable_SMTPUTF8": True,
    }
    with aiosmtpd(mailbox, **options) as port:
        url = SmtpUrl.parse(f"smtp+starttls://digest:{quote(PASSWORD, safe='')}@localhost:{port}")
        connection = Connection(url, ca_file=certificates.ca)
        assert connection.send(message(1), Ledger()).code == 250
        assert connection.send(message(2, recipient="用户@例え.jp"), Ledger()).code == 250
        connection.close()
        wrong = Connection(replace(url, password="wrong"), ca_file=certificates.ca)
        with pytest.raises(MailServerError, match="refused at auth: 535"):
            wrong.open()
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [
        ["reader1@reader.example"],
        ["用户@xn--r8jz45g.jp"],
    ]
    assert mailbox.envelopes[0].mail_from == "bounce+token@papers.example.org"
    assert mailbox.envelopes[0].original_content == message(1).content
    assert mailbox.mechanisms == (["LOGIN"] * 2 if excluded else ["PLAIN"] * 2)


@pytest.fixture
def smtp_sink() -> Iterator[Callable[..., SmtpUrl]]:
    """Starts Postfix's sink with the given switches; gives its URL."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if program is None:
        pytest.skip("no smtp-sink here: it comes with the package postfix")
    started: list[subprocess.Popen[bytes]] = []

    def start(*switches: str) -> SmtpUrl:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        # It refuses to work as root.
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        words = [program, *user, *switches, f"127.0.0.1:{port}", "10"]
        started.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
        deadline = monotonic() + 10
        while monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                continue
            return SmtpUrl(Security.CLEAR, "127.0.0.1", port)
        raise AssertionError("smtp-sink does not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("switches", "phase", "code"),
    [
        ((), Phase.DOT, 250),
        (("-q", "MAIL"), Phase.MAIL, 0),
        (("-q", "RCPT"), Phase.RCPT, 0),
        (("-q", "DATA"), Phase.DATA, 0),
        (("-q", "."), Phase.DOT, 0),
        (("-r", "RCPT"), Phase.RCPT, 450),
        (("-f", "."), Phase.DOT, 500),
    ],
)
def test_smtp_sink(smtp_sink: Callable[..., SmtpUrl], switches: tuple[str, ...], phase: Phase, code: int) -> None:
    connection = Connection(smtp_sink(*switches))
    replies = [connection.send(message(n), Ledger()) for n in range(3)]
    connection.close()
    assert {(reply.phase, reply.code) for reply in replies} == {(phase, code)}
