"""Proof of work: good for one address and some hours, and for nothing else."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import count

from bot.subscribe.tokens import Tokens
from bot.subscribe.work import HOLDS, STEP, is_done, stamp
from tests.builders import NOW

TOKENS = Tokens(["a key that only tests have"])
EMAIL, BITS = "ada@example.org", 6


def nonce_for(given: str, email: str) -> str:
    found = (n for n in count() if hashlib.sha256(f"{given} {email} {n}".encode()).digest()[0] < 1 << (8 - BITS))
    return str(next(found))


def test_work_is_good_for_its_address_and_for_some_hours() -> None:
    given = stamp(TOKENS, NOW)
    nonce = nonce_for(given, EMAIL)
    assert is_done(TOKENS, given, nonce, EMAIL, BITS, NOW)
    assert is_done(TOKENS, given, nonce, EMAIL, BITS, NOW + HOLDS)
    assert not is_done(TOKENS, given, nonce, EMAIL, BITS, NOW + HOLDS + STEP)
    assert not is_done(TOKENS, given, nonce, EMAIL, BITS, NOW - timedelta(days=1))
    assert not is_done(TOKENS, given, nonce, EMAIL, 40, NOW)
    assert not is_done(TOKENS, given, "x", EMAIL, BITS, NOW)
    assert not is_done(TOKENS, TOKENS.make("preferences", 1_795_000_000), nonce, EMAIL, BITS, NOW)
    assert not is_done(Tokens(["another key altogether"]), given, nonce, EMAIL, BITS, NOW)


def test_pages_may_be_kept_for_a_while() -> None:
    assert stamp(TOKENS, NOW) == stamp(TOKENS, NOW + timedelta(minutes=1))
