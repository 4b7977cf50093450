"""What names the paper that a feed's entry is about: so that one paper stays one, and two papers two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.sources.entries import announcements_of
from bot.collect.sources.feed_child import answer
from bot.collect.sources.feed_names import place_of
from bot.models.papers import Announcement, Identifier
from tests.collect.feeds import TODAY, atom, json_feed, names, rss

ADDRESS = "https://x.example.org/feed"


def read(body: str) -> tuple[Announcement, ...]:
    return announcements_of(answer(body.encode(), "", ADDRESS), ADDRESS, TODAY)


def item(link: str = "", *, title: str = "One", guid: str = "", more: str = "") -> str:
    link, guid = link and f"<link>{link}</link>", guid and f'<guid isPermaLink="false">{guid}</guid>'
    return f"<title>{title}</title>{link}{guid}{more}"


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("https://X.example.org/1", "https://x.example.org/1"),
        ("http://x.example.org:80/1?utm_source=rss&utm_medium=feed", "https://x.example.org/1"),
        ("https://x.example.org./1?id=7&af=R", "https://x.example.org/1?id=7"),
        ("https://x.example.org/1?rss=1#xtor=RSS-1", "https://x.example.org/1"),
        ("https://x.example.org/1?dgcid=rss_sd_all&fbclid=x", "https://x.example.org/1"),
        ("https://x.example.org/1?source=rss&source=7", "https://x.example.org/1?source=7"),
        ("https://x.example.org:8443/?p=12", "https://x.example.org:8443/?p=12"),
        ("https://pubmed.ncbi.nlm.nih.gov/12/?fc=2026&ff=1&v=2", "https://pubmed.ncbi.nlm.nih.gov/12/"),
        ("https://x.example.org/", ""),
        ("https://x.example.org", ""),
        ("https://x.example.org/issue#paper-1", ""),
        ("https://x.example.org:port/1", ""),
        ("javascript:alert(1)", ""),
        ("/1", ""),
        ("", ""),
    ],
)
def test_a_link_has_one_form(link: str, place: str) -> None:
    assert place_of(link) == place
    assert place_of(place) == place


@given(st.text(max_size=40))
def test_a_form_is_its_own_form(text: str) -> None:
    for link in (text, "http://x.example.org/" + text, "https://x.example.org/1?" + text):
        place = place_of(link)
        assert place_of(place) == place
        assert not place or place.startswith("https://")


def test_a_feed_that_changes_its_guids_still_names_the_same_by_link() -> None:
    (before,) = read(rss(item("https://x.example.org/1", guid="a-1")))
    (after,) = read(rss(item("http://x.example.org/1?utm_source=rss", guid="b-7")))
    assert names(before) & names(after) == {"link:https://x.example.org/1"}


def test_a_feed_without_guids_names_by_link_and_else_by_title() -> None:
    one, two = read(rss(item("https://x.example.org/1"), item(title="Two")))
    assert names(one) == {"link:https://x.example.org/1"}
    (name,) = two.identifiers
    assert (name.scheme, name.value.startswith("journal.example.org/ title:")) == ("guid", True)


def test_a_guid_of_the_feeds_own_kind_belongs_to_the_feed_and_others_to_the_world() -> None:
    one, two = read(rss(item(guid="7"), item(title="Two", guid="tag:example.org,2026:7")))
    assert names(one) == {"guid:journal.example.org/ 7"}
    assert names(two) == {"guid:tag:example.org,2026:7"}


def test_an_id_is_never_made_relative_to_where_the_feed_was_fetched() -> None:
    (paper,) = read(atom("<title>One</title><id>t-17</id><link href='/papers/17'/>"))
    assert names(paper) == {"guid:x.example.org/feed t-17", "link:https://x.example.org/papers/17"}
    assert paper.url == "https://x.example.org/papers/17"


def test_a_relative_permanent_guid_is_a_link() -> None:
    (paper,) = read(rss("<title>One</title><guid>/papers/1</guid>"))
    assert (paper.url, "guid:journal.example.org/ /papers/1" in names(paper)) == (
        "https://x.example.org/papers/1",
        True,
    )


def test_xml_base_counts() -> None:
    (paper,) = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://y.example.org/a/"><entry xml:base="b/">'
        "<title>One</title><link href='c'/></entry></feed>"
    )
    assert paper.url == "https://y.example.org/a/b/c"


def test_the_link_to_the_paper_goes_before_other_links_and_ids() -> None:
    (paper,) = read(
        atom(
            "<title>One</title><id>https://x.example.org/id/1</id><link rel='enclosure' href='https://x.example.org/1.mp3'/>"
            "<link rel='self' href='https://x.example.org/1.atom'/>"
            "<link rel='alternate' type='application/pdf' href='https://x.example.org/1.pdf'/>"
        )
    )
    assert paper.url == "https://x.example.org/1.pdf"


def test_what_several_share_names_none_of_them() -> None:
    issue = "<prism:doi>10.5555/issue.7</prism:doi>"
    found = read(
        rss(
            item("https://x.example.org/issue/7", guid="https://x.example.org/", more=issue),
            item("https://x.example.org/issue/7", guid="https://x.example.org/", more=issue, title="Two"),
            item("https://x.example.org/3", guid="3", more=issue, title="Three"),
            item("https://journal.example.org/", guid="https://journal.example.org", title="Four"),
        )
    )
    assert all(not {"doi", "link"} & {name.scheme for name in paper.identifiers} for paper in found[:2])
    assert names(found[2]) == {"guid:journal.example.org/ 3", "link:https://x.example.org/3"}
    assert len({paper.identifiers for paper in found}) == 4
    assert "title:" in str(found[3].identifiers)


def test_an_entry_that_stands_twice_keeps_its_names() -> None:
    twice = item("https://x.example.org/1", guid="1", more="<prism:doi>10.5555/one</prism:doi>")
    one, two = read(rss(twice, twice))
    assert names(one) == names(two) >= {"doi:10.5555/one", "link:https://x.example.org/1"}


def test_the_same_doi_in_two_feeds_has_one_form() -> None:
    (rss_paper,) = read(rss(item("https://x.example.org/doi/full/10.5555/EX.1?af=R", guid="1")))
    (atom_paper,) = read(atom("<title>One</title><id>doi:10.5555/ex.1</id>"))
    (json_paper,) = read(json_feed({"id": "1", "title": "One", "external_url": "https://doi.org/10.5555/ex.1"}))
    for paper in (rss_paper, atom_paper, json_paper):
        assert "doi:10.5555/ex.1" in names(paper)


@pytest.mark.parametrize(
    ("more", "doi"),
    [
        ("<prism:doi>10.5555/A.1</prism:doi>", "10.5555/a.1"),
        ("<dc:identifier>https://doi.org/10.5555/a.2</dc:identifier>", "10.5555/a.2"),
        ("<dc:identifier>doi:10.5555/a.3</dc:identifier>", "10.5555/a.3"),
        ("<prism:url>https://y.example.org/doi/10.5555/a.4</prism:url>", "10.5555/a.4"),
        ("<description>Text. doi: 10.5555/a.5.</description>", "10.5555/a.5"),
        ("<description>As 10.5555/a.6 showed</description>", ""),
        ("<description>doi:10.5555/a.7, and doi:10.5555/a.8</description>", ""),
        ("<atom:link rel='related' href='https://doi.org/10.5555/other'/>", ""),
    ],
)
def test_where_a_doi_is_found(more: str, doi: str) -> None:
    (paper,) = read(rss(item("https://x.example.org/1", more=more)))
    assert [name.value for name in paper.identifiers if name.scheme == "doi"] == ([doi] if doi else [])


def test_arxivs_feed_names_the_work_its_version_and_its_article() -> None:
    (paper,) = read(
        rss(
            item("https://arxiv.org/abs/2611.00001", guid="oai:arXiv.org:2611.00001v2").replace(
                "</title>",
                "</title><arxiv:DOI xmlns:arxiv='http://arxiv.org/schemas/atom'>10.5555/Journal.1</arxiv:DOI>"
                "<description>arXiv:2611.00001v2 Announce Type: replace\nAbstract: Cells grow.</description>",
            )
        )
    )
    assert names(paper) >= {"arxiv:2611.00001", "doi:10.48550/arxiv.2611.00001"}
    assert (paper.preprint, paper.version) == (True, 2)
    assert paper.links == (Identifier("doi", "10.5555/journal.1"),)
    assert [section.text for section in paper.abstract] == ["Cells grow."]


def test_arxivs_atom_names_the_article_in_a_related_link() -> None:
    (paper,) = read(
        atom(
            "<title>One</title><id>http://arxiv.org/abs/hep-th/9901001v1</id>"
            "<link rel='alternate' href='http://arxiv.org/abs/hep-th/9901001v1'/>"
            "<link rel='related' title='pdf' href='http://arxiv.org/pdf/hep-th/9901001v1'/>"
            "<link rel='related' title='doi' href='http://dx.doi.org/10.5555/Journal.2'/>"
        )
    )
    assert names(paper) >= {"arxiv:hep-th/9901001", "doi:10.48550/arxiv.hep-th/9901001"}
    assert (paper.preprint, paper.version, paper.links) == (True, 1, (Identifier("doi", "10.5555/journal.2"),))


@pytest.mark.parametrize(
    ("link", "more", "expected", "version"),
    [
        (
            "https://www.biorxiv.org/content/10.1101/2026.11.01.000001v3?rss=1",
            "",
            {"biorxiv:2026.11.01.000001", "doi:10.1101/2026.11.01.000001"},
            3,
        ),
        (
            "http://biorxiv.org/cgi/content/short/2026.11.01.000002v1?rss=1",
            "<dc:identifier>doi:10.1101/2026.11.01.000002</dc:identifier>",
            {"biorxiv:2026.11.01.000002", "doi:10.1101/2026.11.01.000002"},
            1,
        ),
        ("http://medrxiv.org/cgi/content/short/2026.11.01.26000003v1?rss=1", "", {"medrxiv:2026.11.01.26000003"}, 1),
        (
            "https://www.researchsquare.com/article/rs-1/v2",
            "<prism:doi>10.21203/rs.3.rs-1/v2</prism:doi>",
            {"doi:10.21203/rs.3.rs-1/v2", "work:10.21203/rs.3.rs-1"},
            2,
        ),
    ],
)
def test_preprint_servers_feeds(link: str, more: str, expected: set[str], version: int) -> None:
    (paper,) = read(rss(item(link, more=more)))
    assert names(paper) >= expected
    assert (paper.preprint, paper.links) == (True, ())
    assert paper.version in {version, 1}


@pytest.mark.parametrize(
    ("link", "guid", "expected"),
    [
        ("https://pubmed.ncbi.nlm.nih.gov/34567/?utm_source=x", "pubmed:34567", "pmid:34567"),
        ("https://www.ncbi.nlm.nih.gov/pubmed/34567?dopt=Abstract", "PubMed:34567", "pmid:34567"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC89/", "", "pmcid:PMC89"),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC89/", "", "pmcid:PMC89"),
        ("https://europepmc.org/article/MED/34567", "", "pmid:34567"),
    ],
)
def test_libraries_feeds(link: str, guid: str, expected: str) -> None:
    (paper,) = read(rss(item(link, guid=guid)))
    assert expected in names(paper)
    assert not paper.preprint


def test_a_name_that_is_too_long_is_kept_by_its_digest() -> None:
    (paper,) = read(rss(item("https://x.example.org/" + "a" * 400, guid="tag:" + "b" * 400)))
    assert all(name.value.startswith("sha256:") and len(name.value) < 60 for name in paper.identifiers)
    assert len(set(paper.identifiers)) == 2
