"""Services of the outside world on 127.0.0.1: one that answers as a test tells it, and time that nobody waits for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

from bot.collect.fetch import Fetcher, Limits


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    #: Of the address and, for a form, of the body.
    fields: Mapping[str, str]
    headers: Mapping[str, str]
    #: The address as it was asked for.
    target: str = ""


@dataclass(frozen=True)
class Answer:
    """What goes back; `promised` is the Content-Length where it is a lie."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    #: The connection is closed without a word.
    dropped: bool = False


Rule = Callable[[Asked], Answer]


class Service:
    """An HTTP server whose paths answer by rules."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.rules: dict[str, Rule] = {}
        service = self

        class Conversation(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                fields = dict(parse_qsl(url.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, url.path, fields, headers, self.path)
                service.asked.append(asked)
                rule = service.rules.get(url.path)
                self.say(rule(asked) if rule else Answer(404))

            def do_POST(self) -> None:
                self.do_GET()

            def say(self, answer: Answer) -> None:
                if answer.dropped:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header(
                    "Content-Length", str(len(answer.body) if answer.promised is None else answer.promised)
                )
                self.end_headers()
                try:
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True
                self.close_connection = self.close_connection or answer.promised is not None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Answers until `end`."""
        self._server.serve_forever(poll_interval=0.01)

    def end(self) -> None:
        """Closes the door."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def loopback() -> Iterator[Service]:
    """A running service."""
    service = Service()
    thread = Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.end()
        thread.join()


def always(answer: Answer) -> Rule:
    """The same answer to everybody."""
    return lambda _: answer


def in_turn(*answers: Answer) -> Rule:
    """One answer after the other, the last again and again."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def as_json(value: object) -> Answer:
    """A JSON document."""
    return Answer(body=json.dumps(value).encode(), kind="application/json")


@dataclass
class Time:
    """Seconds that pass only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        if seconds:
            self.slept.append(seconds)
        self.now += seconds


def fetcher(time: Time | None = None, *, allow_private: bool = True, limits: Limits | None = None) -> Fetcher:
    """A fetcher that never really waits between its tries."""
    time = time or Time()
    return Fetcher(
        contact="admin@papers.example.org",
        allow_private=allow_private,
        limits=limits or Limits(),
        clock=time.clock,
        wall=time.clock,
        sleep=time.sleep,
        chance=lambda: 0.0,
    )
