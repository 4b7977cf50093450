"""The subject of a digest, which says what is inside."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render.plain import shortened
from bot.render.wording import count

#: Characters; longer subjects are cut by most programs that list mail.
SUBJECT_LENGTH = 78


def digest_subject(total: int, feeds: Sequence[str], limit: int = SUBJECT_LENGTH) -> str:
    """`7 new papers: Chronic fatigue syndrome, STING receptor agonists`, shortened by `and 2 more feeds`.

    Args:
        total: papers that the digest shows.
        feeds: names of the feeds that they are in, in the reader's order.
        limit: characters at the most.
    """
    head = count(total, "new paper") if total else "No new papers"
    if not feeds:
        return head
    for shown in range(len(feeds), 0, -1):
        rest = len(feeds) - shown
        subject = f"{head}: {', '.join(feeds[:shown])}" + (f" and {count(rest, 'more feed')}" if rest else "")
        if len(subject) <= limit:
            return subject
    rest = len(feeds) - 1
    tail = f" and {count(rest, 'more feed')}" if rest else ""
    room = limit - len(head) - 2 - len(tail)
    return f"{head}: {shortened(feeds[0], room)}{tail}"
