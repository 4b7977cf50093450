"""Outbox rows for tests: subscribers with a delivery each, as planning leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from bot.models.deliveries import Digest, DigestSection
from bot.models.subscribers import address_key
from bot.store.engine import Store
from bot.store.tables import concept_feed, delivery, paper, run, shown, subscriber

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


def fill(
    store: Store,
    count: int,
    *,
    emails: Sequence[str] = (),
    expires_at: datetime = NOW + WEEK,
    papers: int = 2,
) -> list[int]:
    """Ids of `count` new deliveries of one run, due a second after another, the last one at `NOW`.

    The addresses are `emails`, or `reader1@reader.example` and so on; each subscriber is shown the same papers.
    """
    emails = emails or [f"reader{n}@reader.example" for n in range(1, count + 1)]
    with store.writing() as connection:
        feed_id = connection.execute(
            insert(concept_feed)
            .values(slug="sting", name="STING", description="", mesh=[], synonyms=[], exclude=[], created_at=NOW)
            .returning(concept_feed.c.id)
        ).scalar_one()
        paper_ids = [
            connection.execute(
                insert(paper)
                .values(title=f"Paper {n}", url="https://doi.org/10.5555/1", source="pubmed", first_seen_at=NOW)
                .values(abstract=[], authors=[], journal="", keywords=[], mesh=[], publication_types=[])
                .values(published="", language="")
                .returning(paper.c.id)
            ).scalar_one()
            for n in range(papers)
        ]
        run_id = connection.execute(
            insert(run).values(planned_at=NOW, chosen=count, passed_over="{}").returning(run.c.id)
        ).scalar_one()
        digest = Digest((DigestSection(feed_id, tuple(paper_ids)),))
        ids = []
        for number, email in enumerate(emails):
            who = connection.execute(
                insert(subscriber)
                .values(email=email, email_key=address_key(email), name="", standing="active", cadence="weekly")
                .values(weekday=0, hour=7, timezone="UTC", max_papers=12, language="en", created_at=NOW - WEEK)
                .values(covered_until=NOW)
                .returning(subscriber.c.id)
            ).scalar_one()
            connection.execute(insert(shown), [{"subscriber_id": who, "paper_id": p} for p in paper_ids])
            ids.append(
                connection.execute(
                    insert(delivery)
                    .values(run_id=run_id, subscriber_id=who, occasion=NOW, window_start=NOW - WEEK, window_end=NOW)
                    .values(content=digest.frozen(), due_at=NOW - timedelta(seconds=count - 1 - number))
                    .values(expires_at=expires_at, state="queued", phase="", reason="", attempts=0, message_id="")
                    .values(reply_code=0, reply_enhanced="", reply_text="")
                    .returning(delivery.c.id)
                ).scalar_one()
            )
    return ids


def states(store: Store) -> list[str]:
    """The state of every delivery, in the order they were planned."""
    return [str(state) for state in column(store, "state")]


def column(store: Store, name: str) -> list[object]:
    """One column of the outbox, in the order of planning."""
    with store.reading() as connection:
        return list(connection.execute(select(delivery.c[name]).order_by(delivery.c.id)).scalars())


def change(store: Store, number: int, **values: object) -> None:
    """Change the delivery that was planned as the `number`th, from 0."""
    with store.writing() as connection:
        ids = connection.execute(select(delivery.c.id).order_by(delivery.c.id)).scalars().all()
        connection.execute(update(delivery).where(delivery.c.id == ids[number]).values(**values))


def change_subscriber(store: Store, number: int, **values: object) -> None:
    """Change the subscriber of the delivery that was planned as the `number`th, from 0."""
    with store.writing() as connection:
        ids = connection.execute(select(subscriber.c.id).order_by(subscriber.c.id)).scalars().all()
        connection.execute(update(subscriber).where(subscriber.c.id == ids[number]).values(**values))


def still_shown(store: Store) -> int:
    """How many papers are written down as shown, to all together."""
    with store.reading() as connection:
        return len(connection.execute(select(shown)).all())


def covered(store: Store) -> list[datetime]:
    """Where each subscriber's next window begins."""
    with store.reading() as connection:
        return list(connection.execute(select(subscriber.c.covered_until).order_by(subscriber.c.id)).scalars())


def run_closed_at(store: Store) -> datetime | None:
    """When the one run was closed."""
    with store.reading() as connection:
        closed: datetime | None = connection.execute(select(run.c.closed_at)).scalar_one()
    return closed
