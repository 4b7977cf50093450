"""The page of a paper."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.models.papers import AbstractSection, Author, Finding, Identifier, Mark
from bot.models.sightings import Merge
from bot.store import feeds
from bot.store.merging import merge
from tests.builders import NOW, announcement, finding, save
from tests.web.sites import Visit


def paper_id(visit: Visit, title: str) -> int:
    found = re.search(r'href="/papers/(\d+)">' + re.escape(title), visit.get("/feeds/microbicides").text)
    assert found is not None
    return int(found[1])


@pytest.fixture
def whole(visit: Visit) -> int:
    """The id of a paper that is in two feeds, was a preprint, and has been retracted."""
    preprint = replace(
        announcement(50, source="biorxiv", preprint=True, title="Of <b> & gels"),
        identifiers=(Identifier("biorxiv", "10.1101/2026.1"), Identifier("doi", "10.1101/2026.1")),
        links=(Identifier("doi", "10.5555/sample.50"),),
    )
    article = announcement(
        50,
        title="Of <b> & gels",
        abstract=(AbstractSection("AIM", "To see, p < 0.05."), AbstractSection("", "Seen.")),
        authors=tuple(Author(f"Name{number}", "Ann", "A") for number in range(70)),
        marks=(Mark.RETRACTED,),
        keywords=("Blastomycosis", "Rings"),
    )
    for slug in ("microbicides", "blastomycosis"):
        save(visit.store, feeds.feed(visit.store, slug).id, [Finding(preprint), Finding(article)], lambda: NOW)
    return paper_id(visit, "Of &lt;b&gt; &amp; gels")


def test_it_tells_all_that_is_known(visit: Visit, whole: int) -> None:
    answer = visit.get(f"/papers/{whole}")
    page = answer.text
    assert answer.headers["cache-control"].startswith("public")
    assert re.findall("<h1[^>]*>(.*?)</h1>", page) == ["Of &lt;b&gt; &amp; gels"]
    assert "This paper has been retracted." in page
    assert page.count("Name") >= 60
    assert "and 10 more" in page
    assert '<b class="label">Aim</b> To see, p &lt; 0.05.' in page
    for link in ("https://doi.org/10.5555/sample.50", "https://pubmed.ncbi.nlm.nih.gov/90000050/"):
        assert f'<a href="{link}" dir="ltr">' in page
    assert "Preprint, by bioRxiv on 23 November 2026" in page
    assert "Article, by PubMed on 23 November 2026" in page
    assert page.count('<a href="/feeds/microbicides">Microbicides</a>') == 2
    assert "Rings" in page
    assert '<meta name="citation_doi" content="10.' in page
    assert page.count('<meta name="citation_author"') == 60
    assert "<script" not in page


def test_references_can_be_taken_along(visit: Visit, whole: int) -> None:
    bib, ris = visit.get(f"/papers/{whole}.bib"), visit.get(f"/papers/{whole}.ris")
    assert bib.headers["content-type"] == "application/x-bibtex; charset=utf-8"
    assert bib.headers["content-disposition"] == f'attachment; filename="name02026bn{whole}.bib"'
    assert bib.text.startswith(f"@article{{name02026bn{whole},\n")
    assert ris.headers["content-type"].startswith("application/x-research-info-systems")
    assert ris.text.startswith("TY  - JOUR\r\nTI  - Of <b> & gels\r\n")


def test_what_was_merged_leads_to_what_it_is_now(visit: Visit) -> None:
    feed_id = feeds.feed(visit.store, "microbicides").id
    save(visit.store, feed_id, [finding(60, title="One"), finding(61, title="Other")], lambda: NOW)
    kept, gone = paper_id(visit, "One"), paper_id(visit, "Other")
    with visit.store.writing() as connection:
        merge(connection, Merge(kept, gone, "the same"), NOW)
    for ending in ("", ".bib", ".ris"):
        answer = visit.get(f"/papers/{gone}{ending}")
        assert (answer.status_code, answer.headers["location"]) == (301, f"/papers/{kept}{ending}")
    assert visit.get(f"/papers/{gone}?lang=de").headers["location"] == f"/papers/{kept}?lang=de"


@pytest.mark.parametrize("number", ["0", "-1", "x", "999999", "9" * 19, "9" * 30, "1²", "%00", "01"])
def test_a_paper_that_there_is_not_is_not_found(quick: Visit, number: str) -> None:
    for ending in ("", ".bib", ".ris"):
        assert quick.get(f"/papers/{number}{ending}").status_code == 404


def test_a_link_that_is_none_is_not_shown(quick: Visit) -> None:
    page = quick.get("/feeds/blastomycosis").text
    found = re.search(r'href="(/papers/\d+)"', page)
    assert found is not None
    page = quick.get(found[1]).text
    assert "Read at the journal" not in page
    assert "javascript" not in page
