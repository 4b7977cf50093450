"""Senders that can be killed: processes that run `bot deliver`, forked from one that has imported it.

A fork is there within some milliseconds, where a fresh program takes seconds to import: so that what is killed at
random is mostly at work. `python -m bench.senders` reads one order of JSON a line, and prints what became of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
#: How long a process may take to be gone that was killed, or whose parent was, in seconds.
GONE_WITHIN = 20.0


class Senders:
    """Starts senders, and ends all that are left.

    Args:
        environment: what they need beside their settings.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
        self._environment = {**quiet, "PYTHONPATH": str(ROOT), **(environment or {})}
        #: Those that were started and have not been seen to end.
        self.alive: list[int] = []

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        words = [sys.executable, "-m", "bench.senders"]
        self._stem = subprocess.Popen(words, cwd=ROOT, env=self._environment, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 (this very file)
        self._order("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill(self.alive)
        self._stem.communicate()

    def start(self, folder: Path, *, die: str = "", limit: int | None = None, **settings: str) -> int:
        """Start one more; its process.

        Args:
            folder: where it works; what it says is there, in `said`.
            die: where it kills itself, see `bench.dying`.
            limit: deliveries at the most.
            settings: `BOT_` variables, by the rest of their names in lower case.
        """
        more = {f"BOT_{name.upper()}": value for name, value in settings.items()}
        pid = int(self._order("start", environment=more, die=die, limit=limit, folder=str(folder)))
        self.alive.append(pid)
        return pid

    def kill(self, pids: Sequence[int]) -> int:
        """Kill these at one stroke, with no time to do anything; how many processes of theirs did not end with them."""
        killed = list(pids)
        children = [child for pid in killed for child in _descendants(pid)]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        for pid in killed:
            self.ended(pid)
        return sum(not _gone(child) for child in children)

    def terminate(self) -> tuple[float, list[int]]:
        """Ask all to end (SIGTERM), and wait for that; the seconds it took, and their exit codes."""
        started = time.monotonic()
        for pid in self.alive:
            os.kill(pid, signal.SIGTERM)
        codes = [self.ended(pid) for pid in list(self.alive)]
        return time.monotonic() - started, codes

    def ended(self, pid: int, seconds: float = 300.0) -> int:
        """Its exit code, as Python has it (-9 where it was killed), waited for.

        Raises:
            TimeoutError: it takes longer than that.
        """
        until = time.monotonic() + seconds
        while (code := self._order("look", pid=pid)) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"sender {pid} has not ended within {seconds:g} s")
            time.sleep(0.005)
        self.alive.remove(pid)
        return int(code)

    def over(self) -> bool:
        """Whether all have ended by themselves."""
        for pid in list(self.alive):
            if self._order("look", pid=pid) is not None:
                self.alive.remove(pid)
        return not self.alive

    def _order(self, what: str, **more: object) -> Any:
        assert self._stem.stdin is not None
        assert self._stem.stdout is not None
        self._stem.stdin.write(json.dumps({"what": what, **more}) + "\n")
        self._stem.stdin.flush()
        return json.loads(self._stem.stdout.readline())


def _descendants(pid: int) -> list[tuple[int, str]]:
    """Processes of a process, and theirs: each with when it was started, since numbers are used again."""
    found: list[tuple[int, str]] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text("ascii").split()):
                found += [(child, _started(child)), *_descendants(child)]
    return found


def _started(pid: int) -> str:
    """Empty where it is gone, or nothing of it is left but its exit code."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return fields[19] if fields[0] not in "ZX" else ""
    return ""


def _gone(child: tuple[int, str]) -> bool:
    """Whether it ends in time."""
    pid, started = child
    until = time.monotonic() + GONE_WITHIN
    while started and _started(pid) == started and time.monotonic() < until:
        time.sleep(0.01)
    return not started or _started(pid) != started


def _obey() -> None:
    import bot.cli.main  # noqa: PLC0415 (before the first fork)
    import bot.deliver.deliver  # noqa: F401, PLC0415 (loaded once, before it forks)

    for line in sys.stdin:
        order = json.loads(line)
        answer: object = None
        if order["what"] == "start":
            answer = os.fork()
            if not answer:
                _be_sender(order)
        elif order["what"] == "look":
            found, status = os.waitpid(order["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if found else None
        print(json.dumps(answer), flush=True)  # noqa: T201 (read by the process that asked)


def _be_sender(order: Mapping[str, Any]) -> None:
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    with Path("said").open("ab") as said, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.argv = ["bot", "deliver", *(["--limit", str(order["limit"])] if order["limit"] else [])]
    code: object = 1
    try:
        if order["die"]:
            from bench import dying  # noqa: PLC0415 (only here is it wanted)

            dying.arrange(order["die"])
        from bot.__main__ import run  # noqa: PLC0415 (imported already)

        run()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException as error:  # noqa: BLE001 (told, and the process ends here)
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _obey()
