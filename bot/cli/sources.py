"""Sources: how each query is doing, and whether each source answers."""

from __future__ import annotations

from datetime import datetime

import typer

from bot.cli.context import opened
from bot.cli.output import local, plural, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.errors import BotError
from bot.models.feeds import Health
from bot.store import queries
from bot.store.queries import QueryState

app = typer.Typer(help="Sources: how each query is doing, and whether each source answers.", no_args_is_help=True)

#: The gravest first.
_ORDER = (Health.FAILING, Health.STALE, Health.NEW, Health.QUIET)


@app.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """List all queries by source with their health, those that need a look first."""
    with opened() as bot:
        states = sorted(queries.query_states(bot.store), key=_gravest_first)
    if as_json:
        show_json([{"feed": state.query.slug, **state_as_json(state)} for state in states])
        return
    if not states:
        show("no queries yet; run `bot feeds apply --starter`")
        return
    columns = ("SOURCE", "FEED", "HEALTH", "SINCE (UTC)", "ASKED", "LAST NEWS", "ASKED NEXT")
    rows = [
        (
            state.query.source,
            state.query.slug,
            state.query.health,
            _day(state.query.since),
            _day(state.asked_at),
            _day(state.query.brought_at),
            _day(state.query.next_ask_at),
        )
        for state in states
    ]
    show_table(columns, rows)
    for state in states:
        if state.error:
            show(f"{state.query.slug} ({state.query.source}): {health_in_words(state)}")


def _gravest_first(state: QueryState) -> tuple[int, str, str]:
    return _ORDER.index(Health(state.query.health)), state.query.source, state.query.slug


def _day(when: datetime | None) -> str:
    return when.strftime("%m-%d %H:%M") if when else "-"


@app.command("check")
def check_sources(as_json: AsJson = False) -> int:
    """Ask each source that a feed uses a small question; exit code 1 where none answers, 3 where some do not."""
    checks = []
    with opened() as bot:
        for name, probe in bot.source_probes().items():
            try:
                checks.append((name, True, probe()))
            except BotError as error:
                checks.append((name, False, str(error)))
    if as_json:
        show_json([{"source": name, "ok": ok, "detail": words} for name, ok, words in checks])
    elif not checks:
        show("no queries yet; run `bot feeds apply --starter`")
    for name, ok, words in () if as_json else checks:
        show(f"{'ok   ' if ok else 'WRONG'}  {name}: {words}")
    failing = sum(not ok for _, ok, _ in checks)
    if failing:
        talk(f"bot: sources: {failing} of {len(checks)} do not answer")
    return 0 if not failing else 1 if failing == len(checks) else 3


def state_as_json(state: QueryState) -> dict[str, object]:
    """A query as `--json` tells of it."""
    query = state.query
    return {
        "source": query.source,
        "query": query.query,
        "health": query.health,
        "since": query.since,
        "failures": query.failures,
        "error": state.error or None,
        "watermark": query.watermark,
        "asked": state.asked_at,
        "news": query.brought_at,
        "next": query.next_ask_at,
    }


def health_in_words(state: QueryState) -> str:
    """`failing since Mon 2026-11-23 07:00 UTC, 3 times in a row: …`."""
    query = state.query
    since = f" since {local(query.since)}" if query.since and query.health in {Health.FAILING, Health.STALE} else ""
    often = f", {plural(query.failures, 'time')} in a row" if query.failures else ""
    return f"{query.health}{since}{often}" + (f": {state.error}" if state.error else "")
