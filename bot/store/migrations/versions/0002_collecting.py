"""What collecting from many sources remembers: sightings, merges, notices, health, hosts and alarms."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import JsonText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("paper", sa.Column("preprint", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("paper", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("paper", sa.Column("marks", JsonText(), nullable=False, server_default="[]"))
    op.add_column("paper", sa.Column("origins", JsonText(), nullable=False, server_default="{}"))
    op.add_column("source_query", sa.Column("begins_at", UtcDateTime(), nullable=True))
    op.add_column("source_query", sa.Column("newest", sa.Date(), nullable=True))
    op.add_column("source_query", sa.Column("habit", JsonText(), nullable=False, server_default="[]"))
    op.add_column("source_query", sa.Column("batch", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("source_query", sa.Column("batch_since", UtcDateTime(), nullable=True))
    op.add_column("source_query", sa.Column("etag", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("source_query", sa.Column("last_modified", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("source_query", sa.Column("next_ask_at", UtcDateTime(), nullable=True))
    op.create_table(
        "sighting",
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title_key", sa.String(32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(16), nullable=False),
        sa.Column("paper_id", _BIG_ID, nullable=False),
        sa.Column("names", JsonText(), nullable=False),
        sa.Column("preprint", sa.Boolean(), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_sighting_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source", "name", "title_key", "year", "digest", name=op.f("pk_sighting")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sighting_paper_id"), "sighting", ["paper_id"], unique=False)
    op.create_index(op.f("ix_sighting_title_key"), "sighting", ["title_key"], unique=False)
    op.create_table(
        "paper_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("paper_id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_change_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_change")),
        sa.UniqueConstraint("paper_id", "kind", name=op.f("uq_paper_change_paper_id_kind")),
    )
    op.create_index(op.f("ix_paper_change_at"), "paper_change", ["at"], unique=False)
    op.create_table(
        "paper_merge",
        sa.Column("merged_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("paper_id", _BIG_ID, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_merge_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("merged_id", name=op.f("pk_paper_merge")),
    )
    op.create_index(op.f("ix_paper_merge_paper_id"), "paper_merge", ["paper_id"], unique=False)
    op.create_table(
        "paper_notice",
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "value", "mark", name=op.f("pk_paper_notice")),
    )
    op.create_table(
        "withdrawn_record",
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "value", name=op.f("pk_withdrawn_record")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_state"), "alarm", ["state"], unique=False)
    op.create_table(
        "host_line",
        sa.Column("line", sa.String(255), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_host_line")),
    )
