"""`bot preview`: a digest shown on stdout, in files, and on one page for a browser; none is started here."""

from __future__ import annotations

import html as entities
import re
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html as lxml_html

from bot.cli.context import now
from bot.cli.preview_page import in_scheme
from bot.models.papers import AbstractSection
from bot.render.languages import SPOKEN
from bot.settings import Settings
from bot.store import feeds
from bot.wiring import build
from tests.builders import NOW, catalogue_feed, finding, save
from tests.cli.conftest import Ran

ZOE = "zoe@reader.example"
HOSTILE = "</iframe><script>alert(1)</script> </pre> & \"quotes\" 'single' x<y"

Bot = Callable[..., Ran]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that a browser was told to open."""
    files: list[Path] = []

    def opening(url: str) -> bool:
        assert urlsplit(url).scheme == "file"
        files.append(Path(unquote(urlsplit(url).path)))
        return True

    monkeypatch.setattr(webbrowser, "open", opening)
    return files


@pytest.fixture
def filled(bot: Bot, folder: Path) -> Bot:
    """A subscriber whose digest has a hostile paper."""
    app = build(Settings(database_url=f"sqlite:///{folder}/bot.db"), now)
    feeds.apply_catalogue(app.store, [replace(catalogue_feed("one"), name="<script>One</script> & two")], NOW)
    abstract = (AbstractSection("", f"They said: {HOSTILE}."),)
    save(app.store, feeds.feed(app.store, "one").id, [finding(1, title=HOSTILE, abstract=abstract)], now)
    app.close()
    assert bot("subscribers", "add", ZOE, "--feeds", "one", "--name", "Zoe <script>").code == 0
    return bot


def page_of(file: Path) -> lxml_html.HtmlElement:
    page: lxml_html.HtmlElement = lxml_html.document_fromstring(file.read_text("utf-8"))
    return page


def facts(page: lxml_html.HtmlElement) -> dict[str, str]:
    return {str(one.findtext("dt")): " ".join((one.find("dd").text or "").split()) for one in page.xpath("//dl/div")}


def test_all_of_a_message_is_on_one_page(filled: Bot, opened: list[Path]) -> None:
    ran = filled("preview", ZOE, "--open")
    assert (ran.code, ran.err) == (0, "")
    (file,) = opened
    assert ran.out == f"{file}\n"
    assert file.parent.stat().st_mode & 0o077 == 0

    page = page_of(file)
    html, text = filled("preview", ZOE, "--html").out.rstrip("\n"), filled("preview", ZOE, "--text").out
    frames = page.xpath("//iframe")
    assert [(frame.get("width"), frame.get("class"), frame.get("sandbox")) for frame in frames] == [
        ("600", "light", ""),
        ("320", "light", ""),
        ("600", "dark", ""),
    ]
    for frame, scheme in zip(frames, ("light", "light", "dark"), strict=True):
        assert frame.get("srcdoc").rstrip("\n") == in_scheme(html, scheme)
    shown, headers, source = ("".join(one.itertext()) for one in page.xpath("//pre"))
    assert text.rstrip("\n").endswith(shown.rstrip("\n"))
    assert "\nList-Unsubscribe: <" in headers
    assert "quoted-printable" not in headers
    assert source.startswith(headers + "\n\n")
    assert "Content-Transfer-Encoding: quoted-printable" in source

    told = facts(page)
    assert told["HTML part"] == f"{len((html + chr(10)).encode()):,} of 90,000 bytes"
    assert told["Text part"] == f"{len(shown.encode()):,} bytes"
    assert told["Cards"] == "1"
    assert told["Templates"] == "fast, put together from fragments"
    assert told["Whole message"].endswith(" bytes")


def test_nothing_that_a_paper_says_is_markup_of_the_page(filled: Bot, opened: list[Path]) -> None:
    filled("preview", ZOE, "--open")
    text = opened[0].read_text("utf-8")
    page = page_of(opened[0])
    assert page.xpath("//script|//img|//link|//base|//form|//a[not(starts-with(@href, '#'))]") == []
    assert len(page.xpath("//iframe")) == 3
    assert "<script" not in text
    assert "<script>One</script> & two" in str(page.findtext(".//h1"))
    assert page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]
    inner = lxml_html.document_fromstring(page.xpath("//iframe/@srcdoc")[0])
    assert inner.xpath("//script") == []
    assert " ".join(HOSTILE.split()) in {" ".join(link.text_content().split()) for link in inner.xpath("//h3//a")}
    assert HOSTILE in " ".join("".join(page.xpath("//section[@id='text']/pre")[0].itertext()).split())


def test_cards_that_had_no_room_are_counted(bot: Bot, folder: Path, opened: list[Path]) -> None:
    app = build(Settings(database_url=f"sqlite:///{folder}/bot.db"), now)
    feeds.apply_catalogue(app.store, [catalogue_feed("one")], NOW)
    many = [finding(number, title=f"Paper {number} " + "α<β " * 100) for number in range(1, 101)]
    save(app.store, feeds.feed(app.store, "one").id, many, now)
    app.close()
    bot("subscribers", "add", ZOE, "--feeds", "one", "--max-papers", "100")
    assert bot("preview", ZOE, "--open").code == 0
    page = page_of(opened[0])
    found = re.fullmatch(r"(\d+); (\d+) more had no room", facts(page)["Cards"])
    assert found
    assert int(found[1]) + int(found[2]) == 100
    inner = lxml_html.document_fromstring(page.xpath("//iframe/@srcdoc")[0])
    assert len(inner.xpath("//h3[@class='title']")) == int(found[1])


def test_an_invented_digest_needs_no_database(bot: Bot, folder: Path, opened: list[Path]) -> None:
    ran = bot("preview", "--sample", "--open")
    assert (ran.code, ran.out) == (0, f"{opened[0]}\n")
    assert facts(page_of(opened[0]))["Cards"] == "5"
    assert "5 new papers: Chronic fatigue syndrome" in bot("preview", "--sample").out
    assert (
        b"\r\nSubject: 5 new papers" not in bot("preview", "--sample", "--eml").out.encode().partition(b"\r\n\r\n")[2]
    )
    assert "Sam Sample" in bot("preview", "--sample", "--eml").out
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("code", SPOKEN)
def test_another_language(bot: Bot, code: str) -> None:
    ran = bot("preview", "--sample", "--html", "--language", code)
    assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}"' in ran.out


def test_a_subscribers_digest_in_another_language(filled: Bot) -> None:
    assert '<html lang="en"' in filled("preview", ZOE, "--html").out
    assert '<html lang="fr"' in filled("preview", ZOE, "--html", "--language", "fr").out
    assert filled("subscribers", "show", ZOE, "--json").json["language"] == "en"


def test_what_goes_together_and_what_does_not(bot: Bot) -> None:
    for words, problem in (
        ((), "name a subscriber, or see an invented digest with --sample"),
        ((ZOE, "--sample"), "one of the two"),
        (("--sample", "--html", "--eml"), "one at a time"),
        (("--sample", "--language", "xx"), "no such language: 'xx'; known: en, de, "),
        (("--sample", "--at", "soon"), "not a time: 'soon'"),
    ):
        ran = bot("preview", *words)
        assert (ran.code, ran.out) == (2, "")
        assert problem in ran.err


def test_one_part_alone_is_opened_too(bot: Bot, folder: Path, opened: list[Path]) -> None:
    for form, name in (("--html", "preview.html"), ("--text", "preview.txt"), ("--eml", "preview.eml")):
        assert bot("preview", "--sample", form, "--open").code == 0
        assert opened[-1].name == name
    assert opened[-1].read_bytes().startswith(b"From: ")
    assert bot("preview", "--sample", "--open", "--out", "mine.html").out == f"{folder / 'mine.html'}\n"
    assert bot("preview", "--sample", "--open", "--out", ".").out == f"{folder / 'preview.html'}\n"
    assert opened[-2:] == [folder / "mine.html", folder / "preview.html"]
    assert len(page_of(folder / "mine.html").xpath("//iframe")) == 3


def test_a_file_is_written_without_a_browser(bot: Bot, folder: Path, opened: list[Path]) -> None:
    ran = bot("preview", "--sample", "--html", "--out", "a.html")
    assert (ran.code, ran.out, ran.err, opened) == (0, "", "written: a.html\n", [])
    assert (folder / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    ran = bot("preview", "--sample", "--out", "nowhere/a.html")
    assert (ran.code, ran.err) == (1, "bot: preview: nowhere/a.html: cannot be written: No such file or directory\n")


@pytest.mark.parametrize("answer", [False, webbrowser.Error("none"), OSError("none")])
def test_where_there_is_no_browser_the_file_is_told(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, answer: bool | Exception
) -> None:
    def opening(_url: str) -> bool:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(webbrowser, "open", opening)
    ran = bot("preview", "--sample", "--open")
    assert (ran.code, ran.err) == (0, "no browser is to be found here; open the file yourself\n")
    assert Path(ran.out.rstrip("\n")).is_file()


def test_templates_that_are_broken_are_told_by_file_and_line(
    bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder / "own" / "email" / "digest" / "card.html"
    own.parent.mkdir(parents=True)
    own.write_text("<tr>\n{{ nobody }}", "utf-8")
    monkeypatch.setenv("BOT_TEMPLATES", "own")
    ran = bot("preview", "--sample", "--open")
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"bot: template: \S*own/email/digest/card\.html:2: 'nobody' is undefined\n", ran.err)


STYLED = """<!DOCTYPE html>
<html><head><style>
@media (prefers-color-scheme: dark) { .x { color: red !important } }
@media ( PREFERS-color-scheme : light ) and (max-width: 480px) { .x { color: blue !important } }
</style></head><body><p>(prefers-color-scheme: dark) is said in a paper</p></body></html>"""


def test_colours_are_those_of_the_frame_whatever_the_browser_prefers() -> None:
    dark, light = in_scheme(STYLED, "dark"), in_scheme(STYLED, "light")
    assert "@media (min-width: 0) { .x { color: red" in dark
    assert "@media (max-width: 0) and (max-width: 480px)" in dark
    assert "@media (max-width: 0) { .x { color: red" in light
    assert "@media (min-width: 0) and (max-width: 480px)" in light
    for scheme, document in (("dark", dark), ("light", light)):
        assert document.count("(prefers-color-scheme: dark) is said in a paper") == 1
        assert f"<head><style>:root {{ color-scheme: only {scheme} !important; }}</style>" in document
    assert entities.unescape(entities.escape(dark)) == dark
