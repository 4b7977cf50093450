"""`bot bench`: which benchmarks there are, what is printed, and what is said where there are none."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
import typer

from bench import citations as made
from bench.measure import Asked, Case, compared, in_turn
from bench.parse import run
from bot.cli import bench as command
from bot.errors import BotError
from tests.cli.conftest import Ran
from tests.collect.citations import article_set, citation, citations_of

Run = Callable[..., None]

QUICK = """
from bench.measure import Case


def run(asked):
    asked.tell(f"quick: {asked.rounds} rounds of {len(asked.records)}")
    yield Case("quick", "one", 1234.5, "things/s", "other 1.0", 500.0, 2.47)
    yield Case("quick", "two", 3.25, "MiB")
"""


@pytest.fixture(autouse=True)
def _packages_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "bench"]:
        monkeypatch.setitem(sys.modules, name, sys.modules[name])


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A source with one benchmark of its own."""
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "quick.py").write_text(QUICK)
    (folder / "measure.py").write_text((command.FOLDER / "measure.py").read_text())
    monkeypatch.setattr(command, "FOLDER", folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "bench"]:
        monkeypatch.delitem(sys.modules, name)
    return command.bench


def test_a_benchmark_is_a_line_of_a_table(quick: Run, capsys: pytest.CaptureFixture[str]) -> None:
    quick(None, 3, [Path("a.xml")], as_json=False)
    said = capsys.readouterr()
    assert said.err == "quick: 3 rounds of 1\n"
    head, one, two = said.out.splitlines()
    assert head.split() == ["bench", "case", "value", "unit", "peer", "peer", "value", "ratio"]
    assert one.split() == ["quick", "one", "1,234", "things/s", "other", "1.0", "500", "2.47"]
    assert two.split() == ["quick", "two", "3.25", "MiB", "-", "-", "-"]


def test_json_is_one_document(quick: Run, capsys: pytest.CaptureFixture[str]) -> None:
    quick(["quick"], 5, None, as_json=True)
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "bench": "quick", "case": "one", "value": 1234.5, "unit": "things/s", "peer": "other 1.0",
        "peer_value": 500.0, "ratio": 2.47,
    }  # fmt: skip
    assert second["ratio"] is None


def test_an_unknown_name_is_wrong_usage_that_names_those_there_are(quick: Run) -> None:
    with pytest.raises(typer.BadParameter, match="no such benchmark: 'slow'; there are: quick"):
        quick(["quick", "slow"], 5, None, as_json=False)


def test_a_package_has_no_benchmarks_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path / "bench")
    with pytest.raises(BotError, match="come with the source, not with the package; clone it"):
        command.bench(None, 5, None, as_json=False)


@pytest.mark.usefixtures("quick")
def test_records_are_files_or_folders_and_must_be_there(bot: Callable[..., Ran], folder: Path) -> None:
    (folder / "a.xml").touch()
    ran = bot("bench", "quick", "--records", "a.xml", "--records", str(folder))
    assert (ran.code, ran.err) == (0, "quick: 5 rounds of 2\n")
    ran = bot("bench", "quick", "--records", "b.xml")
    assert (ran.code, ran.out) == (2, "")
    assert "b.xml" in ran.err
    assert "FILE|DIR" in bot("bench", "--help").out


def test_the_source_has_the_benchmark_of_parsing() -> None:
    assert "parse" in command._benchmarks(command.FOLDER)


def test_medians_are_compared_either_way() -> None:
    assert compared("b", "c", "papers/s", [10, 30, 20], "p", [8, 10, 90]) == Case("b", "c", 20, "papers/s", "p", 10, 2)
    assert compared("b", "c", "s", [2, 2], "p", [5, 5], less=True).ratio == 2.5


def test_each_side_goes_first_in_its_turn() -> None:
    order: list[str] = []
    seconds = in_turn(3, lambda: order.append("a"), lambda: order.append("b"))
    assert "".join(order) == "abbaab"
    assert [len(side) for side in seconds] == [3, 3]


def made_up(count: int) -> bytes:
    out = BytesIO()
    made.write(out.write, count)
    return out.getvalue()


def test_made_up_citations_are_the_same_everywhere_and_read_whole() -> None:
    body = made_up(1000)
    assert body == made_up(1000)
    found = [one.announcement for one in citations_of(body, date(2026, 11, 25))]
    assert len(found) == 1000
    assert not any(paper.repairs for paper in found if paper.authors)
    assert {paper.version for paper in found} == {1, 2}
    assert sum(bool(paper.mesh) for paper in found) > 400
    assert sum(len(paper.abstract) > 3 for paper in found) > 100
    assert any("T₂∗" in paper.title or "T₂*" in paper.title for paper in found)
    assert all(paper.title for paper in found)


class Peer(ModuleType):
    """Stands in for the peer, which is not installed everywhere."""

    @staticmethod
    def parse_medline_xml(path: str) -> Iterator[object]:
        with gzip.open(path) as stream:
            yield from [{}] * stream.read().count(b"<PubmedArticle>")


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pubmed_parser", Peer("pubmed_parser"))
    monkeypatch.setattr("bench.parse.version", lambda _: "0.5.1")


@pytest.mark.usefixtures("peer")
def test_records_of_ones_own_are_read_plain_and_packed(tmp_path: Path) -> None:
    body = article_set(*(citation(n) for n in range(1, 50)))
    (tmp_path / "plain.xml").write_bytes(body)
    (tmp_path / "packed.xml.gz").write_bytes(gzip.compress(body))
    plain, packed = run(Asked(1, (tmp_path / "plain.xml", tmp_path / "packed.xml.gz")))
    assert (plain.case, packed.case) == ("plain.xml", "packed.xml.gz")
    assert (plain.unit, plain.peer) == ("citations/s", "pubmed_parser 0.5.1")
    assert plain.value > 0
    assert plain.ratio is not None


@pytest.mark.usefixtures("peer")
def test_of_a_folder_the_files_of_pubmed_are_read(tmp_path: Path) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "more.xml").write_bytes(article_set(citation(1)))
    for name in ("pubmed2.xml", "pubmed1.xml", "about.txt"):
        (tmp_path / "pubmed" / name).write_bytes(article_set(citation(1)))
    cases = run(Asked(1, (tmp_path, tmp_path / "more.xml")))
    assert [case.case for case in cases] == ["pubmed1.xml", "pubmed2.xml", "more.xml"]


@pytest.mark.usefixtures("peer")
def test_a_folder_without_files_of_pubmed_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "vocab").mkdir()
    with pytest.raises(BotError, match=r"^records: .*: no pubmed/pubmed\*\.xml\*; name files, or the folder") as error:
        list(run(Asked(1, (tmp_path,))))
    assert "\n" not in str(error.value)


def test_every_process_that_collects_these_tests_finds_the_same_names(request: pytest.FixtureRequest) -> None:
    names = [item.nodeid for item in request.session.items if item.path == request.path]
    # What is packed bears the second it was packed in.
    assert not [name for name in names if "\\x" in name]


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("body", [None, gzip.compress(b"<a/>", mtime=0)[:-9]], ids=["missing", "cut off"])
def test_records_that_cannot_be_read_are_one_line(tmp_path: Path, body: bytes | None) -> None:
    if body:
        (tmp_path / "records.xml.gz").write_bytes(body)
    with pytest.raises(BotError, match=r"records: .*records\.xml\.gz: cannot be read: "):
        list(run(Asked(1, (tmp_path / "records.xml.gz",))))


def test_a_missing_peer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pubmed_parser", None)
    with pytest.raises(BotError, match=r"pubmed_parser: not installed.*make bench"):
        list(run(Asked()))
