"""The mailroom: many claims at once come to the very mails that each comes to alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.errors import AddressError, BotError, StoreError
from bot.models.deliveries import Claim, Digest, DigestSection, Message
from bot.models.papers import Identifier
from bot.store import feeds
from bot.store.engine import Store
from bot.store.schema import open_store
from bot.wiring.shelf import KEPT_FOR
from tests.builders import NOW, finding, save
from tests.wiring.mails import SLUGS, claims, clock, fill, mailroom, settings_for
from tests.wiring.test_signing import pem

READERS = 10


@pytest.fixture
def taken(store: Store) -> list[Claim]:
    return claims(store, fill(store, READERS), READERS)


def messages(made: list[Message | BotError]) -> list[Message]:
    assert not [one for one in made if isinstance(one, BotError)]
    return cast("list[Message]", made)


def test_many_at_once_are_the_same_bytes_as_one_at_a_time(
    store: Store, database_url: str, taken: list[Claim], tmp_path: Path
) -> None:
    key = pem(Ed25519PrivateKey.generate())
    settings = settings_for(database_url, tmp_path, DKIM_SELECTOR="2026a", DKIM_KEY=key)
    alone = [mailroom(store, settings).message(claim) for claim in taken]
    together, again = mailroom(store, settings), mailroom(store, settings)
    assert messages(together.messages(taken)) == alone
    assert messages(together.messages(taken[::-1])) == alone[::-1]
    assert messages([*again.messages(taken[:3]), *again.messages(taken[3:])]) == alone
    assert [again.preview(claim).message for claim in taken[:3]] == alone[:3]
    assert len({one.content for one in alone}) == READERS
    assert all(one.content.startswith(b"DKIM-Signature: ") for one in alone)
    assert together.messages([]) == []


def test_what_is_wrong_with_one_stands_in_its_place(
    store: Store, database_url: str, taken: list[Claim], tmp_path: Path
) -> None:
    room = mailroom(store, settings_for(database_url, tmp_path))
    alone = [room.message(claim) for claim in taken]
    windows: Any = None
    taken[2] = taken[2]._replace(email="nobody")
    taken[5] = taken[5]._replace(window_end=windows)
    made = room.messages(taken)
    assert [one for at, one in enumerate(made) if at not in {2, 5}] == [*alone[:2], *alone[3:5], *alone[6:]]
    assert isinstance(made[2], AddressError)
    assert not hasattr(made[2], "__notes__")
    unforeseen = made[5]
    assert type(unforeseen) is BotError
    assert str(unforeseen).startswith("rendering: TypeError: ")
    assert "Traceback" in unforeseen.__notes__[0]
    with pytest.raises(AddressError):
        room.message(taken[2])
    with pytest.raises(TypeError):
        room.message(taken[5])


def test_a_database_of_no_use_is_nobodys_own_fault(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    store = open_store(url)
    taken = claims(store, fill(store, 2), 2)
    with store.writing() as connection:
        connection.exec_driver_sql("drop table paper_tags")
    with pytest.raises(StoreError, match="has no tables"):
        mailroom(store, settings_for(url, tmp_path)).messages(taken)
    store.close()


def test_a_changed_paper_is_shown_as_it_is_within_a_minute(
    store: Store, database_url: str, taken: list[Claim], tmp_path: Path
) -> None:
    at = [NOW]
    room = mailroom(store, settings_for(database_url, tmp_path), at)
    first = taken[:1]
    (before,) = messages(room.messages(first))
    assert "Sample paper 1" in before.text
    feed = feeds.feed(store, SLUGS[0]).id
    save(store, feed, [finding(1, title="Another title", revised=NOW.date())], clock)
    at.append(NOW + KEPT_FOR - timedelta(seconds=1))
    assert "Another title" not in messages(room.messages(first))[0].text
    at.append(NOW + KEPT_FOR)
    (after,) = messages(room.messages(first))
    assert "Another title" in after.text
    assert "Sample paper 1" not in after.text
    # Set back, a clock tells nothing of how old something is.
    save(store, feed, [finding(1, title="A third title", revised=NOW.date() + timedelta(days=1))], clock)
    at.append(NOW - timedelta(hours=1))
    assert "A third title" in messages(room.messages(first))[0].text


def test_a_card_names_those_of_the_readers_own_feeds_that_have_the_paper(
    store: Store, database_url: str, taken: list[Claim], tmp_path: Path
) -> None:
    """One of the two has been erased, and has no feeds any more."""
    room = mailroom(store, settings_for(database_url, tmp_path))
    paper = taken[0].digest.paper_ids[0]
    digest = Digest((DigestSection(feeds.feed(store, SLUGS[0]).id, (paper,)),))
    nobody = taken[0]._replace(subscriber_id=None, content=digest.frozen())
    reader = taken[0]._replace(content=digest.frozen())
    with_other, without = messages(room.messages([reader, nobody]))
    assert "Also in Chronic fatigue syndrome" in with_other.text
    assert "Also in" not in without.text


def test_papers_that_have_become_one_are_shown_once_and_those_that_are_gone_not_at_all(
    store: Store, database_url: str, taken: list[Claim], tmp_path: Path
) -> None:
    room = mailroom(store, settings_for(database_url, tmp_path))
    feed = feeds.feed(store, SLUGS[0]).id
    kept, merged = sorted(taken[0].digest.sections[0].paper_ids)[1:3]
    digest = Digest((DigestSection(feed, (merged, kept, 999)),))
    both = Identifier("pmid", "90000001"), Identifier("doi", "10.5555/sample.2")
    save(store, feed, [finding(1, identifiers=both)], clock)
    (made,) = messages(room.messages([taken[0]._replace(content=digest.frozen())]))
    assert made.text.count("Sample paper") == 1
