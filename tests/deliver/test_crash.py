"""Senders that are killed, stopped, or lose power: nobody lost, nobody twice but in doubt, and the account adds up.

The long version is `bot bench crash`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bench import clusters, dying, killing, shadow
from bench.crashing import CONNECTIONS, Scene, Verdict
from bench.killing import Tally, at_points, at_random, database_gone, every_point, power_cuts, told_to_stop
from bench.senders import Senders

COUNT = 150


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    """Senders to be started, with nothing special about them."""
    with Senders() as started:
        yield started


def settled(scene: Scene, tally: Tally) -> Verdict:
    """How it ends when nothing more is broken off; what holds after every crash has held."""
    verdict = scene.finish()
    assert (verdict.open, verdict.lost, verdict.twice) == (0, 0, 0)
    assert scene.account() == ""
    assert scene.said() == ""
    assert (tally.wrong, tally.too_many, tally.orphans, tally.missed) == (0, 0, 0, ())
    return verdict


@pytest.mark.parametrize("number", [1, 4])
def test_killed_at_any_instant(database_url: str, tmp_path: Path, senders: Senders, number: int) -> None:
    with Scene(database_url, tmp_path, senders, COUNT, plain=True) as scene:
        tally = at_random(scene, number, 4, random.Random(3))
        verdict = settled(scene, tally)
    assert tally.times
    assert verdict.uncertain <= tally.times * number * CONNECTIONS


def test_what_was_in_doubt_and_is_sent_again_has_the_same_message_id(
    database_url: str, tmp_path: Path, senders: Senders
) -> None:
    with Scene(database_url, tmp_path, senders, COUNT, plain=True, uncertain="resend") as scene:
        tally = at_points(scene, 1, ["after the dot:1", "after the reply:1"])
        verdict = settled(scene, tally)
        taken = scene.taker.taken()
    assert verdict.uncertain == 0
    again = [ids for ids in taken.values() if len(ids) > 1]
    assert again
    assert all(len(set(ids)) == 1 for ids in again)


def test_killed_at_each_change_of_a_state(database_url: str, tmp_path: Path, senders: Senders) -> None:
    with Scene(database_url, tmp_path, senders, COUNT, plain=True) as scene:
        tally = at_points(scene, 1, every_point(0, sqlite=database_url.startswith("sqlite")))
        settled(scene, tally)
    assert tally.in_doubt <= CONNECTIONS


def test_told_to_stop(database_url: str, tmp_path: Path, senders: Senders) -> None:
    with Scene(database_url, tmp_path, senders, COUNT, plain=True) as scene:
        tally = told_to_stop(scene, 1, 1, random.Random(4))
        verdict = settled(scene, tally)
    # In doubt is only what the silent server had.
    assert verdict.uncertain <= CONNECTIONS
    assert tally.seconds < killing.STOPPED_WITHIN


@pytest.mark.skipif(bool(shadow.why_not()), reason=shadow.why_not())
@pytest.mark.parametrize("number", [1, 4])
def test_power_cut_on_sqlite(tmp_path: Path, number: int) -> None:
    disk, url = _disk(tmp_path)
    with Senders(disk.environment) as senders, Scene(url, tmp_path, senders, COUNT, plain=True) as scene:
        disk.begin()
        tally = power_cuts(scene, number, 3, random.Random(5), come_back=disk.fail, go_on=disk.begin)
        settled(scene, tally)


@pytest.mark.skipif(bool(shadow.why_not()), reason=shadow.why_not())
def test_power_cut_at_each_change_of_a_state(tmp_path: Path) -> None:
    disk, url = _disk(tmp_path)
    with Senders(disk.environment) as senders, Scene(url, tmp_path, senders, COUNT, plain=True) as scene:
        disk.begin()
        tally = at_points(scene, 1, every_point(0, sqlite=True), come_back=disk.fail, go_on=disk.begin)
        settled(scene, tally)


@pytest.mark.skipif(bool(shadow.why_not()), reason=shadow.why_not())
def test_a_power_cut_shows_what_was_not_flushed(tmp_path: Path) -> None:
    disk, url = _disk(tmp_path)
    with Senders(disk.environment) as senders, Scene(url, tmp_path, senders, COUNT, plain=True) as scene:
        disk.begin()
        scene.start(die=dying.CARELESS)
        scene.taker.when(COUNT // 2, 20)
        scene.senders.kill(list(scene.senders.alive))
        disk.fail()
        assert scene.verdict().forgotten > CONNECTIONS


@pytest.fixture(scope="module")
def cluster() -> Iterator[clusters.Cluster]:
    """A PostgreSQL server that is as durable as one comes, and can be stopped."""
    with clusters.own() as made:
        if made is None:
            pytest.skip("no PostgreSQL here: install one")
        yield made


def test_power_cut_on_postgresql(tmp_path: Path, senders: Senders, cluster: clusters.Cluster) -> None:
    with (
        clusters.database(cluster.maintenance) as url,
        Scene(url, tmp_path, senders, COUNT, plain=True) as scene,
    ):
        tally = power_cuts(scene, 2, 3, random.Random(6), fail=cluster.kill, come_back=cluster.start)
        settled(scene, tally)


def test_the_database_is_gone_for_a_while(tmp_path: Path, senders: Senders, cluster: clusters.Cluster) -> None:
    with (
        clusters.database(cluster.maintenance) as url,
        Scene(url, tmp_path, senders, COUNT, plain=True) as scene,
    ):
        stop = partial(cluster.stop, "immediate")
        tally = database_gone(scene, 1, 2, random.Random(7), stop=stop, start=cluster.start)
        settled(scene, tally)


def _disk(folder: Path) -> tuple[shadow.Shadow, str]:
    """A disk that can lose its power, and the URL of a database on it."""
    database = folder / "database"
    database.mkdir()
    return shadow.Shadow(database, folder / "shadow"), f"sqlite:///{database}/bot.db"
