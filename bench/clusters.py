"""A PostgreSQL server of one's own for as long as it is measured, or the one that a URL names."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    with own() as cluster:
        yield cluster.maintenance if cluster else None


@contextmanager
def own() -> Iterator[Cluster | None]:
    """A server of our own, with PostgreSQL's usual settings; None where there is no PostgreSQL.

    Raises:
        BotError: there is one, and it does not start.
    """
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="bot-bench-postgres-"))
    try:
        cluster = Cluster(programs, folder)
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """A server that can be stopped and started again; begins started."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._pid_file = folder / "cluster/postmaster.pid"
        # PostgreSQL refuses to run as root; a machine that has it mostly has its user as well.
        self._user = _other_user() if os.getuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        #: The URL of its maintenance database, as libpq writes it.
        self.maintenance = f"postgresql://bot@127.0.0.1:{self._port}/postgres"
        self._done("initdb", "-U", "bot", "-A", "trust", "-E", "UTF8")
        self.start()

    def start(self) -> None:
        """Start it, and come back when it answers; what a crash has left is put in order first."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._done("pg_ctl", "-l", f"{self._folder}/log", "-o", options, "-w", "start")

    def stop(self, how: str) -> None:
        """Stop it, if it runs: `fast`, or `immediate`, with nothing brought to an end, as if it had crashed."""
        if self._pid_file.exists():
            self._done("pg_ctl", "-m", how, "-w", "stop")

    def kill(self) -> None:
        """Kill all its processes at one stroke, and come back when they are gone."""
        postmaster = self._pid_file.read_text("utf-8").split()[0]
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text("ascii").split()
        # The one that starts all others first: it would end them in its own way.
        for pid in (postmaster, *children):
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        # Whoever is left holds the shared memory, and no other server starts.
        for pid in (postmaster, *children):
            while _runs(pid):
                time.sleep(0.01)  # nothing tells of the end of a process that is not ours
        # Its number stays taken until somebody asks for its exit code; where nobody does, no other server would start.
        for lock in (self._pid_file, *self._folder.glob(".s.PGSQL.*")):
            lock.unlink()

    def _done(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "-D", f"{self._folder}/cluster", *words]
        done = subprocess.run(command, user=self._user, cwd=self._folder, capture_output=True, text=True, check=False)  # noqa: S603 (PostgreSQL's own programs)
        if done.returncode:
            raise BotError(f"postgresql: {program}: {' '.join((done.stdout + done.stderr).split())[-500:]}")


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


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _other_user() -> str:
    known = subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0  # noqa: S607 (wherever the system has it)
    return "postgres" if known else "nobody"
