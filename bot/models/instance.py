"""What a database remembers of the bot that works on it."""

from __future__ import annotations

from datetime import datetime

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
