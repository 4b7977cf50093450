"""MX groups as a name server tells them: looked up, kept, and looked up again when it is time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.deliver.receivers import AT_ONCE, MOST, Receivers
from bot.models.paces import Limits
from bot.models.receivers import KEPT, KEPT_AFTER_FAILURE
from bot.store import paces, receivers
from bot.store.engine import Store
from bot.store.receivers import Groups
from tests.deliver.name_server import NameServer, name_server
from tests.deliver.rows import NOW

SERVERS: Mapping[str, Sequence[tuple[int, str]] | None] = {
    "lab.edu": [(10, "alt1.aspmx.l.google.com."), (1, "aspmx.l.google.com.")],
    "univ.edu": [(0, "mx.univ.edu.")],
    "plain.edu": [],
    "no-mail.edu": [(0, ".")],
    "broken.edu": None,
}


def look_up(
    store: Store,
    domains: Iterable[str],
    now: datetime = NOW,
    servers: Mapping[str, Sequence[tuple[int, str]] | None] = SERVERS,
) -> tuple[int, NameServer]:
    async def run() -> tuple[int, NameServer]:
        async with name_server(servers) as server:
            return await Receivers(store, server.resolver).look_up(domains, now), server

    return asyncio.run(run())


def groups(store: Store, domains: Iterable[str], now: datetime = NOW) -> Groups:
    with store.reading() as connection:
        return receivers.groups(connection, domains, now)


def test_domains_get_the_group_of_their_servers(store: Store) -> None:
    count, server = look_up(store, SERVERS)
    assert count == 5
    assert sorted(set(server.asked)) == sorted(SERVERS)
    assert groups(store, SERVERS) == Groups(
        {
            "lab.edu": "google.com",
            "univ.edu": "univ.edu",
            "plain.edu": "plain.edu",
            "no-mail.edu": "no-mail.edu",
            "broken.edu": "broken.edu",
        },
        frozenset(),
    )


def test_answers_hold_for_a_week_and_failures_for_an_hour(store: Store) -> None:
    domains = [*SERVERS, "gone.edu"]
    look_up(store, domains)
    assert groups(store, domains, NOW + KEPT_AFTER_FAILURE - timedelta(seconds=1)).unknown == frozenset()
    assert groups(store, domains, NOW + KEPT_AFTER_FAILURE).unknown == {"broken.edu", "gone.edu"}
    assert groups(store, domains, NOW + KEPT).unknown == set(domains)
    look_up(store, ["univ.edu"], NOW + KEPT, {"univ.edu": [(0, "univ-edu.mail.protection.outlook.com.")]})
    again = groups(store, ["univ.edu"], NOW + KEPT)
    assert again == Groups({"univ.edu": "outlook.com"}, frozenset())


def test_reserved_names_are_not_asked_for(store: Store) -> None:
    count, server = look_up(store, ["reader.example", "localhost", "x.test", "x.invalid", "example.com", ""])
    assert (count, server.asked) == (0, [])


def test_a_few_at_a_time(store: Store) -> None:
    domains = [f"univ{number:03}.edu" for number in range(MOST + 20)]
    count, server = look_up(store, domains, servers=dict.fromkeys(domains, ((0, "mx.hoster.net."),)))
    assert count == MOST
    assert sorted(server.asked) == domains[:MOST]
    assert 1 <= server.most <= AT_ONCE
    assert groups(store, domains).unknown == set(domains[MOST:])


def test_without_a_name_server_each_domain_is_its_own(store: Store) -> None:
    async def run() -> int:
        async with name_server({}) as server:
            port = server.resolver.port
        # It is closed again: the answer is that nobody is there.
        server.resolver.port, server.resolver.lifetime = port, 0.3
        return await Receivers(store, server.resolver).look_up(["univ.edu"], NOW)

    assert asyncio.run(run()) == 1
    assert groups(store, ["univ.edu"]) == Groups({"univ.edu": "univ.edu"}, frozenset())


def test_from_the_first_claim_to_the_shared_pace(store: Store) -> None:
    limits = Limits.of(None, [("gmail.com", 2), ("*", 2)])
    wanted = [(1, "gmail.com"), (2, "lab.edu"), (3, "lab.edu"), (4, "lab.edu")]
    with store.writing() as connection:
        first = paces.admit(connection, wanted, limits, NOW)
    # Not looked up yet, a domain counts as its own group.
    assert (first.taken, first.unknown) == ([1, 2, 3], frozenset({"lab.edu"}))
    look_up(store, first.unknown)
    with store.writing() as connection:
        second = paces.admit(connection, wanted, limits, NOW + timedelta(seconds=1))
    assert (second.taken, sorted(second.put_off), second.unknown) == ([1, 2], [3, 4], frozenset())
