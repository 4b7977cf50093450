"""A sign-up as it is written into a form, read strictly where it matters and kindly where it is a guess."""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import StrEnum

from bot.errors import AddressError, WishError
from bot.models.signups import Asked
from bot.subscribe.addresses import clean_name, read_address
from bot.subscribe.wishes import read_timezone

#: Feeds of one sign-up at the most; more can be added once it is confirmed.
MOST_FEEDS = 200
#: Of the words beside the button.
_WORDING = 1000


class Flaw(StrEnum):
    """What is wrong with a sign-up, for the face to say in words."""

    NO_ADDRESS = "no address"
    BAD_ADDRESS = "bad address"
    NO_FEEDS = "no feeds"
    GONE_FEEDS = "gone feeds"


def read_sign_up(
    *,
    email: str,
    feeds: Sequence[str],
    offered: Container[str],
    language: str,
    languages: Container[str],
    usual_language: str,
    timezone: str,
    usual_timezone: str,
    wording: str,
    network: str,
    name: str = "",
) -> Asked | frozenset[Flaw]:
    """The sign-up, or all that is wrong with it.

    Args:
        email: as it was typed.
        feeds: slugs.
        offered: slugs of the feeds that can be chosen.
        language: of the mails; the usual one where it is none of `languages`.
        timezone: a browser's guess; the usual one where there is no such zone.
        wording: the words beside the button.
        network: from where, cut; see `bot.subscribe.networks`.
    """
    flaws: set[Flaw] = set()
    address = None
    if not email.strip():
        flaws.add(Flaw.NO_ADDRESS)
    else:
        try:
            address = read_address(email)
        except AddressError:
            flaws.add(Flaw.BAD_ADDRESS)
    chosen = tuple(dict.fromkeys(feeds))
    if not chosen:
        flaws.add(Flaw.NO_FEEDS)
    elif len(chosen) > MOST_FEEDS or not all(slug in offered for slug in chosen):
        flaws.add(Flaw.GONE_FEEDS)
    if flaws or address is None:
        return frozenset(flaws)
    return Asked(
        email=address.email,
        email_key=address.key,
        feeds=chosen,
        language=language if language in languages else usual_language,
        timezone=_zone(timezone, usual_timezone),
        wording=wording[:_WORDING],
        network=network,
        name=clean_name(name),
    )


def _zone(guess: str, usual: str) -> str:
    try:
        return read_timezone(guess) if guess.strip() else usual
    except WishError:
        return usual
