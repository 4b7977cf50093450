"""Ways to break off deliveries: at any instant, at each change of a state, when told to stop, and by a power cut."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.crashing import CONNECTIONS, Scene
from bench.dying import POINTS

#: Seconds in which a sender that is told to stop has ended.
STOPPED_WITHIN = 10.0
#: How long a server has been silent before senders are told to stop, in seconds, if they do not wait for it before.
SILENT_FOR = 2.0
#: That a sender was stopped before it was done; that it was done; and that it had not begun.
STOPPED = frozenset({3, 0, -signal.SIGTERM})


def nothing() -> None:
    """Where nothing else fails."""


@dataclass(slots=True)
class Tally:
    """What came of it."""

    #: How often it was broken off.
    times: int = 0
    #: Handed over and not settled after one time, at the most.
    in_doubt: int = 0
    #: Times that there were more of them than connections.
    too_many: int = 0
    #: Would have been sent once more as if never sent, or were written down as sent and were not; at each time.
    wrong: int = 0
    #: Processes that outlived their sender.
    orphans: int = 0
    #: The longest time from being told to stop to the end, in seconds.
    seconds: float = 0.0
    #: Points of `bench.dying` that were never come to.
    missed: tuple[str, ...] = ()

    def look(self, scene: Scene, senders: int) -> None:
        """Look at the books, after so many senders have died or been stopped, or are at work."""
        verdict = scene.verdict()
        self.times += 1
        self.in_doubt = max(self.in_doubt, verdict.handed_over)
        self.too_many += verdict.handed_over > CONNECTIONS * senders
        self.wrong += verdict.forgotten + verdict.lost + verdict.twice


def at_random(scene: Scene, senders: int, times: int, chance: random.Random) -> Tally:
    """Kill senders at any instant of their lives, all of them or one, and start others.

    What is killed alone is replaced while the others go on.
    """
    tally = Tally()
    #: Since somebody started alone, and so took back what they had left.
    dead = 0
    while tally.times < times:
        while len(scene.senders.alive) < senders:
            # Now and then with processes that render: they must not outlive their sender.
            scene.start(render_processes=str(int(chance.random() < 0.2)))
        _wait(scene, times - tally.times, chance)
        if scene.senders.over():
            if not scene.verdict().open:
                break
            dead = 0
            continue
        alone = senders > 1 and chance.random() < 0.5
        victims = [chance.choice(scene.senders.alive)] if alone else list(scene.senders.alive)
        dead += len(victims)
        tally.orphans += scene.senders.kill(victims)
        # What the living have under way is no doubt, but takes a connection each.
        tally.look(scene, dead + len(scene.senders.alive))
        if not scene.senders.alive:
            dead = 0
    _end(scene)
    return tally


def at_points(
    scene: Scene,
    senders: int,
    points: Sequence[str],
    *,
    come_back: Callable[[], object] | None = None,
    go_on: Callable[[], object] = nothing,
) -> Tally:
    """Have one of the senders die at each of these points, while the others go on.

    Args:
        come_back: with it, the power is cut at that moment, for the others as well; what there is when it is back.
        go_on: called after the books have been looked at.
    """
    tally = Tally()
    limit = scene.count // (len(points) * senders + 1)
    for point in points:
        dying = scene.start(die=point, limit=limit)
        for _ in range(senders - 1):
            scene.start(limit=limit)
        if scene.senders.ended(dying) != -signal.SIGKILL:
            tally.missed += (point,)
        if come_back is None:
            _end(scene)
        else:
            tally.orphans += scene.senders.kill(scene.senders.alive)
            come_back()
        tally.look(scene, 1 if come_back is None else senders)
        go_on()
    return tally


def every_point(*passed: int, sqlite: bool) -> list[str]:
    """Each point, at the first time that it is come to and later; some come once in a small round.

    Args:
        sqlite: on PostgreSQL there is no seal.
    """
    once = ("recover", "seal", "claim", "close")
    points = [name for name in POINTS if sqlite or not name.startswith("seal")]
    return [f"{name}:{number}" for name in points for number in passed if not (number and name.startswith(once))]


def told_to_stop(scene: Scene, senders: int, times: int, chance: random.Random) -> Tally:
    """Stop senders at any instant with SIGTERM, and then before a server that falls silent.

    Where the server answers, nothing is in doubt afterwards.
    """
    tally = Tally()

    def stop(doubt: int, *, answered: bool = True) -> None:
        before = scene.verdict().uncertain
        for _ in range(senders):
            scene.start()
        if answered:
            _wait(scene, 2 * times, chance)
        else:
            # Until each connection waits for a word.
            scene.taker.when(scene.taker.when(0, 0) + CONNECTIONS * senders, SILENT_FOR)
        seconds, codes = scene.senders.terminate()
        tally.seconds = max(tally.seconds, seconds)
        tally.look(scene, 0)
        tally.wrong += scene.verdict().uncertain - before > doubt or not STOPPED.issuperset(codes)

    for _ in range(times):
        stop(0)
    scene.taker.leave_dots()
    stop(CONNECTIONS * senders, answered=False)
    scene.taker.mute()
    stop(0, answered=False)
    scene.taker.speak()
    return tally


def power_cuts(
    scene: Scene,
    senders: int,
    times: int,
    chance: random.Random,
    *,
    fail: Callable[[], object] = nothing,
    come_back: Callable[[], object] = nothing,
    go_on: Callable[[], object] = nothing,
) -> Tally:
    """Cut the power of everything at once, at any instant.

    Args:
        fail: what else fails at that moment, a moment before the senders do.
        come_back: what there is when the power is back.
        go_on: called after the books have been looked at, before the next senders start.
    """
    tally = Tally()
    for left in range(times, 0, -1):
        for _ in range(senders):
            scene.start()
        _wait(scene, left + 1, chance, starting=0.0)
        fail()
        tally.orphans += scene.senders.kill(list(scene.senders.alive))
        come_back()
        tally.look(scene, senders)
        go_on()
    return tally


def database_gone(
    scene: Scene,
    senders: int,
    times: int,
    chance: random.Random,
    *,
    stop: Callable[[], object],
    start: Callable[[], object],
) -> Tally:
    """Take the database away from senders at any instant; they end by themselves, and then it is back."""
    tally = Tally()
    for left in range(times, 0, -1):
        for _ in range(senders):
            scene.start()
        _wait(scene, left + 1, chance, starting=0.0)
        stop()
        _end(scene)
        start()
        tally.look(scene, senders)
    return tally


def _wait(scene: Scene, times: int, chance: random.Random, starting: float = 0.2) -> None:
    """Wait for some instant, so that what there is lasts for so many times; now and then while senders start."""
    never = scene.count * 2
    if chance.random() < starting:
        scene.taker.when(never, chance.uniform(0, 0.5))
        return
    taken = scene.taker.when(0, 0)
    left = max(0, scene.count * 19 // 20 - taken)
    wanted = taken + int(left / times * chance.uniform(0, 1.8)) + 1
    while scene.taker.when(wanted, 0.2) < wanted and not scene.senders.over():
        pass
    scene.taker.when(never, chance.uniform(0, 0.02))


def _end(scene: Scene) -> None:
    for pid in list(scene.senders.alive):
        scene.senders.ended(pid)
