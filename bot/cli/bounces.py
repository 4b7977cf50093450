"""Bounces: what came back of mails, and what follows from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import opened
from bot.cli.output import counted, plural, show, show_json, talk
from bot.cli.rounds import AsJson
from bot.cli.stopping import stopping
from bot.errors import SettingsError
from bot.suppress.mailbox_url import NO_URL
from bot.suppress.mailboxes import BounceBox, Piped
from bot.suppress.maildir import Maildir
from bot.suppress.taking import COUNTED, BouncesReport
from bot.wiring.bounces import mailbox_of

#: Mails that could not be read and are named; `--json` has all of them.
NAMED = 20

app = typer.Typer(help="Bounces: what came back of mails, and what follows from it.", no_args_is_help=True)


@app.command()
def take(
    maildir: Annotated[
        Path | None, typer.Option("--maildir", help="Read this Maildir (BOT_BOUNCES).", metavar="DIR")
    ] = None,
    imap: Annotated[
        str | None,
        typer.Option("--imap", help="Read this folder: imaps://USER@HOST/FOLDER?password_file=FILE.", metavar="URL"),
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read one mail, or an mbox, from the pipe.")] = False,
    as_json: AsJson = False,
) -> int:
    """Read bounces and complaints, and close the addresses that are gone, full for long, or do not want us."""
    if sum((maildir is not None, imap is not None, stdin)) > 1:
        raise typer.BadParameter("one mailbox at a time: --maildir, --imap or --stdin")
    with opened() as bot, stopping() as stop:
        report = bot.take_bounces(_mailbox(maildir, imap, stdin), stop.is_set)
    if as_json:
        show_json(report.as_json())
    else:
        _show(report)
    for name, problem in report.problems[:NAMED]:
        talk(f"bot: bounces: {name}: {problem}; it stays unread")
    if len(report.problems) > NAMED:
        talk(f"… and {len(report.problems) - NAMED:,} more; --json tells all")
    return 3 if report.problems else 0


def _mailbox(maildir: Path | None, imap: str | None, stdin: bool) -> BounceBox | None:
    if stdin:
        return Piped(sys.stdin.buffer)
    if maildir is not None:
        return Maildir(maildir)
    if imap is not None and not imap.strip().startswith(("imap://", "imaps://")):
        raise SettingsError([f"--imap: {NO_URL}"])
    return None if imap is None else mailbox_of(imap)


def _show(report: BouncesReport) -> None:
    sorts = counted({name: report.counts.get(name, 0) for name in COUNTED})
    show(f"{plural(report.read, 'mail')} read{f': {sorts}' if sorts else ''}")
    if report.suppressed:
        show(f"{plural(report.suppressed, 'address', 'addresses')} suppressed; `bot suppressions list` names them")
    if report.left:
        show(f"{plural(report.left, 'mail')} left unread, for you to look at")
