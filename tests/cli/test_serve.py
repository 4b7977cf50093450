"""`bot serve`: everything in one process, and a clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.mailbox import Mailbox
from bot.demo.service import SampleService


@contextmanager
def serving(folder: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment = quiet | {f"BOT_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "bot", "serve", "--port", "0", *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
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
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment = quiet | {f"BOT_{name}": value for name, value in settings.items()}
    subprocess.run([sys.executable, "-m", "bot", *words], cwd=folder, env=environment, check=True, capture_output=True)


def test_it_collects_sends_and_shows_and_stops_when_told(tmp_path: Path) -> None:
    with SampleService(datetime.now(UTC).date()) as service, Mailbox(tmp_path / "mails") as mailbox:
        settings = {
            "PUBMED_URL": service.pubmed_url,
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
