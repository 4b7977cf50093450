"""Two who verify DKIM signatures and know nothing of us: dkimpy, and OpenDKIM where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import dkim
import pytest

from bot.render.dkim_keys import Record


def dkimpy_says(content: bytes, records: Sequence[Record]) -> list[bool]:
    """For each signature in `content`, whether it is good; `records` are all that DNS has."""
    in_dns = {f"{name}.": value for name, value in records}

    def looked_up(name: bytes, timeout: int = 5) -> bytes:
        return in_dns.get(name.decode(), "").encode()

    there = sum(name.lower() == b"dkim-signature" for name, _ in dkim.DKIM(content).headers)
    return [_good(content, at, looked_up) for at in range(there)]


def _good(content: bytes, at: int, looked_up: object) -> bool:
    try:
        return bool(dkim.DKIM(content).verify(at, looked_up))
    except dkim.DKIMException:
        return False


def opendkim_says(content: bytes, records: Sequence[Record], folder: Path) -> list[bool]:
    """For each signature in `content`, whether it is good; skips the test where there is no OpenDKIM."""
    program = shutil.which("opendkim", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no OpenDKIM here: install the package opendkim")
    (folder / "mail.eml").write_bytes(content)
    (folder / "keys").write_text("".join(f"{name} {value}\n" for name, value in records))
    (folder / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {folder / 'keys'}\n")
    done = subprocess.run(
        [program, "-x", folder / "opendkim.conf", "-t", folder / "mail.eml", "-vv"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [word == "pass" for word in re.findall(r"\bdkim=(\w+)", done.stdout)]
