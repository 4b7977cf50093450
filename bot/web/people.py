"""Whose page a link opens, and in which language it speaks."""

from __future__ import annotations

from bot.errors import TokenError, UnknownError
from bot.store.subscribers import SubscriberRecord, subscriber_by_id
from bot.web.edges import SiteEdges
from bot.web.pages import Pages


def subscriber_of(edges: SiteEdges, subscriber_id: int) -> SubscriberRecord:
    """The subscriber whom a token names.

    Raises:
        TokenError: they were erased; their link says no more than a forged one.
    """
    try:
        return subscriber_by_id(edges.store, subscriber_id)
    except UnknownError as error:
        raise TokenError from error


def speaking(pages: Pages, person: SubscriberRecord) -> Pages:
    """The pages in the language of the person's mails, unless they chose another one by the address."""
    return pages if pages.site.chosen else pages.spoken(person.language)
