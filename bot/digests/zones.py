"""Zones as the zone database has them today: one that is gone, rules that have changed since an occasion was set."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import structlog
import tzdata  # type: ignore[import-untyped]  # it has no types

from bot.digests.cadence import is_zone, next_occasion
from bot.models.subscribers import Wish
from bot.store.engine import Store
from bot.store.reckoning import reckon_anew

#: Between any two occasions lies more than this, and no change of rules moves one by as much.
_HALF_A_DAY = timedelta(hours=12)

log = structlog.get_logger(__name__)


class Zones:
    """Wishes whose zone there is; told once of each that there is not.

    Args:
        otherwise: the zone that counts in its place, an IANA name.
    """

    def __init__(self, otherwise: str) -> None:
        self._otherwise = otherwise
        self._gone: set[str] = set()

    def living(self, wish: Wish) -> Wish:
        """The wish, in the other zone where its own is none (any more)."""
        if is_zone(wish.timezone):
            return wish
        if wish.timezone not in self._gone:
            self._gone.add(wish.timezone)
            log.warning("no such zone", zone=wish.timezone, instead=self._otherwise)
        return replace(wish, timezone=self._otherwise)


def follow_rules(store: Store, zones: Zones, version: str = "") -> int:
    """Reckon stored occasions anew where they were set by an older zone database; how many came out differently.

    Each stays on its date, and gets the moment that its wall time has by the rules of today.

    Args:
        version: of the zone database, `2026a`; the one that is used here, where it is empty.
    """

    def reckon(wish: Wish, due: datetime) -> datetime:
        return next_occasion(zones.living(wish), due - _HALF_A_DAY)

    moved = reckon_anew(store, version or rules_version(), reckon)
    if moved:
        log.info("occasions follow new rules of zones", moved=moved)
    return moved


@cache
def rules_version() -> str:
    """The version of the zone database that is used here, `2026a`; as `zoneinfo` looks, the system's before our own."""
    for folder in map(Path, zoneinfo.TZPATH):
        written = folder / "tzdata.zi"
        if written.is_file():
            with written.open(encoding="utf-8", errors="replace") as lines:
                return lines.readline().removeprefix("# version").strip()
        if (folder / "Etc" / "UTC").is_file():
            # Some system's, which does not say of when it is: nothing can be told from it.
            return ""
    return str(tzdata.IANA_VERSION)
