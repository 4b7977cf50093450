"""Links' tokens: what is ours is read, everything else is refused in the same words."""

from __future__ import annotations

import re
import string
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from bot.errors import TokenError
from bot.models.bounces import Named
from bot.subscribe.tokens import Purpose, Tokens

OURS = Tokens(["first-key"])
REFUSED = str(TokenError())

ids = st.integers(1, 2**63 - 1)


def refused(tokens: Tokens, purpose: str, token: str) -> bool:
    try:
        tokens.read(purpose, token)
    except TokenError as error:
        return str(error) == REFUSED and error.__cause__ is None
    return False


@given(ids, st.sampled_from(Purpose))
def test_a_token_is_read_for_its_own_purpose_alone(subscriber: int, purpose: Purpose) -> None:
    token = OURS.make(purpose, subscriber)
    assert OURS.read(purpose, token) == subscriber
    assert all(refused(OURS, other, token) for other in Purpose if other is not purpose)


@given(ids)
def test_a_token_is_short_safe_in_a_url_and_always_the_same(subscriber: int) -> None:
    token = OURS.make(Purpose.UNSUBSCRIBE, subscriber)
    assert re.fullmatch(r"[A-Za-z0-9._\-]{45,63}", token)
    assert token == Tokens(["first-key"]).make("unsubscribe", subscriber)


def test_links_of_old_mails_stay_what_they_are() -> None:
    """The key is derived once by us, and would be for each token by the library: it comes to the same."""
    for purpose in Purpose:
        library = Signer("first-key", salt=f"concept-digest.{purpose}", key_derivation="hmac", digest_method=sha256)
        assert OURS.make(purpose, 17) == library.sign("17").decode()
    assert OURS.make(Purpose.UNSUBSCRIBE, 17) == "17.8PbtSMpldfrYFSpoKERY4uqNZZkbocX_wi1ZX1nIuQw"


def test_any_character_changed_left_out_or_added_is_refused() -> None:
    token = OURS.make(Purpose.PREFERENCES, 17)
    for place in range(len(token)):
        assert refused(OURS, Purpose.PREFERENCES, token[:place] + token[place + 1 :])
        for other in string.ascii_letters + string.digits + "-_.=%\n\0é ":
            if other != token[place]:
                assert refused(OURS, Purpose.PREFERENCES, token[:place] + other + token[place + 1 :])
            assert refused(OURS, Purpose.PREFERENCES, token[:place] + other + token[place:]) or other == token[place]
    for tail in ("=", "\n", " ", "A"):
        assert refused(OURS, Purpose.PREFERENCES, token + tail)


def test_another_readers_number_does_not_fit_the_signature() -> None:
    _, _, signature = OURS.make(Purpose.UNSUBSCRIBE, 17).partition(".")
    for number in ("1", "18", "017", "١٧", "-17", "+17", "17.0", ""):
        assert refused(OURS, Purpose.UNSUBSCRIBE, f"{number}.{signature}")


def test_keys_rotate_the_first_signs_and_all_verify() -> None:
    old, rotated, new = Tokens(["old"]), Tokens(["new", "old"]), Tokens(["new"])
    token = old.make(Purpose.UNSUBSCRIBE, 5)
    assert rotated.read(Purpose.UNSUBSCRIBE, token) == 5
    assert rotated.make(Purpose.UNSUBSCRIBE, 5) == new.make(Purpose.UNSUBSCRIBE, 5)
    assert refused(new, Purpose.UNSUBSCRIBE, token)
    assert refused(old, Purpose.UNSUBSCRIBE, rotated.make(Purpose.UNSUBSCRIBE, 5))


@given(st.text() | st.from_regex(r"[1-9][0-9]{0,25}\.[A-Za-z0-9_\-]{43}"))
def test_what_was_not_signed_here_is_refused(token: str) -> None:
    assert refused(OURS, Purpose.UNSUBSCRIBE, token)


def test_tokens_need_a_key_and_a_subscriber() -> None:
    for keys in ([], [""], ["a", ""]):
        with pytest.raises(ValueError, match="secret key"):
            Tokens(keys)
    with pytest.raises(ValueError, match="count from 1"):
        OURS.make(Purpose.UNSUBSCRIBE, 0)


def vote_refused(tokens: Tokens, token: str) -> bool:
    try:
        tokens.read_vote(token)
    except TokenError as error:
        return str(error) == REFUSED and error.__cause__ is None
    return False


@given(ids)
def test_a_votes_token_names_a_subscriber_and_opens_nothing_else(subscriber: int) -> None:
    token = OURS.make_vote(subscriber)
    assert re.fullmatch(rf"{subscriber}\.[A-Za-z0-9_\-]{{22}}", token)
    assert OURS.read_vote(token) == subscriber
    assert all(refused(OURS, purpose, token) for purpose in Purpose)
    assert all(vote_refused(OURS, OURS.make(purpose, subscriber)) for purpose in Purpose)


def test_any_character_of_a_votes_token_changed_left_out_or_added_is_refused() -> None:
    token = OURS.make_vote(17)
    for place in range(len(token)):
        assert vote_refused(OURS, token[:place] + token[place + 1 :])
        for other in string.ascii_letters + string.digits + "-_.=%\n\0é ":
            if other != token[place]:
                assert vote_refused(OURS, token[:place] + other + token[place + 1 :])
                assert vote_refused(OURS, token[:place] + other + token[place:])
    # Another reader's number, and a longer part of one that signs for something else.
    for other in ("1", "18", "017", "١٧", "-17", "17.0", ""):
        assert vote_refused(OURS, other + token[2:])
    assert vote_refused(OURS, OURS.make(Purpose.PAUSE, 17)[: len(token)])


def test_keys_rotate_for_votes_too() -> None:
    old, rotated, new = Tokens(["old"]), Tokens(["new", "old"]), Tokens(["new"])
    assert rotated.read_vote(old.make_vote(5)) == 5
    assert rotated.make_vote(5) == new.make_vote(5)
    assert vote_refused(new, old.make_vote(5))
    with pytest.raises(ValueError, match="count from 1"):
        new.make_vote(0)


@given(st.text() | st.from_regex(r"[1-9][0-9]{0,25}\.[A-Za-z0-9_\-]{22}"))
def test_a_vote_that_was_not_signed_here_is_refused(token: str) -> None:
    assert vote_refused(OURS, token)


@given(ids, st.randoms(use_true_random=False))
def test_bounce_addresses_are_read_whatever_becomes_of_their_capitals(number: int, dice: Random) -> None:
    number = min(number, 10**18 - 1)
    for token, named in (
        (OURS.make_bounce(number), Named(delivery_id=number)),
        (OURS.make_letter_bounce(number), Named(letter_id=number)),
    ):
        assert len(token) <= 40
        assert OURS.read_bounce("".join(dice.choice([c.lower(), c.upper()]) for c in token)) == named
        assert Tokens(["second-key", "first-key"]).read_bounce(token) == named


@pytest.mark.parametrize(
    "token",
    [
        OURS.make_bounce(17).replace("17-", "18-"),
        OURS.make_bounce(17).replace("17-", "l17-"),
        OURS.make_letter_bounce(17).removeprefix("l"),
        OURS.make_bounce(17)[:-1],
        OURS.make_bounce(17) + "0",
        Tokens(["other-key"]).make_bounce(17),
        OURS.make(Purpose.UNSUBSCRIBE, 17),
        OURS.make_vote(17),
        "0-" + "0" * 20,
        "",
        OURS.make_bounce(17).replace("1", "１", 1),
    ],
)
def test_other_bounce_addresses_are_refused_in_the_same_words(token: str) -> None:
    with pytest.raises(TokenError) as refusal:
        OURS.read_bounce(token)
    assert str(refusal.value) == REFUSED


def test_who_complains_is_named_by_the_link_to_leave_alone() -> None:
    assert OURS.read_leave(OURS.make(Purpose.UNSUBSCRIBE, 17)) == Named(subscriber_id=17)
    with pytest.raises(TokenError):
        OURS.read_leave(OURS.make(Purpose.DIGEST, 17))
