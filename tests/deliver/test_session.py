"""Sessions in which a message is begun with the dot of the one before; and logging in with a token."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.deliver.smtp import Connection, Session
from bot.deliver.url import Security, SmtpUrl
from bot.errors import MailServerError
from bot.models.deliveries import Message, Phase, Reply
from tests.deliver.servers import DROP, OFFERS, RESET, Certificates, ScriptedServer, make_certificates
from tests.deliver.test_smtp import message

OK = Reply(Phase.DOT, 250, "taken", "2.0.0")


def send_all(server: ScriptedServer, some: Sequence[Message], **options: Any) -> list[Reply]:
    """The replies to messages of which each is offered to be begun with the dot of the one before."""

    async def go() -> list[Reply]:
        session = Session(server.url, **options)
        left, replies = list(some), []

        async def yes() -> bool:
            return True

        while left:
            one = left.pop(0)
            replies.append(await session.send(one, yes, lambda: left[0] if left else None))
        await session.close()
        return replies

    return asyncio.run(go())


def test_a_message_is_one_round_trip_and_nothing_is_asked_between() -> None:
    some = [message(n) for n in range(1, 6)]
    with ScriptedServer() as server:
        assert send_all(server, some) == [OK] * 5
        assert [content for _, content in server.taken] == [one.content for one in some]
        assert [command.split()[0].partition(":")[0] for command in server.commands] == (
            ["EHLO", *["MAIL", "RCPT", "DATA"] * 5, "QUIT"]
        )


def test_without_pipelining_nothing_is_begun_early() -> None:
    some = [message(n) for n in range(1, 4)]
    with ScriptedServer(offers=tuple(offer for offer in OFFERS if offer != "PIPELINING")) as server:
        assert send_all(server, some) == [OK] * 3
        assert server.commands.count("RSET") == 2


def test_messages_over_a_connection_are_counted_with_those_begun_early() -> None:
    with ScriptedServer() as server:
        assert send_all(server, [message(n) for n in range(7)], messages=3) == [OK] * 7
        assert [len(session) for session in server.sessions] == [3, 3, 1]


@pytest.mark.parametrize("said", [DROP, RESET, "421 4.3.2 closing"])
def test_what_was_begun_with_a_dot_that_was_lost_is_surely_not_sent_and_goes_again(said: str) -> None:
    with ScriptedServer({"DOT 2": said}) as server:
        replies = send_all(server, [message(n) for n in (1, 2, 3, 4)])
        assert [(reply.phase, reply.code // 100) for reply in replies if reply != OK] == [
            (Phase.DOT, 4 if said.startswith("421") else 0)
        ]
        assert [replies[n] for n in (0, 2, 3)] == [OK] * 3
        assert server.dots == [f"reader{n}@reader.example" for n in (1, 2, 3, 4)]
        assert server.connections == 2


@pytest.mark.parametrize(("step", "phase"), [("MAIL", Phase.MAIL), ("RCPT", Phase.RCPT), ("DATA", Phase.DATA)])
@pytest.mark.parametrize("said", [DROP, "451 4.3.0 later", "554 5.3.0 never"])
def test_what_goes_wrong_with_one_that_was_begun_early_is_its_own(step: str, phase: Phase, said: str) -> None:
    with ScriptedServer({f"{step} 2": said}) as server:
        first, second, third = send_all(server, [message(n) for n in (1, 2, 3)])
        assert (first, third) == (OK, OK)
        assert (second.phase, second.code) == (phase, int(said[:3]) if said != DROP else 0)
        assert server.dots == ["reader1@reader.example", "reader3@reader.example"]


def test_a_server_that_wants_a_body_for_nobody_gets_none() -> None:
    """RFC 2920, 3.1, has clients send a lone dot then; an empty message might be delivered."""
    with ScriptedServer({"RCPT 2": "550 5.1.1 no such user"}, lenient=True) as server:
        replies = send_all(server, [message(n) for n in (1, 2, 3)])
        assert [reply.code for reply in replies] == [250, 550, 250]
        assert server.dots == ["reader1@reader.example", "reader3@reader.example"]
        assert all(content for _, content in server.taken)
        assert server.connections == 2


def test_what_is_refused_here_is_not_begun_early() -> None:
    some = [message(1), message(2, recipient="no body@reader.example"), message(3)]
    with ScriptedServer() as server:
        assert [reply.code for reply in send_all(server, some)] == [250, 553, 250]
        assert server.connections == 1


def test_a_server_that_closes_while_it_is_written_down_has_not_got_the_dot() -> None:
    async def go(server: ScriptedServer) -> Reply:
        session = Session(server.url)
        said = asyncio.Event()

        async def slowly() -> bool:
            # The server says so right after 354, and all of it is read before this goes on.
            await asyncio.wait_for(_unasked(session, said), 10)
            return True

        reply = await session.send(message(1), slowly)
        assert not session.is_open
        return reply

    with ScriptedServer({"BODY reader1@reader.example": "421 4.4.2 idle for too long"}) as server:
        # Whether it is seen before or after it is written down: the dot is not sent.
        reply = asyncio.run(go(server))
        assert (reply.phase, reply.code) == (Phase.DATA, 421)
        assert server.dots == []


async def _unasked(session: Session, said: asyncio.Event) -> None:
    wire = session._wire
    assert wire is not None
    while not wire.unasked():
        await asyncio.sleep(0.01)
    said.set()


# Logging in with a token


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command here: it makes the certificates")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def with_token(server: ScriptedServer, file: Path) -> SmtpUrl:
    return SmtpUrl.parse(
        f"smtp+starttls://digest%40papers.example.org@localhost:{server.port}?auth=xoauth2&token_file={file}"
    )


def test_a_token_is_read_anew_at_each_login(certificates: Certificates, tmp_path: Path) -> None:
    file = tmp_path / "token"
    context = certificates.context(certificates.good)
    with ScriptedServer(offers=("STARTTLS", "AUTH PLAIN XOAUTH2"), tls=context) as server:
        connection = Connection(with_token(server, file), ca_file=certificates.ca)
        for token in ("first", "second"):
            file.write_text(f"{token}\n")
            connection.open()
            connection.close()
        logins = [command.split() for command in server.commands if command.startswith("AUTH")]
    assert [words[:2] for words in logins] == [["AUTH", "XOAUTH2"]] * 2
    assert [base64.b64decode(words[2]) for words in logins] == [
        b"user=digest@papers.example.org\1auth=Bearer first\1\1",
        b"user=digest@papers.example.org\1auth=Bearer second\1\1",
    ]


@pytest.mark.parametrize(
    "script", [{"AUTH": "334 eyJzdGF0dXMiOiI0MDEifQ==", "": "535 5.7.8 expired"}, {"AUTH": "535 5.7.8 expired"}]
)
def test_a_token_that_is_refused_is_told(certificates: Certificates, tmp_path: Path, script: dict[str, str]) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret")
    context = certificates.context(certificates.good)
    with ScriptedServer(script, ("STARTTLS", "AUTH XOAUTH2"), context) as server:
        connection = Connection(with_token(server, file), ca_file=certificates.ca)
        with pytest.raises(MailServerError, match=r"refused at auth: 535 5\.7\.8 expired; check user") as caught:
            connection.open()
        assert not caught.value.passing
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", [None, " \n"])
def test_without_a_token_nobody_logs_in(certificates: Certificates, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    context = certificates.context(certificates.good)
    with ScriptedServer(offers=("STARTTLS", "AUTH XOAUTH2"), tls=context) as server:
        connection = Connection(with_token(server, file), ca_file=certificates.ca)
        with pytest.raises(MailServerError, match=r"the token_file cannot be read, or is empty: '.*token'"):
            connection.open()
        assert not any(command.startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize(
    ("script", "passing"),
    [
        ({"CONNECT": "554 5.3.2 no"}, True),
        ({"EHLO": DROP}, True),
        ({"STARTTLS": "454 4.7.0 not now"}, True),
        ({"STARTTLS": "554 5.7.0 never"}, False),
        ({"STARTTLS": DROP}, True),
        ({"AUTH": DROP}, True),
        ({"AUTH": "454 4.7.0 not now"}, True),
        ({"AUTH": "535 5.7.8 who?"}, False),
    ],
)
def test_what_may_pass_is_told_from_what_wants_an_admin(
    certificates: Certificates, script: dict[str, str], passing: bool
) -> None:
    context = certificates.context(certificates.good)
    with ScriptedServer(script, ("STARTTLS", "AUTH PLAIN"), context) as server:
        url = SmtpUrl(Security.STARTTLS, "localhost", server.port, "digest", "s3cret")
        with pytest.raises(MailServerError) as caught:
            Connection(url, ca_file=certificates.ca).open()
        assert caught.value.passing is passing


def test_a_certificate_that_is_not_trusted_does_not_pass(certificates: Certificates) -> None:
    with ScriptedServer(offers=("STARTTLS",), tls=certificates.context(certificates.other_name)) as server:
        with pytest.raises(MailServerError) as caught:
            Connection(SmtpUrl(Security.STARTTLS, "localhost", server.port), ca_file=certificates.ca).open()
        assert not caught.value.passing


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
def test_a_name_that_is_none_is_named(host: str) -> None:
    with pytest.raises(MailServerError, match="no such host name; check BOT_SMTP_URL"):
        Connection(SmtpUrl(Security.TLS, host, 465)).open()
