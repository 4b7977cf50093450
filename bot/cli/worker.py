"""`bot worker`: collecting, planning and delivering on one more machine, until it is told to stop."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Annotated

import structlog
import typer

from bot.cli import logs
from bot.cli.context import opened
from bot.cli.output import talk
from bot.cli.stopping import stopping
from bot.errors import SettingsError, WorkerError
from bot.settings import read_settings
from bot.wiring import App

log = structlog.get_logger(__name__)


def worker(
    name: Annotated[str | None, typer.Option(help="Its name in the log (host:pid).", metavar="NAME")] = None,
    queues: Annotated[
        str | None,
        typer.Option(help="Only these: letters,deliver,plan,collect.", metavar="QUEUE,…", show_default=False),
    ] = None,
    alive: Annotated[
        Path | None, typer.Option(help="Touched every 5 s while it works: for health checks.", metavar="FILE")
    ] = None,
) -> None:
    """Share the work with other machines on one PostgreSQL; SIGTERM or Ctrl-C ends it cleanly."""
    settings = read_settings()
    if settings.database_url.startswith("sqlite"):
        raise WorkerError(
            settings.database_url, "serves one machine, where `bot serve` does it all; more of them need PostgreSQL"
        )
    from bot.wiring.working import chosen_lanes, share_work  # noqa: PLC0415 (slow to load: no other command waits for it)

    logs.set_up(logging.INFO)
    lanes = chosen_lanes(queues.split(",") if queues else None)
    with opened(settings) as app, stopping() as stop:
        sending = {"letters", "deliver"} & lanes.keys()
        if sending and not can_deliver(app):
            lanes = {queue: at_once for queue, at_once in lanes.items() if queue not in sending}
        if lanes:
            touch = alive.touch if alive else lambda: None
            share_work(app, lanes, name or own_name(), stop.is_set, alive=touch)
    talk("bot: stopped")


def own_name() -> str:
    """`host:pid`: who this is, among all machines."""
    return f"{socket.gethostname()}:{os.getpid()}"


def can_deliver(app: App) -> bool:
    """Whether sending is set up; without it the rest still works, and the log says what is missing."""
    try:
        app.mail_server()
    except SettingsError as error:
        log.error("not sending", error=str(error))
        return False
    return True
