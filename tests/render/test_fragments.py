"""Digests put together from fragments are the same as those that are rendered as a whole."""

from __future__ import annotations

import email
from dataclasses import replace
from email.policy import SMTP
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from bot.errors import TemplateError
from bot.render import fragments
from bot.render.cards import CardView
from bot.render.digest import Press
from bot.render.fragments import Fragment, Fragments
from bot.render.languages import SPOKEN, language
from bot.render.plain import plain
from bot.render.quoted import LINE_LENGTH
from bot.render.templates import build_environment
from bot.render.view import Reader
from tests.render.sample_digests import Sample, sample, samples

KINDS = samples()
PRESS = Press()


@cache
def elements(html: str) -> list[tuple[str, dict[str, str], str, str]]:
    """Every element with its attributes, styles among them, and the text before and behind."""
    page = lxml_html.document_fromstring(html)
    return [
        (str(one.tag), dict(one.attrib), " ".join((one.text or "").split()), " ".join((one.tail or "").split()))
        for one in page.iter()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_make_the_same_mail(kind: str) -> None:
    one = KINDS[kind]
    whole, joined = PRESS.whole(one.view, one.envelope), PRESS.message(one.view, one.envelope)
    assert elements(joined.html) == elements(whole.html)
    assert joined.text == whole.text
    assert joined.subject == whole.subject


def test_prepared_together_digests_are_the_same_as_each_alone() -> None:
    alone = {kind: Press().message(one.view, one.envelope) for kind, one in KINDS.items()}
    together = Press()
    together.prepare([one.view for one in KINDS.values()])
    assert {kind: together.message(one.view, one.envelope) for kind, one in KINDS.items()} == alone


def test_a_digest_that_cannot_be_rendered_keeps_none_of_the_others_back() -> None:
    fine, broken = KINDS["papers-007"], sample(1, 1)
    card = replace(broken.view.sections[0].cards[0], badges=3)  # type: ignore[arg-type]  # that is the fault
    section = replace(broken.view.sections[0], cards=(card,))
    press = Press()
    press.prepare([replace(broken.view, sections=(section,)), fine.view])
    assert press.message(fine.view, fine.envelope) == PRESS.message(fine.view, fine.envelope)
    with pytest.raises(TemplateError):
        press.message(replace(broken.view, sections=(section,)), broken.envelope)


letters = st.text(st.characters(codec="utf-8"), max_size=60).map(plain)
links = st.sampled_from(
    ("", "https://papers.example.org/u/x=1&y=2", "https://papers.example.org/" + "q" * 300, "http://127.0.0.1:8000/a")
)


@st.composite
def digests(draw: st.DrawFn) -> Sample:
    """Digests of few papers, with anything at all in what is personal and in one of the titles."""
    reader = Reader(
        draw(letters), draw(st.sampled_from(SPOKEN)), "Asia/Tokyo", draw(links), draw(links), draw(links), draw(links)
    )
    papers = draw(st.integers(1, 4))
    one = sample(papers, draw(st.integers(1, papers)), more=draw(st.integers(0, 2000)), reader=reader)
    view = replace(one.view, subject=draw(letters), headline=draw(letters), summary=draw(letters))
    return Sample(view, replace(one.envelope, unsubscribe_url=None))


@settings(max_examples=settings().max_examples // 2)
@given(digests())
def test_whatever_is_personal_both_ways_make_the_same(one: Sample) -> None:
    whole, joined = PRESS.whole(one.view, one.envelope), PRESS.message(one.view, one.envelope)
    assert elements(joined.html) == elements(whole.html)
    assert joined.text == whole.text


@settings(max_examples=settings().max_examples // 2)
@given(digests())
def test_the_lines_of_a_mail_are_short_and_the_standard_library_reads_them(one: Sample) -> None:
    message = PRESS.message(one.view, one.envelope)
    head, _, body = message.content.partition(b"\r\n\r\n")
    assert body.replace(b"\r\n", b"").count(b"\r") + body.replace(b"\r\n", b"").count(b"\n") == 0
    assert max(map(len, body.split(b"\r\n"))) <= LINE_LENGTH
    assert max(map(len, head.split(b"\r\n"))) <= 998
    parts = [part.get_content_type() for part in email.message_from_bytes(message.content, policy=SMTP).walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]


def test_a_changed_paper_is_rendered_anew() -> None:
    one = sample(1, 1)
    section = one.view.sections[0]
    card = section.cards[0]
    changed = replace(one.view, sections=(replace(section, cards=(replace(card, title="Corrected title"),)),))
    assert "Corrected title" not in PRESS.message(one.view, one.envelope).text
    assert "Corrected title" in PRESS.message(changed, one.envelope).text


def test_a_title_cannot_pass_for_a_place_that_is_left_open() -> None:
    title = "slot00.votes_url. {{ mail.reader_name }} <!--slot.cut.-->"
    one = sample(1, 1)
    section = one.view.sections[0]
    view = replace(one.view, sections=(replace(section, cards=(replace(section.cards[0], title=title),)),))
    assert title in " ".join(PRESS.message(view, one.envelope).text.split())


def test_of_many_papers_only_the_ones_of_late_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "_KEPT", 4)
    made = Fragments(lambda code: build_environment(None, language(code)))
    one = sample(1, 1, trending=())
    section = one.view.sections[0]
    rows = [replace(section.cards[0], vote=f"/{number}") for number in range(12)]

    def shown(row: CardView) -> Fragment:
        return made.of(replace(one.view, sections=(replace(section, cards=(row,)),)))[2]

    first, last = shown(rows[0]), [shown(row) for row in rows[1:]][-1]
    assert shown(rows[-1]) is last
    assert shown(rows[0]) is not first
