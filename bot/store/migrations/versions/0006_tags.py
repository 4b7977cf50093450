"""Tags of papers: the concepts that their text tells most, and of which vocabulary they are."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import JsonText

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "paper_tags",
        sa.Column("paper_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("names", JsonText(), nullable=False),
        sa.Column("of", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_tags_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_paper_tags")),
    )
