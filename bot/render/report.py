"""The mail that tells an admin how a round, or all rounds of a period, came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from jinja2 import Environment

from bot.models.deliveries import Message
from bot.render.languages import Language, language
from bot.render.mime import Envelope
from bot.render.occasions import stamp
from bot.render.plain import direction_of, plain
from bot.render.view import Site
from bot.render.whole import Fact, MailView, render_mail
from bot.render.wording import zone_named

_DAY: Final = timedelta(days=1)
_NAME_LENGTH: Final = 120
_WORDS_LENGTH: Final = 500
#: Reasons and failing feeds that are told one by one; the others are counted.
_TOLD: Final = 40


@dataclass(frozen=True, slots=True)
class FailingFeed:
    """A query of a feed that gets no whole answer."""

    feed: str
    source: str
    #: What went wrong.
    words: str = ""
    #: Aware; None where it is not known.
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the deliveries of a round or a period, and who came and left."""

    #: Aware; the period is half-open.
    start: datetime
    end: datetime
    #: The only round that it is about; None for all of the period.
    run: int | None = None
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    skipped: int = 0
    uncertain: int = 0
    #: Not settled yet: they are tried again.
    waiting: int = 0
    #: Why deliveries were not sent, in words that are counted.
    reasons: Mapping[str, int] = field(default_factory=dict)
    #: Subscribers who confirmed, and who left, in the period, and who are active at its end.
    new: int = 0
    left: int = 0
    active: int = 0
    failing: tuple[FailingFeed, ...] = ()

    @property
    def chosen(self) -> int:
        """Deliveries that were planned."""
        return self.sent + self.failed + self.suppressed + self.skipped + self.uncertain + self.waiting


@dataclass(frozen=True, slots=True)
class FailingView:
    """A failing query in words."""

    feed: str
    source: str
    words: str
    since: str
    #: Of the feed's name.
    direction: str = "ltr"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView(MailView):
    """All that the templates of a report see."""

    #: `2–9 November 2026`
    period: str
    #: `1,204 digests sent and 3 failed`
    headline: str
    #: Who came and left.
    summary: str
    outcomes: tuple[Fact, ...]
    #: Most frequent first.
    reasons: tuple[Fact, ...]
    subscribers: tuple[Fact, ...]
    failing: tuple[FailingView, ...]
    #: `and 12 more`: what is not told one by one.
    more_reasons: str = ""
    more_failing: str = ""

    def telling(self, most: int) -> ReportView:
        """The same with at most so many reasons and failing feeds one by one."""
        reasons, failing = len(self.reasons) - most, len(self.failing) - most
        view = self
        if reasons > 0:
            more = self.spoken.count(reasons, "and %(number)s more reason", "and %(number)s more reasons")
            view = replace(view, reasons=self.reasons[:most], more_reasons=more)
        if failing > 0:
            more = self.spoken.count(failing, "and %(number)s more query", "and %(number)s more queries")
            view = replace(view, failing=self.failing[:most], more_failing=more)
        return view


def report(account: Account, site: Site, timezone: str, language_code: str = "en") -> ReportView:
    """What the templates of a report see.

    Args:
        timezone: an IANA name, for the days and times in it.
        language_code: BCP 47.
    """
    spoken = language(language_code)
    period = spoken.period(account.start, account.end, zone_named(timezone))
    if account.run is not None:
        period = spoken.text("round %(run)s, %(period)s", run=str(account.run), period=period)
    elif account.end - account.start < _DAY:
        # There may be many of a day.
        start, end = (stamp(when, timezone, spoken) for when in (account.start, account.end))
        period = spoken.text("from %(start)s to %(end)s", start=start, end=end)
    return ReportView(
        site=site,
        spoken=spoken,
        period=period,
        headline=_headline(account, spoken),
        summary=_summary(account, spoken),
        outcomes=_outcomes(account, spoken),
        reasons=_reasons(account.reasons, spoken),
        subscribers=(
            Fact(spoken.gettext("New"), spoken.number(account.new)),
            Fact(spoken.gettext("Left"), spoken.number(account.left)),
            Fact(spoken.gettext("Active now"), spoken.number(account.active)),
        ),
        failing=tuple(_failing(one, timezone, spoken) for one in account.failing),
    )


def render_report(view: ReportView, envelope: Envelope, environment: Environment) -> Message:
    """The report as a message.

    Args:
        view: what `report` gave.
        envelope: who sends it to whom; its language becomes the view's.
        environment: of the view's language.

    Raises:
        TemplateError: a template cannot be rendered.
        AddressError, HeaderError: the mail cannot be addressed.
    """
    return render_mail("email/report", view.telling, _TOLD, envelope, environment)


def _headline(account: Account, spoken: Language) -> str:
    told = [spoken.count(account.sent, "%(number)s digest sent", "%(number)s digests sent")]
    if account.failed:
        told.append(spoken.count(account.failed, "%(number)s failed", "%(number)s failed"))
    if account.uncertain:
        told.append(spoken.count(account.uncertain, "%(number)s uncertain", "%(number)s uncertain"))
    return spoken.listing(told)


def _summary(account: Account, spoken: Language) -> str:
    new = spoken.count(account.new, "%(number)s new subscriber", "%(number)s new subscribers")
    left = spoken.count(account.left, "%(number)s left", "%(number)s left")
    came = spoken.text("%(new)s, %(left)s.", new=new, left=left)
    if not account.failing:
        return spoken.text("%(came)s All feeds get their answers.", came=came)
    failing = spoken.count(
        len({one.feed for one in account.failing}), "%(number)s feed is failing.", "%(number)s feeds are failing."
    )
    return f"{came} {failing}"


def _outcomes(account: Account, spoken: Language) -> tuple[Fact, ...]:
    told = (
        (spoken.gettext("Planned"), account.chosen, ""),
        (spoken.gettext("Sent"), account.sent, spoken.gettext("the mail server took them over")),
        (spoken.gettext("Failed"), account.failed, spoken.gettext("the mail server refused them for good")),
        (spoken.gettext("Suppressed"), account.suppressed, spoken.gettext("the address must not be written to")),
        (spoken.gettext("Skipped"), account.skipped, spoken.gettext("left, paused or too late")),
        (spoken.gettext("Uncertain"), account.uncertain, spoken.gettext("handed over, and the answer was lost")),
        (spoken.gettext("Waiting"), account.waiting, spoken.gettext("tried again later")),
    )
    return tuple(Fact(label, spoken.number(number), note if number else "") for label, number, note in told)


def _reasons(reasons: Mapping[str, int], spoken: Language) -> tuple[Fact, ...]:
    foreign = "" if spoken.code == "en" else "en"
    ordered = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Fact(plain(words, _NAME_LENGTH), spoken.number(number), "", foreign) for words, number in ordered)


def _failing(one: FailingFeed, timezone: str, spoken: Language) -> FailingView:
    since = spoken.text("since %(moment)s", moment=stamp(one.since, timezone, spoken)) if one.since else ""
    feed = plain(one.feed, _NAME_LENGTH)
    return FailingView(
        feed, plain(one.source, _NAME_LENGTH), plain(one.words, _WORDS_LENGTH), since, direction_of(feed)
    )
