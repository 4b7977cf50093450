"""The sources, one file each behind one Protocol."""

from __future__ import annotations

from typing import Protocol

from bot.collect.sources.arxiv import Arxiv
from bot.collect.sources.biorxiv import Rxiv
from bot.collect.sources.crossref import Crossref
from bot.collect.sources.europepmc import EuropePmc
from bot.collect.sources.openalex import OpenAlex
from bot.collect.sources.protocol import IndexWindow, Page, Source
from bot.collect.sources.pubmed import PubMed
from bot.collect.sources.syndication import Syndication

__all__ = ["IndexWindow", "Page", "Source", "SourceSettings", "known_sources", "service_addresses"]


class SourceSettings(Protocol):
    """What sources must be told; `bot.settings.Settings` has it."""

    @property
    def pubmed_url(self) -> str:
        """Base URL of the E-utilities."""

    @property
    def europepmc_url(self) -> str:
        """Base URL of Europe PMC's web service."""

    @property
    def arxiv_url(self) -> str:
        """Base URL of arXiv's API."""

    @property
    def biorxiv_url(self) -> str:
        """Base URL of the API of bioRxiv and medRxiv."""

    @property
    def crossref_url(self) -> str:
        """Base URL of Crossref's API."""

    @property
    def openalex_url(self) -> str:
        """Base URL of OpenAlex's API."""

    @property
    def contact_email(self) -> str | None:
        """The admin's address, for services that ask for one."""

    @property
    def ncbi_api_key(self) -> str | None:
        """Allows more requests a second at NCBI."""

    @property
    def openalex_api_key(self) -> str | None:
        """OpenAlex asks for one."""


def known_sources(settings: SourceSettings) -> dict[str, Source]:
    """Every source by the name that catalogues use; a new one is one file and one line here."""
    sources: tuple[Source, ...] = (
        PubMed(settings.pubmed_url, settings.contact_email, settings.ncbi_api_key),
        EuropePmc(settings.europepmc_url, settings.contact_email),
        Rxiv("biorxiv", settings.biorxiv_url),
        Rxiv("medrxiv", settings.biorxiv_url),
        Arxiv(settings.arxiv_url),
        Crossref(settings.crossref_url, settings.contact_email),
        OpenAlex(settings.openalex_url, settings.contact_email, settings.openalex_api_key),
        Syndication(),
    )
    return {source.name: source for source in sources}


def service_addresses(settings: SourceSettings) -> dict[str, str]:
    """Base addresses by the name of the source whose pace holds there."""
    return {
        "pubmed": settings.pubmed_url,
        "europepmc": settings.europepmc_url,
        "arxiv": settings.arxiv_url,
        "biorxiv": settings.biorxiv_url,
        "crossref": settings.crossref_url,
        "openalex": settings.openalex_url,
    }
