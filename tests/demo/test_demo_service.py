"""The stand-in for PubMed over a real socket: what it answers, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from bot.collect.budget import HostBudget
from bot.collect.fetch import Fetcher
from bot.collect.sources.europepmc import EuropePmc
from bot.collect.sources.protocol import IndexWindow, Source
from bot.collect.sources.pubmed import PubMed
from bot.demo.service import SampleService
from bot.models.papers import Announcement, Identifier

TODAY = date(2026, 11, 23)


def records(folder: Path, ages: dict[int, int], name: str = "records.xml") -> Path:
    """Records that are known by PMID and age; the odd ones are about wood."""
    file = folder / name
    articles = "".join(
        f"""<PubmedArticle age="{age}"><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>Paper on
        {"wood" if pmid % 2 else "water"}</ArticleTitle></Article></MedlineCitation>
        <PubmedData><History><PubMedPubDate PubStatus="entrez"/></History></PubmedData></PubmedArticle>"""
        for pmid, age in ages.items()
    )
    file.write_text(f"<PubmedArticleSet>{articles}</PubmedArticleSet>", encoding="utf-8")
    return file


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SampleService]:
    file = records(tmp_path, {11: 0, 12: 1, 13: 2, 14: 6, 15: 7, 16: 8, 17: 40})
    with SampleService(TODAY, [file], [], most=6) as service:
        yield service


def ask(service: SampleService, tool: str, form: dict[str, str], *, post: bool = False) -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
    path = f"/entrez/eutils/{tool}.fcgi"
    try:
        if post:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(form), headers)
        else:
            connection.request("GET", f"{path}?{urlencode(form)}")
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def search(service: SampleService, **form: str) -> dict[str, object]:
    status, kind, body = ask(service, "esearch", {"db": "pubmed", "retmode": "json", **form})
    assert (status, kind.partition(";")[0]) == (200, "application/json")
    result = json.loads(body)["esearchresult"]
    assert isinstance(result, dict)
    return result


def fetched(service: SampleService, form: dict[str, str]) -> list[str]:
    status, _, body = ask(service, "efetch", {"db": "pubmed", "retmode": "xml", **form})
    assert status == 200
    return [each.text or "" for each in ET.fromstring(body).iterfind("PubmedArticle/MedlineCitation/PMID")]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({}, ["11", "13", "15", "17"]),
        ({"reldate": "7"}, ["11", "13", "15"]),
        ({"mindate": "2026/11/21", "maxdate": "2026/11/22"}, ["13"]),
        ({"mindate": "2026/10", "maxdate": "2026/10", "datetype": "crdt"}, ["17"]),
        ({"mindate": "2027", "maxdate": "2027", "datetype": "edat"}, []),
    ],
)
def test_searches_a_window_newest_first(service: SampleService, window: dict[str, str], found: list[str]) -> None:
    result = search(service, term="wood[ti]", **window)
    assert result["idlist"] == found
    assert result["count"] == str(len(found))


def test_pages_and_counts_all(service: SampleService) -> None:
    result = search(service, term="paper[ti]", retstart="2", retmax="3")
    assert (result["count"], result["retstart"], result["retmax"]) == ("7", "2", "3")
    assert result["idlist"] == ["13", "14", "15"]


def test_shows_no_more_than_it_shows(service: SampleService) -> None:
    assert len(search(service, term="paper[ti]", retmax="10000")["idlist"]) == 6  # type: ignore[arg-type]  # json
    assert "cannot be larger than 5" in str(search(service, term="paper[ti]", retstart="6")["ERROR"])


def test_history_is_read_in_pages(service: SampleService) -> None:
    result = search(service, term="wood[ti]", usehistory="y", retmax="1")
    kept = {"WebEnv": str(result["webenv"]), "query_key": str(result["querykey"])}
    assert fetched(service, {**kept, "retstart": "0", "retmax": "3"}) == ["11", "13", "15"]
    assert fetched(service, {**kept, "retstart": "3", "retmax": "3"}) == ["17"]


def test_history_that_is_not_kept_is_refused(service: SampleService) -> None:
    status, _, body = ask(service, "efetch", {"WebEnv": "MCID_0", "query_key": "1"})
    assert status == 400
    assert b"<ERROR>" in body


def test_fetches_by_id_those_that_it_has(service: SampleService) -> None:
    assert fetched(service, {"id": "12,99,11"}) == ["12", "11"]


def test_fetched_xml_is_declared_as_pubmed_declares_it(service: SampleService) -> None:
    _, kind, body = ask(service, "efetch", {"id": "12"})
    assert kind == "text/xml; charset=UTF-8"
    assert re.match(rb'<\?xml version="1\.0" \?>\n<!DOCTYPE PubmedArticleSet PUBLIC [^>]+>\n<PubmedArticleSet>', body)


def test_takes_forms_and_answers_xml(service: SampleService) -> None:
    status, kind, body = ask(service, "esearch", {"term": "wood[ti] AND x<y[ti]", "usehistory": "y"}, post=True)
    assert (status, kind) == (200, "text/xml; charset=UTF-8")
    result = ET.fromstring(body)
    assert (result.findtext("Count"), result.findtext("QueryTranslation")) == ("0", "wood[ti] AND x<y[ti]")
    assert result.findtext("WebEnv")
    assert service.asked[-1].method == "POST"
    assert service.asked[-1].form["term"] == "wood[ti] AND x<y[ti]"


def test_names_unknown_fields_and_refuses_empty_terms(service: SampleService) -> None:
    assert search(service, term="wood[tiba]")["errorlist"] == {"phrasesnotfound": [], "fieldsnotfound": ["tiba"]}
    assert search(service, term="")["ERROR"] == "Empty term and query_key - nothing todo"


def test_takes_more_records_while_it_runs(service: SampleService, tmp_path: Path) -> None:
    service.add(records(tmp_path, {21: 0, 17: 1}, "more.xml"))
    assert search(service, term="wood[ti]", reldate="1")["idlist"] == ["21", "11", "17"]


def test_serves_a_feed_once_per_change() -> None:
    with SampleService(TODAY, []) as service:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
        connection.request("GET", "/feeds/journal.atom")
        first = connection.getresponse()
        body, tag = first.read(), first.getheader("ETag")
        assert first.getheader("Content-Type") == "application/atom+xml; charset=UTF-8"
        assert b"2026-11-23T00:00:00Z" in body
        assert service.feed_urls == (f"{service.url}/feeds/journal.atom",)
        connection.request("GET", "/feeds/journal.atom", headers={"If-None-Match": str(tag)})
        second = connection.getresponse()
        assert (second.status, second.read()) == (304, b"")
        connection.request("GET", "/feeds/../papers/pubmed.xml")
        third = connection.getresponse()
        assert (third.status, third.read()) == (404, b"not found\n")
        connection.close()


def test_ends_though_a_client_holds_on() -> None:
    with SampleService(TODAY, [], []) as service:
        client = HTTPConnection("127.0.0.1", service.port, timeout=10)
        client.request("GET", "/")
        client.getresponse().read()
    with pytest.raises(OSError):  # noqa: PT011 (refused, reset or at an end: by the system's mood)
        HTTPConnection("127.0.0.1", service.port, timeout=1).connect()
    client.close()


def test_europe_pmc_has_the_same_papers_under_the_same_names() -> None:
    window = IndexWindow(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC))

    async def names(source: Source, query: str, fetch: Fetcher) -> dict[Identifier, Announcement]:
        found = source.collect(query, window, fetch)
        return {one.identifiers[0]: one async for page in found for one in page.announcements}

    async def ask() -> tuple[dict[Identifier, Announcement], ...]:
        with SampleService(date(2026, 11, 23)) as service:
            pubmed, epmc = PubMed(service.pubmed_url), EuropePmc(service.europepmc_url, page=5)
            async with Fetcher(allow_private=True, budget=HostBudget()) as fetch:
                return (
                    await names(pubmed, "covid*[tiab] OR microbicide*[tiab]", fetch),
                    await names(epmc, 'TITLE_ABS:"covid-19" OR TITLE_ABS:"microbicides"', fetch),
                    await names(epmc, 'TITLE:"no such words at all"', fetch),
                )

    by_pubmed, by_epmc, nothing = asyncio.run(ask())
    assert nothing == {}
    assert len(by_epmc) > 5
    assert by_epmc.keys() <= by_pubmed.keys()
    for name, one in by_epmc.items():
        other = by_pubmed[name]
        assert set(one.identifiers) <= set(other.identifiers)
        assert one.indexed == other.indexed
        assert one.authors[:1] == other.authors[:1] or one.authors[0].family == other.authors[0].family
