"""The benchmark of matching: each side finds the same names, and the whole of it on a few texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import made_labelled, match
from bench.labelled import Document, Records
from bench.match_sides import SIDES, TEXTS, automaton, expression, measure, topics
from bench.measure import Asked
from bot.concepts.vocabulary import Vocabulary
from bot.errors import BotError
from bot.models.vocabulary import Descriptor


def test_peers_find_the_longest_name_in_any_capitals() -> None:
    text = Document("1", "Quiet Fever", "of a fever")
    assert automaton(["fever", "quiet fever", "Fever"])(text) == [(1, 0, 11), (0, 17, 22)]
    assert expression(["fever", "quiet fever", "c++ (fever)"])(text) == [(0, 11), (17, 22)]


@pytest.mark.parametrize("side", SIDES)
def test_each_side_looks_into_a_text(side: str) -> None:
    vocabulary = Vocabulary([Descriptor("D900001", "Quiet fever", (), ("C90",))])
    assert SIDES[side](vocabulary)(Document("1", f"Quiet fever and {topics()[0].name}", "More."))


def test_ten_feeds_are_looked_for() -> None:
    assert len(topics()) == 10
    assert all(topic.name and topic.synonyms for topic in topics())


def test_what_is_made_up_is_as_large_as_mesh_and_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match, "COUNT", 20)
    for name in ("one", "two"):
        (tmp_path / name / "vocab").mkdir(parents=True)
        match._make_up(tmp_path / name)
    made = [(tmp_path / name / TEXTS).read_bytes() for name in ("one", "two")]
    assert made[0] == made[1]
    assert len(made[0].splitlines()) == 20
    vocabulary = Records((tmp_path / "one",)).vocabulary()
    assert len(vocabulary) == match.CONCEPTS
    assert 150_000 < sum(1 + len(one.terms) for one in vocabulary.descriptors) < 250_000


def test_records_are_repeated_where_they_are_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_labelled.write(tmp_path / "given")
    monkeypatch.setattr(match, "COUNT", made_labelled.PAPERS + 2)
    (tmp_path / "taken/vocab").mkdir(parents=True)
    match._take(Records((tmp_path / "given",)), tmp_path / "taken")
    texts = [json.loads(line) for line in (tmp_path / "taken" / TEXTS).read_text().splitlines()]
    assert texts[:2] == texts[-2:]
    assert len(texts) == made_labelled.PAPERS + 2
    found, given = (Records((tmp_path / name,)).vocabulary().descriptors for name in ("taken", "given"))
    assert found == given


def test_a_folder_without_texts_is_one_line(tmp_path: Path) -> None:
    made_labelled.write(tmp_path)
    (tmp_path / "pubmed/pubmed-made.xml").unlink()
    with pytest.raises(BotError, match=r"^records: .*: no abstracts in pubmed/pubmed\*\.xml\*; name the folder"):
        list(match.run(Asked(1, (tmp_path,))))


def test_a_side_is_measured_twice_over_all_texts(tmp_path: Path) -> None:
    made_labelled.write(tmp_path)
    (tmp_path / TEXTS).write_text("".join(f'["{number}", "Quiet", "fever"]\n' for number in range(9)))
    measured = measure("names by automaton", tmp_path, 7)
    assert min(measured) > 0
    assert measured.peak > 10


@pytest.mark.long
def test_all_of_it_on_a_few_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_labelled.write(tmp_path)
    monkeypatch.setattr(match, "COUNT", 30)
    monkeypatch.setattr(match, "BY_EXPRESSION", {"names": 10, "feeds": 10})
    told: list[str] = []
    cases = list(match.run(Asked(1, (tmp_path,), told.append)))
    assert told[0] == "match: 1 rounds; each side reads 30 texts twice"
    assert [(case.case, case.unit) for case in cases if (case.peer or "").startswith("aho")] == [
        (f"{side}, {what}", unit)
        for side in ("names", "concepts", "feeds")
        for what, unit in (("cold", "texts/s"), ("warm", "texts/s"), ("load", "s"), ("memory at the most", "MB"))
    ]
    assert len([case for case in cases if (case.peer or "").startswith("re,")]) == 6
    assert all(case.value > 0 for case in cases if case.unit != "s")
