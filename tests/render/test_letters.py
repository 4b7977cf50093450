"""Letters to a subscriber: what a reader finds in them, in both parts and in all languages."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from functools import cache
from itertools import pairwise

import pytest
from lxml import html as lxml_html

from bot.errors import TemplateError
from bot.models.deliveries import Message
from bot.models.feeds import FeedRecord
from bot.models.letters import ANSWERS, LetterKind
from bot.models.subscribers import Cadence, Wish
from bot.render.fit import HTML_LIMIT
from bot.render.languages import SPOKEN, language
from bot.render.letters import Choice, changed, confirmation, goodbye, welcome
from bot.render.occasions import how_often, moment, stamp
from bot.render.templates import build_environment
from bot.render.whole import MailView, render_mail
from bot.render.wrap import COLUMNS, columns
from tests.render.sample_letters import (
    ADDRESS,
    CONFIRM_URL,
    FEEDS,
    HOSTILE,
    NOW,
    RETURN_URL,
    SITE,
    choice,
    envelope,
    letter,
    letters,
    mails,
    reader,
)

every_mail = pytest.mark.parametrize(
    ("name", "code"), [(name, code) for code in SPOKEN for name in (*LetterKind, "report", "alarm")]
)


@cache
def all_mails(code: str) -> dict[str, Message]:
    return dict(mails(code))


def page_of(message: Message) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(message.html)


def words_of(element: lxml_html.HtmlElement) -> str:
    return " ".join(str(element.text_content()).split())


def flat(text: str) -> str:
    return " ".join(text.split())


def headers_of(message: Message) -> EmailMessage:
    mail = email.message_from_bytes(message.content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def assert_both_say_the_same(message: Message) -> None:
    """All words of the HTML part stand in the text part, and all its links on lines of their own."""
    text = "".join(message.text.split()).replace("`", "")
    page = page_of(message)
    # A link that is shown as it is stands in for a button, which there is none of in text.
    lines = "//h1|//h2|//h3|//body//p[not(a[. = @href])]|//td[starts-with(@class, 'fact')]|//td[@class='value']"
    for line in page.xpath(lines):
        # Links are said otherwise there: their names stand above their addresses.
        pieces = line.xpath(".//text()") if line.xpath("boolean(.//a|.//span)") else [line.text_content()]
        for piece in pieces:
            assert "".join(str(piece).split()).strip("·,") in text or str(piece).strip() == message_brand(page)
    for link in page.xpath("//a/@href"):
        assert link in [line.strip() for line in message.text.splitlines()]


def message_brand(page: lxml_html.HtmlElement) -> str:
    return words_of(page.xpath("//p[@class='brand']")[0])


def test_every_mail_is_there() -> None:
    assert list(all_mails("en")) == [*LetterKind, "report", "alarm", "trouble"]


@every_mail
def test_the_page_has_a_title_a_language_a_direction_and_one_first_heading(name: str, code: str) -> None:
    message = all_mails(code)[name]
    page = page_of(message)
    spoken = language(code)
    for element in (page, page.xpath("/html/body/*[1]")[0]):
        assert (element.get("lang"), element.get("dir")) == (code, spoken.direction)
    assert page.findtext(".//title") == message.subject == headers_of(message)["Subject"]
    assert headers_of(message)["Content-Language"] == code
    levels = [int(str(heading.tag)[1]) for heading in page.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(then - now <= 1 for now, then in pairwise(levels))
    assert {table.get("role") for table in page.iter("table")} == {"presentation"}


@every_mail
def test_the_html_is_small_and_fetches_hides_and_runs_nothing(name: str, code: str) -> None:
    html = all_mails(code)[name].html
    page = page_of(all_mails(code)[name])
    assert len(html.encode()) < HTML_LIMIT
    assert not page.xpath("//img|//link|//script|//iframe|//object|//form|//base|//@src|//@background|//@srcset")
    assert not re.search(r"url\(|@import|display: ?none|visibility: ?hidden|font-size: ?(?:[0-9]|1[0-3])px", html)
    assert page.xpath("//h1")[0].get("style")
    assert "@media (prefers-color-scheme: dark)" in html


@every_mail
def test_both_parts_say_the_same(name: str, code: str) -> None:
    assert_both_say_the_same(all_mails(code)[name])


@every_mail
def test_text_lines_keep_to_their_columns(name: str, code: str) -> None:
    for line in all_mails(code)[name].text.splitlines():
        assert columns(line) <= COLUMNS or re.fullmatch(r" *https?://\S+", line)
    assert "\n\n\n\n" not in all_mails(code)[name].text.replace("\r", "")


@every_mail
def test_the_sender_is_named(name: str, code: str) -> None:
    message = all_mails(code)[name]
    assert f"Concept Digest, {SITE.postal_address}" in words_of(page_of(message))
    assert f"Concept Digest, {SITE.postal_address}" in flat(message.text)


def test_a_confirmation_asks_by_one_button_and_says_what_for() -> None:
    message = all_mails("en")[LetterKind.CONFIRMATION]
    page = page_of(message)
    [button] = page.xpath("//td[@class='press']/a[@class='button']")
    assert (words_of(button), button.get("href")) == ("Yes, send me digests", CONFIRM_URL)
    assert "padding" in button.get("style")
    assert [words_of(link) for link in page.xpath(f"//a[@href='{CONFIRM_URL}']")] == [words_of(button), CONFIRM_URL]
    for said in (words_of(page), flat(message.text)):
        for words in (
            f"asked for digests of new papers to be sent to {ADDRESS}.",
            "Nothing is sent before you confirm. The link is good for 7 days.",
            "every Monday at 07:00 (Berlin time)",
            "at most 12 papers at a time",
            "Then there is nothing to do. Unless you confirm, no digest is ever sent to this address.",
            "Microbicides",
        ):
            assert words in said
    assert message.text.splitlines().count(CONFIRM_URL) == 1


def test_a_confirmation_holds_no_words_of_who_filled_in_the_form() -> None:
    view = letters(name="Buy now at example.org")[LetterKind.CONFIRMATION]
    assert view.reader_name == ""
    assert "Buy now" not in letter(view).html + letter(view).text


def test_the_link_is_good_for_one_day_or_several() -> None:
    view = letters()[LetterKind.CONFIRMATION]
    assert "good for 1 day." in letter(replace(view, days=1)).text


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "/confirm/x", "https://user@papers.example.org/"])
def test_a_letter_without_its_link_is_not_written(url: str) -> None:
    with pytest.raises(ValueError, match="not a web link"):
        confirmation(choice(), ADDRESS, SITE, url, 7)
    with pytest.raises(ValueError, match="not a web link"):
        goodbye(reader(), ADDRESS, SITE, url)


def test_only_mails_to_subscribers_can_be_unsubscribed_from() -> None:
    offered = {name: headers_of(message)["List-Unsubscribe"] for name, message in all_mails("en").items()}
    assert {name for name, header in offered.items() if header} == {
        LetterKind.ALREADY,
        LetterKind.WELCOME,
        LetterKind.CHANGED,
    }


def test_a_welcome_says_when_the_first_digest_comes_and_how_to_change_that() -> None:
    message = all_mails("en")[LetterKind.WELCOME]
    page = page_of(message)
    first = (
        "Your first digest comes on Monday, 16 November 2026 at 07:00 (Berlin time), if there is anything new by then."
    )
    for said in (words_of(page), flat(message.text)):
        assert first in said
        assert "For Marie Curie" in said
        for feed in FEEDS:
            assert feed.name in said
            assert feed.description in said
    assert page.xpath("//h3/a/@href")[2] == "https://papers.example.org/feeds/microbicides"
    links = {words_of(link): str(link.get("href")) for link in page.xpath("//p[@class='after']/a")}
    person = reader()
    assert links == {
        "Preferences": person.preferences_url,
        "Pause": person.pause_url,
        "Unsubscribe": person.unsubscribe_url,
    }


def test_a_change_tells_all_that_holds_and_how_to_undo_it() -> None:
    now = Choice(FEEDS[:1], Wish(Cadence.MONTHLY, 4, 18, "UTC"), 1)
    view = changed(now, reader(), ADDRESS, SITE, NOW)
    assert [fact.value for fact in view.facts] == [
        "on the first Friday of each month at 18:00 (UTC)",
        "at most 1 paper at a time",
        "English",
        "Monday, 9 November 2026 at 06:00 (UTC)",
    ]
    in_french = changed(now, reader("fr"), ADDRESS, SITE, NOW)
    assert in_french.facts[2].value == "français"
    assert in_french.facts[3].value.startswith("lundi 9 novembre 2026")
    page = page_of(letter(view))
    assert [words_of(heading) for heading in page.iter("h3")] == ["Chronic fatigue syndrome"]
    assert page.xpath("//p[@class='after']/a/@href") == [reader().preferences_url]
    assert "If it was not you" in letter(view).text


def test_a_change_while_paused_has_no_next_digest() -> None:
    view = changed(choice(), reader(), ADDRESS, SITE)
    assert view.facts[-1].value == "none while your digests are paused"


def test_who_follows_nothing_is_told_so() -> None:
    message = letter(changed(Choice(()), reader(), ADDRESS, SITE, NOW))
    assert "No feeds are chosen." in words_of(page_of(message))
    assert "No feeds are chosen." in message.text


def test_a_goodbye_has_one_link_and_says_what_is_kept() -> None:
    message = all_mails("en")[LetterKind.GOODBYE]
    page = page_of(message)
    assert [(words_of(link), link.get("href")) for link in page.iter("a")] == [
        ("Come back to Concept Digest", RETURN_URL)
    ]
    assert re.findall(r"https?://\S+", message.text) == [RETURN_URL]
    for said in (words_of(page), flat(message.text)):
        assert f"Nothing more is sent to {ADDRESS}." in said
        assert (
            "Only your address, what was sent to it, and that you asked for it and have left. "
            "So it is not written to again." in said
        )


@pytest.mark.parametrize("code", SPOKEN)
@pytest.mark.parametrize("kind", [LetterKind.CONFIRMATION, LetterKind.ALREADY, LetterKind.WELCOME, LetterKind.CHANGED])
def test_hostile_feeds_and_names_are_shown_as_they_are(kind: LetterKind, code: str) -> None:
    message = letter(letters(code, HOSTILE, name="<b>Marie</b> & \u202e{{ 7 * 7 }}")[kind])
    page = page_of(message)
    assert not page.xpath("//script|//body//style|//b")
    assert HOSTILE.name in [words_of(heading) for heading in page.iter("h3")]
    for said in (words_of(page), flat(message.text)):
        assert flat(HOSTILE.description) in said
        assert ("<b>Marie</b> & {{ 7 * 7 }}" in said) is (kind not in ANSWERS)
        assert "\u202e" not in said
    assert len(page.xpath("//table[@class='page']/tbody/tr")) == len(
        page_of(all_mails(code)[kind]).xpath("//table[@class='page']/tbody/tr")
    )
    assert_both_say_the_same(message)


def test_a_hostile_brand_and_address_are_escaped() -> None:
    site = replace(SITE, brand="<i>B</i> 100% %(address)s & Co")
    message = letter(goodbye(reader(), '"<u>x</u>"@reader.example.org', site, RETURN_URL))
    assert not page_of(message).xpath("//i|//u")
    assert message.subject == "You have left <i>B</i> 100% %(address)s & Co"
    assert '"<u>x</u>"@reader.example.org' in words_of(page_of(message))


@pytest.mark.parametrize(
    ("name", "description"), [("&" * 120, "<" * 300), ("慢" * 120, "病" * 300), ("Sleep", "All of it.")]
)
def test_a_letter_of_very_many_feeds_fits_and_counts_the_rest(name: str, description: str) -> None:
    feeds = tuple(FeedRecord(number, f"feed-{number}", f"{number} {name}", description) for number in range(500))
    message = letter(welcome(Choice(feeds), reader(), ADDRESS, SITE, NOW))
    page = page_of(message)
    told = len(list(page.iter("h3")))
    assert 7 <= told <= 60
    assert len(message.html.encode()) <= HTML_LIMIT
    for said in (words_of(page), flat(message.text)):
        assert f"and {500 - told} more feeds" in said
    assert_both_say_the_same(message)


def test_a_mail_that_cannot_fit_is_refused() -> None:
    view = letters()[LetterKind.GOODBYE]
    huge = build_environment(None, view.spoken)
    huge.globals["_"] = huge.globals["gettext"] = lambda *_, **__: "x" * HTML_LIMIT

    def view_of(_: int) -> MailView:
        return view

    with pytest.raises(TemplateError, match="nothing told one by one"):
        render_mail("email/goodbye", view_of, 4, envelope(), huge)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(Cadence.DAILY, 3, 0, "Asia/Tokyo"), "every day at 00:00 (Tokyo time)"),
        (Wish(Cadence.WEEKLY, 6, 23, "America/Argentina/Buenos_Aires"), "every Sunday at 23:00 (Buenos Aires time)"),
        (Wish(Cadence.MONTHLY, 1, 7, "UTC"), "on the first Tuesday of each month at 07:00 (UTC)"),
        (Wish(Cadence.DAILY, 0, 7, "Etc/GMT+5"), "every day at 07:00 (GMT+5)"),
        (Wish(Cadence.DAILY, 0, 7, "No/Where"), "every day at 07:00 (UTC)"),
    ],
)
def test_how_often_in_words(wish: Wish, words: str) -> None:
    assert how_often(wish, language("en")) == words


def test_moments_are_of_the_reader_s_clock() -> None:
    assert moment(NOW, "America/Los_Angeles", language("en")) == "Sunday, 8 November 2026 at 22:00 (Los Angeles time)"
    in_chinese = moment(NOW, "Europe/Berlin", language("zh"))
    assert in_chinese.startswith("2026年11月9日星期一")
    assert "柏林" in in_chinese
    assert stamp(NOW, "Europe/Berlin", language("de")) == "Mo. 2026-11-09 07:00 CET"
    assert stamp(NOW, "UTC", language("ar")).endswith("\u20662026-11-09 06:00 UTC\u2069")
