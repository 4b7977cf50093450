"""The mail that tells an admin what does not pass by itself, what turned stale or failing, and what has recovered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment

from bot.models.alarms import AlarmKind, AlarmRecord
from bot.models.deliveries import Message
from bot.models.feeds import Health
from bot.render.languages import Language, language
from bot.render.languages import marked as _
from bot.render.mime import Envelope
from bot.render.occasions import stamp
from bot.render.plain import direction_of, plain
from bot.render.view import Site
from bot.render.whole import MailView, render_mail

_TITLE_LENGTH: Final = 120
_WORDS_LENGTH: Final = 500
_QUERY_LENGTH: Final = 300
#: Alarms that are told one by one; more are counted.
TOLD: Final = 40

#: The first group: how it is headed, and what can be done.
_TROUBLES: Final = (
    _("Needs your attention"),
    _("This does not pass by itself. What is written below says how to go on."),
)
#: By health, how the groups of turns are headed, gravest first, and what can be done.
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
    """One query that turned, or one trouble."""

    #: The feed and its source; or what a trouble is about.
    title: str
    #: In English.
    words: str
    #: `since Mon …`; of a recovery, `from Mon … to Tue …`; of a trouble, the time.
    when: str
    #: What was asked; empty for a trouble.
    query: str = ""
    #: Of the title.
    direction: str = "ltr"
    #: BCP 47, of a title in words of our own.
    language: str = ""


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """Queries that turned alike, or troubles."""

    name: str
    advice: str
    alarms: tuple[AlarmView, ...]
    #: `and 111 more queries`: those that are not told one by one.
    more: str = ""
    #: Whether it is of queries, all of which a command shows.
    of_queries: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmMailView(MailView):
    """All that the templates of an alarm see."""

    #: `2 queries failing and 1 query recovered`
    summary: str
    #: The same for a subject, where one trouble is told in its own words: `run 7 was stopped`.
    told: str
    groups: tuple[AlarmGroup, ...]

    @property
    def of_queries(self) -> bool:
        """Whether it is of queries alone."""
        return all(group.of_queries for group in self.groups)


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
    troubles = [one for one in alarms if one.kind == AlarmKind.TROUBLE]
    turns = [one for one in alarms if one.kind != AlarmKind.TROUBLE]
    counted = [*([_count(troubles, spoken)] if troubles else []), *_turns(turns, spoken)]
    told = [plain(troubles[0].about, _TITLE_LENGTH), *counted[1:]] if len(troubles) == 1 else counted

    def view_of(most: int) -> AlarmMailView:
        return AlarmMailView(
            site=site,
            spoken=spoken,
            summary=spoken.listing(counted),
            told=spoken.listing(told),
            groups=tuple(_groups(troubles, turns, timezone, spoken, most)),
        )

    return render_mail("email/alarm", view_of, TOLD, envelope, environment)


def _count(troubles: Sequence[AlarmRecord], spoken: Language) -> str:
    return spoken.count(len(troubles), "%(number)s alarm", "%(number)s alarms")


def _turns(turns: Sequence[AlarmRecord], spoken: Language) -> list[str]:
    failing, stale, recovered = (sum(one.health == health for one in turns) for health in GROUPS)
    told = (
        (failing, spoken.count(failing, "%(number)s query failing", "%(number)s queries failing")),
        (stale, spoken.count(stale, "%(number)s query stale", "%(number)s queries stale")),
        (recovered, spoken.count(recovered, "%(number)s query recovered", "%(number)s queries recovered")),
    )
    return [words for number, words in told if number]


def _groups(
    troubles: Sequence[AlarmRecord], turns: Sequence[AlarmRecord], timezone: str, spoken: Language, most: int
) -> Iterator[AlarmGroup]:
    room = most
    if troubles:
        told = troubles[: max(min(1, most), room)]
        room -= len(told)
        rest = len(troubles) - len(told)
        more = spoken.count(rest, "and %(number)s more alarm", "and %(number)s more alarms") if rest else ""
        name, advice = map(spoken.gettext, _TROUBLES)
        yield AlarmGroup(name, advice, tuple(_trouble(one, timezone, spoken) for one in told), more, of_queries=False)
    for health, (name, advice) in GROUPS.items():
        of_it = [one for one in turns if one.health == health]
        if of_it:
            told = of_it[: max(min(1, most), room)]
            room -= len(told)
            views = tuple(_turn(one, timezone, spoken) for one in told)
            rest = len(of_it) - len(told)
            more = spoken.count(rest, "and %(number)s more query", "and %(number)s more queries") if rest else ""
            yield AlarmGroup(spoken.gettext(name), spoken.gettext(advice), views, more)


def _trouble(one: AlarmRecord, timezone: str, spoken: Language) -> AlarmView:
    return AlarmView(
        title=plain(one.about, _TITLE_LENGTH),
        words=plain(one.words, _WORDS_LENGTH),
        when=stamp(one.at, timezone, spoken),
        language="en",
    )


def _turn(one: AlarmRecord, timezone: str, spoken: Language) -> AlarmView:
    feed = plain(one.feed, _TITLE_LENGTH)
    return AlarmView(
        title=f"{feed}, {plain(one.source, 40)}",
        words=plain(one.words, _WORDS_LENGTH),
        when=_when(one, timezone, spoken),
        query=plain(_without_secrets(one.query), _QUERY_LENGTH),
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
