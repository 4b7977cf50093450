"""All that is stored about one person, table by table, for them to take along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from bot.models.deliveries import Digest
from bot.store.engine import Store
from bot.store.tables import (
    bounce,
    concept_feed,
    delivery,
    evidence,
    letter,
    paper,
    roster_change,
    roster_import,
    shown,
    sign_up,
    subscriber,
    subscription,
    suppression,
    vote,
)

#: One row, by column.
Row = dict[str, Any]


def all_about(store: Store, subscriber_id: int) -> dict[str, list[Row]]:
    """By table, every row about a person; empty where there is nobody.

    Papers are named by their titles and links, which are not about the person. What a server said of a mail is theirs.
    """
    with store.reading() as connection:
        whole = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).mappings().one_or_none()
        if whole is None:
            return {}
        of_address = whole["email_key"]
        of_paper = (paper.c.title.label("paper"), paper.c.url.label("url"))
        return {
            "subscriber": [dict(whole)],
            "subscriptions": _rows(
                connection,
                select(
                    concept_feed.c.slug.label("feed"),
                    concept_feed.c.name,
                    *subscription.c["position", "max_papers", "created_at"],
                )
                .join(concept_feed, concept_feed.c.id == subscription.c.feed_id)
                .where(subscription.c.subscriber_id == subscriber_id)
                .order_by(subscription.c.position, concept_feed.c.id),
            ),
            "evidence": _rows(connection, _own(evidence.c.subscriber_id == subscriber_id, evidence)),
            "votes": _rows(
                connection,
                select(*of_paper, vote.c.liked, vote.c.at)
                .join(paper, paper.c.id == vote.c.paper_id)
                .where(vote.c.subscriber_id == subscriber_id)
                .order_by(vote.c.at, vote.c.paper_id),
            ),
            "shown": _rows(
                connection,
                select(*of_paper)
                .join(shown, shown.c.paper_id == paper.c.id)
                .where(shown.c.subscriber_id == subscriber_id)
                .order_by(paper.c.id),
            ),
            "deliveries": _deliveries(connection, subscriber_id),
            "letters": _rows(connection, _own(letter.c.subscriber_id == subscriber_id, letter)),
            "sign_ups": _rows(
                connection,
                _own(or_(sign_up.c.subscriber_id == subscriber_id, sign_up.c.email_key == of_address), sign_up),
            ),
            "bounces": _rows(
                connection,
                select(*bounce.c["delivery_id", "kind", "status", "diagnostic", "at"])
                .where(bounce.c.subscriber_id == subscriber_id)
                .order_by(bounce.c.id),
            ),
            "suppressions": _rows(connection, _own(suppression.c.email_key == of_address, suppression)),
            "imports": _rows(
                connection,
                select(roster_import.c.name, roster_import.c.at, roster_change.c.before)
                .join_from(
                    roster_import,
                    roster_change,
                    (roster_change.c.roster_import_id == roster_import.c.id)
                    & (roster_change.c.subscriber_id == subscriber_id),
                    isouter=True,
                )
                .where(
                    or_(
                        roster_import.c.id == whole["roster_import_id"],
                        roster_change.c.subscriber_id == subscriber_id,
                    )
                )
                .order_by(roster_import.c.id),
            ),
        }


def _own(mine: ColumnElement[bool], table: Any) -> Select[*tuple[Any, ...]]:
    """The rows of a table, without the numbers that say again whose they are."""
    columns = [column for column in table.c if column.name not in {"id", "subscriber_id", "sign_up_id", "email_key"}]
    return select(*columns).where(mine).order_by(table.c.id)


def _rows(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _deliveries(connection: Connection, subscriber_id: int) -> list[Row]:
    columns = [column for column in delivery.c if column.name not in {"subscriber_id", "claimed_until"}]
    query = select(*columns).where(delivery.c.subscriber_id == subscriber_id).order_by(delivery.c.id)
    slugs = dict(connection.execute(select(concept_feed.c.id, concept_feed.c.slug)).all())
    rows = _rows(connection, query)
    for row in rows:
        digest = Digest.thawed(row.pop("content"))
        row["papers"] = {slugs.get(one.feed_id, str(one.feed_id)): len(one.paper_ids) for one in digest.sections}
    return rows
