"""Tokens by which programs use the admin API: who has one, and what it opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


class Scope(StrEnum):
    """What a token opens."""

    READ = "read"
    """Look at subscribers, feeds and runs."""
    WRITE = "write"
    """The same, and add and remove subscribers, pause and resume runs."""


class ApiToken(Table, table=True):
    """One token, as its hash: it is shown once, when it is made, and nobody can find it out here."""

    id: int | None = Field(default=None, primary_key=True)
    #: What the admin calls it: which program has it.
    name: str = Field(unique=True)
    #: SHA-256 in hexadecimal. A token has 256 bits of chance, so that no salt and no slow hash is needed.
    digest: str = Field(unique=True)
    #: `Scope`.
    scope: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    #: To the hour; None for never.
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as plain values."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may_write(self) -> bool:
        """Whether it opens what changes something."""
        return self.scope is Scope.WRITE
