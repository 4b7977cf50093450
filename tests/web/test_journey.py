"""A reader's whole journey in a real browser, from the home page to goodbye and back.

The site is `bot serve` behind TLS, with its scheduler; mails go through a real mail system into a real mailbox.
"""

from __future__ import annotations

import re
import signal
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

from bot.concepts.catalogue import starter
from bot.demo.service import SampleService
from bot.digests.cadence import next_occasion
from bot.models.subscribers import Standing
from bot.settings import read_settings
from bot.store.feeds import apply_catalogue
from bot.store.subscribers import SubscriberRecord, subscriber_by_email
from bot.wiring import App, build
from tests.cli.test_serve import line_with, serving
from tests.test_journey import read_mail
from tests.web.browser import Album, a_browser
from tests.web.gate import gate

if TYPE_CHECKING:
    from playwright.sync_api import Page

ZOE = "zoe@reader.example"
ZONE = "Europe/Berlin"
CHOSEN = ("Blastomycosis", "COVID-19", "Microbicides")
#: A concept that papers of these are related to, and its feed.
RELATED, ADDED = "Fatigue Syndrome, Chronic", "Chronic fatigue syndrome"
#: Seconds for whatever other programs do.
PATIENCE = 30


class Place:
    """What the reader has, a browser and a mailbox, and what the admin has of the site."""

    def __init__(self, app: App, page: Page, mailbox: Path, folder: Path) -> None:
        self._app = app
        self.page = page
        self._mailbox = mailbox
        self._mail = folder / "mail.html"
        self._album = Album(folder / "pictures")
        self._read: set[Path] = set()

    def see(self, headline: str, name: str) -> None:
        """Look whether the page has that headline, and keep a picture of it."""
        self.page.get_by_role("heading", level=1, name=headline, exact=True).wait_for()
        self._album.take(self.page, name)

    def press(self, words: str) -> None:
        """Press the button of that name; of several, the last one."""
        self.page.get_by_role("button", name=words, exact=True).last.click()

    def follow(self, words: str) -> None:
        """Follow the first link of that name."""
        self.page.get_by_role("link", name=words, exact=True).first.click()

    def told(self) -> str:
        """What the page says has become of a form."""
        return self.page.get_by_role("status").first.inner_text()

    def mail(self, about: str) -> EmailMessage:
        """The next mail with these words in its subject, opened in the browser as a webmail shows it."""
        # The scheduler does so every five seconds; here nobody needs to wait for it.
        self.by_hand(lambda app: app.answer())
        until = monotonic() + PATIENCE
        while True:
            for path in set((self._mailbox / "new").glob("*")) - self._read:
                mail = read_mail(path)
                if about in str(mail["Subject"]):
                    self._read.add(path)
                    html = mail.get_body(("html",))
                    assert html is not None
                    self._mail.write_text(html.get_content(), "utf-8")
                    self.open_mail()
                    return mail
            assert monotonic() < until, f"no mail about {about}"
            # Another program delivers it: there is nothing to wait on but the file.
            sleep(0.1)

    def open_mail(self) -> None:
        """The mail that was read last, once more."""
        self.page.goto(self._mail.as_uri())

    def reader(self) -> SubscriberRecord:
        """What is stored of the reader."""
        return subscriber_by_email(self._app.store, ZOE)

    def by_hand(self, step: Callable[[App], int]) -> int:
        """What an admin's step comes to; in a thread without Playwright's event loop."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(step, self._app).result()


@pytest.fixture
def place(tmp_path: Path, mail_system: Path) -> Iterator[Place]:
    """A site with the starter catalogue, sample papers, and no subscribers yet."""
    tls = mail_system / "tls"
    with (
        SampleService(datetime.now(UTC).date()) as service,
        gate(str(tls / "srv.pem"), str(tls / "srv.key")) as outside,
        a_browser() as browser,
    ):
        told = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
            "PUBMED_URL": service.pubmed_url,
            # Only for the pace that a key allows.
            "NCBI_API_KEY": "sample",
            "FETCH_ALLOW_PRIVATE": "true",
            "SMTP_URL": "smtp+starttls://digest:s3cret@localhost:2587",
            "SMTP_CA_FILE": str(tls / "ca.pem"),
            "FROM": "Concept Digest <digest@papers.example.org>",
            "BOUNCE_ADDRESS": "bounce@papers.example.org",
            "POSTAL_ADDRESS": "1 Sample Street, 12345 Exampleton",
            "PUBLIC_URL": outside.url,
        }
        settings = read_settings(tmp_path, {f"BOT_{name}": value for name, value in told.items()})
        with closing(build(settings, lambda: datetime.now(UTC))) as app, served(app, tmp_path, told) as port:
            outside.behind = port
            context = browser.new_context(
                base_url=outside.url,
                viewport={"width": 1100, "height": 800},
                locale="en-GB",
                timezone_id=ZONE,
                # The certificate is of the mail system, whose authority no browser knows.
                ignore_https_errors=True,
            )
            asked: list[str] = []
            context.on("request", lambda request: asked.append(request.url))
            context.on("console", lambda message: asked.append(f"console: {message.text}"))
            yield Place(app, context.new_page(), mail_system / "dove/mail/zoe", tmp_path)
            # Nothing from elsewhere, and nothing that the browser complained about.
            assert [one for one in asked if not one.startswith((f"{outside.url}/", "file:"))] == []


@contextmanager
def served(app: App, folder: Path, told: dict[str, str]) -> Iterator[int]:
    """The port of `bot serve`, once it has collected."""
    # One service is enough here, and half the wait for its pace.
    queried = [
        replace(feed, queries=tuple(one for one in feed.queries if one.source == "pubmed")) for feed in starter()
    ]
    apply_catalogue(app.store, queried, app.clock())
    with serving(folder, **told) as server:
        found = re.search(r"url=\S+:(\d+)", line_with(server, "page"))
        assert found is not None
        line_with(server, "collected")
        yield int(found[1])
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0


def one_click(mail: EmailMessage, ca_file: Path) -> int:
    """The answer's status to what a mail program's own button sends (RFC 8058 section 3.1)."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (address,) = re.findall(r"<(https:[^>]+)>", str(mail["List-Unsubscribe"]))
    request = urllib.request.Request(address, b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=ca_file), timeout=10) as answer:
        assert answer.url == address
        return int(answer.status)


def test_a_reader_finds_it_follows_feeds_and_leaves(place: Place, mail_system: Path) -> None:
    page = place.page
    page.goto("/")
    place.see("New papers on the concepts you follow", "home")
    for feed in CHOSEN:
        page.get_by_label(f"In my digest: {feed}").check()
    page.get_by_label("Your e-mail address").fill(ZOE)
    place.see("New papers on the concepts you follow", "three feeds chosen")
    place.press("Sign up")
    place.see("Look into your mailbox", "signed up")

    place.mail("Please confirm")
    place.see("Please confirm", "mail to confirm")
    place.follow("Yes, send me digests")
    place.see("One button, and your digests begin", "confirm")
    place.press("Yes, send me digests")
    place.see("Welcome", "welcome")
    assert set(page.get_by_role("main").get_by_role("listitem").all_inner_texts()) == set(CHOSEN)

    place.mail("Welcome")
    place.see("Welcome", "mail of welcome")
    place.follow("Preferences")
    place.see("Your digest", "preferences")
    # As the clock of the browser has it.
    assert page.get_by_label("Time zone").input_value() == ZONE
    page.get_by_label("Hour").select_option("16")
    place.press("Save")
    place.see("Your digest", "another hour")
    assert "Monday at 16:00" in place.told()

    place.follow("Pause my digests")
    place.see("Pause your digests?", "pause")
    page.get_by_label("Until a day").check()
    back = datetime.now(UTC) + timedelta(days=40)
    page.get_by_label("The first day with digests again").fill(f"{back:%Y-%m-%d}")
    place.press("Pause my digests")
    place.see("Your digests are paused", "paused")
    assert place.reader().standing == Standing.PAUSED
    place.press("Go on sending")
    place.see("Your digests go on", "going on")

    due = next_occasion(place.reader().wish, datetime.now(UTC))
    assert place.by_hand(lambda app: app.plan(at=due - timedelta(seconds=1)).chosen) == 0
    assert place.by_hand(lambda app: app.plan(at=due).chosen) == 1
    assert place.by_hand(lambda app: app.deliver().sent) == 1
    digest = place.mail("new papers: ")
    headline = str(digest["Subject"]).partition(":")[0]
    place.see(headline, "digest")
    place.follow(RELATED)
    place.see(ADDED, "related concept")
    place.open_mail()
    place.follow(f"Add to my feeds: {ADDED}")
    place.see("Your digest", "feed to add")
    place.press("Save")
    place.see("Your digest", "feed added")
    assert ADDED in place.told()
    assert set(place.reader().feeds) > {"chronic-fatigue-syndrome", "covid-19"}

    assert one_click(digest, mail_system / "tls/ca.pem") == 200
    assert place.reader().standing == Standing.LEFT
    place.open_mail()
    place.follow("Unsubscribe")
    place.see("You are unsubscribed", "left by the button of the mail program")
    place.press("Undo: keep my digests")
    place.see("Good to have you back", "back again")
    assert place.reader().standing == Standing.ACTIVE

    place.open_mail()
    place.follow("Unsubscribe")
    place.see("Unsubscribe?", "unsubscribe")
    place.press("Unsubscribe")
    place.see("You are unsubscribed", "goodbye")
    assert place.reader().standing == Standing.LEFT
    page.get_by_role("button", name="Undo: keep my digests").wait_for()
    assert place.by_hand(lambda app: app.plan(everyone=True).chosen) == 0
