"""A roster file from end to end: batches, reports, and going on after an interruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.models.rosters import Fate
from bot.models.subscribers import Wish
from bot.store import feeds, imports, subscribers
from bot.store.engine import Store
from bot.store.rosters import Defaults
from bot.wiring import roster
from bot.wiring.roster import ImportReport, RowReport, import_roster
from tests.builders import NOW, catalogue_feed

COUNT = 25


class Pulled(Exception):  # noqa: N818 (no error of ours: somebody pulls the plug)
    """The plug was pulled."""


@pytest.fixture
def file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A roster of several batches with one broken row, and a store with its feeds."""
    monkeypatch.setattr(roster, "BATCH", 10)
    feeds.apply_catalogue(store, [catalogue_feed("one"), catalogue_feed("two")], NOW)
    lines = [f"reader{number}@reader.example,one" for number in range(COUNT)]
    lines[12] = "nobody,one"
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["email,feeds", *lines]) + "\n", "utf-8")
    return path


def read(store: Store, path: Path, **choices: object) -> ImportReport:
    values: dict[str, object] = {"defaults": Defaults(Wish(), "en"), "pseudonyms": lambda key: [key]}
    return import_roster(store, path, NOW, **(values | choices))  # type: ignore[arg-type]  # each test names its own


def test_a_dry_run_tells_what_then_happens(store: Store, file: Path) -> None:
    told: list[RowReport] = []
    dry = read(store, file, dry_run=True, each=told.append)
    assert dry.rows == {Fate.NEW: 24, Fate.BROKEN: 1, Fate.CHANGED: 0, Fate.UNCHANGED: 0}
    assert [one.line for one in told] == list(range(2, COUNT + 2))
    assert [(one.line, one.email) for one in dry.first[Fate.NEW]] == [
        (number + 2, f"reader{number}@reader.example") for number in range(3)
    ]
    assert (dry.import_id, imports.imports(store), subscribers.subscribers(store)) == (None, (), ())
    done = read(store, file)
    assert (done.rows, done.first, done.refused) == (dry.rows, dry.first, 1)
    (kept,) = imports.imports(store)
    assert (kept.id, kept.added, kept.line, kept.open) == (done.import_id, 24, COUNT + 1, False)


def test_an_import_that_was_interrupted_goes_on(store: Store, file: Path) -> None:
    def pull(done: int, total: int) -> None:
        raise Pulled

    with pytest.raises(Pulled):
        read(store, file, progress=pull)
    (halfway,) = imports.imports(store)
    assert (halfway.added, halfway.line, halfway.open) == (10, 11, True)
    rest = read(store, file)
    assert (rest.import_id, rest.resumed_after, rest.added, rest.refused) == (halfway.id, 11, 14, 1)
    (whole,) = imports.imports(store)
    assert (whole.added, whole.open) == (24, False)
    again = read(store, file)
    assert (again.resumed_after, again.rows[Fate.UNCHANGED], again.added) == (0, 24, 0)
    assert imports.undo(store, halfway.id, lambda _: NOW, NOW).removed == 24


def test_another_file_or_manner_does_not_go_on(store: Store, file: Path) -> None:
    def pull(done: int, total: int) -> None:
        raise Pulled

    with pytest.raises(Pulled):
        read(store, file, progress=pull)
    other = read(store, file, update=True)
    assert (other.resumed_after, other.rows[Fate.UNCHANGED], other.added) == (0, 10, 14)


def test_what_was_undone_half_way_does_not_go_on(store: Store, file: Path) -> None:
    def pull(done: int, total: int) -> None:
        raise Pulled

    with pytest.raises(Pulled):
        read(store, file, progress=pull)
    imports.undo(store, imports.imports(store)[0].id, lambda _: NOW, NOW)
    anew = read(store, file)
    assert (anew.resumed_after, anew.added) == (0, 24)
