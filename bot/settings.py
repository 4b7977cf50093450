"""The settings: every BOT_ variable is named here and nowhere else.

They are read, first found first taken, from the environment, from the file that `NAME_FILE` points to
(secrets only), from `.env` and from `bot.toml` in the working folder (same names without the prefix, in
lower case). Everything that is wrong is named at once.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import time
from difflib import get_close_matches
from email.utils import formataddr, getaddresses
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import idna
from dotenv import dotenv_values
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import SettingsError

PREFIX = "BOT_"

#: Settings that may also come from a file named by `NAME_FILE`, as container platforms hand secrets over.
SECRETS = (
    "database_url",
    "smtp_url",
    "bounces",
    "secret_key",
    "dkim_key",
    "dkim_key_2",
    "ncbi_api_key",
    "openalex_api_key",
)

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


class Settings(BaseSettings):
    """What the bot is told by its surroundings; never changes while it runs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    #: SQLite file or `postgresql+psycopg://…`.
    database_url: str = Field(default="sqlite:///bot.db", repr=False)
    #: `smtp://` (loopback only), `smtp+starttls://user:pass@host:587` or `smtps://user:pass@host:465`; several,
    #: separated by blanks.
    smtp_url: str = Field(default="smtp://127.0.0.1:1025", repr=False)
    #: CA certificates to trust for the mail server, instead of the system's.
    smtp_ca_file: Annotated[Path, AfterValidator(_file)] | None = None
    #: Connections at a time, to all servers that are no fall-backs together.
    smtp_connections: int = Field(default=8, ge=1, le=1000)
    #: Mails over one connection; then a fresh one.
    smtp_messages_per_connection: int = Field(default=100, ge=1)
    #: Messages a second, in all.
    rate: Annotated[float, BeforeValidator(_rate)] | None = None
    #: Messages a second to one recipient domain, and all domains on the same servers: `gmail.com=20,*=5`.
    rate_per_domain: Annotated[tuple[DomainRate, ...], BeforeValidator(_domain_rates)] = ()
    #: Whom the mails are from, `Concept Digest <digest@papers.example.org>`; required to send.
    from_: Annotated[Mailbox, BeforeValidator(_mailbox)] | None = Field(default=None, validation_alias="BOT_FROM")
    reply_to: Annotated[Mailbox, BeforeValidator(_mailbox)] | None = None
    #: The sender's postal address, shown in every mail; required to send.
    postal_address: str = ""
    #: Where bounces go; the envelope sender is this address with `+TOKEN`. Without it, the From address.
    bounce_address: Annotated[str, AfterValidator(_address)] | None = None
    #: Where bounces are read: a Maildir's folder, or `imaps://user:pass@host/Folder`.
    bounces: str | None = Field(default=None, repr=False)
    #: Where the page is reached; https is needed for one-click unsubscribing.
    public_url: WebUrl = "http://127.0.0.1:8000"
    #: Signs links; several, comma-separated, to rotate: the first signs, all are accepted.
    secret_key: Annotated[str, AfterValidator(_keys)] | None = Field(default=None, repr=False)
    #: The domain that signs mails (DKIM); only the From address's own is taken, and holds without this.
    dkim_domain: str | None = None
    #: Under which name in DNS the key's public half is: `2026a._domainkey.DOMAIN`.
    dkim_selector: Selector | None = None
    #: The private key in PEM, RSA or Ed25519; without one, mails are not signed here.
    dkim_key: str | None = Field(default=None, repr=False)
    #: A second set signs a second time.
    dkim_domain_2: str | None = None
    dkim_selector_2: Selector | None = None
    dkim_key_2: str | None = Field(default=None, repr=False)
    #: Sent to sources as they ask, so that they can write before they block.
    contact_email: Annotated[str, AfterValidator(_address)] | None = None
    ncbi_api_key: str | None = Field(default=None, repr=False)
    #: OpenAlex asks for one; it is free.
    openalex_api_key: str | None = Field(default=None, repr=False)
    #: Base URL of PubMed's E-utilities.
    pubmed_url: WebUrl = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    #: Base URL of Europe PMC's RESTful web service.
    europepmc_url: WebUrl = "https://www.ebi.ac.uk/europepmc/webservices/rest"
    #: Base URL of arXiv's API.
    arxiv_url: WebUrl = "https://export.arxiv.org/api"
    #: Base URL of the API of bioRxiv and medRxiv.
    biorxiv_url: WebUrl = "https://api.biorxiv.org"
    #: Base URL of Crossref's REST API.
    crossref_url: WebUrl = "https://api.crossref.org"
    #: Base URL of OpenAlex's API.
    openalex_url: WebUrl = "https://api.openalex.org"
    #: Let sources lie on private or loopback addresses (tests, intranets).
    fetch_allow_private: bool = False
    #: How far back a first digest, and a feed's first collecting, looks for what counts as new.
    lookback_days: int = Field(default=7, ge=1, le=365)
    #: What becomes of an uncertain delivery: sent once more, or held for an admin.
    uncertain: Literal["resend", "hold"] = "resend"
    #: After how many seconds an uncertain delivery is sent once more.
    uncertain_wait: int = Field(default=600, ge=0)
    #: When nothing is sent by itself, as wall time in `timezone`: `22:00-06:00`.
    quiet_hours: Annotated[QuietHours, BeforeValidator(_quiet_hours)] | None = None
    #: Which runs the admin is mailed an account of: all, those in which something went wrong, or none.
    run_reports: Literal["all", "trouble", "none"] = "all"
    #: Processes that render and sign the mails of a large round, at the most; -1: all cores but one.
    render_processes: int = Field(default=-1, ge=-1, le=64)
    #: A folder whose templates go before the packaged ones.
    templates: Annotated[Path, AfterValidator(_folder)] | None = None
    #: Networks of the programs between readers and the page, whose word on where a request came from is taken.
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = _networks("127.0.0.0/8, ::1/128")
    #: Leading zero bits of the work that signing up asks of a browser; 0: none. 18 takes a telephone a second.
    proof_of_work: int = Field(default=0, ge=0, le=24)
    #: For subscribers who chose none.
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read_settings` hands over: it reads the surroundings itself, once and visibly."""
        return (init_settings,)

    def bounce_path(self, token: str) -> str:
        """The envelope sender of one mail, where bounces of it go; empty where that is the From address."""
        if not self.bounce_address:
            return ""
        local, _, domain = self.bounce_address.rpartition("@")
        return f"{local}+{token}@{domain}"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys for links, the one that signs first."""
        return tuple(key.strip() for key in (self.secret_key or "").split(",") if key.strip())


#: Named in the interface and taken without complaint, but not in force yet.
RESERVED = frozenset("TEST_POSTGRES_URL".split())


def names() -> tuple[str, ...]:
    """Every variable that is in force, `BOT_DATABASE_URL` and so on."""
    return tuple(PREFIX + name.rstrip("_").upper() for name in Settings.model_fields)


def file_variable(secret: str) -> str:
    """The variable that names a file with a secret in it: `BOT_SMTP_URL_FILE`, `BOT_DKIM_KEY_FILE_2`."""
    name, second = secret.removesuffix("_2"), "_2" if secret.endswith("_2") else ""
    return f"{PREFIX}{name.upper()}_FILE{second}"


def read_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings as the environment and the files in `folder` (the working one) give them.

    Raises:
        SettingsError: with everything that is wrong, by name.
    """
    folder = folder or Path()
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    known = {name.rstrip("_").upper(): name for name in Settings.model_fields}
    found: dict[str, Any] = {}
    for where, values in (
        ("bot.toml", _from_toml(folder / "bot.toml", problems)),
        (".env", _from_dotenv(folder / ".env", problems)),
        ("", {name: value for name, value in environ.items() if name.startswith(PREFIX)}),
    ):
        found |= {
            n: v
            for name, v in values.items()
            if (n := name.removeprefix(PREFIX)) in known and v is not None and v != ""
        }
        found |= _from_secret_files(values, problems)
        problems += _unknown(where, values, known)
    try:
        settings = Settings(**{PREFIX + "FROM" if n == "FROM" else known[n]: value for n, value in found.items()})
    except ValidationError as error:
        problems += [_in_words(problem) for problem in error.errors()]
    if problems:
        raise SettingsError(problems)
    return settings


def _from_toml(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        if not _is_there(path):
            return {}
        return {PREFIX + name.upper(): value for name, value in tomllib.loads(path.read_text("utf-8-sig")).items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"bot.toml cannot be read: {error}")
        return {}


def _from_dotenv(path: Path, problems: list[str]) -> dict[str, str | None]:
    try:
        return dotenv_values(path, interpolate=False, encoding="utf-8-sig") if _is_there(path) else {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f".env cannot be read: {error}")
        return {}


def _is_there(path: Path) -> bool:
    if path.exists() and not path.is_file():
        raise IsADirectoryError(f"'{path}' is no file")
    return path.exists()


def _from_secret_files(values: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    found = {}
    for name in SECRETS:
        variable = PREFIX + name.upper()
        path = values.get(file_variable(name))
        if not path or values.get(variable):
            continue
        if "PRIVATE KEY" in str(path):
            problems.append(f"{file_variable(name)}: not the name of a file but a key; write it into {variable}")
            continue
        try:
            found[name.upper()] = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{file_variable(name)}: '{path}' cannot be read ({type(error).__name__})")
    return found


def _unknown(where: str, values: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    allowed = {*known, *RESERVED, *(file_variable(name).removeprefix(PREFIX) for name in SECRETS)}
    strange = sorted(
        n for name in values if name.startswith(PREFIX) and (n := name.removeprefix(PREFIX)) not in allowed
    )
    if where:
        return [f"{where}: no such setting: '{PREFIX}{n}'; see docs/reference/settings.md" for n in strange]
    # The environment may hold other programs' variables: only what looks like a slip of ours is one.
    slips = [(name, near[0]) for name in strange if (near := get_close_matches(name, known, 1, 0.75))]
    return [f"no such setting: '{PREFIX}{name}'; did you mean {PREFIX}{near}?" for name, near in slips]


def _in_words(problem: Any) -> str:
    """One line for one problem; what was wrong is repeated only where it cannot be a secret."""
    name = str(problem["loc"][0]).rstrip("_").upper() if problem["loc"] else ""
    words = problem["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{name.removeprefix(PREFIX)}: {words[:1].lower()}{words[1:]}"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its spelling alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
