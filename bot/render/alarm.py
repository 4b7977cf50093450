"""The mail that tells an admin what turned stale or failing, and what has recovered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment

from bot.models.alarms import AlarmRecord
from bot.models.deliveries import Message
from bot.models.feeds import Health
from bot.render.languages import Language, language
from bot.render.languages import marked as _
from bot.render.mime import Envelope
from bot.render.occasions import stamp
from bot.render.plain import direction_of, plain
from bot.render.view import Site
from bot.render.whole import MailView, render_mail

_QUERY_LENGTH: Final = 300
#: Alarms that are told one by one; more are counted.
TOLD: Final = 40


#: By health, how a group of alarms is headed, gravest first, and what can be done.
GROUPS: Final[Mapping[Health, tuple[str, str]]] = {
    Health.FAILING: (
        _("Failing"),
        _("No whole answer came. They are asked again by themselves, at the latest once a day."),
    ),
    Health.STALE: (
        _("Stale"),
        _("They answer, but bring nothing new. See whether the source or the query has changed."),
    ),
    Health.QUIET: (_("Recovered"), _("They answer again. What was missed meanwhile has been collected.")),
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
    #: Of the feed's name.
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """Queries that turned alike."""

    name: str
    advice: str
    alarms: tuple[AlarmView, ...]
    #: `and 111 more queries`: those that are not told one by one.
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmMailView(MailView):
    """All that the templates of an alarm see."""

    #: `2 queries failing and 1 query recovered`
    summary: str
    groups: tuple[AlarmGroup, ...]


def render_alarm(
    alarms: Sequence[AlarmRecord],
    site: Site,
    timezone: str,
    envelope: Envelope,
    environment: Environment,
    language_code: str = "en",
) -> Message:
    """The mail that tells of `alarms`.

    Args:
        timezone: an IANA name, for the times in it.
        environment: of that language.
        language_code: BCP 47.

    Raises:
        TemplateError: a template cannot be rendered.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    spoken = language(language_code)
    summary = _summary(alarms, spoken)

    def view_of(most: int) -> AlarmMailView:
        groups = tuple(_groups(alarms, timezone, spoken, most))
        return AlarmMailView(site=site, spoken=spoken, summary=summary, groups=groups)

    return render_mail("email/alarm", view_of, TOLD, envelope, environment)


def _summary(alarms: Sequence[AlarmRecord], spoken: Language) -> str:
    failing, stale, recovered = (sum(one.health == health for one in alarms) for health in GROUPS)
    told = (
        (failing, spoken.count(failing, "%(number)s query failing", "%(number)s queries failing")),
        (stale, spoken.count(stale, "%(number)s query stale", "%(number)s queries stale")),
        (recovered, spoken.count(recovered, "%(number)s query recovered", "%(number)s queries recovered")),
    )
    return spoken.listing([words for number, words in told if number])


def _groups(alarms: Sequence[AlarmRecord], timezone: str, spoken: Language, most: int) -> Iterator[AlarmGroup]:
    room = most
    for health, (name, advice) in GROUPS.items():
        of_it = [one for one in alarms if one.health == health]
        if of_it:
            told = of_it[: max(min(1, most), room)]
            room -= len(told)
            views = tuple(_view(one, timezone, spoken) for one in told)
            rest = len(of_it) - len(told)
            more = spoken.count(rest, "and %(number)s more query", "and %(number)s more queries") if rest else ""
            yield AlarmGroup(spoken.gettext(name), spoken.gettext(advice), views, more)


def _view(one: AlarmRecord, timezone: str, spoken: Language) -> AlarmView:
    feed = plain(one.feed, 120)
    return AlarmView(
        feed=feed,
        source=plain(one.source, 40),
        query=plain(_without_secrets(one.query), _QUERY_LENGTH),
        words=plain(one.words, 500),
        when=_when(one, timezone, spoken),
        direction=direction_of(feed),
    )


def _without_secrets(query: str) -> str:
    """A feed's address without a name and password before its host, and what follows its path; others as they are."""
    if not query.startswith(("http://", "https://")):
        return query
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", query, maxsplit=1)[0])


def _when(one: AlarmRecord, timezone: str, spoken: Language) -> str:
    since = stamp(one.since or one.at, timezone, spoken)
    if one.health == Health.QUIET:
        return spoken.text("from %(start)s to %(end)s", start=since, end=stamp(one.at, timezone, spoken))
    return spoken.text("since %(moment)s", moment=since)
