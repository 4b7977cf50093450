"""From alarms and reports that wait to the mails that tell the admin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from bot.deliver.alarms import send_alarms
from bot.deliver.smtp import Connection
from bot.errors import BotError
from bot.models.alarms import AlarmKind, AlarmRecord
from bot.models.deliveries import Message
from bot.render.alarm import render_alarm
from bot.render.dkim import Signer, signed
from bot.render.languages import language
from bot.render.mime import Envelope
from bot.render.report import render_report, report
from bot.render.templates import build_environment
from bot.render.view import Site
from bot.settings import Mailbox, Settings
from bot.store import alarms
from bot.store.engine import Store
from bot.store.home import assure_home
from bot.store.reporting import queue_report
from bot.wiring.reports import account_of
from bot.wiring.signing import signers

log = structlog.get_logger(__name__)


def tell_admin(
    store: Store,
    settings: Settings,
    mail_server: Callable[[], tuple[Mailbox, Connection]],
    clock: Callable[[], datetime],
) -> int:
    """How many alarms and reports were told to the admin whom `BOT_CONTACT_EMAIL` names.

    What cannot be told now is told later: nothing is raised for it. Without such an admin, runs pass by untold, so that
    whoever is named later is not told of them all.
    """
    to = settings.contact_email
    told = 0
    try:
        queue_report(store, clock(), settings.run_reports if to else "none")
        if not to or not alarms.waiting(store, clock()):
            return 0
        assure_home(store)
        sender, connection = mail_server()
        try:
            render = partial(_rendered, store, settings, sender, to, clock)
            while alarms.waiting(store, clock()):
                told += send_alarms(store, connection, render, clock, domain=sender.address.rpartition("@")[2])
        finally:
            connection.close()
    except BotError as error:
        log.warning("alarm waits", error=str(error))
    return told


def _rendered(
    store: Store,
    settings: Settings,
    sender: Mailbox,
    to: str,
    clock: Callable[[], datetime],
    waiting: Sequence[AlarmRecord],
    message_id: str,
) -> Message | None:
    """The mail that tells of these alarms, or of this report; None where there is nothing left to tell."""
    brand = sender.name or "Concept Digest"
    envelope = Envelope(
        from_name=brand,
        from_address=sender.address,
        to_name="",
        to_address=to,
        message_id=message_id,
        date=clock(),
        unsubscribe_url=None,
        reply_to=settings.reply_to.address if settings.reply_to else "",
        smtputf8=True,
    )
    site = Site(brand, settings.public_url, settings.postal_address)
    environment = build_environment(settings.templates, language(settings.language))
    if waiting[0].kind == AlarmKind.REPORT:
        account = account_of(store, waiting[0])
        if account is None:
            return None
        message = render_report(report(account, site, settings.timezone, settings.language), envelope, environment)
    else:
        message = render_alarm(waiting, site, settings.timezone, envelope, environment, settings.language)
    return replace(message, content=signed(message.content, _keys(settings), clock()))


def _keys(settings: Settings) -> tuple[Signer, ...]:
    """What signs the mail; an alarm goes out all the same where a key is of no use."""
    try:
        return signers(settings)
    except BotError as error:
        log.warning("alarm goes out unsigned", error=str(error))
        return ()
