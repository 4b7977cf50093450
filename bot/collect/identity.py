"""Which announcements are the same paper: by identifiers, by links between versions, then by a guarded title.

Two announcements belong together where they share an identifier (their own, or one that a source links as the same
work), or where title, first author and year agree and nothing contradicts. Papers are what hangs together by that, so
that the outcome does not depend on the order in which announcements come. What only a feed's own name (guid, link)
stands for joins a paper by its title, but never brings two papers together.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from bot.collect.sources.identifiers import is_preprint_doi
from bot.models.papers import Announcement, Identifier
from bot.models.sightings import Known, Merge, Recognised, Rules, SightingRecord

#: Names that a feed made up for itself.
WEAK = frozenset({"guid", "link"})
#: A title of fewer words or letters is no sign of a paper: `Editorial`, `Letter to the editor`.
FEWEST_WORDS, FEWEST_LETTERS = 4, 24
#: Titles of papers about a paper: they repeat its title, or one another's.
_ABOUT_OTHERS = re.compile(
    r"re:|(?:author'?s'? |the )?(?:reply|response)(?:\.|:| from| by|$)|reply to|"
    r"response to (?:the )?(?:letter|comment|editor)|"
    r"comments? (?:on|to)\b|commentary:|erratum|errata\b|corrigend|(?:publisher |author )?correction(?:\.|:| to|$)|"
    r"retraction(?:\.|:| of| note| notice|$)|retracted:|withdrawn:|addendum|expression of concern|editorial\b|"
    r"letters? to|in memoriam|obituary|book review|table of contents|contents of",
    re.IGNORECASE,
)
#: What `_plain` makes of ASCII.
_ASCII = {at: chr(at).lower() if chr(at).isalnum() else " " for at in range(128)}
#: An article appears up to so many years after its preprint, or before (an issue dated later than the server's copy).
LATER, EARLIER = 3, 1
_GREEK = str.maketrans(
    {
        chr(0x3B1 + at): f" {name} "
        for at, name in enumerate(
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau "
            "upsilon phi chi psi omega".split()
        )
    }
)


def recognise(found: Sequence[Announcement], seen: Sequence[SightingRecord], known: Known) -> Recognised:
    """Whose announcement each of a batch is, and which stored papers turn out to be one.

    Args:
        seen: what `sighting_of` says of each of them.
        known: what the database knows that may concern them.
    """
    return _Recognition(known).of(found, seen)


def title_key(one: Announcement) -> str:
    """What stands for title and first author; empty where they are no sign of a paper.

    Accents, case, punctuation and the spelling of Greek letters do not count. Where a feed names no author, the place
    of its link stands in, since a site does not announce two papers under one title.
    """
    if _ABOUT_OTHERS.match(one.title):
        return ""
    words = _plain(one.title).split()
    if len(words) < FEWEST_WORDS or sum(map(len, words)) < FEWEST_LETTERS:
        return ""
    if one.authors:
        who = "".join(_plain(one.authors[0].family).split()[-1:])
    else:
        who = f"@{urlsplit(one.url).hostname or ''}" if not is_strong(one.identifiers) else ""
    if not who:
        return ""
    return hashlib.sha256(f"{''.join(words)}|{who}".encode()).hexdigest()[:24]


def year_of(one: Announcement) -> int:
    """The year of publication, or else of indexing; 0 where neither is known."""
    if one.published[:4].isdigit():
        return int(one.published[:4])
    return one.indexed.year if one.indexed else 0


def is_strong(names: Iterable[Identifier]) -> bool:
    """Whether any of `names` is one that more than a feed knows."""
    return any(name.scheme not in WEAK for name in names)


def sighting_of(one: Announcement, paper_id: int) -> SightingRecord:
    """What is remembered of an announcement."""
    return SightingRecord(
        paper_id, title_key(one), year_of(one), one.identifiers, one.preprint, is_strong(one.identifiers)
    )


def contradict(one: SightingRecord, other: SightingRecord) -> bool:
    """Whether two sightings cannot be of the same paper: both have a name of one kind, and not the same.

    A preprint and its article have each their own, and so have copies of a preprint on several servers.
    """
    if one.preprint != other.preprint:
        return False
    if any(_differ(_values(one, scheme), _values(other, scheme)) for scheme in ("pmid", "pmcid", "arxiv")):
        return True
    if not one.preprint:
        return _differ(_article_dois(one), _article_dois(other))
    mine, theirs = _works_by_server(one), _works_by_server(other)
    return any(_differ(mine[server], theirs[server]) for server in mine.keys() & theirs.keys())


def _differ(one: set[str], other: set[str]) -> bool:
    return bool(one and other and not one & other)


def _values(one: SightingRecord, scheme: str) -> set[str]:
    return {name.value for name in one.names if name.scheme == scheme}


def _article_dois(one: SightingRecord) -> set[str]:
    # What is one work in several versions has a DOI for each.
    return _values(one, "work") or {doi for doi in _values(one, "doi") if not is_preprint_doi(doi)}


def _works_by_server(one: SightingRecord) -> dict[str, set[str]]:
    """By registrant, which stands for the server: two preprints on one server are two."""
    found: dict[str, set[str]] = {}
    for value in _values(one, "work") or _values(one, "doi"):
        found.setdefault(value.partition("/")[0], set()).add(value)
    return found


def _fit(one: SightingRecord, other: SightingRecord) -> bool:
    """Whether two sightings of one title key are of one paper."""
    if not one.year or not other.year or contradict(one, other):
        return False
    if one.preprint == other.preprint:
        return abs(one.year - other.year) <= 1
    article, preprint = (other, one) if one.preprint else (one, other)
    return -EARLIER <= article.year - preprint.year <= LATER


class _Recognition:
    """A batch under way: papers are sets of nodes that are brought together; new ones have negative numbers."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._owners = dict(known.owners)
        self._titled: dict[str, list[SightingRecord]] = {}
        for sighting in known.titled:
            self._titled.setdefault(sighting.title_key, []).append(sighting)
        #: Sightings by node, for those that were seen in this batch.
        self._seen: dict[int, list[SightingRecord]] = {}
        self._above: dict[int, int] = {}
        self._merges: list[Merge] = []

    def of(self, found: Sequence[Announcement], seen: Sequence[SightingRecord]) -> Recognised:
        nodes, how = [], []
        for at, (one, me) in enumerate(zip(found, seen, strict=True)):
            node, words = self._place(one, me, -at - 1)
            nodes.append(node)
            how.append(words)
        owners = {name: self._root(node) for name, node in self._owners.items()}
        return Recognised(tuple(map(self._root, nodes)), tuple(how), tuple(self._merges), owners)

    def _place(self, one: Announcement, me: SightingRecord, new: int) -> tuple[int, str]:
        reasons: dict[int, str] = {}
        for name in (*one.identifiers, *one.links):
            if (owner := self._owners.get(name)) is not None:
                root = self._root(owner)
                if name.scheme not in WEAK or not self._denied(me, root):
                    reasons.setdefault(root, name.scheme)
        for root in self._of_same_title(me, known=bool(reasons)):
            reasons.setdefault(root, "title, first author and year")
        node = self._together(reasons, one) if reasons else new
        for name in (*one.identifiers, *one.links):
            if name.scheme not in WEAK or name not in self._owners:
                self._owners[name] = node
        sighting = SightingRecord(node, me.title_key, me.year, me.names, me.preprint, me.strong)
        if me.title_key:
            self._titled.setdefault(me.title_key, []).append(sighting)
        self._seen.setdefault(node, []).append(sighting)
        return node, ", ".join(dict.fromkeys(reasons.values())) or "new"

    def _of_same_title(self, me: SightingRecord, *, known: bool) -> list[int]:
        """Papers that the title joins this one to."""
        if not me.title_key:
            return []
        fitting = [other for other in self._titled.get(me.title_key, ()) if _fit(me, other)]
        strong = [other for other in fitting if other.strong]
        if me.strong:
            # A paper that nothing but its feed's name stands for is free to be taken.
            free = [other for other in fitting if not other.strong and not self._has_strong(self._root(other.paper_id))]
            return sorted({self._root(other.paper_id) for other in (*strong, *free)}, key=_oldest_first)
        if known or not fitting:
            return []
        best = min(strong or fitting, key=lambda other: (abs(me.year - other.year), _oldest_first(other.paper_id)))
        return [self._root(best.paper_id)]

    def _sightings(self, root: int) -> Iterable[SightingRecord]:
        for node, sightings in (*self._known.of_paper.items(), *self._seen.items()):
            if self._root(node) == root:
                yield from sightings

    def _has_strong(self, root: int) -> bool:
        return any(sighting.strong for sighting in self._sightings(root))

    def _denied(self, me: SightingRecord, root: int) -> bool:
        """Whether a paper that only a feed's own name leads to is surely another: feeds use names again."""
        return any(contradict(me, other) for other in self._sightings(root))

    def _together(self, reasons: dict[int, str], one: Announcement) -> int:
        kept, *others = sorted(reasons, key=_oldest_first)
        for other in others:
            self._above[other] = kept
            if other > 0:
                why = f"{one.source} {one.identifiers[0]}: {reasons[kept]} and {reasons[other]}"
                self._merges.append(Merge(kept, other, why))
        return kept

    def _root(self, node: int) -> int:
        while node in self._above:
            node = self._above[node]
        return node


RULES = Rules(sighting_of, recognise)


def _oldest_first(node: int) -> tuple[bool, int]:
    return node < 0, abs(node)


def _plain(text: str) -> str:
    """Letters and digits in lower case, without accents, Greek ones spelt out; all else is a space."""
    if text.isascii():
        return text.translate(_ASCII)
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter)).translate(_GREEK)
    return "".join(letter if letter.isalnum() else " " for letter in folded)
