"""What the bot is told by its surroundings: which settings there are, what they may be, and where they are read."""

from bot.settings.known import SECRETS, Settings
from bot.settings.reading import RESERVED, file_variable, names, read_settings
from bot.settings.values import Mailbox, Network, QuietHours, dkim_selector, is_loopback

__all__ = [
    "RESERVED",
    "SECRETS",
    "Mailbox",
    "Network",
    "QuietHours",
    "Settings",
    "dkim_selector",
    "file_variable",
    "is_loopback",
    "names",
    "read_settings",
]
