"""Tokens for the admin API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import local, show, show_json, show_table, talk
from bot.cli.rounds import AsJson
from bot.errors import BotError
from bot.models.api_tokens import Scope, TokenRecord
from bot.store import api_tokens
from bot.subscribe.addresses import clean_name

app = typer.Typer(help="Tokens for the admin API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What you call it: which program has it.", metavar="NAME")]


@app.command()
def add(
    name: Name,
    write: Annotated[bool, typer.Option("--write", help="It may change something, too.")] = False,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="It ends after so many days.", metavar="N")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is shown once, and kept as a hash."""
    called = clean_name(name)
    if not called:
        raise BotError(f"token: '{name}': no name; call it by the program that has it")
    with opened() as bot:
        now = bot.clock()
        ends = now + timedelta(days=days) if days else None
        token = api_tokens.add_token(bot.store, called, Scope.WRITE if write else Scope.READ, now, ends)
    if as_json:
        show_json({"name": called, "token": token, "scope": "write" if write else "read", "expires": ends})
        return
    talk("keep it like a password: it cannot be shown again")
    show(token)


@app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List the tokens; what they are cannot be told."""
    with opened() as bot:
        found, now = api_tokens.tokens(bot.store), bot.clock()
        states = {one.id: "revoked" if one.revoked_at else "good" if one.is_good(now) else "ended" for one in found}
    if as_json:
        show_json([_as_json(one, states[one.id]) for one in found])
        return
    rows = [
        (
            one.name,
            one.scope.value,
            local(one.created_at),
            local(one.last_used_at),
            local(one.expires_at),
            states[one.id],
        )
        for one in found
    ]
    show_table(("NAME", "SCOPE", "MADE", "LAST USED", "ENDS", "STATE"), rows)


@app.command()
def revoke(name: Name) -> None:
    """Let a token open nothing any more."""
    with opened() as bot:
        done = api_tokens.revoke(bot.store, name, bot.clock())
    show(f"revoked: {name}" if done else f"{name} was revoked already")


def _as_json(one: TokenRecord, state: str) -> dict[str, object]:
    return {
        "name": one.name,
        "scope": one.scope.value,
        "created": one.created_at,
        "last_used": one.last_used_at,
        "expires": one.expires_at,
        "revoked": one.revoked_at,
        "state": state,
    }
