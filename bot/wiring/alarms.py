"""From alarms that wait to the mail that tells the admin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.deliver.alarms import send_alarms
from bot.deliver.smtp import Connection
from bot.errors import BotError
from bot.models.alarms import AlarmRecord
from bot.models.deliveries import Message
from bot.render.alarm import render_alarm
from bot.render.dkim import Signer, signed
from bot.render.languages import language
from bot.render.mime import Envelope
from bot.render.templates import build_environment
from bot.render.view import Site
from bot.settings import Mailbox, Settings
from bot.store import alarms
from bot.store.engine import Store
from bot.wiring.signing import signers

log = structlog.get_logger(__name__)


def tell_admin(
    store: Store,
    settings: Settings,
    mail_server: Callable[[], tuple[Mailbox, Connection]],
    clock: Callable[[], datetime],
) -> int:
    """How many alarms were told to the admin whom `BOT_CONTACT_EMAIL` names; what cannot be told now is told later."""
    to = settings.contact_email
    if not to or not alarms.waiting(store, clock()):
        return 0
    try:
        sender, connection = mail_server()
    except BotError as error:
        log.warning("alarm waits", error=str(error))
        return 0
    brand, keys = sender.name or "Concept Digest", _keys(settings)

    def render(waiting: Sequence[AlarmRecord], message_id: str) -> Message:
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
        message = render_alarm(waiting, site, settings.timezone, envelope, environment, settings.language)
        return replace(message, content=signed(message.content, keys, clock()))

    told = 0
    try:
        while done := send_alarms(store, connection, render, clock, domain=sender.address.rpartition("@")[2]):
            told += done
    except BotError:
        # It has been logged, and the alarms wait for the next time.
        return told
    finally:
        connection.close()
    return told


def _keys(settings: Settings) -> tuple[Signer, ...]:
    """What signs the mail; an alarm goes out all the same where a key is of no use."""
    try:
        return signers(settings)
    except BotError as error:
        log.warning("alarm goes out unsigned", error=str(error))
        return ()
