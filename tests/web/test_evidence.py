"""Every step that a reader takes on a page is kept with the network that it came from, cut."""

from __future__ import annotations

from sqlalchemy import select

from bot.store.tables import evidence
from bot.store.votes import cast
from bot.subscribe.tokens import Purpose
from tests.builders import NOW
from tests.web.sites import ADA, Visit

#: The page, the fields of a button on it, and what is kept of its step; in an order in which each changes something.
STEPS = (
    (Purpose.PREFERENCES, "", {"learning": "off"}, "changed", "preferences page: learning off"),
    (Purpose.PREFERENCES, "", {"votes": "erase"}, "changed", "preferences page: votes erased"),
    (Purpose.PAUSE, "", {"digests": "pause"}, "paused", "pause page"),
    (Purpose.PAUSE, "", {"digests": "go-on"}, "resumed", "pause page"),
    (Purpose.UNSUBSCRIBE, "?feed=microbicides", {"leave": "feed"}, "changed", "unsubscribe page: dropped microbicides"),
    (Purpose.UNSUBSCRIBE, "", {"leave": "all"}, "left", "unsubscribe page"),
    (Purpose.UNSUBSCRIBE, "", {"stay": "yes"}, "stayed", "unsubscribe page"),
    (Purpose.UNSUBSCRIBE, "", {"List-Unsubscribe": "One-Click"}, "left", "one-click"),
)


def test_where_each_step_came_from_is_kept(visit: Visit) -> None:
    ada = visit.person(ADA).id
    assert cast(visit.store, ada, 3, liked=True, now=NOW)
    for number, (purpose, query, fields, what, how) in enumerate(STEPS):
        there = {"x-forwarded-for": f"192.0.{number}.77"}
        assert visit.client.post(visit.link(purpose, ADA) + query, data=fields, headers=there).status_code == 200
        with visit.store.reading() as connection:
            mine = select(evidence).where(evidence.c.subscriber_id == ada).order_by(evidence.c.id.desc())
            step = connection.execute(mine.limit(1)).one()
        assert (step.what, step.how, step.network) == (what, how, f"192.0.{number}.0/24")
