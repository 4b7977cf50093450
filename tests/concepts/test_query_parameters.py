"""Queries of named parameters: read, turned into what the services are asked, and refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concepts.query_parameters import (
    crossref_parameters,
    faults_of,
    openalex_parameters,
    openalex_selects,
    parameters_of,
)


@pytest.mark.parametrize(
    ("query", "text", "named"),
    [
        ("", "", ()),
        ("soil fungi", "soil fungi", ()),
        ("  soil\n fungi\ttype:report ", "soil fungi", (("type", "report"),)),
        ("type:report,issn:1234-5679 , fungi", ", fungi", (("type", "report"), ("issn", "1234-5679"))),
        ('query.author:"Ada Kowalska" fungi', "fungi", (("query.author", '"Ada Kowalska"'),)),
        ('("soil fungi" OR a:b) NOT orchid', '("soil fungi" OR a:b) NOT orchid', ()),
        ("search.title:(a (b OR c)) d", "d", (("search.title", "(a (b OR c))"),)),
        ("license.url:https://example.org/by/4.0", "", (("license.url", "https://example.org/by/4.0"),)),
        ("ratio 3:1 and: that", "ratio 3:1 and: that", ()),
        ('"not:a name" x', '"not:a name" x', ()),
        ('open "quote type:report', 'open "quote type:report', ()),
        ("open (bracket type:report", "open (bracket type:report", ()),
    ],
)
def test_words_and_names_are_told_apart(query: str, text: str, named: tuple[tuple[str, str], ...]) -> None:
    found = parameters_of(query)
    assert (found.text, found.named) == (text, named)


@given(st.text('ab:,"() \n.-', max_size=60))
def test_nothing_of_a_query_is_lost_or_loops(query: str) -> None:
    found = parameters_of(query)
    parts = found.text + "".join(name + ":" + value for name, value in found.named)
    letters = [letter for letter in query if not letter.isspace() and letter != ","]
    assert sorted(letter for letter in parts if not letter.isspace() and letter != ",") == sorted(letters)
    faults_of("crossref", query)
    faults_of("openalex", query)


def test_crossref_is_asked_with_its_own_names() -> None:
    query = (
        'soil "fungi" query.author:"Ada Kowalska" query.author:Lem type:journal-article has-abstract:true type:report'
    )
    assert crossref_parameters(query) == {
        "query.bibliographic": "soil fungi",
        "query.author": "Ada Kowalska Lem",
        "filter": "type:journal-article,has-abstract:true,type:report",
    }
    assert crossref_parameters("issn:1234-5679") == {"filter": "issn:1234-5679"}
    assert crossref_parameters("query:fungi") == {"query": "fungi"}
    assert crossref_parameters("fungi query.bibliographic:soil") == {"query.bibliographic": "fungi soil"}


def test_openalex_is_asked_with_its_own_names() -> None:
    query = '("soil fungi" OR mycorrhiza) NOT orchid type:article|preprint topics.id:"T10001"'
    assert openalex_parameters(query) == {
        "search.title_and_abstract": '("soil fungi" OR mycorrhiza) NOT orchid',
        "filter": "type:article|preprint,topics.id:T10001",
    }
    assert openalex_parameters('search.exact:"soil fungi"') == {"search.exact": '"soil fungi"'}


@pytest.mark.parametrize(
    ("query", "selects"),
    [
        ("fungi", True),
        ("search.title:fungi type:article", True),
        ("topics.id:T10001", True),
        ("primary_topic.id:T10001|T10002", True),
        ("primary_topic.subfield.id:1104", True),
        ("concepts.id:C86803240", True),
        ("keywords.id:fungi", True),
        ("cites:W2741809807", True),
        ("topics.id:!T10001", False),
        ("primary_topic.field.id:11", False),
        ("topics.domain.id:1", False),
        ("primary_location.source.id:S1 type:article", False),
        ("authorships.institutions.id:I1", False),
    ],
)
def test_openalex_selects_where_a_topic_is_chosen(query: str, selects: bool) -> None:
    assert not faults_of("openalex", query)
    assert openalex_selects(query) is selects


@pytest.mark.parametrize(
    "query",
    [
        "soil fungi",
        'query.title:"soil fungi" type:journal-article,issn:1234-5679',
        "prefix:10.5555 member:78 has-abstract:true from-pub-date:2026",
        "query:fungi query.container-title:Mycology update-type:retraction",
        "and or not",
    ],
)
def test_good_queries_of_crossref_have_no_faults(query: str) -> None:
    assert faults_of("crossref", query) == ()


@pytest.mark.parametrize(
    ("source", "query", "fault"),
    [
        ("crossref", " ", "nothing to look for; write words, or name:value"),
        ("crossref", "isnn:1234-5679", "unknown name: 'isnn'; did you mean issn? to search for it, put it into quotes"),
        ("crossref", "zzz:1", "unknown name: 'zzz'; to search for it, put it into quotes"),
        ("crossref", "fungi from-created-date:2026-01-01", "'from-created-date' is for the bot to say; leave it out"),
        ("crossref", "fungi rows:1000", "'rows' is for the bot to say; leave it out"),
        ("crossref", "soil OR fungi", "Crossref knows no OR: it finds papers that have any of the words"),
        ("crossref", "query.title:(soil AND sun)", "Crossref knows no AND: it finds papers that have any of the words"),
        ("crossref", "group-title:Soil,Water", "a comma in the value of 'group-title'; write the name once more"),
        ("crossref", "?query=fungi&rows=9", "'query=' is of an address; write words, and name:value for the rest"),
        ("crossref", 'a "b', 'unbalanced quotes: one " has no partner'),
        ("crossref", "a (b", "unbalanced parentheses: ( has no partner"),
        ("crossref", "a) (b", "unbalanced parentheses: ) has no partner"),
        ("crossref", "\u201ca\u201d", 'curly quotes; use "'),
        ("openalex", "search.semantic:x", "search.semantic shows the nearest 50 papers, never all; search for words"),
        ("openalex", "title.search:fungi", "OpenAlex gives up 'title.search'; write search.title:(…)"),
        ("openalex", "fungi search:soil", "OpenAlex searches once in a query; join the words with AND or OR"),
        ("openalex", "fungi api_key:sesame", "'api_key' is for the bot to say; leave it out"),
        ("openalex", "fungi from_created_date:2026-01-01", "'from_created_date' is for the bot to say; leave it out"),
        (
            "openalex",
            "fungi langauge:en",
            "unknown name: 'langauge'; did you mean language? to search for it, put it into quotes",
        ),
        ("openalex", "(fungi OR type:article)", "'type:' among words in parentheses; write it outside of them"),
        ("openalex", "search=fungi", "'search=' is of an address; write words, and name:value for the rest"),
        ("openalex", "a" * 3_501, "too long: OpenAlex takes addresses of 3500 characters; write two queries"),
    ],
)  # fmt: skip
def test_faults_are_named_in_words(source: str, query: str, fault: str) -> None:
    assert faults_of(source, query) == (fault,)
