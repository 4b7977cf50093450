"""The vocabulary that an admin loads: its concepts, and which one it is."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import JsonText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vocabulary_concept",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("terms", JsonText(), nullable=False),
        sa.Column("trees", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vocabulary_concept")),
    )
    op.create_table(
        "vocabulary_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("concepts", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vocabulary_state")),
    )
