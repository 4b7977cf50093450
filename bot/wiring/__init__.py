"""Settings in, the bot's verbs out: the only room that knows every edge by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.wiring.app import App, build
    from bot.wiring.roster import ImportReport, RowReport

__all__ = ["App", "ImportReport", "RowReport", "build"]


def __getattr__(name: str) -> Any:
    """What is named above, imported when it is asked for: processes that render need none of it."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from bot.wiring import app, roster  # noqa: PLC0415 (see above)

    return getattr(roster if name.endswith("Report") else app, name)
