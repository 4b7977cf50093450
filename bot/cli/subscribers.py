"""Subscribers: who gets digests, of what, and when."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, plural, progress, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.digests.cadence import next_occasion
from bot.digests.tastes import Tastes
from bot.errors import BotError, UnknownError
from bot.models.subscribers import WEEKDAYS, Cadence, RosterRow, Standing, Wish
from bot.store import feeds, subscribers, votes
from bot.store.subscribers import SubscriberRecord
from bot.subscribe import wishes
from bot.subscribe.addresses import clean_name, read_address
from bot.subscribe.roster import write
from bot.wiring import App, ImportReport


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

#: Problems of a roster that are printed; `--json` has more of them.
PRINTED = 20


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
        done = subscribers.import_rows(
            bot.store,
            [row],
            import_id=subscribers.begin_import(bot.store, "bot subscribers add", bot.clock()),
            how="bot subscribers add: the admin vouches for their consent",
            defaults=subscribers.Defaults(wish, bot.settings.language),
            next_due=lambda wish: next_occasion(wish, bot.clock()),
            now=bot.clock(),
        )
        if done.problems:
            raise BotError(f"subscriber: {address.email}: {done.problems[0].problem}")
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
        subscribers.choose(
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
        gone = subscribers.leave(bot.store, one.id, bot.clock(), "bot subscribers remove")
    show(f"removed: {one.email}" if gone else f"{one.email} had left already")


@app.command("forget-votes")
def forget_votes(email: Email) -> None:
    """Erase all that a subscriber has said of papers; their digests go on in everybody's order."""
    with opened() as bot:
        one = subscribers.subscriber_by_email(bot.store, email)
        gone = votes.erase(bot.store, one.id, bot.clock(), "bot subscribers forget-votes")
    show(f"erased: {plural(gone, 'vote')} of {one.email}" if gone else f"{one.email} has cast no votes")


@app.command("import")
def import_roster(
    file: Annotated[Path, typer.Argument(help="A CSV file; only the column email must be there.", metavar="FILE.csv")],
    column: Annotated[
        list[str] | None, typer.Option(help='The file\'s own name for a column: email="E-Mail".', metavar="OURS=THEIRS")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and change nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Add the people of a roster file, as active: you vouch for their consent.

    Rows with errors are reported and left out; so are people who have left, are suppressed or are there
    already. Nobody is changed and nobody comes back this way.
    """
    columns = dict(_pair(one) for one in column or ())
    with opened() as bot, progress(f"reading {file.name}") as tell:
        report = bot.import_roster(file, columns=columns, dry_run=dry_run, progress=tell)
    if as_json:
        show_json(report.as_json())
    else:
        _tell(report, dry_run)
    return 3 if report.refused else 0


def _tell(report: ImportReport, dry_run: bool) -> None:
    for problem in report.problems[:PRINTED]:
        talk(f"line {problem.line}: {problem.email or '-'}: {problem.problem}")
    if report.refused > PRINTED:
        talk(f"… and {plural(report.refused - PRINTED, 'more row')}; --json tells the first 1,000")
    if report.ignored:
        talk(f"columns that mean nothing here: {', '.join(report.ignored)}")
    verb = "would be added" if dry_run else "added"
    show(f"{plural(report.added, 'subscriber')} {verb}, {plural(report.refused, 'row')} left out")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="Write it into this file.", metavar="FILE.csv")] = None,
    standing: Annotated[Standing | None, typer.Option(help="Only these.")] = None,
) -> None:
    """Write the roster as CSV, harmless to spreadsheets; importing it gives the same people."""
    with opened() as bot:
        lines = write(_rows(bot, standing))
        if out is None:
            sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]  # a text stream, whatever it is typed as
            sys.stdout.writelines(lines)
            return
        try:
            with out.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise BotError(f"roster: {out}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    talk(f"written: {out}")


def _rows(bot: App, standing: Standing | None) -> Iterator[RosterRow]:
    after = 0
    while page := subscribers.subscribers(bot.store, after=after, standing=standing):
        for one in page:
            yield RosterRow(0, one.email, "", one.name, one.feeds, one.wish, one.max_papers, one.language)
        after = page[-1].id


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


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals or not ours.strip() or not theirs.strip():
        raise typer.BadParameter(f"not a renamed column: '{text}'; write email=\"E-Mail\"")
    return ours.strip().lower(), theirs.strip()
