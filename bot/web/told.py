"""What a reader has just changed, and when things come, in words of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.digests.cadence import first_occasion
from bot.digests.zones import Zones
from bot.models.choices import Change, Kind
from bot.models.subscribers import Standing
from bot.render.languages import Language, language
from bot.render.occasions import how_often, moment
from bot.render.wording import zone_named
from bot.store.subscribers import SubscriberRecord

_WHEN = frozenset({Kind.CADENCE, Kind.WEEKDAY, Kind.HOUR, Kind.TIMEZONE})


def told_changes(
    changed: Sequence[Change], person: SubscriberRecord, names: Mapping[str, str], spoken: Language
) -> tuple[str, ...]:
    """What has changed, a few words for each.

    Args:
        person: as they are now.
        names: of feeds, by slug.
    """
    found = []
    for one in changed:
        name = names.get(one.feed, one.feed)
        if one.kind is Kind.ADDED:
            found.append(spoken.text("Added: %(feed)s", feed=name))
        elif one.kind is Kind.DROPPED:
            found.append(spoken.text("Taken away: %(feed)s", feed=name))
        elif one.kind is Kind.ORDER:
            found.append(spoken.gettext("Your feeds stand in another order"))
        elif one.kind is Kind.LIMIT:
            most = one.after or spoken.gettext("no limit of its own")
            found.append(spoken.text("%(feed)s: %(limit)s", feed=name, limit=most))
        elif one.kind is Kind.MAX_PAPERS:
            found.append(
                spoken.count(
                    person.max_papers, "at most %(number)s paper at a time", "at most %(number)s papers at a time"
                )
            )
        elif one.kind is Kind.LANGUAGE:
            tongue = language(person.language)
            found.append(spoken.text("Language: %(name)s", name=spoken.name_of(tongue.code)))
    if any(one.kind in _WHEN for one in changed):
        found.append(how_often(person.wish, spoken))
    return tuple(found)


def awake(person: SubscriberRecord, now: datetime) -> SubscriberRecord:
    """The subscriber as planning will make them where a pause has ended and nothing has been planned since."""
    if person.standing != Standing.PAUSED or person.paused_until is None or person.paused_until > now:
        return person
    return replace(person, standing=Standing.ACTIVE, next_due=_first(person, person.paused_until))


def rests_until(person: SubscriberRecord, spoken: Language) -> str:
    """The day on which a pause ends by itself, in words; empty where it does not."""
    if person.standing != Standing.PAUSED or person.paused_until is None:
        return ""
    return spoken.weekday(person.paused_until.astimezone(zone_named(person.wish.timezone)).date())


def after_pause(person: SubscriberRecord, spoken: Language) -> str:
    """When the first digest after a pause comes, in words; empty where that is not known."""
    if person.standing != Standing.PAUSED or person.paused_until is None or not person.feeds:
        return ""
    return moment(_first(person, person.paused_until), person.wish.timezone, spoken)


def _first(person: SubscriberRecord, begin: datetime) -> datetime:
    return first_occasion(Zones("UTC").living(person.wish), begin)
