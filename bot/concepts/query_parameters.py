"""Queries of sources that take named parameters, Crossref and OpenAlex: read from one line, and checked.

Both are written alike: words to search for, and `name:value` for everything else, separated by spaces. A value that
holds spaces stands in quotes or parentheses.

    soil fungi query.author:Kowalski type:journal-article has-abstract:true
    ("soil fungi" OR mycorrhiza) NOT orchid type:article|preprint language:en
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote

#: A name, and a value right behind it.
_NAME = re.compile(r"([A-Za-z][\w.-]*):(?=\S)")
#: As addresses write parameters.
_ADDRESS_STYLE = re.compile(r"(?:^|[?&\s])(filter|query(?:\.[\w-]+)?|search(?:\.\w+)*)=")
_OPERATORS = re.compile(r"(?:^|\s)\(*(AND|OR|NOT)\)*(?=\s|$)")
_CURLY = "\u201c\u201d\u201e\u201f"

# --- Crossref -------------------------------------------------------------------------------------------------------

#: What free words mean: "useful for citation look-up; titles, authors, ISSNs and years" (Crossref, "REST API").
CROSSREF_WORDS = "query.bibliographic"
#: Crossref, "REST API", field queries of works; any of the words is enough, and the answers are ranked.
_CROSSREF_SEARCHES = frozenset(
    ["query"]
    + [
        f"query.{field}"
        for field in (
            "affiliation author bibliographic chair container-title contributor degree description editor "
            "event-acronym event-location event-name event-sponsor event-theme funder-name publisher-location "
            "publisher-name standards-body-acronym standards-body-name title translator"
        ).split()
    ]
)
#: Crossref, "REST API filters", works.
_CROSSREF_FILTERS = frozenset(
    (
        "alternative-id archive article-number assertion assertion-group award.funder award.number category-name "
        "clinical-trial-number container-title content-domain directory doi full-text.application full-text.type "
        "full-text.version funder funder-doi-asserted-by group-title gte-award-amount has-abstract has-affiliation "
        "has-archive has-assertion has-authenticated-orcid has-award has-clinical-trial-number has-content-domain "
        "has-description has-domain-restriction has-event has-full-text has-funder has-funder-doi has-license "
        "has-orcid has-references has-relation has-ror-id has-update has-update-policy is-update isbn issn "
        "license.delay license.url license.version lte-award-amount member orcid prefix reference-visibility "
        "relation.object relation.object-type relation.type ror-id type type-name update-type updates"
    ).split()
) | {
    f"{end}-{what}-date"
    for end in ("from", "until")
    for what in (
        "accepted approved awarded deposit event-end event-start index issued online-pub posted print-pub pub update"
    ).split()
}
_CROSSREF_OURS = frozenset(
    "from-created-date until-created-date rows cursor offset sample sort order select facet mailto filter".split()
)

# --- OpenAlex -------------------------------------------------------------------------------------------------------

#: What free words mean. Plain `search` looks into full texts too, and finds every paper that mentions a thing once.
OPENALEX_WORDS = "search.title_and_abstract"
#: OpenAlex developers, "Search": one of these in a request. `search.semantic` shows the nearest 50 alone.
_OPENALEX_SEARCHES = frozenset(
    "search search.exact search.title search.title.exact search.title_and_abstract "
    "search.title_and_abstract.exact".split()
)
#: Filters that only search, which OpenAlex gives up ("Deprecations").
_OPENALEX_FORMER = {
    "default.search": "search",
    "title.search": "search.title",
    "display_name.search": "search.title",
    "abstract.search": "search.title_and_abstract",
    "title_and_abstract.search": "search.title_and_abstract",
    "fulltext.search": "search",
}
#: How names of filters begin (OpenAlex developers, "Filter"; the attributes of a work).
_OPENALEX_FILTERS = frozenset(
    (
        "abstract apc_list apc_paid author authors_count authorships awards best_oa_location best_open_version biblio "
        "citation_normalized_percentile cited_by cited_by_count cites concept concepts concepts_count "
        "corresponding_author_ids corresponding_institution_ids countries_distinct_count doi doi_starts_with "
        "fulltext_origin funders fwci grants has_abstract has_content has_doi has_fulltext "
        "has_oa_accepted_or_published_version has_oa_submitted_version has_orcid has_pdf_url has_pmcid has_pmid "
        "has_raw_affiliation_strings has_references "
        "ids indexed_in institution institution_assertions institutions institutions_distinct_count is_corresponding "
        "is_oa is_paratext is_retracted is_xpac journal keyword keywords language locations locations_count mag mesh "
        "oa_status open_access openalex openalex_id pmcid pmid primary_location primary_topic publication_year "
        "raw_affiliation_strings raw_author_name referenced_works referenced_works_count related_to repository "
        "sustainable_development_goals topics topics_count type type_crossref version"
    ).split()
)
_OPENALEX_OURS = frozenset(
    "from_publication_date to_publication_date publication_date from_created_date to_created_date from_updated_date "
    "to_updated_date page per_page per-page cursor sort select sample seed group_by group-by mailto api_key "
    "include_xpac filter".split()
)
#: Filters that choose a topic; domains and fields (all of medicine) choose none.
_OPENALEX_TOPICS = re.compile(
    r"(?:primary_topic|topics|concepts?|keywords?|mesh|sustainable_development_goals)(?:\.(?!field|domain).*)?"
    r"|cites|cited_by|related_to"
)
#: Characters of an address that OpenAlex takes are about 4,000 ("Search", large boolean queries); the rest is ours.
_OPENALEX_LONGEST = 3_500


@dataclass(frozen=True, slots=True)
class Parameters:
    """A query as it was written."""

    #: Words outside of any name, quotes and parentheses kept.
    text: str
    #: Names and values in their order, quotes and parentheses kept.
    named: tuple[tuple[str, str], ...]


def parameters_of(query: str) -> Parameters:
    """The words and the named values of a query; what is not closed goes to the end."""
    words: list[str] = []
    named: list[tuple[str, str]] = []
    at = 0
    while at < len(query):
        if _parts(query, at):
            at += 1
            continue
        name = _NAME.match(query, at)
        start = name.end() if name else at
        at = _end(query, start)
        if name:
            named.append((name[1], query[start:at]))
        else:
            words.append(query[start:at])
    return Parameters(" ".join(words), tuple(named))


def crossref_parameters(query: str) -> dict[str, str]:
    """The parameters that ask Crossref for a query without faults; `filter` holds all filters, and may be missing."""
    found = parameters_of(query)
    asked = {CROSSREF_WORDS: _bare(found.text)} if found.text else {}
    for name, value in found.named:
        if name in _CROSSREF_SEARCHES:
            asked[name] = f"{asked[name]} {_bare(value)}" if name in asked else _bare(value)
    return asked | _filter([pair for pair in found.named if pair[0] not in _CROSSREF_SEARCHES])


def openalex_parameters(query: str) -> dict[str, str]:
    """The parameters that ask OpenAlex for a query without faults; `filter` holds all filters, and may be missing."""
    found = parameters_of(query)
    asked = {OPENALEX_WORDS: found.text} if found.text else {}
    asked |= {name: value for name, value in found.named if name in _OPENALEX_SEARCHES}
    return asked | _filter([pair for pair in found.named if pair[0] not in _OPENALEX_SEARCHES])


def openalex_selects(query: str) -> bool:
    """Whether a query of OpenAlex chooses by topic: it searches, or filters by a topic, a concept or citations."""
    found = parameters_of(query)
    return bool(found.text) or any(
        name in _OPENALEX_SEARCHES or (_OPENALEX_TOPICS.fullmatch(name) and not _bare(value).startswith("!"))
        for name, value in found.named
    )


def faults_of(source: str, query: str) -> tuple[str, ...]:
    """Name everything that is wrong with a query of `crossref` or `openalex`; empty where it may be asked."""
    if faults := _unclosed(query):
        return faults
    if style := _ADDRESS_STYLE.search(query):
        return (f"'{style[1]}=' is of an address; write words, and name:value for the rest",)
    found = parameters_of(query)
    if not found.text and not found.named:
        return ("nothing to look for; write words, or name:value",)
    return (*_crossref_faults(found),) if source == "crossref" else (*_openalex_faults(query, found),)


def _crossref_faults(found: Parameters) -> list[str]:
    known = _CROSSREF_SEARCHES | _CROSSREF_FILTERS
    faults = [fault for name, _ in found.named if (fault := _name_fault(name, known, _CROSSREF_OURS))]
    searched = [found.text, *(value for name, value in found.named if name in _CROSSREF_SEARCHES)]
    if operator := _OPERATORS.search(" ".join(searched)):
        faults.append(f"Crossref knows no {operator[1]}: it finds papers that have any of the words")
    return (
        faults
        + _misplaced(found.text, known)
        + _value_faults([pair for pair in found.named if pair[0] not in _CROSSREF_SEARCHES])
    )


def _openalex_faults(query: str, found: Parameters) -> list[str]:
    faults, known = [], _OPENALEX_FILTERS | _OPENALEX_SEARCHES
    for name, _ in found.named:
        if name == "search.semantic":
            faults.append("search.semantic shows the nearest 50 papers, never all; search for words")
        elif name in _OPENALEX_FORMER:
            faults.append(f"OpenAlex gives up '{name}'; write {_OPENALEX_FORMER[name]}:(…)")
        elif name in _OPENALEX_SEARCHES or name.partition(".")[0] not in _OPENALEX_FILTERS:
            faults += [fault for fault in (_name_fault(name, known, _OPENALEX_OURS),) if fault]
    if len([name for name, _ in found.named if name in _OPENALEX_SEARCHES]) + bool(found.text) > 1:
        faults.append("OpenAlex searches once in a query; join the words with AND or OR")
    if len(quote(query)) > _OPENALEX_LONGEST:
        faults.append(f"too long: OpenAlex takes addresses of {_OPENALEX_LONGEST} characters; write two queries")
    return (
        faults
        + _misplaced(found.text, known)
        + _value_faults([pair for pair in found.named if pair[0] not in _OPENALEX_SEARCHES])
    )


def _name_fault(name: str, known: frozenset[str], ours: frozenset[str]) -> str:
    if name in known:
        return ""
    if name in ours:
        return f"'{name}' is for the bot to say; leave it out"
    near = get_close_matches(name.lower(), sorted(known), 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"unknown name: '{name[:60]}'; {meant}to search for it, put it into quotes"


def _misplaced(text: str, known: frozenset[str]) -> list[str]:
    names = (name[1] for name in _NAME.finditer(re.sub(r'"[^"]*"', "", text)))
    return [f"'{name}:' among words in parentheses; write it outside of them" for name in names if name in known]


def _value_faults(filters: list[tuple[str, str]]) -> list[str]:
    """Filters are told apart by commas, and neither service lets one be escaped."""
    return [
        f"a comma in the value of '{name[:60]}'; write the name once more" for name, value in filters if "," in value
    ]


def _filter(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {"filter": ",".join(f"{name}:{_bare(value)}" for name, value in pairs)} if pairs else {}


def _bare(value: str) -> str:
    """Without quotes, and without parentheses around all of it."""
    value = value.replace('"', " ").strip()
    if value.startswith("(") and value.endswith(")"):
        value = value[1:-1]
    return " ".join(value.split())


def _parts(query: str, at: int) -> bool:
    """Whether a space stands there, or a comma before a name, as services write between filters."""
    return query[at].isspace() or (query[at] == "," and _NAME.match(query, at + 1) is not None)


def _end(query: str, at: int) -> int:
    """Where the word or value ends that begins at `at`: nothing in quotes or parentheses ends it."""
    depth = 0
    while at < len(query):
        sign = query[at]
        if sign == '"':
            at = query.find('"', at + 1)
            if at < 0:
                return len(query)
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif not depth and _parts(query, at):
            return at
        at += 1
    return at


def _unclosed(query: str) -> tuple[str, ...]:
    if any(mark in query for mark in _CURLY):
        return ('curly quotes; use "',)
    if query.count('"') % 2:
        return ('unbalanced quotes: one " has no partner',)
    depth = 0
    for sign in re.sub(r'"[^"]*"', "", query):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return ("unbalanced parentheses: ) has no partner",)
    return ("unbalanced parentheses: ( has no partner",) if depth else ()
