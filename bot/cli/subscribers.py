"""Subscribers: who gets digests, of what, and when."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, plural, show, show_json, show_table
from bot.cli.rounds import AsJson
from bot.digests.cadence import next_occasion
from bot.digests.tastes import Tastes
from bot.errors import BotError, UnknownError
from bot.models.rosters import Fate, RosterRow
from bot.models.subscribers import WEEKDAYS, Cadence, Standing, Wish
from bot.store import choosing, feeds, leaving, rosters, subscribers, votes
from bot.store.subscribers import SubscriberRecord
from bot.subscribe import wishes
from bot.subscribe.addresses import clean_name, read_address
from bot.wiring import App


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


app = typer.Typer(help="Subscribers: who gets digests, of what, and when.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The subscriber's address.", metavar="EMAIL")]
Feeds = Annotated[str | None, typer.Option(help="Slugs, with commas between.", metavar="SLUG,SLUG")]
CadenceWish = Annotated[str | None, typer.Option(help="daily, weekly or monthly.")]
WeekdayWish = Annotated[str | None, typer.Option(help="For weekly, and for monthly the first of them: monday …")]
HourWish = Annotated[str | None, typer.Option(help="0 to 23, or 07:00.")]
ZoneWish = Annotated[str | None, typer.Option(help="An IANA time zone: Europe/Berlin.")]
PapersWish = Annotated[str | None, typer.Option(help="Papers in one digest at the most.")]

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
            (one.email, one.name, one.standing, words(one.wish), local(one.next_due, one.wish.timezone), len(one.feeds))
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
    show(f"{one.email}{f' ({one.name})' if one.name else ''}: {one.standing}")
    show(f"  feeds: {', '.join(one.feeds) or 'none'}")
    show(f"  when: {words(one.wish)}, at most {plural(one.max_papers, 'paper')}, in '{one.language}'")
    show(f"  next: {local(one.next_due, one.wish.timezone)}")
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


def _as_json(one: SubscriberRecord) -> dict[str, object]:
    return {
        "email": one.email,
        "name": one.name,
        "standing": one.standing,
        "feeds": list(one.feeds),
        "cadence": one.wish.cadence,
        "weekday": WEEKDAYS[one.wish.weekday],
        "hour": one.wish.hour,
        "timezone": one.wish.timezone,
        "max_papers": one.max_papers,
        "language": one.language,
        "next": one.next_due,
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
) -> None:
    """Add one person, as active: you vouch for their consent."""
    address = read_address(email)
    with opened() as bot:
        wish = _wish(Wish(timezone=bot.settings.timezone), cadence, weekday, hour, timezone)
        papers = wishes.read_max_papers(max_papers) if max_papers else None
        row = RosterRow(0, address.email, address.key, clean_name(name), _slugs(bot, feeds), wish, papers)
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


@app.command()
def edit(
    email: Email,
    feeds: Feeds = None,
    cadence: CadenceWish = None,
    weekday: WeekdayWish = None,
    hour: HourWish = None,
    timezone: ZoneWish = None,
    max_papers: PapersWish = None,
    learning: Learning = None,
) -> None:
    """Change what a subscriber gets, or when; what is not named stays."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        if one.standing == Standing.LEFT:
            raise BotError(f"subscriber: {one.email}: has left; they must sign up again themselves")
        wish = _wish(one.wish, cadence, weekday, hour, timezone)
        choosing.choose(
            bot.store,
            one.id,
            feeds=one.feeds if feeds is None else _slugs(bot, feeds) or (),
            wish=wish,
            max_papers=wishes.read_max_papers(max_papers) if max_papers else one.max_papers,
            next_due=next_occasion(wish, bot.clock()),
            now=bot.clock(),
            how="bot subscribers edit",
        )
        if learning is not None:
            on = learning is Switch.ON
            votes.switch_learning(bot.store, one.id, bot.clock(), "bot subscribers edit", on=on)
        one = subscribers.subscriber_by_id(bot.store, one.id)
    show(f"changed: {one.email}: {', '.join(one.feeds) or 'no feeds'}; {words(one.wish)}")
    show(f"next digest: {local(one.next_due, one.wish.timezone)}")


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
            raise UnknownError("feed", slug, known)
    return slugs
