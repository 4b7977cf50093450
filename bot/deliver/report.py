"""What a round of delivering did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.errors import BotError
from bot.models.deliveries import State

#: In the order in which they are told.
COUNTED = (State.SENT, State.DEFERRED, State.FAILED, State.SUPPRESSED, State.SKIPPED, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What a round of delivering did."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    suppressed: int = 0
    skipped: int = 0
    uncertain: int = 0
    seconds: float = 0.0
    #: Why deliveries were not sent, most frequent first.
    reasons: Mapping[str, int] = field(default_factory=dict)
    #: What ended the round early; what was not tried waits in the outbox.
    error: BotError | None = None
    #: Whether the round was asked to stop.
    stopped: bool = False
    #: When the quiet hours end for which nothing more was sent; None where they had no part in it.
    quiet_until: datetime | None = None
    #: Of a dry run: how many would be sent.
    would_send: int = 0

    @property
    def per_second(self) -> float:
        """Messages sent a second."""
        return self.sent / self.seconds if self.seconds > 0 else 0.0

    @classmethod
    def of(
        cls,
        states: Mapping[State, int],
        reasons: Counter[str],
        seconds: float,
        error: BotError | None = None,
        *,
        stopped: bool = False,
        quiet_until: datetime | None = None,
    ) -> DeliverReport:
        """The report that these counts make."""
        counts = {state.value: states.get(state, 0) for state in COUNTED}
        return cls(
            **counts,
            seconds=max(seconds, 0.0),
            reasons=dict(reasons.most_common()),
            error=error,
            stopped=stopped,
            quiet_until=quiet_until,
            would_send=states.get(State.QUEUED, 0),
        )

    def as_json(self) -> dict[str, object]:
        """What `bot deliver --json` prints."""
        return {
            **{state.value: getattr(self, state.value) for state in COUNTED},
            "seconds": round(self.seconds, 3),
            "per_second": round(self.per_second, 1),
            "reasons": dict(self.reasons),
            "error": str(self.error) if self.error else None,
            "quiet_until": self.quiet_until,
        }
