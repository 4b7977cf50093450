"""The press that all rounds share, so that what one has rendered the next need not render again."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import NamedTuple

from bot.render.cards import Cards
from bot.render.digest import Press


class Printing(NamedTuple):
    """A press, and the cards that it knows again."""

    press: Press
    cards: Cards


class Printers:
    """Gives the press; another one where own templates have changed since.

    Args:
        own: a folder whose templates go before the packaged ones, file by file.
        public_url: where the pages of feeds are.
    """

    def __init__(self, own: Path | None, public_url: str) -> None:
        self._own, self._public_url = own, public_url
        self._lock = Lock()
        self._kept: tuple[object, Printing] | None = None

    def current(self) -> Printing:
        """The press for the templates as they are now."""
        version = _version(self._own)
        with self._lock:
            if self._kept is None or self._kept[0] != version:
                self._kept = version, Printing(Press(self._own), Cards(self._public_url))
            return self._kept[1]


def _version(own: Path | None) -> object:
    """What changes where a file of the folder is changed, added or taken away."""
    if own is None:
        return None
    found = ((path, path.stat()) for path in sorted(own.rglob("*")) if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)
