"""Settings of a database server by which what is written may be lost."""

from __future__ import annotations

from sqlalchemy import text

from bot.store.durability import not_durable
from bot.store.engine import Store


def test_a_server_that_does_not_wait_for_the_disk_is_named(store: Store, database_url: str) -> None:
    assert "synchronous_commit" not in not_durable(store)
    if store.is_sqlite:
        return
    with store.writing() as connection:
        name = connection.execute(text("select current_database()")).scalar_one()
        connection.execute(text(f'alter database "{name}" set synchronous_commit = off'))
    # It holds for who comes later.
    later = Store(database_url)
    try:
        assert "synchronous_commit" in not_durable(later)
    finally:
        later.close()
