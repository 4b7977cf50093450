"""What runs in a process that renders for another one; little is imported, since each process imports it anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing import parent_process
from threading import Thread
from typing import Final

from bot.errors import BotError, SettingsError
from bot.models.deliveries import Claim, Message
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.instance import secret_key
from bot.subscribe.tokens import Tokens
from bot.wiring.mailroom import Mailroom
from bot.wiring.printing import Printers

#: Signals that a terminal or a supervisor may send to all processes at once. The parent ends this one.
ENDING: Final = (signal.SIGINT, signal.SIGTERM)

#: The settings and the clock, and then the mailroom; a process has one of each.
_given: list[tuple[Settings, Callable[[], datetime]]] = []
_rooms: list[Mailroom] = []


def begin(settings: Settings, clock: Callable[[], datetime]) -> None:
    """Make this process one that renders; what may go wrong is left to `render`, which can tell of it."""
    for one in ENDING:
        signal.signal(one, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    Thread(target=_end_with_parent, daemon=True).start()
    _given.append((settings, clock))


def make_ready() -> None:
    """Make the mailroom, if there is none yet.

    Raises:
        StoreError, SettingsError, KeyFileError: there is none by these settings.
    """
    if not _rooms:
        _rooms.append(_mailroom(*_given[0]))


def render(claims: Sequence[Claim]) -> list[Message | BotError]:
    """As `Mailroom.messages` does; raises as it does, and as `make_ready`."""
    make_ready()
    return _rooms[0].messages(claims)


def _mailroom(settings: Settings, clock: Callable[[], datetime]) -> Mailroom:
    if settings.from_ is None:
        raise SettingsError(["BOT_FROM: not set; write whom mails are from"])
    # Opened as it is: the parent has seen to the schema.
    store = Store(settings.database_url)
    tokens = Tokens((*settings.secret_keys, secret_key(store)))
    printing = Printers(settings.templates, settings.public_url).current()
    return Mailroom(store, settings, settings.from_, tokens, printing, clock)


def _end_with_parent() -> None:
    """Whoever is killed cannot end its processes, which would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
