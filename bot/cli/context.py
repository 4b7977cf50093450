"""What every command starts from: the settings, the bot, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import typer

from bot.settings import Settings, read_settings
from bot.wiring import App, build

#: Years that `--at` may name; zones are known no further.
EARLIEST, LATEST = 1970, 2100


def now() -> datetime:
    """The time, aware and in UTC: faces alone read the clock."""
    return datetime.now(UTC)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[App]:
    """The bot at work on the database that the settings name.

    Raises:
        SettingsError: settings are wrong, all of them named.
        StoreError: the database cannot be used.
    """
    app = build(settings or read_settings(), now)
    try:
        yield app
    finally:
        app.close()


def read_time(text: str | None, settings: Settings) -> datetime | None:
    """An ISO 8601 time as an aware one; one without a zone is in `BOT_TIMEZONE`."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"not a time: '{text}'; write 2026-11-23T07:00 or 2026-11-23T07:00Z") from error
    if not EARLIEST <= when.year <= LATEST:
        raise typer.BadParameter(f"not a time for a digest: '{text}'; its year lies between {EARLIEST} and {LATEST}")
    return when if when.tzinfo else when.replace(tzinfo=ZoneInfo(settings.timezone))


def read_day(text: str | None) -> date | None:
    """An ISO 8601 day."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"not a day: '{text}'; write 2026-11-23") from error
