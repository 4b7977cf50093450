"""The judged papers of the starter catalogue: the file, and what is measured by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.concepts_catalogue import judgements
from bot.concepts import catalogue

JUDGED = Path(__file__).parents[2] / "bench" / "judged_feeds.tsv"


def test_judgements_are_read_by_feed_and_paper() -> None:
    lines = ["# made up", "feed\tpmid\tbelongs\treason", "sting\t1\tyes\tthe receptor", "sting\t2\tno\ta bee", ""]
    assert judgements(lines) == {("sting", "1"): True, ("sting", "2"): False}


def test_every_judgement_is_of_a_feed_of_the_starter_catalogue_and_short() -> None:
    text = JUDGED.read_text("utf-8")
    judged = judgements(text.splitlines())
    assert {feed for feed, _ in judged} <= {feed.slug for feed in catalogue.starter()}
    assert len(judged) >= 200
    assert all(pmid.isdecimal() for _, pmid in judged)
    reasons = [line.split("\t")[3] for line in text.splitlines() if line[:1] not in {"#", ""}]
    assert max(len(reason.split()) for reason in reasons) <= 8


@pytest.mark.parametrize("line", ["sting\t1", "sting"])
def test_a_row_without_a_verdict_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="unpack"):
        judgements([line])
