"""`bot collect` killed at any instant: the next one goes on, and the papers are those of an undisturbed one."""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.demo.service import SampleService
from tests.programs import Program, ran


def sources(service: SampleService) -> dict[str, str]:
    return {
        "PUBMED_URL": service.pubmed_url,
        "EUROPEPMC_URL": service.europepmc_url,
        "NCBI_API_KEY": "sample",
        "FETCH_ALLOW_PRIVATE": "true",
    }


def done(folder: Path, service: SampleService, *words: str) -> str:
    folder.mkdir(exist_ok=True)
    ended = ran(folder, *words, **sources(service))
    assert "Traceback" not in ended.err
    return ended.out


def stored(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "bot.db") as database:
        entries = database.execute(
            "select slug, title, journal, published, relevance, why from feed_entry join paper on paper.id = paper_id "
            "join concept_feed on concept_feed.id = feed_id order by 1, 2, 3, 4"
        ).fetchall()
        names = database.execute("select scheme, value from paper_identifier order by 1, 2").fetchall()
        (papers,) = database.execute("select count(*) from paper").fetchone()
    database.close()
    return [papers, names, entries]


def test_killed_at_any_instant_it_goes_on(tmp_path: Path) -> None:
    chance = random.Random(11)
    with SampleService(datetime.now(UTC).date()) as service:
        whole, killed = tmp_path / "whole", tmp_path / "killed"
        for folder in (whole, killed):
            done(folder, service, "feeds", "apply", "--starter")
        done(whole, service, "collect")
        for _ in range(4):
            Program(killed, "collect", **sources(service)).ended(chance.uniform(0.1, 2.5))
        report = json.loads(done(killed, service, "collect", "--json"))
        assert {query["health"] for query in report["queries"]} == {"quiet"}
        assert stored(killed) == stored(whole)
        assert stored(whole)[0] > 40
