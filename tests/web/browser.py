"""A real browser, Debian's Chromium driven by Playwright, and the pictures that it takes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A folder for pictures of what tests have seen; read at once, because tests see no BOT_ variable of the machine.
PICTURES = os.environ.get("BOT_TEST_PICTURES")
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A browser, for as long as the context lasts; skips where there is none.

    Playwright's event loop goes on in this thread meanwhile: `asyncio.run` is for other threads.
    """
    programs = [found for found in map(shutil.which, _PROGRAMS) if found]
    if not programs:
        pytest.skip(f"no browser here: install one of {', '.join(_PROGRAMS)}")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here: make install")
    with playwright.sync_playwright() as driver:
        # Without a sandbox, which root has none of.
        browser = driver.chromium.launch(executable_path=programs[0], args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Album:
    """Whole pages as pictures, numbered as they are taken.

    Args:
        folder: made if need be; `PICTURES`, where that is set, takes its place.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(PICTURES) if PICTURES else folder
        self._folder.mkdir(parents=True, exist_ok=True)
        #: What was taken, in order.
        self.pictures: list[Path] = []

    def take(self, page: Page, name: str) -> None:
        """What the page looks like now: `07-paused.png`."""
        path = self._folder / f"{len(self.pictures) + 1:02}-{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png"
        page.screenshot(path=path, full_page=True)
        self.pictures.append(path)
