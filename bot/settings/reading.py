"""Where settings are read from.

They are read, first found first taken, from the environment, from the file that `NAME_FILE` points to
(secrets only), from `.env` and from `bot.toml` in the working folder (same names without the prefix, in
lower case). Everything that is wrong is named at once.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.errors import SettingsError
from bot.settings.known import PREFIX, SECRETS, Settings

#: Named in the interface and taken without complaint, but not in force yet.
RESERVED = frozenset("TEST_POSTGRES_URL".split())


def names() -> tuple[str, ...]:
    """Every variable that is in force, `BOT_DATABASE_URL` and so on."""
    return tuple(PREFIX + name.rstrip("_").upper() for name in Settings.model_fields)


def file_variable(secret: str) -> str:
    """The variable that names a file with a secret in it: `BOT_SMTP_URL_FILE`, `BOT_DKIM_KEY_FILE_2`."""
    name, second = secret.removesuffix("_2"), "_2" if secret.endswith("_2") else ""
    return f"{PREFIX}{name.upper()}_FILE{second}"


def read_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings as the environment and the files in `folder` (the working one) give them.

    Raises:
        SettingsError: with everything that is wrong, by name.
    """
    folder = folder or Path()
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    known = {name.rstrip("_").upper(): name for name in Settings.model_fields}
    found: dict[str, Any] = {}
    for where, values in (
        ("bot.toml", _from_toml(folder / "bot.toml", problems)),
        (".env", _from_dotenv(folder / ".env", problems)),
        ("", {name: value for name, value in environ.items() if name.startswith(PREFIX)}),
    ):
        found |= {
            n: v
            for name, v in values.items()
            if (n := name.removeprefix(PREFIX)) in known and v is not None and v != ""
        }
        found |= _from_secret_files(values, problems)
        problems += _unknown(where, values, known)
    try:
        settings = Settings(**{PREFIX + "FROM" if n == "FROM" else known[n]: value for n, value in found.items()})
    except ValidationError as error:
        problems += [_in_words(problem) for problem in error.errors()]
    if problems:
        raise SettingsError(problems)
    return settings


def _from_toml(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        if not _is_there(path):
            return {}
        return {PREFIX + name.upper(): value for name, value in tomllib.loads(path.read_text("utf-8-sig")).items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"bot.toml cannot be read: {error}")
        return {}


def _from_dotenv(path: Path, problems: list[str]) -> dict[str, str | None]:
    try:
        return dotenv_values(path, interpolate=False, encoding="utf-8-sig") if _is_there(path) else {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f".env cannot be read: {error}")
        return {}


def _is_there(path: Path) -> bool:
    if path.exists() and not path.is_file():
        raise IsADirectoryError(f"'{path}' is no file")
    return path.exists()


def _from_secret_files(values: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    found = {}
    for name in SECRETS:
        variable = PREFIX + name.upper()
        path = values.get(file_variable(name))
        if not path or values.get(variable):
            continue
        if "PRIVATE KEY" in str(path):
            problems.append(f"{file_variable(name)}: not the name of a file but a key; write it into {variable}")
            continue
        try:
            found[name.upper()] = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{file_variable(name)}: '{path}' cannot be read ({type(error).__name__})")
    return found


def _unknown(where: str, values: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    allowed = {*known, *RESERVED, *(file_variable(name).removeprefix(PREFIX) for name in SECRETS)}
    strange = sorted(
        n for name in values if name.startswith(PREFIX) and (n := name.removeprefix(PREFIX)) not in allowed
    )
    if where:
        return [f"{where}: no such setting: '{PREFIX}{n}'; see docs/reference/settings.md" for n in strange]
    # The environment may hold other programs' variables: only what looks like a slip of ours is one.
    slips = [(name, near[0]) for name in strange if (near := get_close_matches(name, known, 1, 0.75))]
    return [f"no such setting: '{PREFIX}{name}'; did you mean {PREFIX}{near}?" for name, near in slips]


def _in_words(problem: Any) -> str:
    """One line for one problem; what was wrong is repeated only where it cannot be a secret."""
    name = str(problem["loc"][0]).rstrip("_").upper() if problem["loc"] else ""
    words = problem["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{name.removeprefix(PREFIX)}: {words[:1].lower()}{words[1:]}"
