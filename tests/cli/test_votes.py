"""From the links of a mail to the order of the next one, and to forgetting, through the real doors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.cli.context import now
from bot.models.papers import AbstractSection, Finding
from bot.models.rosters import RosterRow
from bot.models.subscribers import Wish
from bot.settings import Settings
from bot.store import feeds, rosters
from bot.store.rosters import Defaults
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from bot.wiring import App, build
from tests.builders import NOW, catalogue_feed, finding, save
from tests.cli.conftest import Ran

ZOE = "zoe@reader.example"
TOPICS = ("sleep insomnia melatonin", "virus antibody vaccine", "muscle mitochondria lactate")

Bot = Callable[..., Ran]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(folder: Path, clock: Clock) -> Iterator[App]:
    """The bot on a database in the folder where commands are run, with one reader."""
    app = build(Settings(database_url=f"sqlite:///{folder}/bot.db", public_url="https://papers.example.org"), clock)
    feeds.apply_catalogue(app.store, [catalogue_feed("one")], NOW)
    rosters.import_rows(
        app.store,
        [RosterRow(2, ZOE, ZOE, "Zoe", ("one",), Wish("daily", 0, 7, "UTC"), 60)],
        import_id=rosters.begin_import(app.store, "test", NOW),
        how="test",
        defaults=Defaults(Wish(), "en"),
        next_due=lambda _: NOW,
        now=NOW,
    )
    yield app
    app.close()


def about(topic: int, number: int) -> Finding:
    words = TOPICS[topic]
    return finding(number, title=f"{number} on {words}", abstract=(AbstractSection("", f"We saw {words}."),))


def collect(app: App, clock: Clock, *found: Finding) -> None:
    clock.now += timedelta(hours=1)
    save(app.store, feeds.feed(app.store, "one").id, found, clock)


def titles(html: str) -> list[str]:
    return re.findall(r"<h3[^>]*><a[^>]*>(\d+ on \w+)", html)


def test_votes_by_mail_order_the_next_one_until_they_are_forgotten(
    app: App, clock: Clock, folder: Path, bot: Bot
) -> None:
    collect(app, clock, *(about(number % 3, number) for number in range(1, 31)))
    app.plan(everyone=True)
    mail = app.preview(ZOE)
    links = re.findall(r'href="https://papers\.example\.org(/vote/[^"/]+/[0-9]+/(more|less))"', mail.html)
    assert len(links) == 2 * 30
    assert not re.search(r"/vote/[^\"]*(zoe|reader|@)", mail.html + mail.text)
    assert all(f"https://papers.example.org{path}" in mail.text for path, _ in links)

    server = Server(build_site(SiteEdges(app.store, app.tokens, app.settings, clock)), "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=server.url) as reader:
            for path, way in links:
                page = reader.get(path)
                assert page.status_code == 200
                if ("muscle" in page.text) == (way == "more"):
                    assert reader.post(path, data={"vote": way}).status_code == 200
    finally:
        server.stop()
    shown = bot("subscribers", "show", ZOE, "--json").json
    assert (shown["learning"], shown["votes"]) == (True, {"liked": 10, "disliked": 20})
    assert set(shown["learned"]["towards"]) <= {"mitochondria", "muscle", "lactate"}
    assert "votes: 10 for more, 20 not for them; learning: on" in bot("subscribers", "show", ZOE).out

    collect(app, clock, about(0, 91), about(1, 92), about(2, 93), about(2, 94))

    def order() -> list[str]:
        return [title.split()[0] for title in titles(app.preview(ZOE, clock.now + timedelta(minutes=1)).html)]

    assert order() == ["93", "94", "91", "92"]
    told = bot("explain", "paper", "10.5555/sample.93", "--for", ZOE)
    assert "for zoe@reader.example: liking +" in told.out
    assert "because of" in told.out
    why = bot("explain", "paper", "10.5555/sample.91", "--for", ZOE, "--json").json["for"]
    assert (why["votes"], why["liking"] < -0.5, len(why["because"])) == (30, True, 3)

    assert bot("subscribers", "edit", ZOE, "--learning", "off").code == 0
    assert order() == ["91", "92", "93", "94"]
    assert "/vote/" not in app.preview(ZOE, clock.now + timedelta(minutes=1)).html
    assert bot("subscribers", "show", ZOE, "--json").json["votes"] == {"liked": 10, "disliked": 20}
    assert bot("subscribers", "edit", ZOE, "--learning", "on").code == 0
    assert order() == ["93", "94", "91", "92"]

    assert bot("subscribers", "forget-votes", ZOE).out == "erased: 30 votes of zoe@reader.example\n"
    assert bot("subscribers", "forget-votes", ZOE).out == "zoe@reader.example has cast no votes\n"
    assert order() == ["91", "92", "93", "94"]
    assert bot("subscribers", "forget-votes", "nobody@reader.example").code == 1
    assert bot("subscribers", "edit", ZOE, "--learning", "perhaps").code == 2
