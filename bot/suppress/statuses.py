"""What a delivery report says of one recipient, and what that makes of the address: rules on values, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.models.bounces import BounceKind
from bot.models.deliveries import Phase, Reply
from bot.suppress.replies import suppression_for

#: Classes of subject that are about the message, about us, or about how two servers speak (RFC 3463, 3.6 to 3.8).
_OUR_SUBJECTS = frozenset({"5", "6", "7"})
#: The same within other subjects: message too big for the mailbox or for the system, feature not offered, bad sender.
_OUR_DETAILS = frozenset({"2.3", "3.3", "3.4", "1.7", "1.8"})
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_SMTP = re.compile(r"\s*([245]\d\d)(?:[ -]+#?(([245])\.\d{1,3}\.\d{1,3})(?!\d))?", re.ASCII)


class Action(StrEnum):
    """What was done with a mail (RFC 3464 section 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a report says of one recipient."""

    action: Action
    #: `5.1.1`; empty where it gives none.
    status: str
    #: `smtp; 550 5.1.1 …`.
    diagnostic: str = ""
    #: Whether the address that is reported is one to which ours was rewritten on the other side.
    elsewhere: bool = False


def read_recipient(action: str, status: str, diagnostic: str, original: str, final: str) -> RecipientStatus | None:
    """What the fields of one recipient say; None where they say nothing.

    Args:
        original, final: `rfc822; zoe@reader.example`, as we wrote it and as it was at last.
    """
    found = _STATUS.match(status)
    code = f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else ""
    word = action.strip().lower().partition(" ")[0].rstrip(";")
    if word in set(Action):
        done = Action(word)
    elif code:
        done = {"2": Action.DELIVERED, "4": Action.DELAYED}.get(code[0], Action.FAILED)
    else:
        return None
    ours, theirs = _address(original), _address(final)
    return RecipientStatus(done, _nearer(code, diagnostic), diagnostic, bool(ours and theirs and ours != theirs))


def kind_of(said: RecipientStatus) -> BounceKind:
    """What a failure makes of the address.

    The rule of replies to ourselves (`bot.suppress.replies`) holds for those to others, too. An address to which
    the other side has rewritten ours may be one of many, or be mended there; so it counts, and closes nothing at once.
    """
    subject, _, detail = said.status[2:].partition(".")
    if subject in _OUR_SUBJECTS or f"{subject}.{detail}" in _OUR_DETAILS:
        return BounceKind.REFUSED
    smtp = _smtp(said.diagnostic)
    vague = said.status[1:] in {"", ".0.0"}
    reply = Reply(Phase.RCPT, int(smtp[1]) if smtp else 550, "", "" if vague else said.status)
    if not said.elsewhere and suppression_for(reply):
        return BounceKind.GONE
    return BounceKind.SOFT


def _nearer(code: str, diagnostic: str) -> str:
    """The status, or the one in the server's reply where the reporting one has not looked closely: `5.0.0`."""
    smtp = _smtp(diagnostic)
    if smtp and smtp[2] and (not code or (code[1:] == ".0.0" and code[0] == smtp[3])):
        return smtp[2]
    return code


def _smtp(diagnostic: str) -> re.Match[str] | None:
    kind, semicolon, words = diagnostic.partition(";")
    return _SMTP.match(words) if semicolon and kind.strip().lower() == "smtp" else None


def _address(field: str) -> str:
    return field.rpartition(";")[2].strip().strip("<>").casefold()
