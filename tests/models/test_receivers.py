"""MX groups: known families, names of servers, and names that are never asked for."""

from __future__ import annotations

import pytest

from bot.models.receivers import _FAMILIES, family_of, group_of, may_be_looked_up, registered_part


@pytest.mark.parametrize(
    ("domains", "group"),
    [
        ("gmail.com googlemail.com", "google.com"),
        ("outlook.com outlook.de hotmail.com hotmail.co.uk hotmail.fr live.nl live.com.mx msn.com", "outlook.com"),
        ("yahoo.com yahoo.co.uk yahoo.com.br yahoo.fr ymail.com aol.com", "yahoodns.net"),
        ("icloud.com me.com mac.com", "icloud.com"),
        ("gmx.de gmx.net gmx.at gmx.com web.de", "gmx.net"),
        ("proton.me protonmail.com pm.me", "protonmail.ch"),
    ],
)
def test_families_are_known_without_asking(domains: str, group: str) -> None:
    assert {family_of(domain) for domain in domains.split()} == {group}
    # Named as its servers are, so that others on them join it.
    assert group_of("lab.example", [(10, f"mx1.in.{group}")]) == group


def test_others_are_of_no_family() -> None:
    strangers = "reader.example yahoo.co.jp notgmail.com gmail.com.example hotmail.example live.university.example"
    assert [family_of(domain) for domain in strangers.split()] == [None] * 6


def test_each_family_is_its_own() -> None:
    assert {group: family_of(group) for group in _FAMILIES} == {group: group for group in _FAMILIES}


@pytest.mark.parametrize(
    ("servers", "group"),
    [
        ([(5, "alt1.aspmx.l.google.com."), (1, "ASPMX.L.GOOGLE.COM.")], "google.com"),
        ([(1, "aspmx2.googlemail.com.")], "google.com"),
        ([(0, "lab-example.mail.protection.outlook.com.")], "outlook.com"),
        ([(0, "lab-example.o-v1.mx.microsoft.")], "outlook.com"),
        ([(10, "mx-eu.mail.am0.yahoodns.net.")], "yahoodns.net"),
        ([(20, "backup.elsewhere.example."), (10, "mx.uni.ac.uk.")], "uni.ac.uk"),
        ([(10, "b.two.example."), (10, "a.one.example.")], "one.example"),
        ([(10, "mx.lab.example.")], "lab.example"),
        # No records, no mail (RFC 7505), and hosts that are no names.
        ([], "lab.example"),
        ([(0, ".")], "lab.example"),
        ([(0, "192.0.2.1.")], "lab.example"),
        ([(0, "localhost.")], "lab.example"),
        ([(0, "mx\\032x.one.example.")], "lab.example"),
    ],
)
def test_the_group_is_what_was_registered_of_the_best_servers_name(servers: list[tuple[int, str]], group: str) -> None:
    assert group_of("lab.example", servers) == group


def test_names_are_registered_below_countries_or_below_their_second_level() -> None:
    assert registered_part("mx1.mail.orange.fr") == "orange.fr"
    assert registered_part("mx.univ.ac.jp") == "univ.ac.jp"
    assert registered_part("co.uk") == "co.uk"
    assert registered_part("mx.ox.com") == "ox.com"


@pytest.mark.parametrize(
    "domain",
    "|localhost|reader.example|mail.example.com|example.org|reader.test|x.invalid|x.local|x.onion|1.in-addr.arpa|a|b..c"
    "|192.0.2.1|-a.de|a b.de|ä.de".split("|"),
)
def test_reserved_names_and_what_is_no_name_are_never_asked_for(domain: str) -> None:
    assert not may_be_looked_up(domain)


def test_others_may_be_asked_for() -> None:
    names = "univ.edu mail.uni-x.de xn--mnchen-3ya.de x.xn--p1ai notexample.com".split()
    assert all(may_be_looked_up(name) for name in names)
