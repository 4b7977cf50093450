"""What subscribing needs: who said what from where, pauses that end, and a limit for each feed."""

import sqlalchemy as sa
from alembic import op

from bot.models.columns import BigId, UtcDateTime
from bot.store.search_index import make_search

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("wording", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("evidence", sa.Column("network", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("subscriber", sa.Column("paused_until", UtcDateTime(), nullable=True))
    op.add_column("subscriber", sa.Column("left_from", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("subscription", sa.Column("max_papers", sa.Integer(), nullable=True))
    op.add_column("instance", sa.Column("zones", sa.String(), nullable=False, server_default=sa.text("''")))
    for name, kind, default in (
        ("digest", sa.String(), "''"),
        ("line", sa.Integer(), "0"),
        ("added", sa.Integer(), "0"),
        ("changed", sa.Integer(), "0"),
    ):
        op.add_column("roster_import", sa.Column(name, kind, nullable=False, server_default=sa.text(default)))
    op.add_column("roster_import", sa.Column("finished_at", UtcDateTime(), nullable=True))
    op.create_table(
        "roster_change",
        sa.Column("roster_import_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["roster_import_id"],
            ["roster_import.id"],
            name=op.f("fk_roster_change_roster_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_roster_change_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("roster_import_id", "subscriber_id", name=op.f("pk_roster_change")),
    )
    op.create_index(op.f("ix_roster_change_subscriber_id"), "roster_change", ["subscriber_id"], unique=False)
    _consent()
    op.add_column("concept_feed", sa.Column("field", sa.String(), nullable=False, server_default=sa.text("''")))
    make_search(op.get_bind())


def _consent() -> None:
    op.create_table(
        "sign_up",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("feeds", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_sign_up_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
        sqlite_autoincrement=True,
    )
    for column in ("at", "expires_at", "email_key", "subscriber_id"):
        op.create_index(op.f(f"ix_sign_up_{column}"), "sign_up", [column])
    waiting = sa.text("taken_at IS NULL")
    op.create_index("ix_sign_up_waiting", "sign_up", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "letter",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("sign_up_id", BigId, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sign_up_id"], ["sign_up.id"], name=op.f("fk_letter_sign_up_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_letter_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_letter_state_due_at"), "letter", ["state", "due_at"])
    op.create_index(op.f("ix_letter_sign_up_id"), "letter", ["sign_up_id"])
    op.create_index(op.f("ix_letter_subscriber_id"), "letter", ["subscriber_id"])
    op.create_table(
        "tally",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "until", name=op.f("pk_tally")),
    )
    op.create_index(op.f("ix_tally_until"), "tally", ["until"])
    op.create_table(
        "erased",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("suppressed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_erased")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
