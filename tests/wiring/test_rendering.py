"""Rendering in processes comes to the same, in the same order, and outlives the death of its processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import AddressError, BotError, KeyFileError, NotRenderedError
from bot.models.deliveries import Claim, Message
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.wiring.mailroom import Mailroom
from bot.wiring.rendering import AT_ONCE, MOST, WORTH_ONE, Rendering, processes_for
from tests.wiring.mails import claims, clock, fill, mailroom, settings_for

ROOT = Path(__file__).resolve().parents[2]
READERS = 6


@given(st.integers(0, 10**7), st.integers(-1, 64), st.integers(1, 256))
def test_processes_are_started_where_they_pay(due: int, setting: int, cores: int) -> None:
    found = processes_for(due, setting, cores)
    assert 0 <= found * WORTH_ONE <= due
    assert found <= (setting if setting >= 0 else min(cores - 1, MOST))


def test_small_rounds_and_small_machines_need_none() -> None:
    assert processes_for(WORTH_ONE - 1, -1, 8) == 0
    assert processes_for(10**6, -1, 1) == 0
    assert processes_for(10**6, 0, 8) == 0
    assert processes_for(WORTH_ONE, -1, 8) == 1
    assert processes_for(10**6, -1, 4) == 3
    assert processes_for(10**6, -1, 64) == MOST
    assert processes_for(10**6, 20, 2) == 20


@contextmanager
def rendering(store: Store, settings: Settings, processes: int) -> Iterator[Rendering]:
    made = Rendering(settings, lambda: mailroom(store, settings), clock, processes)
    try:
        yield made
    finally:
        made.close()


def rendered(made: Rendering, some: Sequence[Claim]) -> list[Message | BotError]:
    return asyncio.run(made.render(some))


@pytest.mark.parametrize("processes", [0, 1])
def test_messages_and_errors_come_in_the_order_of_their_claims(
    store: Store, database_url: str, tmp_path: Path, processes: int
) -> None:
    settings = settings_for(database_url, tmp_path, SECRET_KEY="a key that only tests have")
    windows: Any = None
    taken = claims(store, fill(store, READERS), READERS)
    alone = mailroom(store, settings).messages(taken)
    many = [taken[at % READERS]._replace() for at in range(AT_ONCE + 7)]
    expected = [alone[at % READERS] for at in range(AT_ONCE + 7)]
    many[3], many[AT_ONCE + 2] = many[3]._replace(email="nobody"), many[AT_ONCE + 2]._replace(window_end=windows)
    with rendering(store, settings, processes) as made, capture_logs() as lines:
        found = rendered(made, many)
        assert rendered(made, []) == []
    assert isinstance(found[3], AddressError)
    assert (found[3].address, str(found[3])) == ("nobody", "address: 'nobody': not name@domain")
    assert str(found[AT_ONCE + 2]).startswith("rendering: TypeError: ")
    for at in (3, AT_ONCE + 2):
        found[at] = expected[at]
    assert found == expected
    (line,) = lines
    assert (line["event"], line["delivery"]) == ("not rendered", many[AT_ONCE + 2].delivery_id)
    assert "Traceback" in line["exception"]
    assert not active_children()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Store, Settings, list[Claim]]]:
    """A database in a file, settings for it, and claims."""
    url = f"sqlite:///{tmp_path}/bot.db"
    store = open_store(url)
    yield store, settings_for(url, tmp_path), claims(store, fill(store, READERS), READERS)
    store.close()


def test_mails_are_rendered_here_until_a_process_is_ready_and_then_there(
    file: tuple[Store, Settings, list[Claim]],
) -> None:
    store, settings, taken = file
    made_here: list[int] = []

    def here() -> Mailroom:
        made_here.append(1)
        return mailroom(store, settings)

    alone = mailroom(store, settings).messages(taken)
    made = Rendering(settings, here, clock, 1)
    try:
        made.start()
        assert len(active_children()) == 1
        # Importing takes it longer than asking takes us.
        assert rendered(made, taken) == alone
        assert made_here
        made_here.clear()
        made._mailroom = None
        assert made._starting is not None
        made._starting.result()
        assert rendered(made, taken) == alone
        assert not made_here
    finally:
        made.close()
    assert not active_children()


def test_a_process_that_dies_while_it_begins_costs_no_more_than_one_that_dies_later(
    file: tuple[Store, Settings, list[Claim]],
) -> None:
    store, settings, taken = file
    made = Rendering(settings, lambda: mailroom(store, settings), _Deadly(), 1)
    made.start()
    assert made._starting is not None
    assert made._starting.exception() is not None
    with capture_logs() as lines:
        for _ in range(2):
            rendered(made, taken)
        assert rendered(made, taken) == mailroom(store, settings).messages(taken)
    assert lines[-1]["event"].endswith("from now on mails are rendered here")
    made.close()


def test_what_a_process_had_when_it_died_is_given_back_and_others_go_on(
    file: tuple[Store, Settings, list[Claim]],
) -> None:
    store, settings, taken = file
    alone = mailroom(store, settings).messages(taken)
    with rendering(store, settings, 1) as made, capture_logs() as lines:

        async def dying() -> list[Message | BotError]:
            assert await made.render(taken) == alone
            (process,) = active_children()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            return await made.render(taken)

        lost = asyncio.run(dying())
        assert [type(one) for one in lost] == [NotRenderedError] * READERS
        assert rendered(made, taken) == alone
        assert len(active_children()) == 1
    assert [line["event"] for line in lines] == ["a process that renders has died; others are started"]


def test_where_processes_die_again_and_again_mails_are_rendered_here(file: tuple[Store, Settings, list[Claim]]) -> None:
    store, settings, taken = file
    # What the process is to call the clock by is not there: it dies while it begins.
    made = Rendering(settings, lambda: mailroom(store, settings), _Deadly(), 1)
    with capture_logs() as lines:
        assert {type(one) for _ in range(2) for one in rendered(made, taken)} == {NotRenderedError}
        assert rendered(made, taken) == mailroom(store, settings).messages(taken)
    assert lines[-1]["event"].endswith("from now on mails are rendered here")
    assert not active_children()


class _Deadly:
    """A clock that ends the process which unpacks it."""

    def __call__(self) -> Any:
        return clock()

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_process_imports_neither_faces_nor_collecting_nor_sending() -> None:
    """Each imports everything anew: twice as much would take twice as long."""
    rooms = ("cli", "web", "scheduler", "collect", "digests", "deliver")
    look = "import sys, bot.__main__, bot.wiring.rendering_process; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if name.startswith(tuple(f"bot.{room}" for room in rooms))]


def test_settings_that_no_mail_can_be_made_with_are_told(file: tuple[Store, Settings, list[Claim]]) -> None:
    store, settings, taken = file
    wrong = settings.model_copy(update={"dkim_selector": "2026a", "dkim_key": "a-made-up-secret"})
    for processes in (0, 1):
        with rendering(store, wrong, processes) as made, pytest.raises(KeyFileError, match="no private key in PEM"):
            rendered(made, taken)


def test_a_database_in_memory_is_not_looked_for_by_others(tmp_path: Path) -> None:
    store = open_store("sqlite://")
    taken = claims(store, fill(store, 2), 2)
    with rendering(store, settings_for("sqlite://", tmp_path), 4) as made:
        assert all(isinstance(one, Message) for one in rendered(made, taken))
        assert not active_children()
    store.close()


def test_processes_heed_no_signals_and_end_with_a_parent_that_is_killed(
    file: tuple[Store, Settings, list[Claim]], tmp_path: Path
) -> None:
    """Both signals go to the process first; were it to heed them, it would answer nothing."""
    program = f"""
        import asyncio, os, signal, sys
        from multiprocessing import active_children
        from pathlib import Path
        from bot.models.deliveries import Message
        from bot.store.schema import open_store
        from bot.wiring.rendering import Rendering
        from tests.wiring.mails import claims, clock, mailroom, settings_for

        async def main():
            url = "sqlite:///{tmp_path}/bot.db"
            store, settings = open_store(url), settings_for(url, Path("{tmp_path}"))
            taken = claims(store, range(1, 9), {READERS})
            made = Rendering(settings, lambda: mailroom(store, settings), clock, 1)
            await made.render(taken)
            (process,) = active_children()
            os.kill(process.pid, signal.SIGINT)
            os.kill(process.pid, signal.SIGTERM)
            assert all(isinstance(one, Message) for one in await made.render(taken))
            print("ready", flush=True)
            sys.stdin.read()

        if __name__ == "__main__":
            asyncio.run(main())
    """
    path = tmp_path / "parent.py"
    path.write_text(textwrap.dedent(program))
    with subprocess.Popen(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        # Whoever has the pipe open keeps it from ending: it ends when all of them have.
        assert parent.communicate(timeout=60)[0] == ""
