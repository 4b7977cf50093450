"""Which replies mean that an address must not be written to again: a pure decision."""

from __future__ import annotations

from bot.models.deliveries import Phase, Reply
from bot.models.suppressions import SuppressionReason

#: RFC 3463, 3.2, and RFC 7505: no such mailbox, no such system, no address at all, moved for good, takes no mail.
#: All else in class 5 is about the message (5.3.4, 5.6), about us (5.1.7, 5.1.8, 5.7), or may pass (5.2.2).
GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})


def suppression_for(reply: Reply) -> SuppressionReason | None:
    """Why the recipient must not be written to again; None where the reply does not say so.

    One recipient per transaction makes a refusal after the dot about that recipient, too, if its status says
    so. Without a status, 550 may be policy (RFC 5321, 4.2.2) and suppresses nobody; 551 is always about the
    mailbox. The server's words are never read.
    """
    if reply.phase not in {Phase.RCPT, Phase.DOT} or not 500 <= reply.code <= 599 or reply.code == 552:
        return None
    if reply.enhanced in GONE or (reply.code == 551 and not reply.enhanced):
        return SuppressionReason.BOUNCE
    return None
