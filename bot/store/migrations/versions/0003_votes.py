"""What subscribers say of papers, and whether the order of their digests is learned from it."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("subscriber", sa.Column("learns", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "vote",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("paper_id", _BIG_ID, nullable=False),
        sa.Column("liked", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_vote_paper_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_vote_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "paper_id", name=op.f("pk_vote")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_vote_paper_id"), "vote", ["paper_id"], unique=False)
