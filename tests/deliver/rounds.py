"""Rounds of delivering for tests: to any mail servers, of messages that are short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.deliver.deliver import deliver
from bot.deliver.means import Render
from bot.deliver.pool import Relays
from bot.deliver.report import DeliverReport
from bot.deliver.smtp import Patience
from bot.deliver.url import SmtpUrl
from bot.errors import BotError, SettingsError, StoreError
from bot.models.deliveries import Claim, Message, State
from bot.store import runs
from bot.store.engine import Store
from bot.store.tables import run, suppression
from bot.suppress.replies import suppression_for
from tests.deliver.rows import NOW
from tests.deliver.servers import ScriptedServer

#: When a step is to be met by silence: long enough for a server that answers, on a busy machine.
QUICK = replace(Patience(), mail=0.5, rcpt=0.5, data=0.5, dot=0.5)


class Clock:
    """Stands still unless it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def render(taken: Claim) -> Message:
    return Message(
        sender="bounce+token@papers.example.org",
        recipient=taken.email,
        subject="Papers",
        message_id=taken.message_id,
        content=f"Message-ID: {taken.message_id}\r\n\r\nHello\r\n".encode(),
    )


def rendered(one: Callable[[Claim], Message]) -> Render:
    """Renders many as `one` does each."""

    async def render_all(claims: Sequence[Claim]) -> list[Message | BotError]:
        found: list[Message | BotError] = []
        for taken in claims:
            try:
                found.append(one(taken))
            except (StoreError, SettingsError):
                raise
            except BotError as error:
                found.append(error)
            except KeyError as error:
                # As the mailroom does with what nobody foresaw.
                found.append(BotError(f"rendering: KeyError: {error}"))
        return found

    return render_all


def deliver_to(store: Store, *servers: ScriptedServer | SmtpUrl, **options: Any) -> DeliverReport:
    """A round over one connection that is not waited for, unless `options` say otherwise."""
    urls = [server if isinstance(server, SmtpUrl) else server.url for server in servers]
    names = ("connections", "patience", "messages", "back_off", "behind", "ca_file")
    chosen: dict[str, Any] = {"connections": 1, "back_off": ()} | {
        name: options.pop(name) for name in names if name in options
    }
    values: dict[str, Any] = {"domain": "papers.example.org", "suppression_for": suppression_for} | options
    relays = Relays(urls, **chosen)
    return deliver(store, relays, rendered(values.pop("render", render)), values.pop("clock", Clock()), **values)


def reader(number: int) -> str:
    return f"reader{number}@reader.example"


def recipients(server: ScriptedServer) -> list[str]:
    return [recipient for recipient, _ in server.taken]


def suppressed(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(suppression.c.email_key)).scalars())


def account(store: Store) -> dict[State, int]:
    """The account of the one run, which adds up."""
    with store.reading() as connection:
        one = connection.execute(select(run.c.id, run.c.chosen)).one()
    counts = runs.account_of(store, one.id)
    assert sum(counts.values()) == one.chosen
    return counts
