"""`bot worker`, and `bot serve` on PostgreSQL: who does what, and how it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli.checks import _leader
from bot.demo.mailbox import Mail, Mailbox
from bot.demo.service import SampleService
from bot.store.leader import LeaderRecord
from tests.cli.test_serve import line_with, run, serving
from tests.programs import ran


@pytest.fixture
def outside(tmp_path: Path, postgres_url: str) -> Iterator[tuple[dict[str, str], Mailbox]]:
    """Settings for machines that share a database, and the mailbox that they send to."""
    with SampleService(datetime.now(UTC).date()) as service, Mailbox(tmp_path / "mails") as mailbox:
        settings = {
            "DATABASE_URL": postgres_url,
            "PUBMED_URL": service.pubmed_url,
            "EUROPEPMC_URL": service.europepmc_url,
            "NCBI_API_KEY": "sample",
            "FETCH_ALLOW_PRIVATE": "true",
            "SMTP_URL": mailbox.url,
            "FROM": "Concept Digest <digest@papers.example.org>",
            "POSTAL_ADDRESS": "1 Sample Street",
        }
        run(tmp_path, "db", "upgrade", **settings)
        run(tmp_path, "feeds", "apply", "--starter", **settings)
        run(tmp_path, "subscribers", "add", "zoe@reader.example", "--feeds", "covid-19", **settings)
        yield settings, mailbox


def test_on_sqlite_there_is_nothing_to_share(tmp_path: Path) -> None:
    done = ran(tmp_path, "worker")
    assert done.code == 1
    assert done.err.startswith("bot: worker: sqlite:///bot.db: serves one machine")
    assert "PostgreSQL" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (LeaderRecord("one:1", 3, leads=True), "one:1, term 3"),
        (LeaderRecord("", 0, leads=False), "nobody leads; start `bot serve` on some machine"),
        (
            LeaderRecord("one:1", 3, leads=False),
            "nobody leads (one:1 did last, term 3); start `bot serve` on some machine",
        ),
    ],
)
def test_check_tells_who_leads(there: LeaderRecord, words: str) -> None:
    assert _leader(there) == words


def test_a_worker_delivers_what_another_machine_planned(
    tmp_path: Path, outside: tuple[dict[str, str], Mailbox]
) -> None:
    settings, mailbox = outside
    alive = tmp_path / "alive"
    with serving(tmp_path, "--name", "two", "--alive", str(alive), command="worker", **settings) as worker:
        assert "letters,deliver,plan,collect" in line_with(worker, "working")
        run(tmp_path, "collect", **settings)
        run(tmp_path, "plan", "--all", **settings)
        line = line_with(worker, "delivered")
        assert "sent=1" in line
        assert "worker=two" in line
        assert alive.exists()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert [mail.recipient for mail in mailbox.mails] == ["zoe@reader.example"]


def test_one_machine_alone_leads_and_does_it_all(tmp_path: Path, outside: tuple[dict[str, str], Mailbox]) -> None:
    settings, mailbox = outside
    with serving(tmp_path, "--no-web", **settings) as server:
        assert "term=1" in line_with(server, "leading")
        line_with(server, "collected")
        run(tmp_path, "plan", "--all", **settings)
        assert "sent=1" in line_with(server, "delivered")
        with serving(tmp_path, "--no-web", "--no-deliver", **settings) as standby:
            line_with(standby, "serving")
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
            assert "term=2" in line_with(standby, "leading")
            standby.send_signal(signal.SIGTERM)
            assert standby.wait(10) == 0
    assert len(mailbox.mails) == 1


def test_who_is_told_to_stop_finishes_what_is_in_flight_and_others_do_the_rest(
    tmp_path: Path, outside: tuple[dict[str, str], Mailbox]
) -> None:
    settings, _ = outside
    at_dot, go_on = threading.Event(), threading.Event()

    class Slow(Mailbox):
        def take(self, sender: str, recipient: str, content: bytes) -> Mail:
            at_dot.set()
            assert go_on.wait(60)
            return super().take(sender, recipient, content)

    with Slow(tmp_path / "slow") as mailbox:
        settings |= {"SMTP_URL": mailbox.url, "SMTP_CONNECTIONS": "1"}
        for name in ("ann", "bob"):
            run(tmp_path, "subscribers", "add", f"{name}@reader.example", "--feeds", "covid-19", **settings)
        run(tmp_path, "collect", **settings)
        with serving(tmp_path, "--name", "one", command="worker", **settings) as first:
            line_with(first, "working")
            run(tmp_path, "plan", "--all", **settings)
            assert at_dot.wait(60)
            with serving(tmp_path, "--name", "two", command="worker", **settings) as second:
                line_with(second, "working")
                first.send_signal(signal.SIGTERM)
                go_on.set()
                assert first.wait(30) == 0
                # Its task waits again, and the other one finds it.
                line_with(second, "delivered")
                second.send_signal(signal.SIGTERM)
                assert second.wait(30) == 0
        assert sorted(mail.recipient for mail in mailbox.mails) == [
            "ann@reader.example",
            "bob@reader.example",
            "zoe@reader.example",
        ]
