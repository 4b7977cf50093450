"""`bot serve`: the scheduler, the page and delivery in one process, until it is told to stop."""

from __future__ import annotations

import logging
from typing import Annotated

import structlog
import typer

from bot.cli import logs
from bot.cli.context import now, opened
from bot.cli.output import talk
from bot.cli.stopping import stopping
from bot.errors import SettingsError
from bot.wiring import App

log = structlog.get_logger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="The address that the page listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port.")] = 8000,
    no_web: Annotated[bool, typer.Option("--no-web", help="Without the page.")] = False,
    no_schedule: Annotated[bool, typer.Option("--no-schedule", help="Without collecting and planning.")] = False,
    no_deliver: Annotated[bool, typer.Option("--no-deliver", help="Without sending.")] = False,
) -> None:
    """Run it all: collect, plan and deliver on time, and show the page; SIGTERM or Ctrl-C ends it cleanly."""
    from bot.scheduler import build_scheduler  # noqa: PLC0415 (slow to load: no other command should wait for it)
    from bot.web.serve import Server  # noqa: PLC0415 (as above)
    from bot.web.site import SiteEdges, build_site  # noqa: PLC0415 (as above)

    logs.set_up(logging.INFO)
    with opened() as app, stopping() as stop:
        delivering = not no_deliver and _can_deliver(app)
        scheduler = build_scheduler(app, now(), stop.is_set, collecting=not no_schedule, delivering=delivering)
        server = None
        if not no_web:
            edges = SiteEdges(store=app.store, tokens=app.tokens, settings=app.settings, clock=app.clock)
            server = Server(build_site(edges), host, port)
            server.start()
            log.info("page", url=server.url)
        scheduler.start()
        log.info("serving", collecting=not no_schedule, delivering=delivering)
        stop.wait()
        log.info("stopping")
        if server:
            server.stop()
        scheduler.shutdown(wait=True)
    talk("bot: stopped")


def _can_deliver(app: App) -> bool:
    """Whether sending is set up; without it the page and collecting still work, and the log says what is missing."""
    try:
        app.mail_server()
    except SettingsError as error:
        log.error("not sending", error=str(error))
        return False
    return True
