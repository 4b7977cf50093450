"""`bot init`: the first set-up, by question and answer or by options."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values

from bot.cli.context import opened
from bot.cli.output import plural, show, talk
from bot.concepts import catalogue
from bot.errors import BotError
from bot.settings import Settings, read_settings
from bot.store import feeds

#: What is asked for, in this order: variable, question, and what holds where nothing is said.
QUESTIONS = (
    ("BOT_DATABASE_URL", "Database (an SQLite file, or postgresql+psycopg://…)", "sqlite:///bot.db"),
    ("BOT_FROM", "Mails are from (Concept Digest <digest@papers.example.org>, say)", ""),
    ("BOT_POSTAL_ADDRESS", "Your postal address (mails must show one)", ""),
    ("BOT_SMTP_URL", "Mail server", "smtp://127.0.0.1:1025"),
    ("BOT_PUBLIC_URL", "Where readers reach your page", "http://127.0.0.1:8000"),
    ("BOT_CONTACT_EMAIL", "Your address: named to the sources, and mailed when one of them fails", ""),
    ("BOT_TIMEZONE", "Time zone for readers who chose none", "UTC"),
)


def init(
    database_url: Annotated[str | None, typer.Option(help="SQLite file or postgresql+psycopg://…")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Whom mails are from: Name <address>.")] = None,
    postal_address: Annotated[str | None, typer.Option(help="Shown in every mail.")] = None,
    smtp_url: Annotated[str | None, typer.Option(help="smtp+starttls://user:pass@host:587, for one.")] = None,
    public_url: Annotated[str | None, typer.Option(help="Where readers reach the page.")] = None,
    contact_email: Annotated[str | None, typer.Option(help="Named to sources, and mailed when one fails.")] = None,
    timezone: Annotated[str | None, typer.Option(help="For readers who chose none.")] = None,
) -> None:
    """Set up a new bot in this folder: settings in .env, the database, the starter catalogue.

    What is set already is kept; run it as often as you like. On a terminal it asks for what no option
    names; elsewhere it takes what the options and the environment say, and the defaults.
    """
    given = dict(
        zip(
            [name for name, _, _ in QUESTIONS],
            (database_url, from_, postal_address, smtp_url, public_url, contact_email, timezone),
            strict=True,
        )
    )
    file = Path(".env")
    kept = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}
    answers = {name: value for name, value in given.items() if value is not None}
    for name, question, default in QUESTIONS:
        if name in answers or name in kept or name in os.environ:
            continue
        if sys.stdin.isatty():
            answers[name] = typer.prompt(question, default=default, show_default=bool(default))
    if "BOT_SECRET_KEY" not in kept and not os.environ.get("BOT_SECRET_KEY"):
        answers["BOT_SECRET_KEY"] = secrets.token_urlsafe(32)
    settings = _checked({**kept, **{name: value for name, value in answers.items() if value}})
    # The database first: settings that lead nowhere are not kept.
    with opened(settings) as app:
        _write(file, {name: value for name, value in answers.items() if value})
        there = feeds.feeds(app.store)
        if not there:
            feeds.apply_catalogue(app.store, catalogue.starter(), app.clock())
            there = feeds.feeds(app.store)
        show(f"database ready: {app.store.name}, with {plural(len(there), 'feed')}")
    for name in ("BOT_FROM", "BOT_POSTAL_ADDRESS"):
        if not (answers.get(name) or kept.get(name) or os.environ.get(name)):
            talk(f"still needed before anything is sent: {name}")
    show("next: `bot feeds list`, `bot subscribers import FILE.csv`, `bot collect`, `bot serve`")


def _checked(values: dict[str, str]) -> Settings:
    """The settings as they will be, wrong ones refused before anything is written."""
    return read_settings(Path(os.devnull).parent, {**values, **os.environ})


def _write(file: Path, answers: dict[str, str]) -> None:
    """Add to or change `file`, readable by its owner alone, other lines kept."""
    if not answers:
        return
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        kept = [line for line in lines if line.partition("=")[0].strip() not in answers]
        kept += [f"{name}={_quoted(value)}" for name, value in answers.items()]
        opened_file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened_file, "w", encoding="utf-8") as out:
            out.write("\n".join(kept) + "\n")
    except OSError as error:
        raise BotError(f"settings: {file}: cannot be written: {error.strerror}") from error
    show(f"settings written: {file} ({', '.join(answers)})")


def _quoted(value: str) -> str:
    if value.replace("-", "").replace("_", "").isalnum():
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
