"""What is wrong with a query before any source is asked, in words for the admin who wrote it."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.concepts import query_fields, query_parameters

_CURLY = "\u201c\u201d\u201e\u201f"
_CLOSING = {"(": ")", "[": "]"}


def faults_of(source: str, query: str) -> tuple[str, ...]:
    """Name everything that is wrong with `query` for `source`; empty where it may be asked."""
    match source:
        case "syndication":
            return _address_faults(query)
        case "biorxiv" | "medrxiv":
            return query_fields.faults_of(query)
        case "crossref" | "openalex":
            return query_parameters.faults_of(source, query)
    return _expression_faults(query)


def _address_faults(address: str) -> tuple[str, ...]:
    wanted = "write the feed's address, as https://journal.example.org/rss"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in address):
        return (f"not an http or https address: '{address}'; {wanted}",)
    return ()


def _expression_faults(query: str) -> tuple[str, ...]:
    """Quotes and brackets of a boolean query, as PubMed and Europe PMC read it: nothing nests inside quotes."""
    faults = []
    if any(mark in query for mark in _CURLY):
        faults.append('curly quotes; use "')
    if query.count('"') % 2:
        faults.append(f"unbalanced quotes: one \" has no partner: '{_around(query, query.rfind(chr(34)))}'")
        return tuple(faults)  # brackets cannot be told from text now
    faults += _bracket_faults(query)
    return tuple(faults)


def _bracket_faults(query: str) -> list[str]:
    faults = []
    waiting: list[tuple[str, int]] = []
    quoted = False
    for position, character in enumerate(query):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in _CLOSING:
            waiting.append((character, position))
        elif character in _CLOSING.values():
            if waiting and _CLOSING[waiting[-1][0]] == character:
                waiting.pop()
            else:
                faults.append(_unbalanced(query, position))
    return faults + [_unbalanced(query, position) for _, position in waiting]


def _unbalanced(query: str, position: int) -> str:
    kind = "parentheses" if query[position] in "()" else "brackets"
    return f"unbalanced {kind}: {query[position]} has no partner: '{_around(query, position)}'"


def _around(query: str, position: int) -> str:
    start, end = max(0, position - 20), position + 21
    return ("…" if start else "") + query[start:end] + ("…" if end < len(query) else "")
