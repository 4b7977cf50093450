"""Letters to one subscriber about the subscription itself: to confirm it, and when it begins, changes or ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from jinja2 import Environment

from bot.models.deliveries import Message
from bot.models.feeds import FeedRecord
from bot.models.letters import LetterKind
from bot.models.subscribers import Wish
from bot.render.cards import NAME_LENGTH, feed_url
from bot.render.languages import Language, language
from bot.render.mime import Envelope
from bot.render.occasions import how_often, moment
from bot.render.plain import direction_of, plain, web_link
from bot.render.rows import HeadView
from bot.render.view import Reader, Site
from bot.render.whole import Fact, MailView, render_mail

_ADDRESS_LENGTH: Final = 254
_DESCRIPTION_LENGTH: Final = 300
#: Feeds that a letter names one by one; the others are counted.
_TOLD: Final = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What a subscriber has chosen."""

    #: In the subscriber's order.
    feeds: tuple[FeedRecord, ...]
    wish: Wish = field(default_factory=Wish)
    #: In one digest at the most.
    max_papers: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView(MailView):
    """All that the templates of a letter see; each shows what it is about."""

    kind: LetterKind
    #: Where it goes.
    address: str
    #: Empty where the reader has none, or where it cannot be known whose it is.
    reader_name: str = ""
    feeds: tuple[HeadView, ...] = ()
    #: `and 15 more feeds`: those that are not named one by one.
    more: str = ""
    #: How often, how many papers and so on.
    facts: tuple[Fact, ...] = ()
    #: To confirm, or to come back.
    link: str = ""
    #: How long the link is good.
    days: int = 0
    #: When the first digest comes, in words.
    first: str = ""

    def telling(self, most: int) -> LetterView:
        """The same with at most so many feeds by name."""
        rest = len(self.feeds) - most
        if rest <= 0:
            return self
        more = self.spoken.count(rest, "and %(number)s more feed", "and %(number)s more feeds")
        return replace(self, feeds=self.feeds[:most], more=more)


def render_letter(view: LetterView, envelope: Envelope, environment: Environment) -> Message:
    """The letter as a message.

    Args:
        view: what `confirmation`, `already`, `welcome`, `changed` or `goodbye` gave.
        envelope: who sends it to whom; its language becomes the view's. A confirmation and a goodbye go to somebody who
            is no subscriber, so theirs has no `unsubscribe_url`.
        environment: of the view's language.

    Raises:
        TemplateError: a template cannot be rendered.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    return render_mail(f"email/{view.kind}", view.telling, _TOLD, envelope, environment)


def confirmation(
    choice: Choice, address: str, site: Site, confirm_url: str, days: int, language_code: str = "en"
) -> LetterView:
    """The question whether it was the owner of an address who asked for digests.

    No name is in it: whoever fills in a form for somebody else must not have words of their own delivered.

    Args:
        choice: what was asked for.
        address: whose owner is asked.
        confirm_url: opens the page that confirms.
        days: how long that link is good.
        language_code: BCP 47.

    Raises:
        ValueError: `confirm_url` is no web link, without which the letter is of no use.
    """
    spoken = language(language_code)
    return LetterView(
        site=site,
        spoken=spoken,
        kind=LetterKind.CONFIRMATION,
        address=plain(address, _ADDRESS_LENGTH),
        feeds=_feeds(choice.feeds, site.public_url),
        facts=_facts(choice, spoken),
        link=_needed(confirm_url),
        days=days,
    )


def already(
    new: Sequence[FeedRecord], reader: Reader, address: str, site: Site, add_url: str = "", days: int = 0
) -> LetterView:
    """To somebody who gets digests, for whom they were asked once more: where preferences are, and what can be added.

    Like a confirmation it answers whoever fills in a form, so that it holds no words of theirs.

    Args:
        new: feeds that were asked for, and that the reader does not have yet.
        reader: its name is not used.
        add_url: opens the page that adds them; empty where there is nothing to add.
        days: how long that link is good.
    """
    return LetterView(
        site=site,
        spoken=language(reader.language),
        kind=LetterKind.ALREADY,
        address=plain(address, _ADDRESS_LENGTH),
        feeds=_feeds(new, site.public_url),
        link=web_link(add_url),
        days=days,
        preferences_url=web_link(reader.preferences_url),
        pause_url=web_link(reader.pause_url),
        unsubscribe_url=web_link(reader.unsubscribe_url),
    )


def welcome(choice: Choice, reader: Reader, address: str, site: Site, first: datetime) -> LetterView:
    """The beginning: what is followed, and when the first digest comes.

    Args:
        first: the first occasion, aware.
    """
    spoken = language(reader.language)
    return LetterView(
        site=site,
        spoken=spoken,
        kind=LetterKind.WELCOME,
        address=plain(address, _ADDRESS_LENGTH),
        reader_name=plain(reader.name, NAME_LENGTH),
        feeds=_feeds(choice.feeds, site.public_url),
        facts=_facts(choice, spoken),
        first=moment(first, choice.wish.timezone, spoken),
        preferences_url=web_link(reader.preferences_url),
        pause_url=web_link(reader.pause_url),
        unsubscribe_url=web_link(reader.unsubscribe_url),
    )


def changed(
    choice: Choice, reader: Reader, address: str, site: Site, next_digest: datetime | None = None
) -> LetterView:
    """What preferences are after a change, so that nobody else changes them unseen.

    Args:
        choice: as it is now.
        next_digest: the next occasion, aware; None while digests are paused.
    """
    spoken = language(reader.language)
    if next_digest is None:
        due = spoken.gettext("none while your digests are paused")
    else:
        due = moment(next_digest, choice.wish.timezone, spoken)
    tongue = Fact(spoken.gettext("Language"), spoken.name_of(spoken.code))
    return LetterView(
        site=site,
        spoken=spoken,
        kind=LetterKind.CHANGED,
        address=plain(address, _ADDRESS_LENGTH),
        reader_name=plain(reader.name, NAME_LENGTH),
        feeds=_feeds(choice.feeds, site.public_url),
        facts=(*_facts(choice, spoken), tongue, Fact(spoken.gettext("Next digest"), due)),
        preferences_url=web_link(reader.preferences_url),
        pause_url=web_link(reader.pause_url),
        unsubscribe_url=web_link(reader.unsubscribe_url),
    )


def goodbye(reader: Reader, address: str, site: Site, return_url: str) -> LetterView:
    """The last mail: what is kept, and how to come back.

    Args:
        return_url: opens the page to sign up again; the only link.

    Raises:
        ValueError: `return_url` is no web link.
    """
    return LetterView(
        site=replace(site, public_url=""),
        spoken=language(reader.language),
        kind=LetterKind.GOODBYE,
        address=plain(address, _ADDRESS_LENGTH),
        reader_name=plain(reader.name, NAME_LENGTH),
        link=_needed(return_url),
    )


def _needed(url: str) -> str:
    link = web_link(url)
    if not link:
        raise ValueError(f"not a web link: {plain(url, 100)!r}; give one that begins with https://")
    return link


def _feeds(feeds: Sequence[FeedRecord], public_url: str) -> tuple[HeadView, ...]:
    return tuple(_feed(feed, public_url) for feed in feeds)


def _feed(feed: FeedRecord, public_url: str) -> HeadView:
    name = plain(feed.name, NAME_LENGTH)
    description = plain(feed.description, _DESCRIPTION_LENGTH)
    return HeadView(name, web_link(feed_url(public_url, feed.slug)), description, direction_of(name))


def _facts(choice: Choice, spoken: Language) -> tuple[Fact, ...]:
    papers = spoken.count(
        choice.max_papers, "at most %(number)s paper at a time", "at most %(number)s papers at a time"
    )
    return (
        Fact(spoken.gettext("How often"), how_often(choice.wish, spoken)),
        Fact(spoken.gettext("How many"), papers),
    )
