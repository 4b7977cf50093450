"""What holds for all tests; more fixtures that everybody shares are in `databases.py` and `real_mail.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.databases", "tests.real_mail"]

SHARED = Path(__file__).resolve().parents[2] / "shared"

# How long a busy machine takes is no fault of what is tested.
settings.register_profile("patient", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
# For a night: HYPOTHESIS_PROFILE=thorough make tests
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever BOT_ variables the machine has, a test sees only those that it sets itself."""
    for name in list(os.environ):
        if name.startswith("BOT_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real records and outside judges; tests that need it skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared here: real records are not part of the project")
    return SHARED
