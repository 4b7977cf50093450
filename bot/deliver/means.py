"""What a round of delivering works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.deliver.pool import Relays
from bot.deliver.receivers import Receivers
from bot.errors import BotError
from bot.models.deliveries import Claim, Message, Outcome, Reply
from bot.models.paces import Limits
from bot.models.suppressions import SuppressionReason
from bot.store.engine import Store

#: Gives the messages of claims, in their order, and why there is none for whom there is none.
Render = Callable[[Sequence[Claim]], Awaitable[Sequence[Message | BotError]]]


@dataclass(frozen=True, slots=True)
class Means:
    """What a round works with; see `bot.deliver.deliver.deliver`."""

    store: Store
    relays: Relays
    render: Render
    clock: Callable[[], datetime]
    domain: str
    suppression_for: Callable[[Reply], SuppressionReason | None]
    progress: Callable[[Claim, Outcome], None]
    should_stop: Callable[[], bool]
    quiet_until: Callable[[datetime], datetime | None]
    limits: Limits = field(default_factory=Limits)
    receivers: Receivers | None = None
