"""Tokens of the admin API: made, looked up by what a request brings, and revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, update

from bot.errors import BotError, UnknownError
from bot.models.api_tokens import Scope, TokenRecord
from bot.store.engine import Store
from bot.store.tables import api_token

#: What every token begins with, so that programs that look for secrets in code know it.
PREFIX = "cdt_"
#: Octets of chance.
_OCTETS = 32
#: How exact the time of last use is: a token that is used each second is not written down each second.
_USED_EVERY = timedelta(hours=1)


def add_token(store: Store, name: str, scope: Scope, now: datetime, expires_at: datetime | None = None) -> str:
    """A new token, which can be seen here and never again.

    Raises:
        BotError: there is one of that name.
    """
    token = PREFIX + secrets.token_urlsafe(_OCTETS)
    values = {"name": name, "digest": _digest(token), "scope": scope.value, "created_at": now, "expires_at": expires_at}
    with store.writing(lock="api tokens") as connection:
        if connection.execute(select(api_token.c.id).where(api_token.c.name == name)).first() is not None:
            raise BotError(f"token: '{name}': there is one of that name; choose another")
        connection.execute(insert(api_token).values(**values))
    return token


def tokens(store: Store) -> tuple[TokenRecord, ...]:
    """All tokens, the oldest first."""
    with store.reading() as connection:
        return tuple(_record(row) for row in connection.execute(select(api_token).order_by(api_token.c.id)))


def revoke(store: Store, name: str, now: datetime) -> bool:
    """Let a token open nothing any more, in force once this returns; False if it was revoked before.

    Raises:
        UnknownError: there is none of that name.
    """
    mine = api_token.c.name == name
    with store.writing() as connection:
        known = connection.execute(select(api_token.c.id).where(mine)).first()
        if known is None:
            raise UnknownError("token", name, mend="see `bot tokens list`")
        ended = update(api_token).where(mine, api_token.c.revoked_at.is_(None)).values(revoked_at=now)
        return bool(connection.execute(ended).rowcount)


def token_of(store: Store, written: str, now: datetime) -> TokenRecord | None:
    """The token that a request brings; None where it opens nothing, whatever the reason.

    It is looked up by its hash: how long that takes tells nothing of a token that was not known before.
    """
    digest = _digest(written)
    with store.reading() as connection:
        row = connection.execute(select(api_token).where(api_token.c.digest == digest)).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, digest):
        return None
    found = _record(row)
    if not found.is_good(now):
        return None
    if found.last_used_at is None or found.last_used_at <= now - _USED_EVERY:
        used = api_token.c.last_used_at
        stale = or_(used.is_(None), used <= now - _USED_EVERY)
        with store.writing() as connection:
            connection.execute(update(api_token).where(api_token.c.id == found.id, stale).values(last_used_at=now))
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _record(row: Any) -> TokenRecord:
    return TokenRecord(
        row.id, row.name, Scope(row.scope), row.created_at, row.last_used_at, row.expires_at, row.revoked_at
    )
