"""Real databases, SQLite always and PostgreSQL where there is one.

Most tests begin with a copy of a database that has been brought to the newest schema once.
"""

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
import pytest
from psycopg import sql

from bot.store.engine import Store
from bot.store.home import adopt
from bot.store.schema import open_store, upgrade

#: Read at once, because tests see no BOT_ variable of the machine.
POSTGRES_URL = os.environ.get("BOT_TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database, as libpq writes it."""
    if POSTGRES_URL:
        yield POSTGRES_URL.replace("postgresql+psycopg://", "postgresql://")
        return
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here: install one, or set BOT_TEST_POSTGRES_URL")
    yield from _own_cluster(programs)


def _postgres_programs() -> Path | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name)):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def _own_cluster(programs: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root; a machine that has it mostly has its user as well.
    user: str | None = None
    if os.getuid() == 0:
        user = (
            "postgres"
            if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0
            else "nobody"
        )
    folder = Path(tempfile.mkdtemp(prefix="bot-postgres-"))
    if user:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"

    def run(*words: str) -> None:
        done = subprocess.run(words, user=user, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words[0]}: {done.stdout[-500:]} {done.stderr[-500:]}")

    try:
        run(
            str(programs / "initdb"),
            "-D",
            f"{folder}/cluster",
            "-U",
            "bot",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        control = str(programs / "pg_ctl")
        run(control, "-D", f"{folder}/cluster", "-l", f"{folder}/log", "-o", f"-p {port} {options}", "-w", "start")
        try:
            yield f"postgresql://bot@127.0.0.1:{port}/postgres"
        finally:
            run(control, "-D", f"{folder}/cluster", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgres_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database, which is gone afterwards."""
    name = f"bot_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield server_url.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + f"/{name}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def ready_postgres(postgres_server: str) -> Iterator[str]:
    """The name of a database at the newest schema, to make copies of."""
    with _postgres_database(postgres_server) as url:
        made = Store(url)
        upgrade(made)
        made.close()
        yield url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def ready_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file at the newest schema, to make copies of."""
    path = tmp_path_factory.mktemp("ready") / "bot.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with _postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database without any tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh database at the newest schema, of each kind in turn."""
    if request.param == "sqlite":
        yield str(request.getfixturevalue("sqlite_url"))
    else:
        server = request.getfixturevalue("postgres_server")
        with _postgres_database(server, request.getfixturevalue("ready_postgres")) as url:
            store = Store(url)
            adopt(store)
            store.close()
            yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, ready_sqlite: Path) -> str:
    """The URL of a fresh file at the newest schema."""
    url = f"sqlite:///{tmp_path}/bot.db"
    shutil.copyfile(ready_sqlite, tmp_path / "bot.db")
    store = Store(url)
    adopt(store)
    store.close()
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh database at the newest schema, of each kind in turn."""
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """The same, for what its kind has no part in."""
    store = open_store(sqlite_url)
    yield store
    store.close()
