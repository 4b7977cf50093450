"""Proof of work: a number that a browser finds in a moment, and that costs whoever signs up thousands an hour."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from bot.errors import TokenError
from bot.subscribe.tokens import Tokens

#: A stamp changes this often, so that pages may be kept for a minute, and holds for as long as a form stays open.
STEP, HOLDS = timedelta(minutes=10), timedelta(hours=12)

_PURPOSE = "work"
_NONCE = re.compile(r"[0-9]{1,15}", re.ASCII)


def stamp(tokens: Tokens, now: datetime) -> str:
    """What a form asks work for, at this time."""
    return tokens.make(_PURPOSE, int(now.timestamp()) // _seconds(STEP) * _seconds(STEP))


def is_done(tokens: Tokens, given: str, nonce: str, email: str, bits: int, now: datetime) -> bool:
    """Whether SHA-256 of stamp, address and nonce, with blanks between, begins with so many zero bits.

    Args:
        given: the stamp that the form brought back.
        nonce: what the browser found, in decimal.
        email: as it was typed, without the blanks around it: so that the work is good for one address.
    """
    try:
        made = tokens.read(_PURPOSE, given)
    except TokenError:
        return False
    age = int(now.timestamp()) - made
    if not 0 <= age < _seconds(HOLDS + STEP) or not _NONCE.fullmatch(nonce):
        return False
    digest = hashlib.sha256(f"{given} {email} {nonce}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
