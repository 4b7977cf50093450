"""The settings: every `BOT_` variable is named here and nowhere else."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings.values import (
    Address,
    AddressWithName,
    DomainRates,
    File,
    Folder,
    Hours,
    Keys,
    Networks,
    Rate,
    Selector,
    WebUrl,
    Zone,
)

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


class Settings(BaseSettings):
    """What the bot is told by its surroundings; never changes while it runs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    #: SQLite file or `postgresql+psycopg://…`.
    database_url: str = Field(default="sqlite:///bot.db", repr=False)
    #: `smtp://` (loopback only), `smtp+starttls://user:pass@host:587` or `smtps://user:pass@host:465`; several,
    #: separated by blanks.
    smtp_url: str = Field(default="smtp://127.0.0.1:1025", repr=False)
    #: CA certificates to trust for the mail server, instead of the system's.
    smtp_ca_file: File | None = None
    #: Connections at a time, to all servers that are no fall-backs together.
    smtp_connections: int = Field(default=8, ge=1, le=1000)
    #: Mails over one connection; then a fresh one.
    smtp_messages_per_connection: int = Field(default=100, ge=1)
    #: Messages a second, in all.
    rate: Rate | None = None
    #: Messages a second to one recipient domain, and all domains on the same servers: `gmail.com=20,*=5`.
    rate_per_domain: DomainRates = ()
    #: Whom the mails are from, `Concept Digest <digest@papers.example.org>`; required to send.
    from_: AddressWithName | None = Field(default=None, validation_alias="BOT_FROM")
    reply_to: AddressWithName | None = None
    #: The sender's postal address, shown in every mail; required to send.
    postal_address: str = ""
    #: Where bounces go; the envelope sender is this address with `+TOKEN`. Without it, the From address.
    bounce_address: Address | None = None
    #: Where bounces are read: a Maildir's folder, or `imaps://user:pass@host/Folder`.
    bounces: str | None = Field(default=None, repr=False)
    #: Where the page is reached; https is needed for one-click unsubscribing.
    public_url: WebUrl = "http://127.0.0.1:8000"
    #: Signs links; several, comma-separated, to rotate: the first signs, all are accepted.
    secret_key: Keys | None = Field(default=None, repr=False)
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
    contact_email: Address | None = None
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
    quiet_hours: Hours | None = None
    #: Which runs the admin is mailed an account of: all, those in which something went wrong, or none.
    run_reports: Literal["all", "trouble", "none"] = "all"
    #: Processes that render and sign the mails of a large round, at the most; -1: all cores but one.
    render_processes: int = Field(default=-1, ge=-1, le=64)
    #: A folder whose templates go before the packaged ones.
    templates: Folder | None = None
    #: Networks of the programs between readers and the page, whose word on where a request came from is taken.
    trusted_proxies: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    #: Leading zero bits of the work that signing up asks of a browser; 0: none. 18 takes a telephone a second.
    proof_of_work: int = Field(default=0, ge=0, le=24)
    #: For subscribers who chose none.
    timezone: Zone = "UTC"
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
