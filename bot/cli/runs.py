"""Runs: planned rounds of deliveries, their accounts, and holding them up."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, plural, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.models.deliveries import CLOSED, OPEN
from bot.store import runs
from bot.store.bounces import bounces_of_run
from bot.store.runs import RunRecord

app = typer.Typer(help="Runs: planned rounds of deliveries, their accounts, and holding them up.", no_args_is_help=True)

#: As many ids as the database has.
LARGEST = 2**31 - 1

Number = Annotated[int, typer.Argument(help="The run's number.", metavar="RUN", min=1, max=LARGEST)]


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many at the most.", metavar="N")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest runs with what became of their deliveries."""
    with opened() as bot:
        found = runs.runs(bot.store, limit)
        zone = bot.settings.timezone
    if as_json:
        show_json([_as_json(one) for one in found])
        return
    if not found:
        show("no runs yet; run `bot plan`")
        return
    columns = ("RUN", "PLANNED", "STATE", "CHOSEN", *(state.upper() for state in CLOSED), "OPEN")
    rows = [
        (
            one.id,
            local(one.planned_at, zone),
            one.state,
            one.chosen,
            *(one.counts.get(state, 0) for state in CLOSED),
            one.still_open,
        )
        for one in found
    ]
    show_table(columns, rows, right=(columns[0], *columns[3:]))


@app.command("show")
def show_run(number: Number, as_json: AsJson = False) -> int:
    """Show one run: its account, what is still open, and why mails were not sent."""
    with opened() as bot:
        one = runs.run_by_id(bot.store, number)
        reasons = runs.reasons(bot.store, number)
        came_back = bounces_of_run(bot.store, number)
        zone = bot.settings.timezone
    if as_json:
        why = [{"state": state, "reason": reason, "count": count} for state, reason, count in reasons]
        show_json({**_as_json(one), "reasons": why, "passed_over": dict(one.passed_over), "bounces": came_back})
    else:
        _show(one, zone)
        for state, reason, count in reasons:
            show(f"  {state}: {reason} {count:,}")
        if came_back:
            show(f"came back later: {counted(came_back)}")
        if one.passed_over:
            show(f"no mail for those who were due: {counted(dict(one.passed_over))}")
    if not one.adds_up:
        talk(f"bot: run: {one.id}: {one.chosen:,} were chosen, and the outbox does not have as many")
    return 0 if one.adds_up else 1


def _show(one: RunRecord, zone: str) -> None:
    closed = f", closed {local(one.closed_at, zone)}" if one.closed_at else ""
    since = one.cancelled_at or (one.paused_at if not one.closed_at else None)
    held = f" since {local(since, zone)}" if since else ""
    show(f"run {one.id}: {one.state}{held}, planned {local(one.planned_at, zone)}{closed}")
    waiting = {state: one.counts[state] for state in OPEN if state in one.counts}
    terms = [f"{one.counts.get(state, 0):,} {state}" for state in CLOSED]
    terms += [f"{count:,} {state}" for state, count in waiting.items()]
    show(f"{one.chosen:,} chosen {'=' if one.adds_up else 'is not'} {' + '.join(terms)}")


@app.command()
def pause(number: Number, as_json: AsJson = False) -> None:
    """Send nothing more of a run for now; what is on its way to the mail server is finished."""
    with opened() as bot:
        done = runs.pause(bot.store, number, bot.clock())
        one = runs.run_by_id(bot.store, number)
    if as_json:
        show_json(_as_json(one))
        return
    waits = f"{plural(one.still_open, 'delivery', 'deliveries')} not settled"
    show(f"paused: run {number}, {waits}; `bot runs resume {number}` goes on" if done else f"run {number} was paused")


@app.command()
def resume(number: Number, as_json: AsJson = False) -> None:
    """Go on with a run that was paused."""
    with opened() as bot:
        done = runs.resume(bot.store, number)
        one = runs.run_by_id(bot.store, number)
    if as_json:
        show_json(_as_json(one))
        return
    waits = plural(one.still_open, "delivery", "deliveries")
    show(f"resumed: run {number}, {waits} to go" if done else f"run {number} was not paused")


@app.command()
def cancel(number: Number, as_json: AsJson = False) -> None:
    """Send no more of a run, for good; what was not sent comes with the next digests."""
    with opened() as bot:
        skipped = runs.cancel(bot.store, number, bot.clock())
        runs.close_runs(bot.store, bot.clock())
        one = runs.run_by_id(bot.store, number)
    if as_json:
        show_json(_as_json(one))
        return
    over = one.still_open
    left = f"; {plural(over, 'delivery was', 'deliveries were')} handed over and will be settled" if over else ""
    show(f"cancelled: run {number}, {plural(skipped, 'delivery', 'deliveries')} skipped{left}")


def _as_json(one: RunRecord) -> dict[str, object]:
    return {
        "run": one.id,
        "state": one.state,
        "planned": one.planned_at,
        "paused": one.paused_at,
        "cancelled": one.cancelled_at,
        "closed": one.closed_at,
        "chosen": one.chosen,
        **{state.value: one.counts.get(state, 0) for state in CLOSED},
        "open": {state.value: one.counts[state] for state in OPEN if state in one.counts},
        "adds_up": one.adds_up,
    }
