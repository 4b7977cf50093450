"""`bot serve`: everything in one process, and a clean end."""

from __future__ import annotations

import json
import re
import signal
import socketserver
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.mailbox import Mail, Mailbox
from bot.demo.service import SampleService
from tests.programs import environment, ran


@contextmanager
def serving(folder: Path, *words: str, command: str = "serve", **settings: str) -> Iterator[subprocess.Popen[str]]:
    port = ["--port", "0"] if command == "serve" else []
    line = [sys.executable, "-m", "bot", command, *port, *words]
    with subprocess.Popen(line, cwd=folder, env=environment(**settings), stderr=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            if server.poll() is None:
                server.kill()


def line_with(server: subprocess.Popen[str], event: str) -> str:
    """The next log line about `event`; waits for it."""
    assert server.stderr is not None
    told = []
    for line in server.stderr:
        told.append(line)
        if f"event={event}" in line or f'event="{event}"' in line:
            return line
    pytest.fail(f"ended without a line about {event}: {told}")


def run(folder: Path, *words: str, **settings: str) -> None:
    done = ran(folder, *words, **settings)
    assert done.code == 0, done.err


def test_it_collects_sends_and_shows_and_stops_when_told(tmp_path: Path) -> None:
    with SampleService(datetime.now(UTC).date()) as service, Mailbox(tmp_path / "mails") as mailbox:
        settings = {
            "PUBMED_URL": service.pubmed_url,
            "EUROPEPMC_URL": service.europepmc_url,
            "NCBI_API_KEY": "sample",
            "FETCH_ALLOW_PRIVATE": "true",
            "SMTP_URL": mailbox.url,
            "FROM": "Concept Digest <digest@papers.example.org>",
            "POSTAL_ADDRESS": "1 Sample Street",
        }
        run(tmp_path, "feeds", "apply", "--starter", **settings)
        run(tmp_path, "subscribers", "add", "zoe@reader.example", "--feeds", "covid-19", **settings)
        run(tmp_path, "collect", **settings)
        run(tmp_path, "plan", "--all", **settings)
        with serving(tmp_path, **settings) as server:
            found = re.search(r"url=(\S+)", line_with(server, "page"))
            assert found is not None
            with urllib.request.urlopen(f"{found[1]}/healthz", timeout=10) as answer:
                assert answer.status == 200
            delivered = line_with(server, "delivered")
            assert "sent=1" in delivered
            assert "zoe" not in delivered
            with urllib.request.urlopen(f"{found[1]}/feeds/covid-19", timeout=10) as answer:
                assert "COVID-19" in answer.read().decode()
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
        assert [mail.recipient for mail in mailbox.mails] == ["zoe@reader.example"]


def test_without_a_mail_set_up_it_says_so_and_still_serves(tmp_path: Path) -> None:
    run(tmp_path, "feeds", "apply", "--starter")
    with serving(tmp_path, "--no-schedule") as server:
        assert "BOT_FROM: not set" in line_with(server, "not sending")
        line_with(server, "serving")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0


def hanging(answered: threading.Event) -> socketserver.ThreadingTCPServer:
    """A source that takes every request and never answers."""

    class Hanging(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1024)
            answered.set()
            # Until the other side gives up.
            self.request.recv(1)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hanging)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_a_source_that_hangs_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    asked = threading.Event()
    with hanging(asked) as source:
        url = f"http://127.0.0.1:{source.server_address[1]}"
        run(tmp_path, "feeds", "apply", "--starter")
        urls = {"PUBMED_URL": url, "EUROPEPMC_URL": url}
        with serving(tmp_path, "--no-web", FETCH_ALLOW_PRIVATE="true", **urls) as server:
            line_with(server, "serving")
            assert asked.wait(20)
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
        source.shutdown()


def test_delivering_by_hand_finishes_what_is_in_flight_when_told_to_stop(tmp_path: Path) -> None:
    at_dot, go_on = threading.Event(), threading.Event()

    class Slow(Mailbox):
        def take(self, sender: str, recipient: str, content: bytes) -> Mail:
            at_dot.set()
            assert go_on.wait(20)
            return super().take(sender, recipient, content)

    with SampleService(datetime.now(UTC).date()) as service, Slow(tmp_path / "mails") as mailbox:
        settings = {
            "PUBMED_URL": service.pubmed_url,
            "EUROPEPMC_URL": service.europepmc_url,
            "NCBI_API_KEY": "sample",
            "FETCH_ALLOW_PRIVATE": "true",
            "SMTP_URL": mailbox.url,
            "FROM": "Concept Digest <digest@papers.example.org>",
            "POSTAL_ADDRESS": "1 Sample Street",
        }
        run(tmp_path, "feeds", "apply", "--starter", **settings)
        for name in ("zoe", "ann", "bob"):
            run(tmp_path, "subscribers", "add", f"{name}@reader.example", "--feeds", "covid-19", **settings)
        run(tmp_path, "collect", **settings)
        run(tmp_path, "plan", "--all", **settings)
        command = [sys.executable, "-m", "bot", "deliver", "--json"]
        quiet = environment(**settings)
        with subprocess.Popen(command, cwd=tmp_path, env=quiet, stdout=subprocess.PIPE, text=True) as sender:
            assert at_dot.wait(20)
            sender.send_signal(signal.SIGTERM)
            go_on.set()
            out, _ = sender.communicate(timeout=15)
        assert sender.returncode == 3
        report = json.loads(out)
        assert (report["sent"], report["uncertain"], report["error"]) == (1, 0, None)
        run(tmp_path, "deliver", **settings)
        assert len({mail.recipient for mail in mailbox.mails}) == len(mailbox.mails) == 3
