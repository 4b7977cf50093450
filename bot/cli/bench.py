"""`bot bench`: the benchmarks that lie beside the source, each against a peer in the same run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

import bot
from bot.cli.output import show_json, show_table, talk
from bot.errors import BotError

FOLDER = Path(bot.__file__).resolve().parents[1] / "bench"
_COLUMNS = ("bench", "case", "value", "unit", "peer", "peer value", "ratio")


class _Benchmark(NamedTuple):
    name: str
    #: Takes `bench.measure.Asked`, gives `bench.measure.Case`s.
    run: Callable[[Any], Iterable[Any]]


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which ones; all without.", metavar="[NAME]...")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="How often each side is measured.")] = 5,
    records: Annotated[
        list[Path] | None,
        typer.Option(
            help="In the place of made-up records: PubMed XML, plain or .gz, or a folder that has pubmed/ and what "
            "else a benchmark reads; may be repeated.",
            metavar="FILE|DIR",
            exists=True,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Measure how fast the bot is, each time beside a peer; benchmarks come with the source."""
    found = _benchmarks(FOLDER)
    wanted = names or sorted(found)
    if unknown := [name for name in wanted if name not in found]:
        raise typer.BadParameter(f"no such benchmark: '{unknown[0]}'; there are: {', '.join(sorted(found))}")
    asked = import_module("bench.measure").Asked(rounds, tuple(records or ()), talk)
    cases = [case for name in dict.fromkeys(wanted) for case in found[name].run(asked)]
    if as_json:
        show_json([case._asdict() for case in cases])
        return
    right = ("value", "peer value", "ratio")
    show_table(_COLUMNS, ([_shown(part) for part in case] for case in cases), right=right)


def _shown(part: object) -> str:
    if part is None:
        return "-"
    return (
        f"{part:,.0f}"
        if isinstance(part, float) and part >= 100
        else f"{part:,.3g}"
        if isinstance(part, float)
        else str(part)
    )


def _benchmarks(folder: Path) -> dict[str, _Benchmark]:
    """Every module of the folder that has something to run, by name.

    Raises:
        BotError: where there is no such folder: a wheel has none.
    """
    if not (folder / "measure.py").is_file():
        raise BotError("bench: benchmarks come with the source, not with the package; clone it and run bot there")
    # Read from that very folder, whatever else is called so.
    spec = ModuleSpec("bench", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules["bench"] = module_from_spec(spec)
    modules = [(file.stem, import_module(f"bench.{file.stem}")) for file in sorted(folder.glob("*.py"))]
    return {name: _Benchmark(name, module.run) for name, module in modules if hasattr(module, "run")}
