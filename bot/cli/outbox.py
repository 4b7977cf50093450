"""The outbox: single deliveries, those that failed, and those in doubt."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, plural, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.cli.runs import LARGEST
from bot.models.deliveries import State
from bot.models.paces import Limits
from bot.store import mending, runs, subscribers
from bot.store import paces as buckets
from bot.store.mending import DeliveryRecord, Retried, Verdict

app = typer.Typer(help="The outbox: single deliveries, those that failed, and those in doubt.", no_args_is_help=True)

#: 63 bits.
LAST = 2**63 - 1
#: Refusals that are printed; `--json` has all of them.
PRINTED = 20

OfRun = Annotated[int | None, typer.Option("--run", help="Only of this run.", metavar="RUN", min=1, max=LARGEST)]


@app.command("list")
def list_deliveries(
    state: Annotated[State | None, typer.Option(help="Only these.")] = None,
    run: OfRun = None,
    subscriber: Annotated[str | None, typer.Option(help="Only theirs.", metavar="EMAIL")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many at the most.", metavar="N")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest first, and how many there are."""
    with opened() as bot:
        if run is not None:
            runs.run_by_id(bot.store, run)
        who = None if subscriber is None else subscribers.subscriber_by_email(bot.store, subscriber).id
        counts, found = mending.deliveries(bot.store, limit=limit, state=state, run_id=run, subscriber_id=who)
        zone = bot.settings.timezone
    if as_json:
        show_json({"states": counts, "deliveries": [_as_json(one) for one in found]})
        return
    if found:
        columns = ("ID", "RUN", "SUBSCRIBER", "STATE", "SETTLED OR DUE", "TRIES", "WHY")
        rows = [
            (
                one.id,
                one.run_id,
                one.email or "(erased)",
                one.state,
                local(one.settled_at or one.due_at, zone),
                one.attempts,
                _why(one),
            )
            for one in found
        ]
        show_table(columns, rows, right=("ID", "RUN", "TRIES"))
    show(counted({name.value: count for name, count in counts.items()}) or "no deliveries")


def _why(one: DeliveryRecord) -> str:
    """Our reason, or else what the server said; of what was sent, neither."""
    said = str(one.reply) if one.reply and one.state is not State.SENT else ""
    return one.reason or said


@app.command()
def retry(
    ids: Annotated[
        list[int] | None, typer.Argument(help="Deliveries that failed.", metavar="ID …", min=1, max=LAST)
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed of a run.")] = False,
    run: OfRun = None,
    as_json: AsJson = False,
) -> int:
    """Queue failed deliveries again, as if they had not been tried."""
    if failed != (run is not None) or bool(ids) == failed:
        raise typer.BadParameter("name deliveries by their ids, or all that failed of a run: --failed --run RUN")
    with opened() as bot:
        if run is not None:
            runs.run_by_id(bot.store, run)
            ids = mending.failed_of(bot.store, run)
        done = mending.retry(bot.store, ids or [], bot.clock())
    if as_json:
        refused = [{"id": one.id, "subscriber": one.email or None, "why": one.why} for one in done.refused]
        show_json({"queued": list(done.queued), "refused": refused})
    else:
        _tell(done)
    if not done.refused:
        return 0
    return 3 if done.queued else 1


def _tell(done: Retried) -> None:
    for one in done.refused[:PRINTED]:
        talk(f"bot: delivery: {one.id}{f' ({one.email})' if one.email else ''}: {one.why}")
    if len(done.refused) > PRINTED:
        talk(f"… and {len(done.refused) - PRINTED:,} more; --json tells all")
    show(f"{plural(len(done.queued), 'delivery', 'deliveries')} queued again, {len(done.refused):,} refused")


@app.command()
def settle(
    number: Annotated[int, typer.Argument(help="A delivery that is uncertain.", metavar="ID", min=1, max=LAST)],
    verdict: Annotated[Verdict, typer.Argument(help="It was sent, it failed, or it is to be sent again.")],
    as_json: AsJson = False,
) -> None:
    """Say what became of a delivery in doubt; the mail server's log tells it by the Message-ID."""
    with opened() as bot:
        state = mending.settle_by_hand(bot.store, number, verdict, bot.clock())
        runs.close_runs(bot.store, bot.clock())
    if as_json:
        show_json({"id": number, "state": state})
        return
    after = {
        Verdict.SENT: "sent",
        Verdict.FAILED: "failed; its papers come with the next digest",
        Verdict.AGAIN: "queued, to be sent once more",
    }
    show(f"delivery {number}: {after[verdict]}")


@app.command()
def paces(as_json: AsJson = False) -> None:
    """List what limits the pace: by the settings, and what receivers have brought it down to."""
    with opened() as bot:
        limits = Limits.of(bot.settings.rate, bot.settings.rate_per_domain)
        found = buckets.paces(bot.store, limits, bot.clock())
        zone = bot.settings.timezone
    if as_json:
        show_json([one._asdict() for one in found])
        return
    if not found:
        show("nothing is limited")
        return
    columns = ("SCOPE", "LIMIT", "COME DOWN TO", "SINCE", "PUT OFF UNTIL")
    rows = [
        (
            one.scope,
            _rate(one.limit),
            _rate(one.rate),
            local(one.since, zone),
            local(one.put_off_until, zone),
        )
        for one in found
    ]
    show_table(columns, rows, right=("LIMIT", "COME DOWN TO"))


def _rate(rate: float | None) -> str:
    """Messages in the unit in which a person can count them."""
    if rate is None:
        return "-"
    return f"{rate:,.4g}/s" if rate >= 0.1 else f"{rate * 60:.3g}/min"


def _as_json(one: DeliveryRecord) -> dict[str, object]:
    return {
        "id": one.id,
        "run": one.run_id,
        "subscriber": one.email or None,
        "state": one.state,
        "reason": one.reason or None,
        "reply": str(one.reply) if one.reply else None,
        "attempts": one.attempts,
        "due": one.due_at,
        "expires": one.expires_at,
        "settled": one.settled_at,
        "message_id": one.message_id or None,
        "doubted": one.doubted,
    }
