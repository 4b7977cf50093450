"""The emergency brake: when so many mails are refused for a reason of ours that the others would be, too."""

from __future__ import annotations

from collections import deque
from typing import Final

#: The brake bites at more than `MOST` among the last `OF`: above 5 %. A provider that refuses one mail in twenty for
#: its sender's sake is about to refuse them all; and ten are bad luck with ten readers' own servers.
MOST: Final = 10
OF: Final = 200


class Brake:
    """Counts what the mail server said of the last deliveries; one for all connections of a round."""

    def __init__(self, most: int = MOST, of: int = OF) -> None:
        self._most = most
        self._last: deque[bool] = deque(maxlen=of)
        self._ours = 0

    def note(self, concerns_us: bool) -> bool:
        """Whether it is time to stop, now that one more was answered.

        Args:
            concerns_us: refused for a reason that is not its recipient's, see `bot.deliver.retry.concerns_sender`.
        """
        if len(self._last) == self._last.maxlen:
            self._ours -= self._last[0]
        self._last.append(concerns_us)
        self._ours += concerns_us
        return self._ours > self._most
