"""From which relevance on papers are in a feed; papers are counted by it along the index of feed and time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("concept_feed", sa.Column("threshold", sa.Float(), nullable=True))
    op.create_index(
        op.f("ix_feed_entry_feed_id_entered_at_relevance"), "feed_entry", ["feed_id", "entered_at", "relevance"]
    )
    op.drop_index(op.f("ix_feed_entry_feed_id_entered_at"), table_name="feed_entry")
