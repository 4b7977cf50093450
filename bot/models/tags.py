"""Tags: the concepts that a paper's text tells most, kept so that cards need no vocabulary."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey
from sqlmodel import Field

from bot.models.columns import BigId, JsonText, Table

#: The fields of a paper that are read for its tags; when one of them changes, so may the tags.
TEXT_FIELDS = ("title", "abstract", "keywords")


class PaperTags(Table, table=True):
    """The tags of one paper; a paper that was never read has none."""

    paper_id: int = Field(
        sa_column=Column(BigId, ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    #: Preferred names of concepts, the most telling first; empty where the text tells none.
    names: list[str] = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    #: The version of the vocabulary with which it was read; empty once the text has changed, so that it is read again.
    of: str = Field(max_length=16)
