"""The outbox to the mail servers that the settings name."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.deliver.deliver import deliver
from bot.deliver.pool import Relays
from bot.deliver.quiet import quiet_until
from bot.deliver.receivers import Receivers
from bot.deliver.report import DeliverReport
from bot.deliver.smtp import Connection
from bot.deliver.url import parse_relays
from bot.errors import SettingsError
from bot.models.deliveries import Claim, Outcome
from bot.models.paces import Limits
from bot.settings import Mailbox, Settings
from bot.store import outbox
from bot.store.engine import Store
from bot.suppress.replies import suppression_for
from bot.wiring.mailroom import Mailroom
from bot.wiring.rendering import Rendering, processes_for


def mail_servers(settings: Settings) -> tuple[Mailbox, Relays]:
    """Whom mails are from, and the servers they go to.

    Raises:
        SettingsError: what sending needs is missing or wrong, all of it named.
    """
    problems = []
    if settings.from_ is None:
        problems.append("BOT_FROM: not set; write whom mails are from: Concept Digest <digest@papers.example.org>")
    if not settings.postal_address.strip():
        problems.append("BOT_POSTAL_ADDRESS: not set; mails must show the sender's postal address")
    try:
        urls = parse_relays(settings.smtp_url)
    except SettingsError as error:
        problems += error.problems
        urls = ()
    if problems or settings.from_ is None:
        raise SettingsError(problems)
    return settings.from_, Relays(
        urls,
        connections=settings.smtp_connections,
        messages=settings.smtp_messages_per_connection,
        ca_file=settings.smtp_ca_file,
        name=settings.from_.address.rpartition("@")[2],
    )


def mail_server(settings: Settings) -> tuple[Mailbox, Connection]:
    """Whom mails are from, and the first of the servers (not connected yet), for single mails.

    Raises:
        SettingsError: what sending needs is missing or wrong, all of it named.
    """
    sender, relays = mail_servers(settings)
    return sender, Connection(relays.urls[0], ca_file=relays.ca_file, name=relays.name, messages=relays.messages)


def drain(
    store: Store,
    settings: Settings,
    mailroom: Callable[[], Mailroom],
    clock: Callable[[], datetime],
    *,
    limit: int | None,
    dry_run: bool,
    in_quiet_hours: bool,
    progress: Callable[[Claim, Outcome], None],
    should_stop: Callable[[], bool],
) -> DeliverReport:
    """Drain the outbox; see `bot.deliver.deliver.deliver`.

    Args:
        mailroom: makes the one that renders in this process.
        in_quiet_hours: send in quiet hours as well.

    Raises:
        SettingsError: what sending needs is missing or wrong, all of it named.
    """
    sender, relays = mail_servers(settings)
    due = outbox.waiting(store, clock()).due if not dry_run else 0
    processes = processes_for(due if limit is None else min(limit, due), settings.render_processes, os.cpu_count() or 1)
    rendering = Rendering(settings, mailroom, clock, processes if _goes_along(clock) else 0)
    try:
        rendering.start()
        return deliver(
            store,
            relays,
            rendering.render,
            clock,
            domain=sender.address.rpartition("@")[2],
            suppression_for=suppression_for,
            resend_after=timedelta(seconds=settings.uncertain_wait) if settings.uncertain == "resend" else None,
            limit=limit,
            limits=Limits.of(settings.rate, settings.rate_per_domain),
            receivers=Receivers(store),
            dry_run=dry_run,
            progress=progress,
            should_stop=should_stop,
            quiet_until=partial(quiet_until, None if in_quiet_hours else settings.quiet_hours, settings.timezone),
        )
    finally:
        rendering.close()


def _goes_along(clock: Callable[[], datetime]) -> bool:
    """Whether another process can have it."""
    try:
        pickle.dumps(clock)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
