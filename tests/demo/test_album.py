"""The page of all mails: complete, and safe whatever a mail says."""

from __future__ import annotations

from pathlib import Path

from lxml import html

from bot.demo.album import album_page, write_album
from bot.demo.mailbox import Mail


def mail(number: int, folder: Path = Path("/mails"), **changes: object) -> Mail:
    stem = f"{number:03d}-reader"
    values: dict[str, object] = {
        "number": number,
        "recipient": f"reader{number}@example.org",
        "sender": "bounce@papers.example.org",
        "subject": f"{number} new papers",
        "path": folder / f"{stem}.eml",
        "html": folder / f"{stem}.html",
        "text": folder / f"{stem}.txt",
    }
    return Mail(**(values | changes))  # type: ignore[arg-type]  # the keys are those of the class


def test_shows_each_mail_with_its_files(tmp_path: Path) -> None:
    path = write_album(tmp_path, [mail(1, tmp_path), mail(2, tmp_path, html=None, text=None)])
    assert path == tmp_path / "index.html"
    page = html.fromstring(path.read_text(encoding="utf-8"))
    assert [each.text for each in page.iter("h2")] == ["1 new papers", "2 new papers"]
    assert [each.get("src") for each in page.iter("iframe")] == ["001-reader.html"]
    assert [each.get("href") for each in page.iter("a")] == [
        "001-reader.html",
        "001-reader.txt",
        "001-reader.eml",
        "002-reader.eml",
    ]
    assert "reader1@example.org" in page.text_content()


def test_what_a_mail_says_is_text() -> None:
    evil = '"><script>alert(1)</script>&amp;'
    page = album_page([mail(1, subject=evil, recipient=f"{evil}@example.org", html=Path(f"/x/{evil}.html"))])
    assert "<script" not in page
    parsed = html.fromstring(page)
    assert next(parsed.iter("h2")).text == evil
    assert next(parsed.iter("iframe")).get("title") == f"Mail to {evil}@example.org"


def test_mails_run_nothing_and_load_nothing() -> None:
    page = html.fromstring(album_page([mail(1)]))
    assert next(page.iter("iframe")).get("sandbox") == ""
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy[0].startswith("default-src 'none'")
    assert not page.xpath("//script | //link | //img | //@src[contains(., '//')] | //@href[contains(., '//')]")


def test_says_so_when_nothing_came() -> None:
    page = album_page([])
    assert "No mail came." in page
    assert "0 mails" in page
