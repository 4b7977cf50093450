"""Who takes a domain's mail: domains whose servers one operator runs are one MX group, and share its pace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, String
from sqlmodel import Field

from bot.models.columns import Table, UtcDateTime

#: Servers of a domain seldom move, and whoever moves them keeps the old ones for a while.
KEPT: Final = timedelta(days=7)
#: After a failed look-up the domain counts as its own group for so long.
KEPT_AFTER_FAILURE: Final = timedelta(hours=1)


class Receiver(Table, table=True):
    """Which servers take the mail of a domain, as far as it was looked up."""

    domain: str = Field(sa_column=Column(String, primary_key=True))
    #: Domains with one group share its pace: `google.com`; the domain itself where it has servers of its own.
    mx_group: str
    #: From then on it is to be looked up again; until that is done, it holds.
    again_at: datetime = Field(sa_type=UtcDateTime)


#: The families that are known without a look-up. Each is named as a look-up would name it: after its servers.
_FAMILIES: Final = {
    "google.com": "gmail.com googlemail.com google.com",
    "outlook.com": "msn.com passport.com",
    "yahoodns.net": "yahoodns.net aol.com aim.com ymail.com rocketmail.com myyahoo.com verizon.net",
    "icloud.com": "icloud.com me.com mac.com",
    # GMX, WEB.DE and mail.com are brands of one company, 1&1 Mail & Media.
    "gmx.net": "web.de mail.com",
    "protonmail.ch": "proton.me protonmail.com protonmail.ch pm.me",
    "messagingengine.com": "fastmail.com fastmail.fm messagingengine.com",
    "mail.ru": "mail.ru bk.ru inbox.ru list.ru internet.ru",
    "yandex.ru": "yandex.ru yandex.com yandex.net ya.ru",
}
_FAMILY_OF: Final = {domain: group for group, domains in _FAMILIES.items() for domain in domains.split()}
#: Families with a domain in many countries.
_COUNTRIES: Final = tuple(
    (re.compile(rf"(?:{names})\.(?:(?:com?\.)?[a-z]{{2}}|com{more})"), group)
    for names, more, group in (
        ("hotmail|live|outlook|windowslive", "", "outlook.com"),
        ("yahoo", "", "yahoodns.net"),
        ("gmx", "|net|org|info", "gmx.net"),
    )
)
#: Yahoo! JAPAN is another company.
_STRANGERS: Final = frozenset({"yahoo.co.jp", "yahoo.ne.jp"})
#: Operators whose servers have several names.
_ALSO: Final = {
    "googlemail.com": "google.com",
    "psmtp.com": "google.com",
    "mx.microsoft": "outlook.com",
    "gmx.com": "gmx.net",
    "yandex.net": "yandex.ru",
}

#: Labels below which registries of countries register names, `ac` in `.uk`. The whole list (publicsuffix.org) is
#: not needed: a name that is cut wrongly makes two groups of one, or one of two, and never loses a mail.
_SECOND_LEVEL: Final = frozenset(
    "ac ad asso co com ed edu gen go gob gouv gov govt gr id lg ltd mil ne net nhs nom or org plc res sch".split()
)
_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
#: RFC 6761, RFC 6762, RFC 7686, RFC 8375: names that no public server knows, or may be asked for.
_RESERVED_TOP: Final = frozenset("arpa example internal invalid local localhost onion test".split())
#: RFC 2606, 3.
_RESERVED: Final = re.compile(r"(?:.*\.)?example\.(?:com|net|org)")


def family_of(domain: str) -> str | None:
    """The group of a domain that is known without a look-up: `google.com` for `gmail.com`; None for all others.

    Args:
        domain: in ASCII and lower case.
    """
    group = _FAMILY_OF.get(domain)
    if group is None and domain not in _STRANGERS:
        group = next((group for pattern, group in _COUNTRIES if pattern.fullmatch(domain)), None)
    return group


def group_of(domain: str, servers: Sequence[tuple[int, str]]) -> str:
    """The group of a domain by its MX records: what was registered of the best host's name, as a rule.

    `aspmx.l.google.com` gives `google.com`. The domain itself is its group where it has no records (RFC 5321, 5.1),
    takes no mail (RFC 7505), or the host is no name.

    Args:
        servers: preference, the lowest first tried, and host.
    """
    if not servers:
        return domain
    host = min((preference, host.rstrip(".").lower()) for preference, host in servers)[1]
    if not _HOST.fullmatch(host):
        return domain
    registered = registered_part(host)
    return family_of(registered) or _ALSO.get(registered, registered)


def registered_part(host: str) -> str:
    """What somebody has registered of a host's name: its last two labels, or three as in `uni.ac.uk`."""
    labels = host.split(".")
    below = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if below else labels[-2:])


def may_be_looked_up(domain: str) -> bool:
    """Whether a public name server may know the domain: it is no reserved name, and no name of one label."""
    return (
        _HOST.fullmatch(domain) is not None
        and domain.rpartition(".")[2] not in _RESERVED_TOP
        and _RESERVED.fullmatch(domain) is None
    )
