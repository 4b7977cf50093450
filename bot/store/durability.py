"""Whether what the database says is written down survives a power cut."""

from __future__ import annotations

from sqlalchemy import text

from bot.store.engine import Store

#: PostgreSQL's documentation, "Non-Durable Settings": with one of these off, a commit may be lost, or more than that.
#: `synchronous_commit` may also be `local` or more, each of which waits for this machine's disk.
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")


def not_durable(store: Store) -> list[str]:
    """The settings of the PostgreSQL server by which what we write may be lost; none on SQLite, where we set them.

    Raises:
        StoreError: the database cannot be reached.
    """
    if store.is_sqlite:
        return []
    with store.reading() as connection:
        return [name for name in SETTINGS if connection.execute(text(f"show {name}")).scalar_one() == "off"]
