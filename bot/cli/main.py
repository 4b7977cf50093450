"""The command `bot`: its global options, and how it ends."""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from bot import __version__
from bot.cli import (
    bench,
    bounces,
    checks,
    concepts,
    db,
    demo,
    dkim,
    explain,
    feeds,
    logs,
    outbox,
    preview,
    rosters,
    rounds,
    runs,
    serve,
    setup,
    sources,
    subscribers,
    suppressions,
    tokens,
    worker,
)
from bot.cli.output import show, talk
from bot.errors import BotError

DONE, REFUSED, WRONG_USAGE, IN_PART = 0, 1, 2, 3

app = typer.Typer(
    name="bot",
    help="Concept Digest: new papers by concept feed, in personal digests by e-mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("init")(setup.init)
app.command("check")(checks.check)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.add_typer(feeds.app, name="feeds")
app.add_typer(concepts.app, name="concepts")
app.add_typer(sources.app, name="sources")
app.add_typer(subscribers.app, name="subscribers")
subscribers.app.add_typer(rosters.app)
app.add_typer(explain.app, name="explain")
app.command("collect")(rounds.collect)
app.command("plan")(rounds.plan)
app.command("deliver")(rounds.deliver)
app.command("preview")(preview.preview)
app.add_typer(runs.app, name="runs")
app.add_typer(outbox.app, name="outbox")
app.add_typer(bounces.app, name="bounces")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(dkim.app, name="dkim")
app.add_typer(db.app, name="db")
app.add_typer(tokens.app, name="tokens")
app.command("bench")(bench.bench)


def _version(wanted: bool) -> None:
    if wanted:
        show(f"concept-digest {__version__}")
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and every log line.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Concept Digest: new papers by concept feed, in personal digests by e-mail."""
    logs.set_up(logging.DEBUG if debug else logging.WARNING)


@cache
def _built() -> Any:
    """The commands as they are run; building them takes longer than most of them do."""
    return typer.main.get_command(app)


def _usage(error: TyperException) -> str:
    """What is wrong with the command line, in our way of writing, and where to look."""
    words = error.format_message().rstrip(".").replace(": Value error, ", ": ")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "bot"
    return f"{words[:1].lower()}{words[1:]}; see `{command} --help`"


def _let_go_of_output() -> None:
    """What could not be written must not be tried again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def run() -> None:
    """Run one command and end with its exit code; what goes wrong is one line on stderr, never a traceback."""
    debug = "--debug" in sys.argv[1:]
    # `--debug` is taken anywhere on the line, since it is typed when something has just gone wrong.
    words = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        code = _built()((["--debug"] if debug else []) + words, prog_name="bot", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        # A group without a command has shown its help, and has no more to say.
        if error.format_message():
            talk(f"bot: {_usage(error)}")
        code = WRONG_USAGE
    except (typer.Abort, KeyboardInterrupt):
        talk("bot: stopped")
        code = 130
    except BotError as error:
        if debug:
            raise
        talk(f"bot: {error}")
        code = REFUSED
    except BrokenPipeError:
        _let_go_of_output()
        code = REFUSED
    except OSError as error:
        if debug:
            raise
        talk(f"bot: {error.filename or 'output'}: {(error.strerror or str(error)).lower()}")
        code = REFUSED
        _let_go_of_output()
    except Exception as error:
        if debug:
            raise
        talk(f"bot: internal fault: {type(error).__name__}: {error}; run it again with --debug and report it")
        code = REFUSED
    sys.exit(code if isinstance(code, int) else DONE)
