"""When a subscriber's digests are due: wishes in wall time in, occasions in UTC out.

Every date that a wish names has one occasion: the first moment at which the clock on the reader's
wall shows the wished hour of that date, or later. So an hour that a clock change repeats counts
once, at its first coming; an hour that it skips counts at the moment the gap ends; and occasions
keep the order of their dates. A date that a zone skips whole (Samoa, 30 December 2011) is no day of
a daily wish; a weekly or monthly wish that names it comes when the skip ends, so that no week and no
month is left out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.errors import CadenceError
from bot.models.subscribers import Cadence, Wish

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MOMENT = timedelta(microseconds=1)


def next_occasion(wish: Wish, after: datetime) -> datetime:
    """The first occasion that is later than `after`, in UTC.

    Args:
        wish: when the subscriber wants the digest.
        after: an aware time, of any zone.

    Raises:
        CadenceError: the wish names no cadence or no zone that exists.
    """
    day = _first_from(wish, _local_date(wish, after))
    while True:
        occasion = _occasion_on(day, wish)
        if occasion is not None and occasion > after:
            return occasion
        day = _first_from(wish, day + _DAY)


def first_occasion(wish: Wish, begin: datetime) -> datetime:
    """The first occasion that is not earlier than `begin`, in UTC; otherwise as `next_occasion`."""
    return next_occasion(wish, begin - _MOMENT)


def day_begins(day: date, timezone: str) -> datetime:
    """When a date begins on the clocks of a zone, in UTC; where the zone skips it whole, when the skip ends.

    Raises:
        CadenceError: there is no such zone.
    """
    occasion = _occasion_on(day, Wish(Cadence.WEEKLY, day.weekday(), 0, timezone))
    assert occasion is not None  # only a daily wish leaves a date out
    return occasion


def last_occasion(wish: Wish, at: datetime) -> datetime:
    """The newest occasion that is not later than `at`, in UTC.

    Args:
        wish: when the subscriber wants the digest.
        at: an aware time, of any zone.

    Raises:
        CadenceError: the wish names no cadence or no zone that exists.
    """
    # A clock that was put back over midnight shows yesterday again after tomorrow has begun.
    day = _last_until(wish, _local_date(wish, at) + _DAY)
    while True:
        occasion = _occasion_on(day, wish)
        if occasion is not None and occasion <= at:
            return occasion
        day = _last_until(wish, day - _DAY)


def period_end(wish: Wish, occasion: datetime) -> datetime:
    """When the occasion after `occasion` comes, in UTC; from then on, `occasion` is refused as too old."""
    return next_occasion(wish, occasion)


def is_zone(name: str) -> bool:
    """Whether the zone database has a zone of that name."""
    try:
        return _zone(name) is not None
    except CadenceError:
        return False


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise CadenceError("timezone", name, "give an IANA name such as Europe/Berlin") from error


def _local_date(wish: Wish, moment: datetime) -> date:
    if moment.tzinfo is None:
        raise ValueError(f"naive time: {moment.isoformat()}; occasions are asked for with a zone")
    return moment.astimezone(_zone(wish.timezone)).date()


def _first_from(wish: Wish, day: date) -> date:
    """The first date that the wish names, `day` or later."""
    if wish.cadence == Cadence.WEEKLY:
        return _weekday_from(wish.weekday, day)
    if wish.cadence == Cadence.DAILY:
        return day
    if wish.cadence == Cadence.MONTHLY:
        first = _weekday_from(wish.weekday, day.replace(day=1))
        return first if first >= day else _weekday_from(wish.weekday, _next_month(day))
    raise CadenceError("cadence", wish.cadence, "known: " + ", ".join(Cadence))


def _last_until(wish: Wish, day: date) -> date:
    """The last date that the wish names, `day` or earlier."""
    if wish.cadence == Cadence.WEEKLY:
        return day - timedelta(days=(day.weekday() - wish.weekday) % 7)
    if wish.cadence == Cadence.DAILY:
        return day
    first = _first_from(wish, day.replace(day=1))
    return first if first <= day else _first_from(wish, (day.replace(day=1) - _DAY).replace(day=1))


def _weekday_from(weekday: int, day: date) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _occasion_on(day: date, wish: Wish) -> datetime | None:
    """The occasion of a date that the wish names; None where a daily wish meets a date that its zone skips."""
    zone = _zone(wish.timezone)
    wall = datetime(day.year, day.month, day.day, wish.hour, tzinfo=zone)
    moment = wall.astimezone(UTC)
    if _shows(moment, zone, wall):
        return moment
    if wish.cadence == Cadence.DAILY and _is_skipped(day, zone):
        return None
    return _gap_end(wall, zone)


def _shows(moment: datetime, zone: ZoneInfo, wall: datetime) -> bool:
    """Whether the clocks of `zone` show `wall` at `moment`: not so for an hour that a change skips."""
    # Comparing within one zone compares wall time alone (PEP 495).
    return moment.astimezone(zone) == wall


def _is_skipped(day: date, zone: ZoneInfo) -> bool:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if _shows(midnight.astimezone(UTC), zone, midnight):
        return False
    return _gap_end(midnight, zone).astimezone(zone).date() != day


def _gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which clocks jump over `wall`, in UTC."""
    # In a gap, fold 0 counts with the offset before the change and so lands after it, fold 1 the
    # other way round (PEP 495); the change is the one moment between them where the offset grows.
    before, after = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) // 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
