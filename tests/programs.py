"""The program in processes of their own, forked from one that has imported it: a start from nothing takes a second."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["bot.cli.main"])


class Ended(NamedTuple):
    """What a program left behind."""

    code: int
    out: str
    err: str


def environment(**settings: str) -> dict[str, str]:
    """This machine's environment without any setting but these, named without their prefix."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return quiet | {f"BOT_{name}": value for name, value in settings.items()}


class Program:
    """`bot WORDS …` in a folder, from now on."""

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        self._said = tempfile.TemporaryDirectory()
        self._out, self._err = Path(self._said.name, "out"), Path(self._said.name, "err")
        given = (folder, words, environment(**settings), self._out, self._err)
        self._process = _CONTEXT.Process(target=_be, args=given)
        self._process.start()

    def ended(self, seconds: float = 120) -> Ended | None:
        """What it left behind; None if it has not ended by then, and is killed for it."""
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        with self._said:
            return None if code is None else Ended(code, self._out.read_text("utf-8"), self._err.read_text("utf-8"))


def ran(folder: Path, *words: str, **settings: str) -> Ended:
    """`bot WORDS …` in a folder, once it has ended."""
    ended = Program(folder, *words, **settings).ended()
    assert ended is not None, f"bot {' '.join(words)}: has not ended"
    return ended


def _be(folder: Path, words: tuple[str, ...], variables: dict[str, str], out: Path, err: Path) -> None:
    from bot.cli.main import run

    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    # As a program's are that is not on a terminal.
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115 (open to the end)
    sys.argv = ["bot", *words]
    run()
