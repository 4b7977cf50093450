"""Whose page a link opens."""

from __future__ import annotations

from bot.errors import TokenError, UnknownError
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.web.edges import SiteEdges


def subscriber_of(edges: SiteEdges, subscriber_id: int) -> SubscriberRecord:
    """The subscriber whom a token names.

    Raises:
        TokenError: they were erased; their link says no more than a forged one.
    """
    try:
        return subscriber_by_id(edges.store, subscriber_id)
    except UnknownError as error:
        raise TokenError from error
