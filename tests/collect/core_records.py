"""Core records as Europe PMC writes them, of papers that nobody wrote."""

from __future__ import annotations

from typing import Any


def record(number: int, day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    """A record of PubMed, first indexed on `day`; `more` goes over it."""
    return {
        "id": str(number),
        "source": "MED",
        "pmid": str(number),
        "doi": f"10.5555/Epmc.{number}",
        "title": f"Stress granules dissolve in case {number}.",
        "firstIndexDate": day,
        "firstPublicationDate": day,
    } | more
