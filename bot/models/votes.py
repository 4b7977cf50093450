"""Votes: what subscribers said of papers that their digests showed them, by pressing a button and in no other way."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, ForeignKey
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime

#: A subscriber's latest votes, so many, are learned from.
LEARNED_FROM = 500


class Vote(Table, table=True):
    """A subscriber's word on a paper: one each, and the last one counts."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    subscriber_id: int = Field(sa_column=Column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True))
    paper_id: int = Field(sa_column=Column(ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True, index=True))
    #: True for "more like this", False for "not for me".
    liked: bool
    at: datetime = Field(sa_type=UtcDateTime)


class CastVote(NamedTuple):
    """A vote as it is learned from: when it was cast plays no part."""

    paper_id: int
    liked: bool


class PaperText(NamedTuple):
    """The words of a paper, as far as votes are learned from them."""

    title: str
    #: All parts of it, without their labels.
    abstract: str = ""
    keywords: tuple[str, ...] = ()
