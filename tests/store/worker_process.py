"""A worker in a process of its own, which tells what its tasks do: `worker_process URL NAME`, and `stuck` after it.

A task that is stuck begins, and never ends.
"""

from __future__ import annotations

import logging
import sys
import threading

from bot.cli import logs
from bot.store.engine import Store
from bot.store.lanes import Pulse, work

#: Quick, so that a test need not wait for half a minute.
PULSE = Pulse(heartbeat=0.2, dead_after=1.5, look=0.2)


def main(url: str, name: str, *words: str) -> None:
    """Work until killed; each task tells on stdout when it begins and ends."""

    def step(query_id: int) -> None:
        _tell(f"{name} begins {query_id}")
        if "stuck" in words:
            threading.Event().wait()
        _tell(f"{name} ends {query_id}")

    logs.set_up(logging.ERROR)
    work(Store(url), {"collect": ("collect", step)}, {"collect": 1}, lambda: False, name=name, pulse=PULSE)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
