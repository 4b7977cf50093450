"""Fixtures that everybody shares: real databases, SQLite always and PostgreSQL where there is one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from bot.store.engine import Store
from bot.store.schema import open_store, upgrade

#: Read at once, because tests see no BOT_ variable of the machine.
POSTGRES_URL = os.environ.get("BOT_TEST_POSTGRES_URL")
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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    name = f"bot_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield postgres_server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + f"/{name}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh database at the newest schema, of each kind in turn."""
    made = Store(database_url)
    upgrade(made)
    made.close()
    store = open_store(database_url)
    yield store
    store.close()
