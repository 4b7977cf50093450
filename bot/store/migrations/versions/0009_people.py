"""What subscribing needs: who said what from where, pauses that end, and a limit for each feed."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("wording", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("evidence", sa.Column("network", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("subscriber", sa.Column("paused_until", UtcDateTime(), nullable=True))
    op.add_column("subscription", sa.Column("max_papers", sa.Integer(), nullable=True))
    op.add_column("instance", sa.Column("zones", sa.String(), nullable=False, server_default=sa.text("''")))
