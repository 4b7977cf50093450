"""How a pace comes down when a receiver asks for less, and goes up again: pure rules.

Halving down and creeping up is what TCP does on a line whose width nobody tells it (RFC 5681): whoever is too fast
learns it within one step, and finds the pace that is taken without asking for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: Down to this part of what was sent.
DOWN: Final = 0.5
#: How long a pace is left alone once it was changed. Replies that come within that time are still of messages which
#: had been claimed before; if each of them counted, one refused second would bring everything to a halt.
SETTLING: Final = timedelta(seconds=10)
#: Never slower, in messages a second: one a minute is what it takes to learn that a receiver takes mail again.
SLOWEST: Final = 1 / 60
#: Up again after so long without a word, by so much, and so on each minute: twice as fast in about three minutes,
#: so that what was halved for good reason is not tried again at once.
QUIET: Final = timedelta(minutes=1)
UP: Final = 1.25
#: Without a limit in the settings: so many times what was sent when the receiver first asked for less is as good as
#: no limit. From half of it, that is ten quiet minutes away.
FREE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Adapted:
    """What a scope has come down to; see `bot.models.paces.Pace`."""

    rate: float | None
    ceiling: float | None
    changed_at: datetime
    pressed_at: datetime | None


def lowered(pace: Adapted, observed: float, limit: float | None, now: datetime) -> Adapted:
    """The pace once a receiver has asked for less: half of what was sent.

    What was sent is what was seen, and no more than was allowed: a sender that shares a scope with others sees its own
    messages alone, and after a change the minute behind it tells of the time before.

    Args:
        observed: messages a second in the last minute.
        limit: by the settings.
    """
    if pace.rate is not None and _within(pace.changed_at, SETTLING, now):
        return Adapted(pace.rate, pace.ceiling, pace.changed_at, now)
    sent = min(rate for rate in (observed, pace.rate, limit) if rate is not None)
    ceiling = FREE * observed if pace.rate is None or pace.ceiling is None else pace.ceiling
    return Adapted(max(SLOWEST, sent * DOWN), ceiling, now, now)


def raised(pace: Adapted, limit: float | None, now: datetime) -> Adapted | None:
    """The pace after a quiet minute, free again where it reaches the limit; None where it stays.

    A sender that was away for a day raises it once, and not for each minute: nothing was tried meanwhile.
    """
    if pace.rate is None or _within(max(pace.changed_at, pace.pressed_at or pace.changed_at), QUIET, now):
        return None
    rate = pace.rate * UP
    top = pace.ceiling if limit is None else limit
    if top is None or rate >= top:
        return Adapted(None, None, now, pace.pressed_at)
    return Adapted(rate, pace.ceiling, now, pace.pressed_at)


def _within(since: datetime, length: timedelta, now: datetime) -> bool:
    """Whether `since` was less than that long ago; a time to come is of a clock that was wrong."""
    return timedelta(0) <= now - since < length
