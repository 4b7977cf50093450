"""A real mail system on loopback: Postfix, Dovecot and postgrey, from `../shared/mta`."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

NEEDS = ("postfix", "dovecot", "postgrey", "openssl")
PORTS = (2587, 2465, 2526, 2143, 10023)


@pytest.fixture(scope="module")
def mail_system(shared: Path) -> Iterator[Path]:
    """The folder of a running one. Its ports are fixed, so that of several who test one waits for the other."""
    missing = [name for name in NEEDS if not shutil.which(name) and not Path(f"/usr/sbin/{name}").exists()]
    if missing or os.getuid() != 0:
        pytest.skip(f"no mail system here: needs root, and {', '.join(NEEDS)}; missing: {', '.join(missing) or 'root'}")
    script = str(shared / "mta/mta.sh")
    with Path("/tmp/bot-mta.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Below /tmp, where Postfix may write its log; its users must get in.
        folder = Path(tempfile.mkdtemp(prefix="bot-mta-", dir="/tmp"))
        folder.chmod(0o755)
        with (folder / "control.log").open("w") as log:

            def control(word: str) -> None:
                subprocess.run(
                    ["bash", script, word],
                    env=os.environ | {"MTA_DIR": str(folder)},
                    check=True,
                    timeout=120,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

            try:
                control("start")
                _wait_for(folder)
                yield folder
            finally:
                control("stop")
                _wait_for(folder, gone=True)
                shutil.rmtree(folder, ignore_errors=True)


def _wait_for(folder: Path, *, gone: bool = False) -> None:
    """Come back when all can be connected to, or none any more: the next one needs the same ports."""
    deadline = monotonic() + 60
    addresses: list[tuple[str, int] | str] = [("127.0.0.1", port) for port in PORTS]
    for address in [*addresses, str(folder / "dove/run/sasl")]:
        while True:
            with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as probe:
                if bool(probe.connect_ex(address)) is gone:
                    break
            assert monotonic() < deadline, f"{'still somebody' if gone else 'nobody'} listens at {address}"
            sleep(0.1)


def new_in(maildir: Path) -> list[Path]:
    """The mails that have come into a mailbox, once there are any; none after half a minute."""
    until = monotonic() + 30
    while True:
        found = list((maildir / "new").glob("*"))
        if found or monotonic() > until:
            return found
        # Another program delivers them: there is nothing to wait on but the files.
        sleep(0.1)
