"""The benchmark of storing, on a few papers: made up, from files, from folders."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bench import store
from bench.measure import Asked
from bot.errors import BotError
from tests.collect.citations import article_set, citation


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "COUNT", 30)


@pytest.mark.long
def test_new_papers_the_same_again_and_memory() -> None:
    cases = list(store.run(Asked(1)))
    assert [case.case for case in cases] == ["30 made up, new", "30 made up, again", "memory, 30 papers"]
    assert all(case.value > 0 for case in cases)


def test_files_are_read_plain_and_packed_whatever_they_are_called_and_of_a_folder_those_of_pubmed(
    tmp_path: Path,
) -> None:
    body = article_set(*(citation(n) for n in range(1, 9)))
    (tmp_path / "given/pubmed").mkdir(parents=True)
    (tmp_path / "given/pubmed/pubmed1.xml").write_bytes(body)
    (tmp_path / "given/pubmed/about.xml").write_bytes(b"not read")
    (tmp_path / "packed").write_bytes(gzip.compress(body))
    cases = list(store.run(Asked(1, (tmp_path / "packed", tmp_path / "given"))))
    assert [case.case for case in cases[:-1]] == [
        "packed, new",
        "packed, again",
        "pubmed1.xml, new",
        "pubmed1.xml, again",
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (gzip.compress(article_set(citation(1)), mtime=0)[:-9], "cannot be read: "),
        (b"junk", "cannot be read: source: pubmed: broken xml"),
        (article_set(), "no citations in it$"),
    ],
    ids=["cut off", "no XML", "empty"],
)
def test_records_that_cannot_be_read_are_one_line(tmp_path: Path, body: bytes, problem: str) -> None:
    (tmp_path / "records.xml").write_bytes(body)
    with pytest.raises(BotError, match=rf"^records: .*records\.xml: {problem}"):
        list(store.run(Asked(1, (tmp_path / "records.xml",))))


def test_a_folder_without_files_of_pubmed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BotError, match=r"^records: .*: no pubmed/pubmed\*\.xml\*; name files, or the folder"):
        list(store.run(Asked(1, (tmp_path,))))
