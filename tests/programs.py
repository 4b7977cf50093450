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


def ran(folder: Path, *words: str, **settings: str) -> Ended:
    """`bot WORDS …` in a folder, once it has ended.

    Raises:
        TimeoutError: it has not within two minutes.
    """
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        program = _CONTEXT.Process(target=_be, args=(folder, words, environment(**settings), out, err))
        program.start()
        program.join(120)
        if program.exitcode is None:
            program.kill()
            raise TimeoutError(f"bot {' '.join(words)}: {err.read_text('utf-8')}")
        return Ended(program.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _be(folder: Path, words: tuple[str, ...], variables: dict[str, str], out: Path, err: Path) -> None:
    from bot.cli.main import run

    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    # As a program's are that is not on a terminal.
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["bot", *words]
    run()
