"""A database knows where it belongs and who leads; receivers have paces; alarms may be of anything, runs are told."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ADAPTED = sa.text("rate IS NOT NULL")
_TOLD = sa.text("reported_at IS NOT NULL")
_UNTOLD = sa.text("closed_at IS NOT NULL AND reported_at IS NULL AND chosen > 0")


def upgrade() -> None:
    op.add_column("instance", sa.Column("home", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("instance", sa.Column("seal", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("instance", sa.Column("term", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("instance", sa.Column("leader", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("alarm", sa.Column("about", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("alarm", sa.Column("kind", sa.String(), nullable=False, server_default=sa.text("'turn'")))
    op.add_column("run", sa.Column("reported_at", UtcDateTime(), nullable=True))
    # What was closed before this version is not told all at once.
    op.execute("update run set reported_at = closed_at")
    op.create_index(op.f("ix_run_planned_at"), "run", ["planned_at"])
    op.create_index("ix_run_told", "run", ["reported_at"], sqlite_where=_TOLD, postgresql_where=_TOLD)
    op.create_index("ix_run_untold", "run", ["id"], sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)
    op.create_index(op.f("ix_evidence_at"), "evidence", ["at"])
    op.create_table(
        "pace",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("queued_until", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("ceiling", sa.Float(), nullable=True),
        sa.Column("pressed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pace")),
    )
    op.create_index("ix_pace_adapted", "pace", ["scope"], sqlite_where=_ADAPTED, postgresql_where=_ADAPTED)
    op.create_table(
        "receiver",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("mx_group", sa.String(), nullable=False),
        sa.Column("again_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_receiver")),
    )
