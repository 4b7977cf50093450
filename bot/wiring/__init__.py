"""Settings in, the bot's verbs out: the only room that knows every edge by name."""

from bot.wiring.app import App, build
from bot.wiring.roster import ImportReport

__all__ = ["App", "ImportReport", "build"]
