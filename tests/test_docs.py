"""Every command and setting is documented, and nothing that there is not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli.main import app
from bot.settings import RESERVED, SECRETS, file_variable, names

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def commands(command: Any, path: tuple[str, ...] = ("bot",)) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [" ".join(path)]
    return [name for word, one in inner.items() for name in commands(one, (*path, word))]


def test_every_command_is_documented() -> None:
    text = (DOCS / "reference/commands.md").read_text("utf-8")
    documented = {" ".join(found.split()) for found in re.findall(r"^\| `(bot(?: [a-z-]+)+)", text, re.MULTILINE)}
    assert documented == set(commands(typer.main.get_command(app)))


def test_every_setting_is_documented() -> None:
    text = (DOCS / "reference/settings.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(BOT_[A-Z_2]+)`", text, re.MULTILINE))
    assert documented == set(names())
    secrets = {file_variable(name) for name in SECRETS}
    allowed = documented | secrets | {f"BOT_{name}" for name in RESERVED}
    assert set(re.findall(r"BOT_[A-Z_]+[A-Z](?:_2)?", text)) <= allowed


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    wanted = [*project["project"]["dependencies"], *groups["dev"], *groups["bench"]]
    rows = re.findall(r"^\| ([^|]+) \|", (DOCS / "decisions/0002-libraries.md").read_text("utf-8"), re.MULTILINE)
    given = {name.strip().lower() for row in rows for name in row.split(",")} | {"psycopg", "apscheduler"}
    assert {re.split(r"[\[<>=]", name)[0] for name in wanted} <= given


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))], ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("room", ["web", "web/api", "store", "subscribe", "wiring"])
def test_every_file_of_the_larger_rooms_stands_in_the_plan(room: str) -> None:
    rows = [line.split("|") for line in (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines() if line[:2] == "| "]
    start = next(number for number, row in enumerate(rows) if row[1].strip() == f"`{room}/`")
    rest = next((number for number, row in enumerate(rows) if number > start and row[1].strip()), len(rows))
    told = {name for row in rows[start:rest] for name in re.findall(r"`(\w+)`", row[3])}
    assert told == {path.stem for path in (ROOT / "bot" / room).glob("[a-z]*.py")}
