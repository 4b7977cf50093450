"""Every message of the mails is in every catalogue, and every mail speaks its reader's language throughout."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from gettext import c2py
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from lxml import html as lxml_html

from bot.models.deliveries import Message as Mail
from bot.render.cards import CardView
from bot.render.inline import inlined
from bot.render.languages import SPOKEN, language
from bot.render.templates import build_environment, filled
from tests.render.sample_digests import sample
from tests.render.sample_letters import mails

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "bot/render/locale"
OTHERS = SPOKEN[1:]
PLACE = re.compile(r"%\((\w+)\)s")
#: What a form need not say that stands for one number alone: `a paper`.
NUMBERS = {"number", "num"}
#: Words of the frame in English that are in every digest below.
FRAME = (
    "Unsubscribe",
    "Preferences",
    "Pause",
    "Continue reading",
    "new papers",
    "this week",
    "Related:",
    "Why it is here",
    "More like this",
    "Not for me",
    "on the web",
    "Add to my feeds",
    "Retracted since",
    "Now published",
    "Out of reach",
    "journal's feed",
    "In English",
)

every_catalogue = pytest.mark.parametrize("code", OTHERS)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The messages that are in the code and the templates now, as `make messages` finds them."""
    path = tmp_path_factory.mktemp("messages") / "messages.pot"
    words = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--output-file", str(path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return read(path)


def read(path: Path, code: str | None = None) -> Catalog:
    with path.open("rb") as lines:
        return read_po(lines, locale=code)


@cache
def catalogue(code: str) -> Catalog:
    return read(LOCALE / f"{code}.po", code)


def messages(one: Catalog) -> list[Message]:
    return [message for message in one if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (str(message.string),)


def told(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (str(message.id),)


def places(words: str) -> set[str]:
    return set(PLACE.findall(words))


def of_one_number(code: str) -> set[int]:
    """The plural forms of a language that stand for one number alone."""
    choose = c2py(catalogue(code).plural_expr)
    chosen = [choose(number) for number in [*range(1001), 10**6, 2 * 10**6]]
    return {form for form in chosen if chosen.count(form) == 1}


def test_there_is_a_catalogue_for_every_language_but_the_source(found: Catalog) -> None:
    assert sorted(path.name for path in LOCALE.iterdir()) == sorted(f"{code}.po" for code in OTHERS)
    assert len(messages(found)) > 100


@every_catalogue
def test_a_catalogue_has_the_messages_that_there_are(code: str, found: Catalog) -> None:
    there, here = {told(message) for message in messages(found)}, {told(one) for one in messages(catalogue(code))}
    assert (there - here, here - there) == (set(), set()), "run: make messages"
    assert not catalogue(code).obsolete


@every_catalogue
def test_every_message_is_translated(code: str) -> None:
    missing = [message.id for message in messages(catalogue(code)) if message.fuzzy or not all(forms(message))]
    assert missing == []


@every_catalogue
def test_there_are_as_many_forms_as_the_language_has(code: str) -> None:
    of_language = Catalog(locale=code)
    mine = catalogue(code)
    assert (mine.num_plurals, mine.plural_expr) == (of_language.num_plurals, of_language.plural_expr)
    for message in messages(mine):
        assert len(forms(message)) == (mine.num_plurals if message.pluralizable else 1), message.id


@every_catalogue
def test_what_is_filled_in_is_kept(code: str) -> None:
    single = of_one_number(code)
    for message in messages(catalogue(code)):
        wanted = places(told(message)[-1])
        for number, form in enumerate(forms(message)):
            spare = NUMBERS if message.pluralizable and number in single else set()
            assert wanted - spare <= places(form) <= wanted, form
            assert "%" not in PLACE.sub("", form), form


@every_catalogue
def test_messages_are_plain_words(code: str) -> None:
    for message in messages(catalogue(code)):
        for words in (*told(message), *forms(message)):
            assert not set("<>&{}\\\n\t") & set(words), words
            assert words == words.strip(), words
            assert words == unicodedata.normalize("NFC", words), words
            assert not [char for char in words if unicodedata.category(char) in {"Cc", "Cf"}], words


@every_catalogue
def test_a_catalogue_names_nobody(code: str) -> None:
    head = (LOCALE / f"{code}.po").read_text("utf-8").partition("\n\n")[0]
    assert "@" not in head
    assert f'"Language: {code}\\n"' in head
    assert '"Last-Translator: \\n"' in head


def all_mails(code: str) -> Iterator[tuple[str, Mail]]:
    """A digest that has everything in it, and every other mail."""
    updates = ((301, "retracted"), (302, "expression of concern"), (303, "published"), (304, "corrected"))
    unreached = ((1, ("pubmed", "syndication")),)
    yield "digest", sample(9, 3, more=1300, language=code, updates=updates, unreached=unreached, missed=31).message()
    yield from mails(code)


def said(mail: Mail) -> Iterator[str]:
    """What a mail says in its three places, each in one line."""
    page = lxml_html.document_fromstring(mail.html)
    labels = [str(value) for value in page.xpath("//@aria-label")]
    words = [str(text) for text in page.xpath("//title/text() | //body//text()")]
    for text in (mail.subject, " ".join(labels + words), mail.text):
        yield " ".join(text.split())


def test_the_words_of_the_frame_are_in_an_english_digest() -> None:
    _, digest = next(all_mails("en"))
    [_, page, _] = said(digest)
    # Papers in English do not say so there.
    assert [words for words in FRAME if words not in page] == ["In English"]


@every_catalogue
def test_no_english_word_of_the_frame_stays(code: str) -> None:
    _, digest = next(all_mails(code))
    for text in said(digest):
        assert [words for words in FRAME if words in text] == []


@every_catalogue
def test_no_english_message_stays_in_any_mail(code: str) -> None:
    whole = [
        message.id
        for message in messages(catalogue(code))
        if isinstance(message.id, str) and " " in message.id and not places(message.id)
    ]
    assert len(whole) > 50
    for name, mail in all_mails(code):
        for text in said(mail):
            assert [words for words in whole if words in text] == [], name


@pytest.mark.parametrize("code", SPOKEN)
def test_mails_say_in_which_language_and_direction_they_are(code: str) -> None:
    for name, mail in all_mails(code):
        page = lxml_html.document_fromstring(mail.html)
        [first, *_] = page.xpath("/html/body/*")
        for element in (page, first):
            assert (element.get("lang"), element.get("dir")) == (code, "rtl" if code == "ar" else "ltr"), name


@pytest.mark.parametrize("code", SPOKEN)
def test_subjects_are_short(code: str) -> None:
    for name, mail in all_mails(code):
        if name != "alarm":  # which has as many words as there are turns
            assert 0 < len(mail.subject) <= 78, mail.subject


@pytest.mark.parametrize("code", ["ar", "en"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_what_a_paper_found_is_marked_on_the_side_where_it_begins(code: str, direction: str) -> None:
    spoken = language(code)
    card = CardView(title="T", key="K", excerpt_direction=direction)
    environment = build_environment(None, spoken)
    shown = filled(environment, "email/digest/card.html", row=card, mail=sample(1, 1, language=code).view)
    sheet = environment.get_template("email/_base/style.css").render()
    page = lxml_html.document_fromstring(inlined(f"<style>{sheet}</style><table>{shown}</table>"))
    [key] = page.xpath("//p[starts-with(@class, 'key')]")
    sides = dict(re.findall(r"border-(left|right): ?(\d)", str(key.get("style"))))
    assert sides == ({"left": "3"} if direction == "ltr" else {"left": "0", "right": "3"})
    assert key.get("dir") == (None if direction == spoken.direction else direction)
