"""Suppressions: addresses that must not be written to, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, local, show, show_json, show_table
from bot.cli.rounds import AsJson
from bot.models.subscribers import address_key
from bot.models.suppressions import SuppressionReason
from bot.store import suppressions as closed
from bot.store.suppressions import BounceRecord, Why
from bot.subscribe.addresses import clean_name, read_address

app = typer.Typer(help="Suppressions: addresses that must not be written to, and why.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The address.", metavar="EMAIL")]


@app.command("list")
def list_suppressions(
    reason: Annotated[SuppressionReason | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many at the most.", metavar="N")] = 50,
    as_json: AsJson = False,
) -> None:
    """List suppressions, the newest first, and how many there are."""
    with opened() as bot:
        counts, found = closed.suppressions(bot.store, limit=limit, reason=reason)
        zone = bot.settings.timezone
    if as_json:
        rows = [{"email": one.email_key, "reason": one.reason, "detail": one.detail, "at": one.at} for one in found]
        show_json({"reasons": counts, "suppressions": rows})
        return
    if found:
        show_table(
            ("ADDRESS", "REASON", "SINCE", "WHY"),
            [(one.email_key, one.reason, local(one.at, zone), one.detail) for one in found],
        )
    show(counted(counts) or "no address is suppressed")


@app.command()
def add(
    email: Email,
    because: Annotated[str, typer.Option("--because", help="Why, for `bot suppressions why`.", metavar="WORDS")] = "",
) -> None:
    """Write to an address no more, whoever brings it; it cannot be taken back."""
    address = read_address(email)
    with opened() as bot:
        new = closed.add_suppression(bot.store, address.key, clean_name(because), bot.clock())
    show(f"suppressed: {address.email}" if new else f"{address.email} was suppressed by an admin before")


@app.command()
def why(email: Email, as_json: AsJson = False) -> None:
    """Tell why an address is not written to, with what came back of mails to it."""
    with opened() as bot:
        found = closed.why(bot.store, address_key(email), bot.tokens.pseudonyms)
        zone = bot.settings.timezone
    if as_json:
        show_json(_as_json(email, found))
        return
    show(f"{email}: {'must not be written to' if found.suppressed else 'is not suppressed'}")
    for one in found.suppressions:
        show(f"  {one.reason}, {local(one.at, zone)}{f': {one.detail}' if one.detail else ''}")
    if found.erased:
        show(f"  {found.erased}, before the person was erased")
    if found.bounces:
        show("what came back, the newest first:")
    for came in found.bounces:
        show(f"  {local(came.at, zone)} {_words(came, zone)}")


def _words(one: BounceRecord, zone: str) -> str:
    of = "a letter, or a digest that is not named"
    if one.delivery_id is not None:
        of = f"delivery {one.delivery_id} of run {one.run_id}, sent {local(one.sent_at, zone)}"
    said = " ".join(f"{one.status} {one.diagnostic}".split())
    return f"{one.kind}: {of}{f': {said}' if said else ''}"


def _as_json(email: str, found: Why) -> dict[str, object]:
    return {
        "email": email,
        "suppressed": found.suppressed,
        "suppressions": [{"reason": one.reason, "detail": one.detail, "at": one.at} for one in found.suppressions],
        "erased": found.erased or None,
        "bounces": [
            {
                "kind": one.kind,
                "status": one.status or None,
                "diagnostic": one.diagnostic or None,
                "at": one.at,
                "delivery": one.delivery_id,
                "run": one.run_id,
                "sent": one.sent_at,
            }
            for one in found.bounces
        ],
    }
