"""`bot demo`: the whole job on loopback with sample papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.context import now
from bot.cli.output import show


def demo(
    out: Annotated[Path, typer.Option(help="Where the mails are written.", metavar="DIR")] = Path("demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the sample PubMed; 0 for any.", metavar="N")] = 0,
) -> None:
    """Collect, plan, render and send sample digests on this machine alone, and show them side by side."""
    from bot.demo.demo import run_demo  # noqa: PLC0415 (aiosmtpd and the samples are loaded by the demo alone)

    index = run_demo(out, port, now, show)
    show(f"look at them: {index.absolute().as_uri()}")
