"""How much a paper is about a concept, 0..1, and why, in words.

Relevance is the probability that someone who knows the field files the paper under the concept: a logistic regression
(D. R. Cox, J. R. Stat. Soc. B 20, 1958) on where and how the concept is mentioned. Its weights are fitted by
`python -m bench.fit` to papers with the headings of MEDLINE's indexers; docs/decisions/0017 tells how. What the fit
cannot see, because only text is read there, is set by hand: keywords, headings, kinds of publication; and so is what a
feed wants otherwise than indexers do: short forms that nothing confirms, what is denied, names inside of longer ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from bot.concepts.evidence import Evidence

#: What each feature adds on the logit scale, for concepts whose company is not known.
BY_NAMES: Final = {
    "always": -1.17,
    "title": 1.77,
    "abstract": 0.46,
    "both": -0.03,
    "often": 0.73,
    "early": 0.32,
    "conclusion": -0.12,
    "long name": 0.78,
    "spoken in title": 1.03,
    "spoken in abstract": 0.39,
    "composed in title": 3.18,
    "composed in abstract": 1.68,
    "befallen": 1.15,
    "inside": 1.00,
    "bare": -0.50,
    "denied": -0.50,
    "no abstract": 0.80,
    "breadth": -0.14,
    "breadth if named": -0.03,
}
#: The same where it is known.
WITH_COMPANY: Final = {
    "always": -5.56,
    "title": 1.30,
    "abstract": 0.83,
    "both": -0.43,
    "often": -0.22,
    "early": 0.45,
    "conclusion": -0.15,
    "long name": 0.46,
    "spoken in title": 0.42,
    "spoken in abstract": 0.43,
    "composed in title": 0.75,
    "composed in abstract": 0.43,
    "befallen": 0.64,
    "inside": 1.00,
    "bare": 1.60,
    "denied": 0.65,
    "no abstract": 0.00,
    "breadth": -0.02,
    "breadth if named": -0.01,
    "company": 0.51,
    "strong company": 8.51,
    "company if named": -0.17,
}
#: How much of the logit the weights with company have, where it is known; those by names have the rest, and this much
#: where nothing but company speaks. Company was learned from papers of long ago, and is not to decide alone.
COMPANY_SHARE, UNTOLD = 2 / 3, -3.0
#: What authors and indexers say themselves; by hand, since they leave little doubt.
KEYWORD, HEADING, MAJOR_HEADING = 2.0, 3.0, 4.5
#: The beginning and the end of an abstract, as shares of it.
_EARLY, _LATE = 0.15, 0.8
#: Kinds of publication that are less worth a reader's time than what they are about, as a factor.
_LESSER: Final = {
    "published erratum": 0.7,
    "comment": 0.85,
    "news": 0.85,
    "newspaper article": 0.7,
    "expression of concern": 0.7,
}


class Named(NamedTuple):
    """What a paper's indexers say of a concept."""

    heading: bool = False
    major: bool = False


def features(found: Evidence, breadth: int, *, has_abstract: bool) -> dict[str, float]:
    """Give what the fit sees of a concept in a paper; features may be left out where they are 0.

    Args:
        found: how the concept and those narrower than it are mentioned.
        breadth: how many concepts that are, at least 1.
        has_abstract: whether there is more than a title.
    """
    wide = math.log(breadth)
    seen = {"always": 1.0, "breadth": wide}
    if not has_abstract:
        seen["no abstract"] = 1.0
    if found.title:
        seen["title"] = 1.0
    if found.abstract:
        seen["abstract"] = 1.0
        seen["both"] = float(found.title > 0)
        seen["often"] = math.log(found.abstract)
        seen["early"] = float(found.first < _EARLY)
        seen["conclusion"] = float(found.last > _LATE)
    if found.named:
        seen["long name"] = min(found.longest, 3) - 1.0
        seen["breadth if named"] = wide
        seen["company if named"] = min(found.company, 0.3) * 10
    if found.spoken_title or found.spoken_abstract:
        seen["spoken in title"] = float(found.spoken_title > 0)
        seen["spoken in abstract"] = math.log1p(found.spoken_abstract)
    if found.composed_title or found.composed_abstract or found.befallen:
        seen["composed in title"] = found.composed_title
        seen["composed in abstract"] = found.composed_abstract
        seen["befallen"] = found.befallen
    if found.inside or found.bare or found.denied:
        seen["inside"] = math.log1p(found.inside)
        seen["bare"] = math.log1p(found.bare)
        seen["denied"] = float(found.denied > 0)
    if found.company:
        seen["company"] = min(found.company, 0.2) * 10
        seen["strong company"] = math.sqrt(found.company)
    return seen


def relevance(
    found: Evidence,
    breadth: int = 1,
    *,
    has_abstract: bool = True,
    knows_company: bool = False,
    indexed: Named | None = None,
    publication_types: Iterable[str] = (),
) -> float:
    """Give how much a paper is about a concept, 0..1: the same for the same arguments, 0 where nothing speaks of it.

    Args:
        found: how the concept and those narrower than it are mentioned.
        breadth: how many concepts that are, at least 1.
        has_abstract: whether there is more than a title.
        knows_company: whether there is a model of the concept's company, so that no company tells something too.
        indexed: what its indexers say of the concept; None where they say nothing.
        publication_types: as PubMed names them.
    """
    if not (knows_company or indexed or publication_types) and found.only_named:
        if not (found.title or found.abstract):
            return 0.0
        early, late = found.first < _EARLY, found.last > _LATE
        return _of_names(found.title > 0, found.abstract, early, late, min(found.longest, 3), breadth, has_abstract)
    if not (found.spoken_of or found.company or (indexed is not None and indexed.heading)):
        return 0.0
    return _weighed(
        found,
        breadth,
        has_abstract,
        knows_company=knows_company,
        indexed=indexed or Named(),
        publication_types=publication_types,
    )


@lru_cache(maxsize=65_536)
def _of_names(
    title: bool, abstract: int, early: bool, late: bool, longest: int, breadth: int, has_abstract: bool
) -> float:
    """The relevance of what is named and no more: most of all that is found, and much of it alike."""
    found = Evidence(int(title), abstract, first=0.0 if early else 1.0, last=1.0 if late else 0.0, longest=longest)
    return _weighed(found, breadth, has_abstract, knows_company=False, indexed=Named(), publication_types=())


def _weighed(
    found: Evidence,
    breadth: int,
    has_abstract: bool,
    *,
    knows_company: bool,
    indexed: Named,
    publication_types: Iterable[str],
) -> float:
    seen = features(found, breadth, has_abstract=has_abstract)
    logit = _sum(BY_NAMES, seen) if found.spoken_of else UNTOLD
    if knows_company:
        logit += COMPANY_SHARE * (_sum(WITH_COMPANY, seen) - logit)
    if found.keywords:
        logit += KEYWORD
    if indexed.heading:
        logit += MAJOR_HEADING if indexed.major else HEADING
    factor = min((_LESSER.get(kind.casefold(), 1.0) for kind in publication_types), default=1.0)
    return round(factor / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 3)


def _sum(weights: Mapping[str, float], seen: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in seen.items())
