"""The digest mail as a whole: what a mail program and a reader find in it."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email.policy import default
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html

from bot.errors import TemplateError
from bot.models.deliveries import Message
from bot.render.cards import CardView
from bot.render.digest import Press
from bot.render.fit import HTML_LIMIT, smaller, with_excerpts
from bot.render.plain import plain
from bot.render.rows import HeadView
from bot.render.view import SectionView
from bot.render.wrap import COLUMNS, columns
from tests.render.sample_digests import FEEDS, ODD, Sample, sample, samples

KINDS = samples()


@cache
def mail_of(kind: str) -> Message:
    return KINDS[kind].message()


def page_of(message: Message) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(message.html)


def found(page: lxml_html.HtmlElement, path: str) -> lxml_html.HtmlElement:
    [element] = page.xpath(path)
    assert isinstance(element, lxml_html.HtmlElement)
    return element


def words_of(element: lxml_html.HtmlElement) -> str:
    return " ".join(str(element.text_content()).split())


every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_the_mail_parses_and_holds_both_parts(kind: str) -> None:
    message = mail_of(kind)
    mail = email.message_from_bytes(message.content, policy=default)
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert html.get_content().split("\r\n") == [*message.html.rstrip("\n").split("\n"), ""]
    assert text.get_content().split("\r\n") == [*message.text.rstrip("\n").split("\n"), ""]
    assert mail["Subject"] == message.subject


@every_kind
def test_the_html_fits(kind: str) -> None:
    assert len(mail_of(kind).html.encode()) <= HTML_LIMIT


@every_kind
def test_headings_begin_with_one_h1_and_skip_no_level(kind: str) -> None:
    levels = [int(str(heading.tag)[1]) for heading in page_of(mail_of(kind)).iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(then - now <= 1 for now, then in pairwise(levels))


@every_kind
def test_language_and_direction_are_stated_and_tables_are_layout(kind: str) -> None:
    page = page_of(mail_of(kind))
    view = KINDS[kind].view
    first = found(page, "/html/body/*[1]")
    for element in (page, first):
        assert (element.get("lang"), element.get("dir")) == (view.language, view.direction)
    assert page.findtext(".//title") == mail_of(kind).subject
    assert {table.get("role") for table in page.iter("table")} <= {"presentation", "img"}
    assert found(page, "//meta[@name='color-scheme']").get("content") == "light dark"


@every_kind
def test_nothing_is_fetched_hidden_or_run(kind: str) -> None:
    page = page_of(mail_of(kind))
    assert not page.xpath("//img|//link|//script|//iframe|//object|//form|//base|//@src|//@background|//@srcset")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert not re.search(
        r"url\(|@import|display: ?none|visibility: ?hidden|font-size: ?(?:[0-9]|1[0-3])px", mail_of(kind).html
    )
    for link in page.iter("a"):
        assert urlsplit(str(link.get("href"))).scheme in {"http", "https"}
        assert words_of(link)


@every_kind
def test_styles_are_inlined_and_media_rules_are_kept(kind: str) -> None:
    html = mail_of(kind).html
    page = page_of(mail_of(kind))
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 480px)" in html
    assert found(page, "//h1").get("style")
    assert found(page, "//table[@class='page']").get("width") == "600"
    outside = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", words_of(found(page, "//style")))
    assert "." not in re.sub(r"[^{}]*:root[^{}]*\{[^}]*\}", "", outside)


@every_kind
def test_leaving_is_easy_and_the_sender_is_named(kind: str) -> None:
    page, view = page_of(mail_of(kind)), KINDS[kind].view
    assert page.xpath("//a/@href").count(view.unsubscribe_url) == 2
    assert view.postal_address in words_of(page)
    assert mail_of(kind).text.count(view.unsubscribe_url) == 2
    assert view.postal_address in " ".join(mail_of(kind).text.split())


@every_kind
def test_text_lines_keep_to_their_columns(kind: str) -> None:
    for line in mail_of(kind).text.splitlines():
        assert columns(line) <= COLUMNS or re.fullmatch(r" *(\[\d+\] )?https?://\S+", line)


@every_kind
def test_the_text_says_what_the_html_says(kind: str) -> None:
    page = page_of(mail_of(kind))
    text = "".join(mail_of(kind).text.split())
    for paragraph in page.xpath(
        "//h2|//h3|//p[@class='authors']|//p[@class='summary']|//p[starts-with(@class, 'key')]"
    ):
        assert "".join(words_of(paragraph).split()) in text
    for abstract in page.xpath("//p[@class='abstract']/text()"):
        assert "".join(abstract.split()).rstrip("…") in text
    for link in page.xpath("//a/@href"):
        assert link in mail_of(kind).text.split()


def test_cards_show_what_is_known_of_a_paper() -> None:
    page = page_of(mail_of("papers-007"))
    card = page.xpath("//td[starts-with(@class, 'card')]")[0]
    title = card.find(".//h3/a")
    assert (
        words_of(title) == "A slow-release agonist reshapes the tumour microenvironment without systemic inflammation"
    )
    assert title.get("href") == "https://doi.example.org/10.5555/cd.00001"
    assert [words_of(line) for line in card.iter("p")][:2] == [
        "Dlamini B, Eriksen C, Farrokhzad D … Iwasawa G, and 2 more",
        "Preprint · Journal of Innate Immunity and Therapy, November 2026",
    ]
    reading = card.xpath(".//a[.='Continue reading']")[0]
    assert reading.get("aria-label") == f"Continue reading: {words_of(title)}"
    assert card.xpath(".//a[.='Interferon-beta']/@href") == ["https://papers.example.org/feeds/sting-receptor-agonists"]
    assert "Also in STING receptor agonists" in words_of(card)


def test_each_card_asks_for_a_vote_and_says_of_what() -> None:
    message = mail_of("papers-007")
    page = page_of(message)
    asked = page.xpath("//p[@class='votes']/a")
    assert [words_of(link) for link in asked] == ["More like this", "Not for me"] * 7
    assert len({str(link.get("href")) for link in asked}) == 14
    assert asked[0].get("aria-label") == "More like this: A slow-release agonist reshapes the tumour microenvironment…"
    assert "  More like this [3] · Not for me [4]\n" in message.text
    assert "  [4] https://papers.example.org/vote/1234567.aGVsbG8-d29ybGQ_Zm9v/1/less\n" in message.text


def test_who_is_not_asked_sees_no_word_of_votes() -> None:
    for said in (mail_of("nameless").html, mail_of("nameless").text):
        assert "/vote/" not in said
        assert "Not for me" not in said


def test_a_very_long_digest_has_the_plainest_links() -> None:
    page = page_of(mail_of("papers-200"))
    asked = page.xpath("//p[@class='votes']/a")
    assert len(asked) >= 60
    assert {link.get("aria-label") for link in asked} == {None}


def test_what_gave_way_because_of_votes_is_told() -> None:
    words = "1,288 more on the web in Chronic fatigue syndrome, 2 of them because of your votes"
    assert words in words_of(page_of(mail_of("odd")))
    assert words in " ".join(mail_of("odd").text.split())
    assert "votes" not in words_of(page_of(mail_of("only-on-the-web")).xpath("//td[@class='more']")[0])


def test_the_masthead_says_when_for_whom_and_what() -> None:
    masthead = words_of(page_of(mail_of("papers-007")).xpath("//td[@class='masthead']")[0])
    assert masthead.startswith("Concept Digest 2–9 November 2026 · for Marie Curie 7 new papers 3 on Chronic fatigue")


def test_trending_feeds_come_last() -> None:
    message = sample(7, 3, trending=(6,)).message()
    page = page_of(message)
    headings = [words_of(heading) for heading in page.iter("h2", "h3")]
    assert headings[-2:] == ["Trending feeds", "Blastomycosis"]
    for said in (words_of(page), " ".join(message.text.split())):
        assert "Growing faster than their own past, and not among yours yet." in said
        assert "18 papers this week, about 6 in a usual one" in said
    assert "Trending" not in mail_of("nameless").html


def test_feeds_too_young_to_trend_are_not_called_trending() -> None:
    page, text = page_of(mail_of("papers-007")), mail_of("papers-007").text
    for said in (words_of(page), " ".join(text.split())):
        assert "Other feeds" in said
        assert "With new papers this week, and not among yours yet." in said
        assert "Trending" not in said


def test_what_a_paper_says_it_found_stands_above_the_abstract() -> None:
    [first, *_] = page_of(mail_of("papers-007")).xpath("//p[starts-with(@class, 'key')]")
    assert words_of(first) == "Nothing in resting blood counts, cortisol or lactate foretold it."
    assert "  Nothing in resting blood counts, cortisol or lactate foretold it.\n" in mail_of("papers-007").text


def test_a_feed_shows_its_last_weeks_as_bars_and_in_words() -> None:
    chart = page_of(mail_of("papers-007")).xpath("//table[@role='img']")[0]
    numbers = "Papers in each of the last 12 weeks: 3, 0, 4, 2, 6, 5, 1, 7, 2, 2, 5, 9"
    assert chart.get("aria-label") == numbers
    heights = re.findall(r"border-bottom-width: ?(\d+)", " ".join(map(str, chart.xpath(".//div/@style"))))
    assert list(map(int, heights)) == [8, 0, 10, 5, 15, 13, 3, 18, 5, 5, 13, 22]
    assert "9 this week" in words_of(chart)
    assert numbers in " ".join(mail_of("papers-007").text.split())


def test_a_feed_that_is_not_followed_can_be_added() -> None:
    [added, *_] = page_of(mail_of("papers-007")).xpath("//a[.='Add to my feeds']")
    assert added.get("href") == f"{KINDS['papers-007'].view.preferences_url}?add=blastomycosis"
    assert not page_of(mail_of("bare")).xpath("//a[.='Add to my feeds']")


def test_more_papers_are_linked() -> None:
    page = page_of(mail_of("odd"))
    link = page.xpath("//a[.='1,288 more on the web']/@href")
    assert link == ["https://papers.example.org/feeds/chronic-fatigue-syndrome"]
    assert "1,288 more on the web in Chronic fatigue syndrome" in " ".join(mail_of("odd").text.split())


def test_hostile_and_odd_titles_are_shown_as_they_are() -> None:
    page = page_of(mail_of("odd"))
    titles = {words_of(heading): heading for heading in page.iter("h3")}
    for paper in ODD:
        assert (plain(paper.title) or "Untitled") in titles
    assert titles[plain(ODD[3].title)].get("lang") == "zh"
    arabic = titles[plain(ODD[2].title)]
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
    assert "If x<y then α ≤ β ≪ γ, where p < 0.05 & q; H₂O at −80 °C, 10⁻⁹ M, ΔΔG‡." in words_of(page)
    assert not titles[plain(ODD[0].title)].xpath(".//a")


def test_a_long_digest_is_shortened_by_composing() -> None:
    message = mail_of("papers-200")
    page = page_of(message)
    cards = page.xpath("//td[starts-with(@class, 'card')]")
    more = [int(words_of(link).split()[0]) for link in page.xpath("//td[@class='more']//a")]
    assert len(cards) + sum(more) == 200
    assert len(cards) >= 30
    assert message.subject.startswith(f"{len(cards)} new papers")
    assert words_of(found(page, "//h1")) == f"{len(cards)} new papers"
    assert f"{sum(more)} more are on the web." in words_of(page)
    assert len({len(section) for section in (cards[::3], cards[1::3])}) <= 2


def test_excerpts_are_shortened_before_a_card_is_dropped() -> None:
    page = page_of(mail_of("papers-030"))
    assert len(page.xpath("//td[@class='card']")) == 30


def test_even_a_reader_of_four_hundred_feeds_gets_a_mail_that_fits() -> None:
    base = sample(1, 1)
    head = HeadView("Feed " + "x" * 100, "https://papers.example.org/feeds/x", "d" * 300)
    sections = (SectionView(head, (CardView("T" * 400),)),) * 400
    message = replace(base, view=base.view.with_sections(sections)).message()
    page = page_of(message)
    left_out = re.search(r"(\d+) more papers in (\d+) more feeds", words_of(page))
    assert len(message.html.encode()) <= HTML_LIMIT
    assert left_out
    assert int(left_out[2]) + len(page.xpath("//td[@class='head']")) == 400
    assert left_out[0] in message.text


def test_smaller_always_ends() -> None:
    view, steps = sample(30, 3).view, 0
    while (less := smaller(view, HTML_LIMIT + 1)) is not None:
        assert less != view
        view, steps = less, steps + 1
    assert (view.total, view.trending, len(view.sections)) == (0, (), 1)
    assert view.more == 30
    assert steps < 50


def test_shorter_excerpts_still_say_that_there_is_more() -> None:
    view = sample(3, 1).view
    card, shorter = view.sections[0].cards[1], with_excerpts(view, 100).sections[0].cards[1]
    assert shorter.excerpt.length < card.excerpt.length
    assert shorter.excerpt.cut


def own(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "email" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return tmp_path


def rendered(kind: Sample, templates: Path) -> Message:
    return Press(templates).message(kind.view, kind.envelope)


def test_an_own_style_changes_the_look(tmp_path: Path) -> None:
    message = rendered(sample(2, 1), own(tmp_path, "_base/style.css", ".headline { color: #123456 }"))
    assert found(page_of(message), "//h1").get("style") == "color:#123456"


def test_an_own_template_that_alone_exceeds_the_limit_is_refused(tmp_path: Path) -> None:
    folder = own(tmp_path, "digest/body.html", "<html><head></head><body>" + "<p>x</p>" * 20_000 + "</body></html>")
    with pytest.raises(TemplateError, match="bytes without any paper"):
        rendered(sample(2, 1), folder)


def test_an_own_subject_is_one_line(tmp_path: Path) -> None:
    folder = own(tmp_path, "digest/subject.txt", "\n{{ mail.brand }}:\n {{ mail.subject }}\n")
    assert rendered(sample(1, 1), folder).subject == f"Concept Digest: 1 new paper: {FEEDS[1].name}"


def test_a_misspelt_name_in_an_own_template_is_reported(tmp_path: Path) -> None:
    folder = own(tmp_path, "digest/card.html", "<tr>\n<td>{{ row.titel }}</td></tr>")
    with pytest.raises(TemplateError, match=r"card\.html:2: .*titel"):
        rendered(sample(1, 1), folder)


def test_an_own_template_that_looks_at_the_whole_is_rendered_as_a_whole(tmp_path: Path) -> None:
    name = own(tmp_path, "digest/card.html", "<tr><td>{{ mail.reader_name | upper }} {{ mail.total }}</td></tr>")
    assert "MARIE CURIE 2" in words_of(page_of(rendered(sample(2, 1), name)))
    press = Press(tmp_path)
    assert not press.is_fast(sample(2, 1).view, sample(2, 1).envelope)


def test_own_templates_that_look_at_their_own_part_are_as_fast(tmp_path: Path) -> None:
    own(tmp_path, "_base/style.css", ".headline { color: #123456 }")
    own(tmp_path, "digest/card.html", "<tr><td>{{ row.title }} {% if mail.reader_name %}!{% endif %}</td></tr>")
    assert Press(tmp_path).is_fast(sample(3, 2).view, sample(3, 2).envelope)


@pytest.mark.parametrize(
    "looking",
    [
        "{{ mail.sections | length }}",
        "{% for row in mail.rows %}x{% endfor %}",
        "{{ mail.total }}",
        "{{ mail.updates }}",
    ],
)
def test_one_that_looks_further_is_found_out(tmp_path: Path, looking: str) -> None:
    own(tmp_path, "digest/masthead.html", f"<tr><td>{looking}</td></tr>")
    assert not Press(tmp_path).is_fast(sample(3, 2).view, sample(3, 2).envelope)
