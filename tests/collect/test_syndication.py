"""Feeds: what publishers write, what they should not, and parsing that ends whatever they send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.collect.sources import Page
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.entries import authors_of, web_link
from bot.collect.sources.feed_child import RefusedError
from bot.collect.sources.feed_child import answer as read_here
from bot.collect.sources.syndication import readable
from bot.errors import FetchError, SourceError
from bot.models.papers import AbstractSection, Announcement, Author, Identifier
from tests.collect.feeds import TODAY, names, pages, papers, rss
from tests.collect.services import Answer, Service, always, in_turn, loopback


@pytest.fixture(scope="module")
def parser() -> Iterator[ConfinedParser]:
    running = ConfinedParser()
    yield running
    running.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with loopback() as running:
        yield running


def test_a_journals_rss(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(
        parser,
        service,
        rss(
            """<title>On &lt;i&gt;E. coli&lt;/i&gt; where p &amp;lt; 0.05</title>
            <link>https://journal.example.org/doi/abs/10.1000/EX.1?af=R</link><guid isPermaLink="false">ex-1</guid>
            <dc:creator>Marie Curie</dc:creator><dc:creator>Jan van der Berg</dc:creator>
            <pubDate>Fri, 20 Nov 2026 05:00:00 -0800</pubDate><category>Physics</category>
            <description>Early view.</description>
            <content:encoded><![CDATA[<h2>Abstract</h2><p>We found H<sub>2</sub>O.</p>]]></content:encoded>"""
        ),
    )
    assert paper == Announcement(
        source="syndication",
        identifiers=(
            Identifier("doi", "10.1000/ex.1"),
            Identifier("guid", "journal.example.org/ ex-1"),
            Identifier("link", "https://journal.example.org/doi/abs/10.1000/EX.1"),
        ),
        title="On E. coli where p < 0.05",
        url="https://journal.example.org/doi/abs/10.1000/EX.1?af=R",
        abstract=(AbstractSection("", "We found H₂O."),),
        authors=(Author("Curie", "Marie", "M"), Author("van der Berg", "Jan", "J")),
        journal="Journal of Examples",
        keywords=("Physics",),
        published="2026-11-20",
        indexed=date(2026, 11, 20),
        language="en",
    )


def test_an_atom_feed_with_relative_links(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(
        parser,
        service,
        """<feed xmlns="http://www.w3.org/2005/Atom"><title>Atoms</title><entry><title>One</title>
        <link href="/papers/1"/><id>tag:example.org,2026:1</id><updated>2026-11-19T23:30:00Z</updated>
        <author><name>Curie, Marie</name></author>
        <summary type="html">&lt;p&gt;Text.&lt;/p&gt;</summary></entry></feed>""",
    )
    assert paper.url == service.url + "/papers/1"
    assert names(paper) == {"guid:tag:example.org,2026:1", f"link:https://127.0.0.1:{service.port}/papers/1"}
    assert (paper.published, paper.authors) == ("2026-11-19", (Author("Curie", "Marie", "M"),))


def test_rss_1_with_prism(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(
        parser,
        service,
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
        <channel rdf:about="https://x.example.org/"><title>Latest</title><link>https://x.example.org/</link></channel>
        <item rdf:about="https://x.example.org/2"><title>Two</title><link>https://x.example.org/2</link>
        <dc:identifier>doi:10.1000/TWO</dc:identifier><dc:date>2026-11-18</dc:date>
        <prism:publicationName>Prisms</prism:publicationName><prism:publicationDate>2026-10</prism:publicationDate>
        <dc:creator>CURIE, M., CURIE, P.</dc:creator></item></rdf:RDF>""",
    )
    assert names(paper) == {"doi:10.1000/two", "guid:https://x.example.org/2", "link:https://x.example.org/2"}
    assert (paper.journal, paper.published, paper.indexed) == ("Prisms", "2026-10", date(2026, 11, 18))
    assert [author.short for author in paper.authors] == ["CURIE M", "CURIE P"]


def test_pubmeds_own_feed(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(
        parser,
        service,
        rss(
            """<title>A paper</title><link>https://pubmed.ncbi.nlm.nih.gov/34567/?utm_source=x</link>
            <description>&lt;p&gt;J Ex. 2026. doi: 10.1000/ex.2.&lt;/p&gt;&lt;p&gt;&lt;b&gt;ABSTRACT&lt;/b&gt;&lt;/p&gt;
            &lt;p&gt;Cells grow.&lt;/p&gt;&lt;p&gt;PMID:&lt;a href="x"&gt;34567&lt;/a&gt; | DOI:10.1000/ex.2&lt;/p&gt;
            </description><guid isPermaLink="false">pubmed:34567</guid><dc:source>J Ex</dc:source>
            <pubDate>Thu, 19 Nov 2026 06:00:00 -0500</pubDate><dc:identifier>pmid:34567</dc:identifier>
            <dc:identifier>doi:10.1000/ex.2</dc:identifier>""",
            title="sting[tiab]",
        ),
    )
    assert set(paper.identifiers) >= {Identifier("pmid", "34567"), Identifier("doi", "10.1000/ex.2")}
    assert (paper.journal, paper.abstract) == ("J Ex", (AbstractSection("", "Cells grow."),))


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("javascript:alert(1)", "https://journal.example.org/"),
        ("data:text/html,x", "https://journal.example.org/"),
        ("ftp://x.example.org/1", "https://journal.example.org/"),
        ("//host.example.org/1", "http://host.example.org/1"),
        ("https://x.example.org/?a=&quot;&gt;&lt;script&gt;", "https://x.example.org/?a=%22%3E%3Cscript%3E"),
        ("https://user:pass@x.example.org/1", "https://journal.example.org/"),
        ("", "https://journal.example.org/"),
    ],
)
def test_links_lead_to_the_web_or_nowhere(parser: ConfinedParser, service: Service, link: str, url: str) -> None:
    (paper,) = papers(parser, service, rss(f"<title>One</title><link>{link}</link>"))
    assert paper.url == url


@given(st.text(max_size=60))
def test_a_link_is_of_the_web_and_cannot_leave_an_attribute(text: str) -> None:
    for candidate in (text, "https://x.example.org/" + text):
        link = web_link(candidate)
        assert not link or link.lower().startswith(("http://", "https://"))
        assert not set(link) & set('"<> \n\t\0')


@pytest.mark.parametrize(
    ("dates", "published", "indexed", "sound"),
    [
        ("<pubDate>Sat, 31 Oct 2026 10:00:00 GMT</pubDate>", "2026-10-31", date(2026, 10, 31), True),
        ("<pubDate>Mi, 30 Jun 2021 00:00:00 +0000</pubDate>", "2021-06-30", date(2021, 6, 30), True),
        ("<pubDate>Mon, 31 Feb 2026 00:00:00 GMT</pubDate>", "2026-02", TODAY, False),
        ("<pubDate>Mon, 01 Jan 2125 00:00:00 GMT</pubDate>", "2026-11-23", TODAY, False),
        ("<pubDate>soon</pubDate>", "2026-11-23", TODAY, False),
        ("", "", TODAY, False),
    ],
)
def test_dates(
    parser: ConfinedParser, service: Service, dates: str, published: str, indexed: date, sound: bool
) -> None:
    (paper,) = papers(parser, service, rss(f"<title>One</title><link>https://x.example.org/1</link>{dates}"))
    assert (paper.published, paper.indexed, paper.repairs == ()) == (published, indexed, sound)


@pytest.mark.parametrize(
    ("name", "authors"),
    [
        ("Curie M", [("Curie", "", "M")]),
        ("Marie Curie and Pierre Curie", [("Curie", "Marie", "M"), ("Curie", "Pierre", "P")]),
        ("Marie Curie, Pierre Curie", [("Curie", "Marie", "M"), ("Curie", "Pierre", "P")]),
        ("Curie M, Curie P; Berg J", [("Curie", "", "M"), ("Curie", "", "P"), ("Berg", "", "J")]),
        ("Urquhart, A.S.", [("Urquhart", "A.S.", "AS")]),
        ("Martin King Jr.", [("King", "Martin", "M Jr.")]),
        ("Example Study Group", [("Example Study Group", "", "")]),
        ("居里", [("居里", "", "")]),
        ("<script>x</script>", []),
    ],
)
def test_authors(name: str, authors: list[tuple[str, str, str]]) -> None:
    assert [tuple(author) for author in authors_of([name])] == authors


@given(st.lists(st.text(max_size=40), max_size=5))
def test_whatever_the_names_authors_are_clean(names: list[str]) -> None:
    for author in authors_of(names):
        assert author.family
        assert author.family == author.family.strip()


def test_a_title_that_attacks_is_text(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(
        parser,
        service,
        rss("<title>&lt;img src=x onerror=alert(1)&gt;Mice &amp;lt;b</title><link>https://x.example.org/</link>"),
    )
    assert paper.title == "Mice <b"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty answer"),
        (b"<!doctype html><title>Maintenance</title><p>Back soon", "a web page instead of a feed"),
        (b"  <HTML><body>Back soon</body></HTML>", "a web page instead of a feed"),
        (b"<!-- busy --> <?xml version='1.0'?><html><body>Back soon</body></html>", "a web page instead of a feed"),
        (b'{"items": []}', "json that is not a feed"),
        (b"<other><thing/></other>", "not a feed"),
        (b"<rss>" + b" " * (9 << 20), "answer larger than 8 MiB"),
    ],
)
def test_what_is_no_feed_is_never_a_quiet_day(
    parser: ConfinedParser, service: Service, body: bytes, problem: str
) -> None:
    with pytest.raises((FetchError, SourceError), match=problem):
        papers(parser, service, body)


def test_a_feed_without_entries_is_quiet(parser: ConfinedParser, service: Service) -> None:
    assert papers(parser, service, rss()) == ()


def test_an_error_page_is_asked_for_again(parser: ConfinedParser, service: Service) -> None:
    service.rules["/feed"] = in_turn(Answer(body=b"<html>Busy"), Answer(503), Answer(body=rss().encode()))
    assert pages(parser, service.url + "/feed") == [Page()]


def test_a_feed_that_is_cut_off_gives_what_it_has_and_an_error(parser: ConfinedParser, service: Service) -> None:
    items = [f"<title>Paper {n}</title><link>https://x.example.org/{n}</link>" for n in range(4)]
    service.rules["/feed"] = always(Answer(body=rss(*items).encode()[:-60]))
    kept: list[Page] = []
    with pytest.raises(SourceError, match="cut off"):
        pages(parser, service.url + "/feed", kept)
    assert [paper.title for paper in kept[0].announcements][:3] == ["Paper 0", "Paper 1", "Paper 2"]


def test_one_broken_byte_does_not_turn_the_others_strange(parser: ConfinedParser, service: Service) -> None:
    body = rss("<title>Größe und Straße @</title>", "<title>Ähnlich</title>").encode().replace(b"@", b"\xff")
    one, two = papers(parser, service, body)
    assert (one.title, "charset" in one.repairs) == ("Größe und Straße \ufffd", True)
    assert (two.title, "charset" in two.repairs) == ("Ähnlich", False)


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "utf-16", "utf-8-sig"])
def test_other_encodings_are_read(parser: ConfinedParser, service: Service, encoding: str) -> None:
    declared = rss("<title>Größe</title>").replace("UTF-8", encoding.removesuffix("-sig"))
    (paper,) = papers(parser, service, declared.encode(encoding))
    assert paper.title == "Größe"


def test_a_wrong_declaration_is_read_and_told(parser: ConfinedParser, service: Service) -> None:
    (paper,) = papers(parser, service, rss("<title>Größe</title>").encode("latin-1"))
    assert (paper.title, "charset" in paper.repairs) == ("Größe", True)


def test_nul_is_taken_out() -> None:
    assert readable(b"<rss>\0a</rss>", "")[0] == b"<rss>a</rss>"


@pytest.mark.parametrize(
    ("kind", "repaired"),
    [
        ("text/xml", False),
        ("application/xml; charset=UTF-8", False),
        ("text/html", False),
        ("", False),
        ("application/rss+xml; charset=iso-8859-1", True),
    ],
)
def test_what_is_utf_8_is_read_so_whatever_the_server_says(
    parser: ConfinedParser, service: Service, kind: str, repaired: bool
) -> None:
    (paper,) = papers(parser, service, rss("<title>Größe</title>"), kind=kind)
    assert (paper.title, "charset" in paper.repairs) == ("Größe", repaired)


def test_a_feeds_own_simple_entities_are_read(parser: ConfinedParser, service: Service) -> None:
    doctype = '<!DOCTYPE rss [<!ENTITY auml "&#228;"><!ENTITY name "Name">]>'
    body = rss("<title>L&auml;rm</title>").replace("?><rss", f"?>{doctype}<rss")
    (paper,) = papers(parser, service, body)
    assert paper.title == "Lärm"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(noise: bytes) -> None:
    body = rss("<title>One</title>").encode()
    for candidate in (noise, body[:200] + noise + body[200:]):
        try:
            read = read_here(readable(candidate, "")[0], "", "http://x.example.org/")
        except RefusedError:
            continue
        assert isinstance(read["entries"], list)


def test_real_feeds_are_read(parser: ConfinedParser, service: Service, shared: Path) -> None:
    files = sorted(file for file in (shared / "data" / "feeds" / "journals-biorss").iterdir())
    for file in files:
        if file.name == "pubmed-article.xml":
            continue
        service.rules["/feed"] = always(Answer(body=file.read_bytes()))
        found = [paper for page in pages(parser, service.url + "/feed") for paper in page.announcements]
        assert found, file.name
        for paper in found:
            assert paper.title, file.name
            assert paper.url.startswith(("http://", "https://")), file.name
            assert paper.identifiers, file.name
