"""Postfix's `smtp-sink`, a mail server that takes everything and keeps nothing: the senders are what is measured."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import BotError

HOST = "127.0.0.1"
#: What to do about its absence.
GET_ONE = "install postfix, which brings smtp-sink and smtp-source along; it need not run"
#: Connections that may wait to be taken.
_BACKLOG = "1000"
_ROOT = Path(__file__).parents[1]


def program(name: str) -> str | None:
    """Where a program of Postfix's is, if it is installed; its folder is not on everybody's path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def sink() -> Iterator[int | None]:
    """The port that an smtp-sink listens on; None where there is none.

    Raises:
        BotError: there is one, and it does not start.
    """
    path = program("smtp-sink")
    if path is None:
        yield None
        return
    port = _free_port()
    # It refuses to run as root.
    whose = ["-u", "nobody"] if os.getuid() == 0 else []
    with _listening("smtp-sink", port, path, *whose, f"{HOST}:{port}", _BACKLOG):
        yield port


@contextmanager
def link(target: int, seconds: float) -> Iterator[int]:
    """The port of a link to another port whose round trips take so long; see `bench.link`."""
    port = _free_port()
    with _listening("link", port, sys.executable, "-m", "bench.link", str(port), str(target), str(seconds)):
        yield port


@contextmanager
def _listening(what: str, port: int, *words: str) -> Iterator[None]:
    process = subprocess.Popen(words, cwd=_ROOT, stderr=subprocess.PIPE, text=True)  # noqa: S603 (found above)
    try:
        for _ in range(200):
            if process.poll() is not None:
                assert process.stderr is not None
                raise BotError(f"{what}: does not start: {' '.join(process.stderr.read().split())[-300:]}")
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise BotError(f"{what}: does not listen after 10 s")
        yield
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
