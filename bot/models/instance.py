"""What a database remembers of the bot that works on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime


class Instance(Table, table=True):
    """One row: this bot."""

    id: int | None = Field(default=None, primary_key=True)
    made_at: datetime = Field(sa_type=UtcDateTime)
    #: Signs links where `BOT_SECRET_KEY` is not set, so that links in mails already sent go on working.
    secret_key: str
    #: The last moment that was handed out by `bot.store.instance.tick`; moments never go back.
    latest_at: datetime = Field(sa_type=UtcDateTime)
    #: The place that mails are sent from: a copy of the database that wakes up elsewhere finds that it is not its own.
    home: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: Changed before mails are sent, here and at that place, so that a copy of old is known for one.
    seal: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: Counted up by each scheduler that becomes the leader: what one of an earlier term wants to write is refused.
    term: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    #: Who leads, `host:pid`, for people.
    leader: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    #: The version of the zone database that stored occasions were reckoned by, `2026a`.
    zones: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
