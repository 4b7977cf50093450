"""An installed wheel has all it needs, wherever it is run."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from bot.render.languages import SPOKEN

ROOT = Path(__file__).resolve().parents[1]


def test_a_wheel_works_from_any_folder(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "dist")]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.startswith(("tests/", "docs/"))]
        assert {f"bot/render/locale/{code}.po" for code in SPOKEN[1:]} <= set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    folder = tmp_path / "empty"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--out", "mails"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "8 mails sent" in done.stdout
    assert (folder / "mails/index.html").is_file()
