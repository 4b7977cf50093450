"""`python -m bot` is the command `bot`."""

from __future__ import annotations

import gc


def run() -> None:
    """Run one command and end with its exit code; see `bot.cli.main.run`."""
    # What is imported stays for good: looking it through for garbage takes a fifth of a second.
    gc.disable()
    # Processes that render import the program's main module anew (multiprocessing), and have no use for commands.
    from bot.cli.main import run as command  # noqa: PLC0415 (see above)

    gc.freeze()
    gc.enable()
    command()


if __name__ == "__main__":
    run()
