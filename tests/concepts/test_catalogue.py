"""The catalogue: read, refused with lines, written back, compared."""

from __future__ import annotations

import dataclasses
import gzip
import tomllib
import unicodedata
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.concepts.catalogue import difference, parse, starter, write
from bot.errors import CatalogueError
from bot.models.feeds import CatalogueFeed, CatalogueQuery

GOOD = """\
[[feed]]
slug = "fungal-fruit"
name = "Fungal fruit"
description = "Mushrooms and their kin."
mesh = ["Agaricales"]
synonyms = ["FB/FF", "fruiting body"]
exclude = ["fruit fly"]

[[feed.query]]
source = "pubmed"
query = '"Agaricales"[mh] OR "fruiting bod*"[tiab]'

[[feed.query]]
source = "syndication"
query = "https://journal.example.org/rss"
"""

FEED = CatalogueFeed(
    slug="fungal-fruit",
    name="Fungal fruit",
    description="Mushrooms and their kin.",
    mesh=("Agaricales",),
    synonyms=("FB/FF", "fruiting body"),
    exclude=("fruit fly",),
    queries=(
        CatalogueQuery("pubmed", '"Agaricales"[mh] OR "fruiting bod*"[tiab]'),
        CatalogueQuery("syndication", "https://journal.example.org/rss"),
    ),
)


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(CatalogueError) as refused:
        parse(text, "feeds.toml")
    return list(refused.value.problems)


def only_problem(text: str) -> tuple[int, str]:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def minimal(query: str, source: str = "pubmed") -> str:
    return f"[[feed]]\nslug = 'a'\nname = 'A'\n[[feed.query]]\nsource = '{source}'\nquery = '''{query}'''\n"


def test_a_catalogue_is_read_whole() -> None:
    assert parse(GOOD, "feeds.toml") == (FEED,)


@pytest.mark.parametrize(
    "changed",
    ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD.replace("\n", "\r\n")],
    ids=["byte order mark", "CRLF", "both"],
)
def test_what_windows_editors_write_is_read(changed: str) -> None:
    assert parse(changed, "feeds.toml") == (FEED,)


@pytest.mark.parametrize("written", ["0", "1", "0.35", "1e-3", "1.0"])
def test_a_threshold_is_read_and_written(written: str) -> None:
    (feed,) = parse(minimal("a").replace("name = 'A'", f"name = 'A'\nthreshold = {written}"), "feeds.toml")
    assert feed.threshold == float(written)
    assert isinstance(feed.threshold, float)
    assert parse(write([feed]), "again.toml") == (feed,)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("1.5", "not from 0 to 1"),
        ("-0.1", "not from 0 to 1"),
        ("nan", "not from 0 to 1"),
        ("inf", "not from 0 to 1"),
        ("0x" + "f" * 5000, "not from 0 to 1"),
        ("true", "is true or false; write a number from 0 to 1, as threshold = 0.4"),
        ("'0.4'", "is a text; write a number from 0 to 1, as threshold = 0.4"),
        ("[0.4]", "is a list; write a number"),
    ],
)
def test_a_threshold_that_is_none_is_refused_with_its_line(written: str, words: str) -> None:
    line, said = only_problem(minimal("a").replace("name = 'A'", f"name = 'A'\nthreshold = {written}"))
    assert line == 4
    assert said.startswith("threshold: ")
    assert words in said


def test_a_threshold_is_a_difference() -> None:
    other = dataclasses.replace(FEED, threshold=0.4)
    (change,) = difference([FEED], [other]).changed
    assert change.words == ("threshold: the usual one becomes 0.4",)
    (change,) = difference([other], [FEED]).changed
    assert change.words == ("threshold: 0.4 becomes the usual one",)
    assert not difference([other], [other])


def test_inline_tables_are_read() -> None:
    text = (
        "feed = [\n"
        "  {slug = 'a', name = 'A', query = [{source = 'pubmed', query = 'a[tiab]'}]},\n"
        "  {slug = 'b', name = 'B', query = [{source = 'pubmd', query = 'b[tiab]'}]},\n"
        "]\n"
    )
    line, said = only_problem(text)
    assert line == 3
    assert "no such source: 'pubmd'" in said


def test_an_empty_catalogue_has_no_feeds() -> None:
    assert parse("# nothing yet\n", "feeds.toml") == ()


def test_a_query_may_go_over_lines() -> None:
    (feed,) = parse(minimal('\n"one two"[tiab]\n  OR three[tiab]\n'), "feeds.toml")
    assert feed.queries[0].query == '"one two"[tiab] OR three[tiab]'


def test_every_problem_is_named_at_once_with_its_line() -> None:
    text = """\
colour = "red"

[[feed]]
slug = "Not A Slug"
name = ""
synonims = ["x"]
mesh = "Agaricales"
synonyms = [
    "fine",
    7,
    "",
    "fine",
]
description = '''
Two lines, and a false header:
[[feed]]
slug = "inside"
'''

[[feed.query]]
source = "pubmd"
query = "a[tiab]"

[[feed.query]]
source = "pubmed"
query = '("a"[tiab] OR b[tiab'

[[feed]]
slug = "good"
name = "Good"

[[feed]]
slug = "good"
name = "GOOD"
[[feed.query]]
source = "syndication"
query = "ftp://example.org/rss"
[[feed.query]]
source = "pubmed"
query = "c[tiab]"
[[feed.query]]
source = "pubmed"
query = "c[tiab]"
"""
    found = problems(text)
    assert [line for line, _ in found] == [1, 4, 5, 6, 7, 10, 11, 12, 21, 26, 26, 28, 33, 34, 37, 41]
    said = dict(found)
    assert said[1] == "no such key in a catalogue: 'colour'; known: feed"
    assert "as 'not-a-slug'" in said[4]
    assert said[5] == "name: empty; write one"
    assert said[6].endswith("did you mean 'synonyms'")
    assert said[7] == 'mesh: is a text; write a list, as mesh = ["…", "…"]'
    assert said[10] == 'synonyms: is a number; write a text, as "…"'
    assert said[11] == "synonyms: empty; delete it"
    assert said[12] == "synonyms: 'fine' is there twice, first on line 9; delete one"
    assert said[21].startswith("no such source: 'pubmd'; known: ")
    assert {words.split(":")[1] for line, words in found if line == 26} == {
        " unbalanced parentheses",
        " unbalanced brackets",
    }
    assert said[28].startswith("query: missing")
    assert said[33] == "slug: 'good' is taken by the feed on line 29; choose another"
    assert said[34] == "name: 'good' is taken by the feed on line 30; choose another"
    assert "not an http or https address: 'ftp://example.org/rss'" in said[37]
    assert said[41] == "query: the same as on line 38; delete one"


def test_the_error_reads_as_one_message() -> None:
    with pytest.raises(CatalogueError) as refused:
        parse(minimal("a[tiab"), "my.toml")
    assert str(refused.value).splitlines()[0] == "catalogue refused, nothing changed: my.toml"
    assert "my.toml:6: query: unbalanced brackets" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[feed]]\nslug = fungi\n", 2, "not TOML: invalid value"),
        ("[[feed]]\nslug = 'a'\nslug = 'b'\n", 3, "not TOML: cannot overwrite a value"),
        ("[[feed]]\nslug = 'a'\n\nname = '''no end\n", 4, "not TOML: "),
        ("a = " + "9" * 5000, 1, "not TOML: "),
        ("a = " + "[" * 5000 + "]" * 5000, 1, "nested too deeply"),
    ],
    ids=["bare text", "twice", "no end", "huge number", "deep"],
)
def test_broken_toml_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    found = only_problem(text)
    assert found[0] == line
    assert words in found[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feed = 3\n", "write each under [[feed]]"),
        ("[feed]\nslug = 'a'\n", "write each under [[feed]]"),
        ("feeds = []\n", "did you mean 'feed'"),
        (minimal("a[tiab]").replace("slug = 'a'\n", ""), "slug: missing"),
        (minimal("a[tiab]").replace("name = 'A'\n", ""), "name: missing"),
        (minimal("a[tiab]").replace("source = 'pubmed'\n", ""), "source: missing"),
        (minimal("   "), "query: empty"),
        (minimal("a[tiab]").replace("slug = 'a'", "slug = 1979-05-27"), "slug: is a date or time"),
        (minimal("a[tiab]").replace("'A'", "'" + "A" * 121 + "'"), "name: 121 characters; at most 120"),
        (minimal("a" * 10_001), "at most 10000"),
        (minimal("a[tiab]").replace("'A'", '"A\\nBcc: b@example.org"'), "name: control character U+000A"),
        (minimal("a[tiab]").replace("'A'", '"A\\u202e"'), "name: control character U+202E"),
        (minimal("a\\u0000").replace("'''", '"'), "query: control character U+0000"),
        (minimal("a[tiab]").replace("slug = 'a'", "slug = '" + "a" * 81 + "'"), "at most 80 characters"),
        (minimal('"a[tiab] OR b'), "unbalanced quotes"),
        (minimal("a) OR (b"), "unbalanced parentheses"),
        (minimal('(TITLE:"a"', "europepmc"), "unbalanced parentheses"),
        (minimal("“a”[tiab]"), "curly quotes"),
        (minimal("https://", "syndication"), "not an http or https address"),
        (minimal("https://example.org:port/", "syndication"), "not an http or https address"),
        (minimal("https://[::1/", "syndication"), "not an http or https address"),
    ],
)
def test_each_fault_is_refused(text: str, words: str) -> None:
    assert any(words in said for _, said in problems(text)), problems(text)


def test_brackets_inside_quotes_are_text() -> None:
    (feed,) = parse(minimal('"su(var"[tiab] AND ("b)"[tiab])'), "feeds.toml")
    assert feed.queries[0].query == '"su(var"[tiab] AND ("b)"[tiab])'


def test_writing_is_pretty() -> None:
    assert write((FEED,)) == GOOD


def test_a_long_query_is_written_over_lines_that_break_no_phrase() -> None:
    query = " OR ".join(f'"a phrase of several words {number}"[tiab]' for number in range(9))
    text = write((dataclasses.replace(FEED, queries=(CatalogueQuery("pubmed", query),)),))
    assert max(map(len, text.splitlines())) <= 100
    assert all(line.count('"') % 2 == 0 for line in text.splitlines())
    assert parse(text, "feeds.toml")[0].queries[0].query == query


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _texts(longest: int) -> st.SearchStrategy[str]:
    characters = st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp"),
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    )
    awkward = st.sampled_from(["'", '"', "'''", '"""', "\\", "#", "[[feed]]", " = ", "{", "}", ",", "é", "β"])
    pieces = st.lists(st.one_of(awkward, st.text(characters, max_size=6)), min_size=1, max_size=30)
    return pieces.map("".join).map(_clean).filter(lambda text: 0 < len(text) <= longest)


_SLUGS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
_TERMS = st.lists(_texts(120), max_size=5, unique=True).map(tuple)
_QUERIES = _texts(150).map(lambda text: "".join(c for c in text if c not in '()[]"“”„‟')).map(_clean).filter(bool)
_LONG_QUERIES = st.lists(_QUERIES, min_size=1, max_size=8).map(
    lambda parts: " ".join(f'("{part}"[tiab])' for part in parts)
)
_ADDRESSES = st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/?=&]{0,30}", fullmatch=True)
_FEEDS = st.builds(
    CatalogueFeed,
    slug=_SLUGS,
    name=_texts(100),
    description=st.one_of(st.just(""), _texts(300)),
    mesh=_TERMS,
    synonyms=_TERMS,
    exclude=_TERMS,
    threshold=st.none() | st.floats(0, 1),
    queries=st.lists(
        st.one_of(
            st.builds(CatalogueQuery, st.sampled_from(["pubmed", "europepmc"]), st.one_of(_QUERIES, _LONG_QUERIES)),
            st.builds(CatalogueQuery, st.just("syndication"), _ADDRESSES),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ).map(tuple),
)
_CATALOGUES = st.lists(_FEEDS, max_size=4, unique_by=(lambda feed: feed.slug, lambda feed: feed.name.casefold())).map(
    tuple
)


@settings(max_examples=40)
@given(_CATALOGUES)
def test_what_is_written_is_read_back_exactly(feeds: tuple[CatalogueFeed, ...]) -> None:
    assert parse(write(feeds), "feeds.toml") == feeds


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    found: tuple[tuple[int, str], ...] = ()
    try:
        parse(text, "feeds.toml")
    except CatalogueError as refused:
        found = refused.problems or ((0, "no problem"),)
    assert all(1 <= line <= text.count("\n") + 1 for line, _ in found)


@settings(max_examples=40)
@given(
    _CATALOGUES.filter(bool),
    st.integers(0, 10_000),
    st.sampled_from(["colour = 1\n", "[[feed.query.more]]\nx = 1\n", "a.b.c = [[1], {d = '''\n]\n'''}]\n"]),
)
def test_a_stray_key_is_found_on_its_own_line(feeds: tuple[CatalogueFeed, ...], choice: int, stray: str) -> None:
    lines = write(feeds).splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if line.startswith("source = ")]
    place = ends[choice % len(ends)]
    if stray.startswith("[["):  # a header takes what follows it, so it goes to the end
        place = len(lines)
    found = problems("".join([*lines[:place], stray, *lines[place:]]))
    assert found[0][0] == place + 1
    assert found[0][1].startswith("no such key in a query")


def test_the_difference_of_two_catalogues_in_words() -> None:
    gone = dataclasses.replace(FEED, slug="gone", name="Gone")
    kept = dataclasses.replace(FEED, slug="kept", name="Kept")
    came = dataclasses.replace(FEED, slug="came", name="Came")
    turned = dataclasses.replace(kept, queries=kept.queries[::-1])
    now = dataclasses.replace(
        FEED,
        name="Fruit",
        synonyms=("fruiting body", "carpophore"),
        mesh=("Agaricales",),
        queries=(FEED.queries[0], CatalogueQuery("pubmed", "x[ti]")),
    )
    change = difference((FEED, gone, kept), (came, now, turned))
    assert change.added == (came,)
    assert change.missing == (gone,)
    assert change.unchanged == (turned,)  # the order of queries means nothing
    assert [(c.old, c.new) for c in change.changed] == [(FEED, now)]
    assert change.changed[0].words == (
        "name: 'Fungal fruit' becomes 'Fruit'",
        "synonyms: - 'FB/FF' + 'carpophore'",
        "query: - 'syndication https://journal.example.org/rss'",
        "query: + 'pubmed x[ti]'",
    )
    assert change
    assert not difference((FEED,), (FEED,))


def test_another_order_of_terms_is_a_change() -> None:
    now = dataclasses.replace(FEED, synonyms=FEED.synonyms[::-1])
    assert difference((FEED,), (now,)).changed[0].words == ("synonyms: another order",)


def test_the_starter_catalogue_has_the_ten_feeds() -> None:
    feeds = starter()
    assert [(feed.slug, feed.name) for feed in feeds] == [
        ("covid-19", "COVID-19"),
        ("blastomycosis", "Blastomycosis"),
        ("nuclear-pore-complex-in-als-ftd", "Nuclear pore complex in ALS/FTD"),
        ("applications-of-molecular-barcoding", "Applications of molecular barcoding"),
        ("chronic-fatigue-syndrome", "Chronic fatigue syndrome"),
        ("evolution-of-pluripotency", "Evolution of pluripotency"),
        ("position-effect-variegation", "Position effect variegation"),
        ("sting-receptor-agonists", "STING receptor agonists"),
        ("microbicides", "Microbicides"),
        ("tumor-derived-exosomes-in-metastasis", "Tumor-derived exosomes in metastasis"),
    ]
    assert all(feed.description and feed.synonyms for feed in feeds)
    assert all({query.source for query in feed.queries} == {"pubmed", "europepmc"} for feed in feeds)


def test_the_starter_catalogue_is_written_as_export_writes_it() -> None:
    text = resources.files("bot.concepts").joinpath("starter.toml").read_text(encoding="utf-8")
    body = text[text.index("[[feed]]") :]
    assert write(starter()) == body
    assert len(tomllib.loads(text)["feed"]) == 10


def test_the_starters_mesh_concepts_exist(shared: Path) -> None:
    with gzip.open(shared / "data/vocab/mesh_id_label_mappings.tsv.gz", "rt", encoding="utf-8") as rows:
        known = {row.split("\t")[1] for row in rows}
    named = {name for feed in starter() for name in feed.mesh}
    assert named
    assert named <= known
