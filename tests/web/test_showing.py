"""A digest in the browser: the very one that was planned, for whoever has its link, and nothing that acts for them."""

from __future__ import annotations

import re

from sqlalchemy import delete, select, update

from bot.digests.plan import plan
from bot.store.tables import delivery, paper, subscriber
from bot.subscribe.tokens import Purpose
from bot.web.guard import loggable_path
from tests.builders import NOW
from tests.web.sites import ADA, TOKENS, Visit, present


def planned(visit: Visit) -> int:
    """Ada's digest; the number of its delivery."""
    with visit.store.writing() as connection:
        connection.execute(update(subscriber).where(subscriber.c.email == ADA).values(next_due=NOW))
        assert connection.execute(select(delivery.c.id)).all() == []
    assert plan(visit.store, present).chosen == 1
    with visit.store.reading() as connection:
        return int(connection.execute(select(delivery.c.id)).scalar_one())


def test_the_page_shows_the_digest_and_nothing_that_acts_for_the_reader(visit: Visit) -> None:
    number = planned(visit)
    answer = visit.get(f"/digest/{TOKENS.make(Purpose.DIGEST, number)}")
    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; p&lt;0.05" in answer.text
    assert "Blastomycosis" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert not re.search(r"<(script|img|link|form|iframe)\b", answer.text)
    for purpose in ("unsubscribe", "preferences", "pause", "vote", "digest"):
        assert f"/{purpose}/" not in answer.text
    assert "Ada" not in answer.text
    assert "ada@" not in answer.text


def test_looking_changes_nothing_and_the_page_stays_as_long_as_the_delivery(visit: Visit) -> None:
    link = f"/digest/{TOKENS.make(Purpose.DIGEST, planned(visit))}"
    with visit.store.reading() as connection:
        before = connection.execute(select(delivery)).all()
    pages = {visit.client.request("GET", link).text for _ in range(20)}
    assert len(pages) == 1
    assert visit.client.request("HEAD", link).status_code == 200
    assert visit.client.request("POST", link).status_code == 405
    with visit.store.reading() as connection:
        assert connection.execute(select(delivery)).all() == before
    # Papers may go from it, and it is still there.
    with visit.store.writing() as connection:
        connection.execute(delete(paper))
    assert visit.get(link).status_code == 200
    with visit.store.writing() as connection:
        connection.execute(delete(delivery))
    assert visit.get(link).status_code == 404


def test_every_wrong_link_gets_one_constant_answer(visit: Visit) -> None:
    number = planned(visit)
    right = TOKENS.make(Purpose.DIGEST, number)
    wrong = [
        *(TOKENS.make(purpose, number) for purpose in Purpose if purpose is not Purpose.DIGEST),
        right[:-1] + ("A" if right[-1] != "A" else "B"),
        f"{number + 1}{right[right.index('.') :]}",
        TOKENS.make(Purpose.DIGEST, number + 1),
        TOKENS.make_vote(number),
        "nobody",
    ]
    answers = [visit.get(f"/digest/{token}") for token in wrong]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    with visit.store.writing() as connection:
        connection.execute(delete(subscriber).where(subscriber.c.email == ADA))
    assert visit.get(f"/digest/{right}").text == answers[0].text


def test_the_link_is_not_logged(quick: Visit) -> None:
    token = TOKENS.make(Purpose.DIGEST, 17)
    assert loggable_path(f"/digest/{token}") == "/digest/…"
