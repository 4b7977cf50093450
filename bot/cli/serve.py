"""`bot serve`: the scheduler, the page and delivery in one process, until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer

from bot.cli import logs
from bot.cli.context import now, opened
from bot.cli.output import talk
from bot.cli.stopping import stopping
from bot.cli.worker import can_deliver, own_name
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
    from bot.web.serve import Server  # noqa: PLC0415 (slow to load: no other command should wait for it)
    from bot.web.site import SiteEdges, build_site  # noqa: PLC0415 (as above)

    logs.set_up(logging.INFO)
    with opened() as app, stopping() as stop:
        delivering = not no_deliver and can_deliver(app)
        server = None
        if not no_web:
            edges = SiteEdges(store=app.store, tokens=app.tokens, settings=app.settings, clock=app.clock)
            server = Server(build_site(edges), host, port)
            server.start()
            log.info("page", url=server.url)
        at_work = _by_itself if app.store.is_sqlite else _among_others
        with at_work(app, stop, collecting=not no_schedule, delivering=delivering):
            log.info("serving", collecting=not no_schedule, delivering=delivering)
            stop.wait()
            log.info("stopping")
            if server:
                server.stop()
    talk("bot: stopped")


@contextmanager
def _by_itself(app: App, stop: threading.Event, *, collecting: bool, delivering: bool) -> Iterator[None]:
    """One machine does it all: the scheduler's jobs call the verbs."""
    from bot.scheduler import build_scheduler  # noqa: PLC0415 (as above)

    scheduler = build_scheduler(app, now(), stop.is_set, collecting=collecting, delivering=delivering)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


@contextmanager
def _among_others(app: App, stop: threading.Event, *, collecting: bool, delivering: bool) -> Iterator[None]:
    """One of several machines: try to be their leader, whose looks make tasks, and take a share of these."""
    from bot.wiring.leading import lead  # noqa: PLC0415 (as above)
    from bot.wiring.working import chosen_lanes, share_work  # noqa: PLC0415 (as above)

    name = own_name()
    lanes = chosen_lanes(
        [*(["plan", "collect"] if collecting else []), *(["letters", "deliver"] if delivering else [])]
    )
    steps: list[Callable[[], object]] = []
    if collecting:
        steps.append(lambda: lead(app, name, stop))
    if lanes:
        steps.append(lambda: share_work(app, lanes, name, stop.is_set))
    threads = [threading.Thread(target=step) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
