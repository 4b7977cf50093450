"""Quiet hours: when nothing is sent by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.settings import QuietHours


def quiet_until(hours: QuietHours | None, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` lies in, in UTC; None where it lies in none.

    They are wall time, half-open, and may go over midnight. Where clocks are set back, an hour comes twice, and is as
    quiet the second time as the first.
    """
    if hours is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time()
    over_midnight = hours.start > hours.end
    begun, to_end = clock >= hours.start, clock < hours.end
    if not (begun or to_end if over_midnight else begun and to_end):
        return None
    day = local.date() + timedelta(days=int(over_midnight and begun))
    # In the second one of an hour that comes twice, it is the second end that lies ahead.
    return datetime.combine(day, hours.end, tzinfo=local.tzinfo).replace(fold=local.fold).astimezone(UTC)
