"""Bots at work, each in a process of its own: loaded beforehand, as one that serves is, then told what to do."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bot.settings import read_settings
from bot.wiring import App, build

#: Seconds between looks at their memory.
_GLANCE = 0.1
_ROOT = Path(__file__).parents[1]

Bot = subprocess.Popen[str]


class Took(NamedTuple):
    """What bots needed who were told the same at once."""

    #: Digests that were planned, or sent, by all together.
    digests: int
    #: Until the last one was done.
    seconds: float
    #: Of the processors, with all that they have started.
    cpu: float
    #: The sum of what each process ever had at the most, in MB.
    peak: float


@contextmanager
def bots(count: int, folder: str, settings: Mapping[str, str]) -> Iterator[list[Bot]]:
    """So many bots on one database, ready.

    Args:
        folder: where there are no settings; they work in it.
        settings: by the names of their variables.
    """
    surroundings = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), **settings}
    words = [sys.executable, "-m", "bench.bots"]
    running = [
        subprocess.Popen(words, cwd=folder, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 (this very file)
        for _ in range(count)
    ]
    try:
        for one in running:
            _answer(one)
        yield running
    finally:
        for one in running:
            one.communicate()


def told(running: Sequence[Bot], word: str) -> Took:
    """What they need to do as told, `plan` or `deliver`.

    Raises:
        RuntimeError: one of them fails; it has told why on stderr.
    """
    peaks: dict[int, float] = {}
    started, answers = time.perf_counter(), {}
    for one in running:
        assert one.stdin is not None
        one.stdin.write(f"{word}\n")
        one.stdin.flush()
    waiting = {one.stdout.fileno(): one for one in running if one.stdout is not None}
    while waiting:
        for number in select.select(list(waiting), [], [], _GLANCE)[0]:
            one = waiting.pop(number)
            answers[one.pid] = _answer(one)
        for one in running:
            peaks |= _peaks(one.pid)
    seconds = time.perf_counter() - started
    digests, costs = zip(*answers.values(), strict=True)
    return Took(int(sum(digests)), seconds, sum(costs), sum(peaks.values()))


def _answer(one: Bot) -> list[float]:
    assert one.stdout is not None
    line = one.stdout.readline()
    if not line:
        raise RuntimeError(f"a bot has ended: {one.wait()}")
    found: list[float] = json.loads(line)
    return found


def _peaks(pid: int) -> dict[int, float]:
    """MB at the most so far, of a process and of all that it has started and that still run."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return {}
    # What has ended, and waits to be told of, has none any more.
    own = [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    peaks = dict.fromkeys([pid], sum(own))
    for child in children:
        peaks |= _peaks(int(child))
    return peaks


def _now() -> datetime:
    return datetime.now(UTC)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _done(app: App, word: str) -> int:
    if word == "plan":
        return app.plan().chosen
    report = app.deliver()
    if report.error is not None:
        raise report.error
    return report.sent


def _main() -> None:
    app = build(read_settings(), _now)
    print("[]", flush=True)  # noqa: T201 (read by the process that started this one)
    for line in sys.stdin:
        before = _cpu()
        count = _done(app, line.strip())
        print(json.dumps([count, _cpu() - before]), flush=True)  # noqa: T201 (as above)
    app.close()


if __name__ == "__main__":
    _main()
