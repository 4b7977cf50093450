"""The mail that tells an admin what turned stale or failing, and what has recovered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jinja2 import Environment

from bot.models.alarms import AlarmRecord
from bot.models.deliveries import Message
from bot.models.feeds import Health
from bot.render.inline import inlined
from bot.render.mime import Envelope, build_message
from bot.render.plain import plain, web_link
from bot.render.templates import filled
from bot.render.view import Site
from bot.render.wording import count, zone_named

_FOLDER = "email/alarm"
_QUERY_LENGTH = 300
#: Alarms that are told one by one; more are counted.
TOLD = 40

#: By health, how a group of alarms is headed, gravest first, and what can be done.
GROUPS = {
    Health.FAILING: ("Failing", "No whole answer came. They are asked again by themselves, at the latest once a day."),
    Health.STALE: ("Stale", "They answer, but bring nothing new. See whether the source or the query has changed."),
    Health.QUIET: ("Recovered", "They answer again. What was missed meanwhile has been collected."),
}


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One query that turned."""

    feed: str
    source: str
    query: str
    words: str
    #: `since Mon …`; of a recovery, `from Mon … to Tue …`.
    when: str


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """Queries that turned alike."""

    name: str
    advice: str
    alarms: tuple[AlarmView, ...]
    #: Those that are not told one by one.
    more: int = 0


@dataclass(frozen=True, slots=True)
class AlarmMailView:
    """All that the templates of an alarm see."""

    brand: str
    summary: str
    groups: tuple[AlarmGroup, ...]
    postal_address: str
    public_url: str
    language: str = "en"
    direction: str = "ltr"


def render_alarm(
    alarms: Sequence[AlarmRecord], site: Site, timezone: str, envelope: Envelope, environment: Environment
) -> Message:
    """The mail that tells of `alarms`.

    Args:
        timezone: an IANA name, for the times in it.

    Raises:
        TemplateError: a template cannot be rendered.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    view = AlarmMailView(
        brand=plain(site.brand, 120),
        summary=_summary(alarms),
        groups=tuple(_groups(alarms, timezone)),
        postal_address=plain(site.postal_address, 300),
        public_url=web_link(site.public_url),
    )
    subject = plain(filled(environment, f"{_FOLDER}/subject.txt", mail=view))
    html = inlined(filled(environment, f"{_FOLDER}/body.html", mail=view, subject=subject))
    text = filled(environment, f"{_FOLDER}/body.txt", mail=view, subject=subject)
    return build_message(subject, text, html, replace(envelope, language=view.language))


def _summary(alarms: Sequence[AlarmRecord]) -> str:
    """`2 queries failing, 1 recovered`."""
    words = {Health.FAILING: "failing", Health.STALE: "stale", Health.QUIET: "recovered"}
    counts = [(sum(one.health == health for one in alarms), word) for health, word in words.items()]
    shown = [(number, word) for number, word in counts if number]
    first, *others = [f"{number} {word}" for number, word in shown]
    number, word = shown[0]
    first = f"{count(number, 'query', 'queries')} {word}"
    return ", ".join((first, *others))


def _groups(alarms: Sequence[AlarmRecord], timezone: str) -> list[AlarmGroup]:
    groups, room = [], TOLD
    for health, (name, advice) in GROUPS.items():
        of_it = [one for one in alarms if one.health == health]
        if of_it:
            told = of_it[: max(1, room)]
            room -= len(told)
            views = tuple(_view(one, timezone) for one in told)
            groups.append(AlarmGroup(name, advice, views, len(of_it) - len(told)))
    return groups


def _view(one: AlarmRecord, timezone: str) -> AlarmView:
    return AlarmView(
        feed=plain(one.feed, 120),
        source=plain(one.source, 40),
        query=plain(_without_secrets(one.query), _QUERY_LENGTH),
        words=plain(one.words, 500),
        when=_when(one, timezone),
    )


def _without_secrets(query: str) -> str:
    """A feed's address without user, password and what follows its path; other queries as they are."""
    if not query.startswith(("http://", "https://")):
        return query
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", query, maxsplit=1)[0])


def _when(one: AlarmRecord, timezone: str) -> str:
    since = _moment(one.since or one.at, timezone)
    return f"from {since} to {_moment(one.at, timezone)}" if one.health == Health.QUIET else f"since {since}"


def _moment(when: datetime, timezone: str) -> str:
    return when.astimezone(zone_named(timezone)).strftime("%a %Y-%m-%d %H:%M %Z")
