"""After the mail server has refused us as such: how long senders that run by themselves leave it alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.errors import BotError, MailServerError
from bot.models.deliveries import Phase

#: The first rest; each later one is twice as long, up to the longest. Servers lock out who logs in wrongly all day.
FIRST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=30)

_OURS: Final = frozenset({Phase.AUTH, Phase.STARTTLS})


class Rest:
    """Whether to leave the mail server alone for now; forgotten when the program ends, as whoever mends starts anew."""

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._refusals = 0

    def goes_on(self, now: datetime) -> bool:
        """Whether it is not over yet."""
        return self._until is not None and now < self._until

    def note(self, error: BotError | None, now: datetime) -> None:
        """Learn how a round came out: refused credentials, or a certificate that proves nothing, do not mend soon."""
        if isinstance(error, MailServerError) and error.phase in _OURS and not error.passing:
            self._until = now + min(FIRST * 2 ** min(self._refusals, 10), LONGEST)
            self._refusals += 1
        else:
            self._until, self._refusals = None, 0
