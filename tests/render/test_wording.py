"""Zones by their names."""

from __future__ import annotations

from datetime import UTC

import pytest

from bot.render.wording import zone_named


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../../etc/passwd", "/etc", "a\x00b", "Europe"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) == UTC
