"""Subscribers: who gets digests, of what, and when."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.context import opened, read_day
from bot.cli.output import counted, local, plural, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.digests.cadence import day_begins, first_occasion, next_occasion
from bot.digests.tastes import Tastes
from bot.digests.zones import Zones
from bot.errors import BotError, UnknownError
from bot.models.choices import LONGEST_PAUSE
from bot.models.rosters import Fate, RosterRow
from bot.models.subscribers import WEEKDAYS, Cadence, Standing, Wish
from bot.render.wording import zone_named
from bot.store import choosing, feeds, leaving, rosters, subscribers, votes
from bot.store.subscribers import SubscriberRecord
from bot.subscribe import wishes
from bot.subscribe.addresses import clean_name, read_address
from bot.wiring import App


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


#: What the evidence says of who changed something.
_EDIT = "bot subscribers edit"

app = typer.Typer(help="Subscribers: who gets digests, of what, and when.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The subscriber's address.", metavar="EMAIL")]
Feeds = Annotated[str | None, typer.Option(help="Slugs, with commas between.", metavar="SLUG,SLUG")]
CadenceWish = Annotated[str | None, typer.Option(help="daily, weekly or monthly.")]
WeekdayWish = Annotated[str | None, typer.Option(help="For weekly, and for monthly the first of them: monday …")]
HourWish = Annotated[str | None, typer.Option(help="0 to 23, or 07:00.")]
ZoneWish = Annotated[str | None, typer.Option(help="An IANA time zone: Europe/Berlin.")]
PapersWish = Annotated[str | None, typer.Option(help="Papers in one digest at the most.")]
LanguageWish = Annotated[str | None, typer.Option(help="A language tag: en, pt-BR.")]
PauseWish = Annotated[bool, typer.Option("--pause", help="No digests until they, or you, say so.")]
PauseDay = Annotated[
    str | None,
    typer.Option("--pause-until", help="No digests before this day, by their clock.", metavar="YYYY-MM-DD"),
]
ResumeWish = Annotated[bool, typer.Option("--resume", help="End a pause now.")]
Learning = Annotated[Switch | None, typer.Option(help="Whether the order is learned from their votes.")]


@app.command("list")
def list_subscribers(
    standing: Annotated[Standing | None, typer.Option(help="Only these.")] = None,
    feed: Annotated[str | None, typer.Option(help="Only subscribers of this feed.", metavar="SLUG")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many at the most.", metavar="N")] = 50,
    as_json: AsJson = False,
) -> None:
    """List subscribers, and how many there are."""
    with opened() as bot:
        if feed is not None:
            feeds.feed(bot.store, feed)
        counts = subscribers.standings(bot.store)
        found = subscribers.subscribers(bot.store, limit=limit, standing=standing, feed=feed)
    if as_json:
        show_json({"standings": counts, "subscribers": [_as_json(one) for one in found]})
        return
    if found:
        rows = [
            (one.email, one.name, one.standing, words(one.wish), local(_next(one), one.wish.timezone), len(one.feeds))
            for one in found
        ]
        show_table(("EMAIL", "NAME", "STANDING", "WHEN", "NEXT", "FEEDS"), rows, right=("FEEDS",))
    show(counted(counts) or "no subscribers yet; run `bot subscribers import FILE.csv`")


@app.command("show")
def show_subscriber(email: Email, as_json: AsJson = False) -> None:
    """Show one subscriber whole."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        deliveries = subscribers.deliveries_of(bot.store, one.id)
        last = subscribers.last_sent(bot.store, one.id)
        cast = votes.count(bot.store, one.id)
        towards, against = _learned(bot, one)
    if as_json:
        voted = {"liked": cast.liked, "disliked": cast.disliked}
        learned = {"towards": towards, "against": against}
        show_json({**_as_json(one), "deliveries": deliveries, "last_sent": last, "votes": voted, "learned": learned})
        return
    show(f"{one.email}{f' ({one.name})' if one.name else ''}: {_standing(one)}")
    limits = {slug: f" (at most {most})" for slug, most in one.caps.items()}
    show(f"  feeds: {', '.join(slug + limits.get(slug, '') for slug in one.feeds) or 'none'}")
    show(f"  when: {words(one.wish)}, at most {plural(one.max_papers, 'paper')}, in '{one.language}'")
    show(f"  next: {local(_next(one), one.wish.timezone)}")
    show(f"  deliveries: {counted(deliveries) or 'none yet'}; last sent: {local(last, one.wish.timezone)}")
    said = f"{cast.liked:,} for more, {cast.disliked:,} not for them" if cast.total else "none"
    show(f"  votes: {said}; learning: {'on' if one.learns else 'off'}")
    if towards or against:
        show(f"  learned: {', '.join(towards) or 'nothing'} towards, {', '.join(against) or 'nothing'} against")


def _learned(bot: App, one: SubscriberRecord) -> tuple[list[str], list[str]]:
    """The words that count most for a paper with this subscriber, and those that count most against one."""
    cast = votes.votes_of(bot.store, one.id) if one.learns else ()
    if not cast:
        return [], []
    ids = {feed.slug: feed.id for feed in feeds.feeds(bot.store)}
    towards, against = Tastes(bot.store).taste(cast, tuple(ids[slug] for slug in one.feeds)).words()
    return list(towards), list(against)


def words(wish: Wish) -> str:
    """`weekly on monday at 07:00 Europe/Berlin`."""
    day = {Cadence.WEEKLY: f" on {WEEKDAYS[wish.weekday]}", Cadence.MONTHLY: f" on the first {WEEKDAYS[wish.weekday]}"}
    return f"{wish.cadence}{day.get(Cadence(wish.cadence), '')} at {wish.hour:02}:00 {wish.timezone}"


def _standing(one: SubscriberRecord) -> str:
    """`active`, or `paused until Mon 2026-12-07 00:00 CET`."""
    until = _pause_end(one)
    return f"{one.standing} until {local(until, one.wish.timezone)}" if until else one.standing


def _pause_end(one: SubscriberRecord) -> datetime | None:
    # Of somebody who is active, it remembers a pause that the next digest has to tell of.
    return one.paused_until if one.standing == Standing.PAUSED else None


def _next(one: SubscriberRecord) -> datetime | None:
    """The next digest's occasion: after a pause that ends by itself, the first from then on."""
    if one.standing != Standing.PAUSED:
        return one.next_due
    return first_occasion(Zones("UTC").living(one.wish), one.paused_until) if one.paused_until else None


def _as_json(one: SubscriberRecord) -> dict[str, object]:
    return {
        "email": one.email,
        "name": one.name,
        "standing": one.standing,
        "paused_until": _pause_end(one),
        "feeds": list(one.feeds),
        "limits": dict(one.caps),
        "cadence": one.wish.cadence,
        "weekday": WEEKDAYS[one.wish.weekday],
        "hour": one.wish.hour,
        "timezone": one.wish.timezone,
        "max_papers": one.max_papers,
        "language": one.language,
        "next": _next(one),
        "learning": one.learns,
    }


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="As the mail greets them.")] = "",
    feeds: Feeds = None,
    cadence: CadenceWish = None,
    weekday: WeekdayWish = None,
    hour: HourWish = None,
    timezone: ZoneWish = None,
    max_papers: PapersWish = None,
    language: LanguageWish = None,
) -> None:
    """Add one person, as active: you vouch for their consent."""
    address = read_address(email)
    with opened() as bot:
        wish = _wish(Wish(timezone=bot.settings.timezone), cadence, weekday, hour, timezone)
        papers = wishes.read_max_papers(max_papers) if max_papers else None
        spoken = wishes.read_language(language) if language else None
        row = RosterRow(0, address.email, address.key, clean_name(name), _slugs(bot, feeds), wish, papers, spoken)
        done = rosters.import_rows(
            bot.store,
            [row],
            import_id=rosters.begin_import(bot.store, "bot subscribers add", bot.clock()),
            how="bot subscribers add: the admin vouches for their consent",
            defaults=rosters.Defaults(wish, bot.settings.language),
            next_due=lambda wish: next_occasion(wish, bot.clock()),
            now=bot.clock(),
            pseudonyms=bot.tokens.pseudonyms,
        )
        if not done.added:
            mend = "is a subscriber already; change what they get with `bot subscribers edit`"
            refused = [one.problem for one in done.problems if one.fate is not Fate.KEPT]
            raise BotError(f"subscriber: {address.email}: {refused[0] if refused else mend}")
        one = subscribers.subscriber_by_email(bot.store, address.email)
    show(f"added: {one.email}, {words(one.wish)}; next digest: {local(one.next_due, one.wish.timezone)}")
    if not one.feeds:
        talk(f"warning: no feeds yet, so nothing to send; `bot subscribers edit {one.email} --feeds SLUG,SLUG`")


@app.command()
def edit(
    email: Email,
    feeds: Feeds = None,
    cadence: CadenceWish = None,
    weekday: WeekdayWish = None,
    hour: HourWish = None,
    timezone: ZoneWish = None,
    max_papers: PapersWish = None,
    language: LanguageWish = None,
    learning: Learning = None,
    pause: PauseWish = False,
    pause_until: PauseDay = None,
    resume: ResumeWish = False,
) -> None:
    """Change what a subscriber gets, or when; what is not named stays."""
    day = read_day(pause_until)
    if pause + (day is not None) + resume > 1:
        raise typer.BadParameter("--pause, --pause-until and --resume exclude each other")
    with opened() as bot:
        one, now = subscribers.subscriber_by_email(bot.store, email), bot.clock()
        if one.standing == Standing.LEFT:
            raise BotError(f"subscriber: {one.email}: has left; they must sign up again themselves")
        if (pause or day) and one.standing == Standing.PENDING:
            raise BotError(f"subscriber: {one.email}: has not confirmed yet, and gets no digests that could pause")
        if resume and one.standing != Standing.PAUSED:
            raise BotError(f"subscriber: {one.email}: is not paused")
        wish = _wish(one.wish, cadence, weekday, hour, timezone)
        until = _begin(day, wish.timezone, now) if day else None
        done = bool(
            choosing.choose(
                bot.store,
                one.id,
                feeds=one.feeds if feeds is None else _slugs(bot, feeds) or (),
                wish=wish,
                max_papers=wishes.read_max_papers(max_papers) if max_papers else one.max_papers,
                next_due=next_occasion(wish, now),
                now=now,
                how=_EDIT,
                language=wishes.read_language(language) if language else None,
            )
        )
        if pause or until:
            done |= choosing.pause(bot.store, one.id, now, _EDIT, until)
        if resume:
            done |= choosing.resume(bot.store, one.id, lambda wish: next_occasion(wish, now), now, _EDIT)
        if learning is not None:
            done |= votes.switch_learning(bot.store, one.id, now, _EDIT, on=learning is Switch.ON)
        one = subscribers.subscriber_by_id(bot.store, one.id)
    said = "changed" if done else "as before"
    show(f"{said}: {one.email}, {_standing(one)}: {', '.join(one.feeds) or 'no feeds'}; {words(one.wish)}")
    show(f"next digest: {local(_next(one), one.wish.timezone)}")


def _begin(day: date, timezone: str, now: datetime) -> datetime:
    """When a day begins on which a pause may end."""
    zone = zone_named(timezone)
    today = now.astimezone(zone).date()
    if not today < day <= today + LONGEST_PAUSE:
        raise BotError(f"pause: until {day}: ends on a day to come, {today + LONGEST_PAUSE} at the latest")
    return day_begins(day, str(zone))


@app.command()
def remove(email: Email) -> None:
    """Unsubscribe somebody, as if they had done it themselves."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        gone = leaving.leave(bot.store, one.id, bot.clock(), "bot subscribers remove")
    show(f"removed: {one.email}" if gone else f"{one.email} had left already")


@app.command("forget-votes")
def forget_votes(email: Email) -> None:
    """Erase all that a subscriber has said of papers; their digests go on in everybody's order."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        gone = votes.erase(bot.store, one.id, bot.clock(), "bot subscribers forget-votes")
    show(f"erased: {plural(gone, 'vote')} of {one.email}" if gone else f"{one.email} has cast no votes")


@app.command()
def erase(
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Forget a person whole; nothing stays but a keyed hash, so that no file brings them back."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        if sys.stdin.isatty() and not yes:
            typer.confirm(f"erase {one.email} and all that is known of them? this cannot be undone", abort=True)
        bot.erase(one.id)
    show(f"erased: {one.email}")


def _wish(start: Wish, cadence: str | None, weekday: str | None, hour: str | None, timezone: str | None) -> Wish:
    return replace(
        start,
        cadence=wishes.read_cadence(cadence) if cadence else start.cadence,
        weekday=wishes.read_weekday(weekday) if weekday else start.weekday,
        hour=wishes.read_hour(hour) if hour else start.hour,
        timezone=wishes.read_timezone(timezone) if timezone else start.timezone,
    )


def _slugs(bot: App, listed: str | None) -> tuple[str, ...] | None:
    if listed is None:
        return None
    known = sorted(feed.slug for feed in feeds.feeds(bot.store))
    slugs = tuple(dict.fromkeys(slug for slug in listed.replace(";", ",").replace(" ", "").split(",") if slug))
    for slug in slugs:
        if slug not in known:
            raise UnknownError("feed", slug, known, "" if known else "run `bot feeds apply --starter` first")
    return slugs
