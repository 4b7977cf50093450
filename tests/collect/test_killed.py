"""`bot collect` killed at any instant: the next one goes on, and the papers are those of an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.demo.service import SampleService


def command(folder: Path, service: SampleService, *words: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    sources = {
        "BOT_PUBMED_URL": service.pubmed_url,
        "BOT_EUROPEPMC_URL": service.europepmc_url,
        "BOT_NCBI_API_KEY": "sample",
        "BOT_FETCH_ALLOW_PRIVATE": "true",
    }
    words = (sys.executable, "-m", "bot", *words)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=folder, env=quiet | sources, stdout=pipe, stderr=pipe, text=True)


def done(folder: Path, service: SampleService, *words: str) -> str:
    out, err = command(folder, service, *words).communicate(timeout=120)
    assert "Traceback" not in err
    return out


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
            process = command(killed, service, "collect")
            try:
                process.wait(chance.uniform(0.6, 3.5))
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
        report = json.loads(done(killed, service, "collect", "--json"))
        assert {query["health"] for query in report["queries"]} == {"quiet"}
        assert stored(killed) == stored(whole)
        assert stored(whole)[0] > 40
