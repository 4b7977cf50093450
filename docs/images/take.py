"""The pictures of the documents, taken anew: `make screenshots`; needs Chromium, and nothing but invented papers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.cli.preview_page import in_scheme
from bot.render.templates import packaged_templates
from bot.settings import Mailbox, Settings
from bot.wiring.samples import preview_sample

HERE = Path(__file__).resolve().parent
HOWTO = HERE.parent / "howto" / "change-the-look.md"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: So that the same templates give the same pictures.
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
STYLE = "email/_base/style.css"
#: Bytes; a page with pictures should load at once.
MOST = 150_000
#: Pixels of one mail, and around it.
WIDTH, HEIGHT, MARGIN = 560, 680, 16


def main() -> None:
    """Take them all, into the folder of this file."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"screenshots: no browser found; install one of {', '.join(BROWSERS)}")
    with TemporaryDirectory() as name:
        work = Path(name)
        for picture, own in (("digest.png", None), ("own-look.png", own_look(work / "look"))):
            take(browser, work, both(own), HERE / picture)


def own_look(folder: Path) -> Path:
    """A folder of templates with the style that the how-to shows."""
    found = re.search(r"```css\n(.+?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    if found is None:
        sys.exit(f"screenshots: {HOWTO.name} has no style")
    style = folder / STYLE
    style.parent.mkdir(parents=True)
    style.write_text((packaged_templates() / STYLE).read_text("utf-8") + found[1], "utf-8")
    return folder


def both(own: Path | None) -> str:
    """A page with the sample digest in light and in dark."""
    settings = Settings(
        from_=Mailbox("Concept Digest", "digest@papers.example.org"),
        postal_address="1 Sample Street, 12345 Sampletown",
        public_url="https://papers.example.org",
        templates=own,
    )
    html = preview_sample(settings, "en", NOW).message.html
    frames = "".join(
        f'<iframe srcdoc="{escape(in_scheme(html, scheme))}" width="{WIDTH}" height="{HEIGHT}" scrolling="no"></iframe>'
        for scheme in ("light", "dark")
    )
    body = f"margin: 0; padding: {MARGIN}px; display: flex; gap: {MARGIN}px; background: #d9d9d4"
    return f'<!doctype html><meta charset="utf-8"><style>iframe {{ border: 0 }}</style><body style="{body}">{frames}'


def take(browser: str, work: Path, page: str, picture: Path) -> None:
    """The picture of a page."""
    (work / "page.html").write_text(page, "utf-8")
    size = f"{2 * WIDTH + 3 * MARGIN},{HEIGHT + 2 * MARGIN}"
    words = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text"),
        *("--disable-background-networking", f"--user-data-dir={work / 'profile'}", f"--window-size={size}"),
        *(f"--screenshot={picture}", (work / "page.html").as_uri()),
    ]
    # The words are ours, and the browser is one of those above.
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)  # noqa: S603
    if quantiser := shutil.which("pngquant"):
        subprocess.run([quantiser, "--force", "--ext", ".png", str(picture)], check=True)  # noqa: S603
    if picture.stat().st_size > MOST:
        sys.exit(f"screenshots: {picture.name}: {picture.stat().st_size:,} bytes; at most {MOST:,}")
    sys.stdout.write(f"taken: docs/images/{picture.name}, {picture.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
