"""All routes that there are, and all links of a mail: looking changes nothing, and a wrong token says one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.models.signups import SIGN_UP_LIMITS, Asked
from bot.store import signups
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.store.subscribers import subscriber_by_email
from bot.store.tables import METADATA, delivery, paper, sign_up, subscriber
from bot.subscribe.tokens import Purpose, Tokens
from bot.web.serve import Server
from bot.web.site import SiteEdges, build_site
from bot.wiring import App
from tests.builders import NOW
from tests.web.sites import ADA, BEN, fill, present, settings

PUBLIC = "https://papers.example.org"
LINK = re.compile(rf'{PUBLIC}(/[^\s"<>]*)')


class Route(NamedTuple):
    """A path with its parameters, and what may be asked of it."""

    path: str
    methods: frozenset[str]


class Site(NamedTuple):
    """The site on a small database."""

    client: httpx.Client
    store: Store
    app: App
    routes: tuple[Route, ...]

    def token(self, path: str, tokens: Tokens | None = None, other: int = 0) -> str:
        """A token that is right for a path, for Ada; or of other keys, or of a number so much higher."""
        tokens, purpose = tokens or self.app.tokens, path.split("/")[1]
        person = self._first(select(subscriber.c.id).where(subscriber.c.email == ADA)) + other
        if purpose == "vote":
            return tokens.make_vote(person)
        if purpose == Purpose.CONFIRM:
            return tokens.make(purpose, self._first(select(func.max(sign_up.c.id))) + other)
        if purpose == Purpose.DIGEST:
            return tokens.make(purpose, self._first(select(func.max(delivery.c.id))) + other)
        return tokens.make(purpose, person)

    def filled(self, route: Route) -> str:
        """The path, with parameters that name something."""
        values = {
            "token": self.token(route.path) if "{token}" in route.path else "",
            "slug": "blastomycosis",
            "way": "more",
            "name": "2026-W48",
        }
        number = str(self._first(select(func.max(paper.c.id))))
        return re.sub(r"{(\w+)(?::\w+)?}", lambda found: values.get(found[1], number), route.path)

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything that is stored."""
        with self.store.reading() as connection:
            return {
                name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for name, table in METADATA.tables.items()
            }

    def _first(self, query: Any) -> int:
        with self.store.reading() as connection:
            return int(connection.execute(query).scalar_one())


def routes_of(app: Any, before: str = "") -> Iterator[Route]:
    """Every route of an application, of routers that it includes and of applications that lie within it."""
    for route in app.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        place = before + getattr(route, "path", "")
        if getattr(route, "methods", None):
            yield Route(place, frozenset(route.methods))
        elif hasattr(inner, "routes"):
            yield from routes_of(inner, place)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = open_store(f"sqlite:///{tmp_path}/bot.db")
    fill(store)
    app = App(settings(public_url=PUBLIC), store, present)
    with store.writing() as connection:
        connection.execute(update(subscriber).values(next_due=NOW))
    app.plan()
    asked = Asked("new@example.org", "new@example.org", ("microbicides",), "en", "UTC", "Yes", "192.0.2.0/24")
    signups.ask(store, asked, SIGN_UP_LIMITS, NOW)
    signups.take_in(store, app.tokens.pseudonyms, SIGN_UP_LIMITS, NOW)
    web = build_site(SiteEdges(store, app.tokens, app.settings, present), kept=timedelta(0))
    server = Server(web, "127.0.0.1", 0)
    server.start()
    try:
        with httpx.Client(base_url=server.url) as client:
            yield Site(client, store, app, tuple(routes_of(web)))
    finally:
        server.stop()
        store.close()


def test_all_routes_are_found(site: Site) -> None:
    paths = {route.path for route in site.routes}
    known = {"/", "/sign-up", "/unsubscribe/{token}", "/preferences/{token}/data.json", "/api/v1/feeds/{slug}/papers"}
    assert known <= paths
    assert len(paths) > 40


def test_looking_at_any_route_and_posting_no_button_changes_nothing(site: Site) -> None:
    before = site.dump()
    for route in site.routes:
        path = site.filled(route)
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = site.client.request(method, path)
            # Nothing is looked at that is not there; some questions of the API need words or a token.
            assert answer.status_code in ({200, 401, 405, 422} if "/api/" in path else {200, 405}), (method, path)
        if "POST" in route.methods:
            for data in ({}, {"name": "value"}):
                assert site.client.post(path, data=data).status_code < 500, path
        for method in route.methods - {"GET", "HEAD", "OPTIONS", "POST"}:
            # What a token of the API is for.
            assert site.client.request(method, path).status_code == 401, (method, path)
    assert site.dump() == before


def test_looking_at_every_link_of_a_mail_changes_nothing(site: Site) -> None:
    # A thousand times over: `test_joining`.
    mail = site.app.preview(ADA)
    whole = mail.content.replace(b"=\r\n", b"").decode("ascii")
    texts = (mail.html, mail.text, whole.partition("\r\n\r\n")[0])
    links = {path.rstrip(".,)") for text in texts for path in LINK.findall(text)}
    for start in ("/unsubscribe/", "/preferences/", "/pause/", "/digest/", "/vote/"):
        assert any(link.startswith(start) for link in links), start
    before = site.dump()
    for link in sorted(links):
        for method in ("GET", "HEAD"):
            assert site.client.request(method, link).status_code == 200, link
    assert site.dump() == before


def test_every_wrong_token_gets_the_same_answer_wherever_it_is_shown(site: Site) -> None:
    theirs = Tokens(["a key that is gone"])
    routes = [route for route in site.routes if "{token}" in route.path]
    assert len(routes) >= 10
    for route in routes:
        right = site.token(route.path)
        number, _, signature = right.partition(".")
        other = site.token("/pause/" if not route.path.startswith("/pause/") else "/unsubscribe/")
        wrong = [
            f"{number}.{signature[:-2]}{'AB' if signature[-2:] != 'AB' else 'BA'}",
            f"{int(number) + 1}.{signature}",
            f"{number}.{signature[1:]}",
            other,
            site.token(route.path, theirs),
            right.swapcase(),
            "x" * 500,
        ]
        for method in route.methods & {"GET", "POST"}:
            answers = set()
            for token in wrong:
                path = site.filled(route).replace(right, token)
                answer = site.client.request(method, path)
                kept = {name: value for name, value in answer.headers.items() if name != "date"}
                answers.add((answer.status_code, answer.text, tuple(sorted(kept.items()))))
            assert len(answers) == 1, (method, route.path)
            assert answers.pop()[0] == 404, (method, route.path)


def test_what_a_right_token_names_no_more_gets_that_answer_too(site: Site) -> None:
    forged = site.client.get("/confirm/1." + "A" * 43)
    expired = site.client.get(f"/confirm/{site.token('/confirm/')}")
    assert expired.status_code == 200
    with site.store.writing() as connection:
        connection.execute(update(sign_up).values(expires_at=NOW))
    for path in (
        f"/confirm/{site.token('/confirm/')}",
        f"/confirm/{site.token('/confirm/', other=99)}",
        f"/digest/{site.token('/digest/', other=99)}",
        f"/preferences/{site.token('/preferences/', other=99)}",
        f"/pause/{site.token('/pause/', other=99)}",
    ):
        answer = site.client.get(path)
        assert (answer.status_code, answer.text) == (forged.status_code, forged.text), path
    ben = subscriber_by_email(site.store, BEN).id
    link = f"/preferences/{site.app.tokens.make(Purpose.PREFERENCES, ben)}"
    assert site.client.get(link).status_code == 200
    site.app.erase(ben)
    assert (site.client.get(link).status_code, site.client.get(link).text) == (forged.status_code, forged.text)
