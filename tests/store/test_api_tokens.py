"""Tokens of the admin API: shown once, good until they end, worthless when anything is off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import BotError, UnknownError
from bot.models.api_tokens import Scope
from bot.store import api_tokens
from bot.store.engine import Store
from bot.store.tables import api_token
from tests.builders import NOW

HOUR = timedelta(hours=1)


def test_a_token_is_known_again_and_kept_nowhere(store: Store) -> None:
    token = api_tokens.add_token(store, "wiki", Scope.WRITE, NOW)
    found = api_tokens.token_of(store, token, NOW)
    assert found is not None
    assert (found.name, found.may_write()) == ("wiki", True)
    assert len(token) == len(api_tokens.PREFIX) + 43
    with store.reading() as connection:
        row = connection.execute(select(api_token)).one()
    assert not [value for value in row if isinstance(value, str) and token[8:] in value]
    for other in (token[:-1], token + "A", token.swapcase(), token[4:], "", "cdt_", "\x00", "\ud800", "é" * 5000):
        assert api_tokens.token_of(store, other, NOW) is None


def test_tokens_end(store: Store) -> None:
    token = api_tokens.add_token(store, "wiki", Scope.READ, NOW, NOW + HOUR)
    assert api_tokens.token_of(store, token, NOW + HOUR - timedelta(microseconds=1)) is not None
    assert api_tokens.token_of(store, token, NOW + HOUR) is None


def test_a_revoked_token_opens_nothing_and_its_name_stays_taken(store: Store) -> None:
    token = api_tokens.add_token(store, "wiki", Scope.READ, NOW)
    assert api_tokens.revoke(store, "wiki", NOW)
    assert not api_tokens.revoke(store, "wiki", NOW)
    assert api_tokens.token_of(store, token, NOW) is None
    with pytest.raises(BotError, match="there is one of that name"):
        api_tokens.add_token(store, "wiki", Scope.READ, NOW)
    with pytest.raises(UnknownError, match="no such token: 'blog'"):
        api_tokens.revoke(store, "blog", NOW)


def test_the_time_of_last_use_is_kept_to_the_hour(store: Store) -> None:
    token = api_tokens.add_token(store, "wiki", Scope.READ, NOW)
    used = []
    for minutes in (0, 59, 60, 61):
        api_tokens.token_of(store, token, NOW + timedelta(minutes=minutes))
        used.append(api_tokens.tokens(store)[0].last_used_at)
    assert used == [NOW, NOW, NOW + HOUR, NOW + HOUR]
