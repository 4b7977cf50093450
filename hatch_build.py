"""Takes into the wheel what lies at the top of the repository, so that an installed bot works from any folder."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGED = ("templates", "subscribers.example.csv")


class CustomBuildHook(BuildHookInterface[Any]):
    """Not for editable installs: they find the originals where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name what is to be packaged."""
        if version == "standard":
            build_data["force_include"] |= {name: f"bot/_packaged/{name}" for name in PACKAGED}
