"""The daily round by hand: collect, plan, deliver."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from bot.cli.context import now, opened, read_day, read_time
from bot.cli.output import counted, local, plural, progress, show, show_json, talk
from bot.cli.stopping import stopping
from bot.collect.asking import QueryReport
from bot.collect.collect import CollectReport
from bot.deliver.report import DeliverReport
from bot.digests.plan import PlanReport
from bot.models.deliveries import Claim, Outcome
from bot.models.feeds import Health
from bot.models.runs import USUAL_DAYS, UsualSize
from bot.settings import read_settings
from bot.store import outbox, planning

#: Planning ahead uses up every occasion until then, so a slip in the year must not silence everybody for ever.
FAR_AHEAD = timedelta(days=400)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def collect(
    feed: Annotated[str | None, typer.Option(help="Only this feed, by its slug.", metavar="SLUG")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this day on, whatever was collected before.", metavar="YYYY-MM-DD")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Ask the sources for papers that are new, feed by feed."""
    day = read_day(since)

    def tell(query: QueryReport) -> None:
        if not as_json:
            talk(f"{query.feed} ({query.source}): {query.error or f'{query.new} new, {query.seen} seen'}")
        for warning in query.warnings:
            talk(f"{query.feed} ({query.source}): warning: {warning}")

    with opened() as app:
        report = app.collect(feed, day, tell)
    if report.untagged:
        talk(f"warning: not all papers tagged: {report.untagged}")
    if as_json:
        show_json(report.as_json())
    elif not report.queries:
        show("nothing to ask: there are no feeds yet; run `bot feeds apply --starter`")
    else:
        papers = plural(report.new, "paper")
        show(f"{papers} new and {report.seen:,} seen, from {plural(len(report.queries), 'query', 'queries')}")
    return _collected(report)


def _collected(report: CollectReport) -> int:
    if not report.failing:
        return 0
    failing = [query for query in report.queries if query.health == Health.FAILING]
    talk(f"bot: collect: {report.failing} of {len(report.queries)} queries failed; first: {failing[0].error}")
    return 3 if report.failing < len(report.queries) else 1


def plan(
    at: Annotated[str | None, typer.Option(help="Whose clock has struck by this time (now).", metavar="TIME")] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Every active subscriber, whatever their clock says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze the digests of all who are due in the outbox."""
    settings = read_settings()
    when = read_time(at, settings)
    if when and when > now() and not dry_run:
        if when > now() + FAR_AHEAD:
            raise typer.BadParameter(f"more than a year ahead: '{at}'; --dry-run shows who would be due then")
        talk("planning ahead: whoever is due by then gets this digest now, and the next one after that time")
    with opened(settings) as app, progress("planning") as tell:
        report = app.plan(when, everyone=everyone, dry_run=dry_run, progress=lambda done: tell(done, None))
        following = planning.next_occasion_of_all(app.store)
    if as_json:
        held = {"usual": report.held.largest, "limit": report.held.limit} if report.held else None
        planned = {"run": report.run, "chosen": report.chosen, "skipped": report.skipped, "held": held}
        show_json({**planned, "next": following})
        return
    show(_planned(report, dry_run))
    if report.held:
        show(_held(report, report.held))
    if not report.chosen and not report.skipped and following:
        show(f"nobody is due before {local(following, settings.timezone)}; `--all` plans for everyone now")


def _planned(report: PlanReport, dry_run: bool) -> str:
    verb = "would be put" if dry_run else "put"
    skipped = counted(report.skipped)
    return f"{plural(report.chosen, 'digest')} {verb} into the outbox" + (f"; no mail: {skipped}" if skipped else "")


def _held(report: PlanReport, usual: UsualSize) -> str:
    sizes = f"{report.chosen:,}, and the largest of the last {USUAL_DAYS.days} days had {usual.largest:,}"
    mend = f"see `bot runs show {report.run}`, `bot runs resume {report.run}` sends it"
    return f"held up: run {report.run} is more than ten times the usual size ({sizes}); {mend}"


def deliver(
    limit: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="So many deliveries at the most.", metavar="N")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be sent, and send nothing.")] = False,
    at_once: Annotated[bool, typer.Option("--now", help="Even in quiet hours.")] = False,
    as_json: AsJson = False,
) -> int:
    """Send what is due in the outbox."""
    done = 0
    settings = read_settings()

    with opened(settings) as app, stopping() as stop, progress("delivering") as tell:
        waits = outbox.waiting(app.store, app.clock())
        total = waits.due if limit is None else min(limit, waits.due)

        def settled(claim: Claim, outcome: Outcome) -> None:
            nonlocal done
            done += 1
            tell(done, total)
            if dry_run and not as_json:
                talk(f"{claim.email}: {outcome.reason or 'would be sent'}")

        report = app.deliver(limit, dry_run=dry_run, in_quiet_hours=at_once, progress=settled, should_stop=stop.is_set)
    if as_json:
        show_json({**report.as_json(), **({"would_send": report.would_send} if dry_run else {})})
    elif dry_run:
        show(f"{plural(report.would_send, 'message')} would be sent{_others(report)}")
    else:
        show(f"{plural(report.sent, 'message')} sent in {report.seconds:.1f} s{_others(report)}")
    if waits.held:
        talk(f"held up: {plural(waits.held, 'delivery', 'deliveries')} of runs that are paused; see `bot runs list`")
    if report.quiet_until:
        end = local(report.quiet_until, settings.timezone)
        talk(f"quiet hours until {end}: what is due waits; `bot deliver --now` sends it all the same")
    return _delivered(report)


def _others(report: DeliverReport) -> str:
    names = ("deferred", "failed", "suppressed", "skipped", "uncertain")
    words = counted({name: getattr(report, name) for name in names})
    reasons = counted(dict(report.reasons))
    return (f"; {words}" if words else "") + (f" ({reasons})" if reasons else "")


def _delivered(report: DeliverReport) -> int:
    if report.error:
        talk(f"bot: {report.error}")
        return 3 if report.sent else 1
    if report.stopped:
        talk("bot: deliver: stopped when told to; what was not tried waits in the outbox")
    return 3 if report.failed or report.uncertain or report.stopped else 0
