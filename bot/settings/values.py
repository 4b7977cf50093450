"""What values of settings are: read from text, and refused with how to write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time
from email.utils import formataddr, getaddresses
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import idna
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator

#: RFC 6376 section 3.1; each part is a label of DNS.
_SELECTOR = re.compile(
    r"(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


Network = IPv4Network | IPv6Network

#: Messages a second that a limit may be: from one in a quarter of an hour to more than one sender can.
LEAST_RATE, MOST_RATE = 0.001, 10_000.0


class Mailbox(NamedTuple):
    """A mail address with the name that is shown with it."""

    name: str
    address: str

    def __str__(self) -> str:
        return formataddr((self.name, self.address)) if self.name.isascii() else f"{self.name} <{self.address}>"


class QuietHours(NamedTuple):
    """From when until when nothing is sent by itself, as wall time; over midnight where it ends before it starts."""

    start: time
    end: time


class DomainRate(NamedTuple):
    """Messages a second for a recipient domain, as A-labels (RFC 5890); `*` is each other one by itself."""

    domain: str
    rate: float


def _mailbox(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = getaddresses([value])
    if len(found) != 1 or not found[0][1]:
        raise ValueError(f"not one address: '{value}'; write Concept Digest <digest@papers.example.org>")
    return Mailbox(" ".join(found[0][0].split()), _address(found[0][1]))


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"not an address: '{value}'; {error}") from error


def dkim_selector(value: str) -> str:
    """`value`, which is a selector.

    Raises:
        ValueError: it is none, and how to write one.
    """
    if not _SELECTOR.fullmatch(value):
        # Not repeated: it may be the key, in the wrong place.
        raise ValueError("not a selector; write letters, digits and hyphens, as 2026a")
    return value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        # What has a user or a query in it may have a secret in it.
        said = "" if {"@", "?"} & set(value) else f": '{value}'"
        raise ValueError(f"not a web address{said}; write https://papers.example.org, and no user or query")
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: '{value}'; write one like Europe/Berlin") from error
    return value


def _quiet_hours(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)\s*", value)
    if not found:
        raise ValueError(f"not hours: '{value}'; write 22:00-06:00")
    first, second, third, fourth = map(int, found.groups())
    hours = QuietHours(time(first, second), time(third, fourth))
    if hours.start == hours.end:
        raise ValueError(f"nothing would ever be sent: '{value}'; write 22:00-06:00")
    return hours


def _rate(value: object) -> float:
    try:
        rate = float(str(value))
    except ValueError:
        rate = 0.0
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise ValueError(f"not messages a second: '{value}'; write {LEAST_RATE:g} to {MOST_RATE:,.0f}, as 20 or 0.5")
    return rate


def _domain_rates(value: object) -> object:
    if isinstance(value, Mapping):
        value = ",".join(f"{domain}={rate}" for domain, rate in value.items())
    if not isinstance(value, str):
        return value
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, value.split(","))):
        name, equals, rate = map(str.strip, part.partition("="))
        if not (name and equals):
            raise ValueError(f"not a limit: '{part}'; write gmail.com=20,*=5")
        domain = name if name == "*" else _domain(name)
        if domain in found:
            raise ValueError(f"named twice: '{name}'")
        found[domain] = _rate(rate)
    return tuple(DomainRate(*one) for one in found.items())


def _domain(name: str) -> str:
    try:
        return idna.encode(name.rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"not a domain: '{name}'; write gmail.com=20,*=5") from error


def _networks(value: object) -> tuple[Network, ...]:
    if isinstance(value, str):
        value = filter(None, map(str.strip, value.split(",")))
    if not isinstance(value, Iterable):
        raise ValueError("not networks; write 127.0.0.0/8, 10.0.0.0/8")
    found = []
    for one in value:
        try:
            found.append(ip_network(str(one), strict=False))
        except ValueError as error:
            raise ValueError(f"not a network: '{one}'; write 10.0.0.0/8, 192.0.2.7") from error
    return tuple(found)


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"no such file: '{value}'")
    return value


def _folder(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError(f"no such folder: '{value}'")
    return value


def _keys(value: str) -> str:
    if any(len(key.strip()) < 16 for key in value.split(",")):
        raise ValueError("too short; at least 16 random characters each, as `bot init` makes them")
    return value


Selector = Annotated[str, AfterValidator(dkim_selector)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Address = Annotated[str, AfterValidator(_address)]
AddressWithName = Annotated[Mailbox, BeforeValidator(_mailbox)]
Rate = Annotated[float, BeforeValidator(_rate)]
DomainRates = Annotated[tuple[DomainRate, ...], BeforeValidator(_domain_rates)]
Hours = Annotated[QuietHours, BeforeValidator(_quiet_hours)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]
File = Annotated[Path, AfterValidator(_file)]
Folder = Annotated[Path, AfterValidator(_folder)]
Keys = Annotated[str, AfterValidator(_keys)]
Zone = Annotated[str, AfterValidator(_zone)]


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its spelling alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
