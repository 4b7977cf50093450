"""Deliveries that are broken off: lost, sent twice, in doubt at once; on both databases, with one sender and four."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import clusters, killing, shadow
from bench.crashing import CONNECTIONS, Scene
from bench.killing import Tally
from bench.measure import Asked, Case
from bench.senders import Senders
from bot.errors import BotError

COUNT = 3_000
#: Kills in each round of the benchmark, at any instant.
KILLS = 20
SENDERS = (1, 4)
SEED = 20261127

#: Gives the URL of a fresh database.
Fresh = Callable[[], AbstractContextManager[str]]
#: Breaks a scene off.
Break = Callable[[Scene, int, random.Random], Tally]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break off."""

    name: str
    break_off: Break
    #: `BOT_UNCERTAIN`.
    uncertain: str = "hold"


def run(asked: Asked) -> Iterator[Case]:
    """Each way on each database; the peer of what is in doubt is how much may be.

    Raises:
        BotError: there is a PostgreSQL, and it does not start; or the books went wrong in a way that has no number.
    """
    with Senders() as senders:
        for number in SENDERS:
            for way in _ways(asked.rounds, sqlite=True):
                yield from cases("SQLite", way, _file, senders, number, asked)
        with clusters.own() as cluster:
            if cluster is None:
                asked.tell("crash: no PostgreSQL here: install one")
            else:
                fresh = partial(clusters.database, cluster.maintenance)
                for number in SENDERS:
                    for way in (*_ways(asked.rounds, sqlite=False), *_without_a_server(cluster, asked.rounds)):
                        yield from cases("PostgreSQL", way, fresh, senders, number, asked)
    if why := shadow.why_not():
        asked.tell(f"crash: no power cuts on SQLite: {why}")
    else:
        yield from _power_on_sqlite(asked)


def _ways(rounds: int, *, sqlite: bool) -> tuple[Way, ...]:
    points = killing.every_point(0, 3, sqlite=sqlite)
    return (
        Way("killed at random", lambda *of: killing.at_random(of[0], of[1], rounds * KILLS, of[2])),
        Way("killed, and doubts sent again", lambda *of: killing.at_random(of[0], of[1], rounds * 5, of[2]), "resend"),
        Way(f"killed at {len(points)} points", lambda *of: killing.at_points(of[0], of[1], points)),
        Way("told to stop", lambda *of: killing.told_to_stop(of[0], of[1], rounds * 2, of[2])),
    )


def cases(database: str, way: Way, fresh: Fresh, senders: Senders, number: int, asked: Asked) -> Iterator[Case]:
    """What comes of one way on one database, with so many senders at once."""
    chance = random.Random(SEED)
    name = f"{database}, {number} sender{'s' * (number > 1)}, {way.name}"
    asked.tell(f"crash: {name}")
    with (
        tempfile.TemporaryDirectory(prefix="bot-bench-") as folder,
        fresh() as url,
        Scene(url, Path(folder), senders, COUNT, uncertain=way.uncertain) as scene,
    ):
        tally = way.break_off(scene, number, chance)
        verdict = scene.finish()
        problems = [scene.account(), scene.said(), *(f"never came to '{point}'" for point in tally.missed)]
    if verdict.open:
        problems.append(f"{verdict.open} deliveries still open")
    if problems := [problem for problem in problems if problem]:
        raise BotError(f"crash: {name}: {'; '.join(problems)}")

    def case(what: str, value: float, unit: str, peer: str | None = None, limit: float | None = None) -> Case:
        return Case("crash", f"{name}: {what}", value, unit, peer, limit)

    yield case("times", tally.times, "times")
    yield case("lost", verdict.lost, "deliveries")
    yield case("twice", verdict.twice, "deliveries")
    yield case("wrong in the books after one time", tally.wrong + tally.too_many, "deliveries")
    if tally.seconds:
        yield case("ended within", round(tally.seconds, 1), "s", "promised", killing.STOPPED_WITHIN)
    else:
        yield case("most in doubt after one time", tally.in_doubt, "deliveries", "connections", CONNECTIONS * number)
        yield case("uncertain in the end", verdict.uncertain, "deliveries")
        yield case("processes left over", tally.orphans, "processes")


def _power_on_sqlite(asked: Asked) -> Iterator[Case]:
    points = killing.every_point(0, 3, sqlite=True)
    for number in SENDERS:
        for name, cut in (
            ("power cut at random", partial(killing.power_cuts, times=asked.rounds * 5)),
            (f"power cut at {len(points)} points", partial(_at_points, points)),
        ):
            with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
                database = Path(folder) / "database"
                database.mkdir()
                disk = shadow.Shadow(database, Path(folder) / "shadow")
                way = Way(name, partial(_cut_power, disk, cut))
                with Senders(disk.environment) as senders:
                    there = partial(_there, f"sqlite:///{database}/bot.db")
                    yield from cases("SQLite", way, there, senders, number, asked)


def _cut_power(
    disk: shadow.Shadow, cut: Callable[..., Tally], scene: Scene, number: int, chance: random.Random
) -> Tally:
    disk.begin()
    return cut(scene, number, chance=chance, come_back=disk.fail, go_on=disk.begin)


def _at_points(
    points: Sequence[str], scene: Scene, number: int, *, chance: random.Random, **disk: Callable[[], object]
) -> Tally:
    return killing.at_points(scene, number, points, **disk)


def _without_a_server(cluster: clusters.Cluster, rounds: int) -> tuple[Way, ...]:
    def cut(scene: Scene, number: int, chance: random.Random) -> Tally:
        return killing.power_cuts(scene, number, rounds * 5, chance, fail=cluster.kill, come_back=cluster.start)

    def gone(scene: Scene, number: int, chance: random.Random) -> Tally:
        stop = partial(cluster.stop, "immediate")
        return killing.database_gone(scene, number, rounds * 2, chance, stop=stop, start=cluster.start)

    return Way("killed with the server's processes", cut), Way("the server stops", gone)


@contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as folder:
        yield f"sqlite:///{folder}/bot.db"


@contextmanager
def _there(url: str) -> Iterator[str]:
    yield url
