"""Power that fails, for the files of a folder: what programs have not flushed is dropped (`shadow.c`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bot.errors import BotError

SOURCE = Path(__file__).with_suffix(".c")


class Shadow:
    """What is surely on the disk of a folder of files, as the programs under its `environment` have flushed it.

    Args:
        folder: has no folders in it that matter.
        beside: for the shadow; made, and not within `folder`.
    """

    def __init__(self, folder: Path, beside: Path) -> None:
        beside.mkdir()
        self._folder, self._kept = folder.resolve(), beside.resolve() / "kept"
        library = beside.resolve() / "shadow.so"
        words = ["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 (our own source)
        if done.returncode:
            raise BotError(f"cc: {done.stderr.strip()[:500]}")
        self.environment = {
            "LD_PRELOAD": str(library),
            "SHADOW_OF": str(self._folder),
            "SHADOW": str(self._kept),
        }
        self.begin()

    def begin(self) -> None:
        """From here on: all that there is now is on the disk."""
        shutil.rmtree(self._kept, ignore_errors=True)
        self._kept.mkdir()
        words = ["sync", *(str(path) for path in self._files()), str(self._folder)]
        subprocess.run(words, env=os.environ | self.environment, check=True)  # noqa: S603 (of coreutils: flushes what is named)

    def fail(self) -> int:
        """Leave in the folder what is surely on the disk, when nobody works there any more; octets that are lost.

        Files stay the same ones, with their numbers, wherever they have not been taken away meanwhile.
        """
        lines = (self._kept / "names").read_text("utf-8").splitlines()
        names = {name: which for which, _, name in (line.partition(" ") for line in lines)}
        lost = 0
        for path in self._files():
            if path.name not in names:
                lost += path.stat().st_size
                path.unlink()
        for name, which in names.items():
            kept, path = self._kept / which, self._folder / name
            # Made, and nothing of it was ever flushed.
            content = kept.read_bytes() if kept.exists() else b""
            lost += (path.stat().st_size if path.exists() else 0) - len(content)
            with path.open("r+b" if path.exists() else "wb") as file:
                file.write(content)
                file.truncate()
        return lost

    def _files(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.is_file()]


def why_not() -> str:
    """Why power cannot be made to fail here; empty where it can."""
    if sys.platform != "linux":
        return "this is not Linux"
    missing = [name for name in ("cc", "sync") if shutil.which(name) is None]
    return f"there is no {' and no '.join(missing)} here" if missing else ""
