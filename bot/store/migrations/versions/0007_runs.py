"""Runs can be held up, and close with an account that the database checks; doubt about a delivery is kept."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_HELD = sa.text("paused_at IS NOT NULL OR cancelled_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("run", sa.Column("paused_at", UtcDateTime(), nullable=True))
    op.add_column("run", sa.Column("cancelled_at", UtcDateTime(), nullable=True))
    op.create_index("ix_run_held", "run", ["id"], sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_table(
        "account",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("suppressed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "chosen = sent + failed + suppressed + skipped + uncertain", name=op.f("ck_account_adds_up")
        ),
        sa.CheckConstraint(
            "sent >= 0 AND failed >= 0 AND suppressed >= 0 AND skipped >= 0 AND uncertain >= 0",
            name=op.f("ck_account_counts"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_account_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_account")),
    )
    op.add_column("delivery", sa.Column("doubted_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_delivery_state_due_at_run_id"), "delivery", ["state", "due_at", "run_id"])
    op.drop_index(op.f("ix_delivery_state_due_at"), table_name="delivery")
    op.execute(
        "update delivery set doubted_at = due_at "
        "where reason in ('sent once more', 'no reply to the final dot, twice')"
    )
    op.execute(
        "insert into account (run_id, chosen, sent, failed, suppressed, skipped, uncertain) "
        "select run.id, run.chosen, "
        + ", ".join(
            f"count(delivery.id) filter (where delivery.state = '{state}')"
            for state in ("sent", "failed", "suppressed", "skipped", "uncertain")
        )
        + " from run left join delivery on delivery.run_id = run.id where run.closed_at is not null "
        "group by run.id, run.chosen having run.chosen = count(delivery.id) filter (where delivery.state "
        "in ('sent', 'failed', 'suppressed', 'skipped', 'uncertain'))"
    )
