"""A PostgreSQL server of one's own for as long as it is measured, or the one that a URL names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from bot.errors import BotError

#: The URL of a server that may be used instead, as the tests have it.
URL = "BOT_TEST_POSTGRES_URL"


@contextmanager
def server() -> Iterator[str | None]:
    """The URL of a server's maintenance database, as libpq writes it; None where there is no PostgreSQL.

    A server of our own is as durable as one comes: what it has committed is on the disk.

    Raises:
        BotError: there is one, and it does not start.
    """
    named = os.environ.get(URL)
    if named:
        yield named.replace("postgresql+psycopg://", "postgresql://")
        return
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="bot-bench-postgres-"))
    # PostgreSQL refuses to run as root; a machine that has it mostly has its user as well.
    user = _other_user() if os.getuid() == 0 else None
    try:
        if user:
            shutil.chown(folder, user)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        cluster, control = f"{folder}/cluster", str(programs / "pg_ctl")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        _done(user, folder, str(programs / "initdb"), "-D", cluster, "-U", "bot", "-A", "trust", "-E", "UTF8")
        _done(user, folder, control, "-D", cluster, "-l", f"{folder}/log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://bot@127.0.0.1:{port}/postgres"
        finally:
            _done(user, folder, control, "-D", cluster, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(maintenance: str) -> Iterator[str]:
    """The URL of a fresh, empty database, as SQLAlchemy writes it; it is gone afterwards."""
    name = f"bot_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(maintenance, autocommit=True) as one:
        one.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    try:
        yield maintenance.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + f"/{name}"
    finally:
        with psycopg.connect(maintenance, autocommit=True) as one:
            one.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _programs() -> Path | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name)):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def _other_user() -> str:
    known = subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0  # noqa: S607 (wherever the system has it)
    return "postgres" if known else "nobody"


def _done(user: str | None, folder: Path, *words: str) -> None:
    done = subprocess.run(words, user=user, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 (PostgreSQL's own programs)
    if done.returncode:
        raise BotError(f"postgresql: {Path(words[0]).name}: {' '.join((done.stdout + done.stderr).split())[-500:]}")
