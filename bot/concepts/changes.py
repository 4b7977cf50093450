"""What a catalogue would change, before it is applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.models.feeds import CatalogueFeed


@dataclass(frozen=True, slots=True)
class FeedChange:
    """One feed before and after, with what differs in words."""

    old: CatalogueFeed
    new: CatalogueFeed
    #: One for each difference: `name: 'Old' becomes 'New'`, `synonyms: + 'PEV'`, `query: - pubmed 'a[tiab]'`.
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """What applying a catalogue does to the feeds that are there; feeds are known by their slugs."""

    added: tuple[CatalogueFeed, ...] = ()
    changed: tuple[FeedChange, ...] = ()
    unchanged: tuple[CatalogueFeed, ...] = ()
    #: There, but not in the file.
    missing: tuple[CatalogueFeed, ...] = ()

    def __bool__(self) -> bool:
        """Whether applying would change any feed that the file names."""
        return bool(self.added or self.changed)


def difference(old: Iterable[CatalogueFeed], new: Iterable[CatalogueFeed]) -> CatalogueChange:
    """Give what turns the feeds `old` into the catalogue `new`, in the order of `new`, the missing in that of `old`.

    The order of a feed's queries means nothing and is no difference; that of its terms is kept.
    """
    before = {feed.slug: feed for feed in old}
    after = {feed.slug: feed for feed in new}
    both = [(before[slug], feed) for slug, feed in after.items() if slug in before]
    compared = [FeedChange(was, now, _words(was, now)) for was, now in both]
    return CatalogueChange(
        added=tuple(feed for slug, feed in after.items() if slug not in before),
        changed=tuple(change for change in compared if change.words),
        unchanged=tuple(change.new for change in compared if not change.words),
        missing=tuple(feed for slug, feed in before.items() if slug not in after),
    )


def threshold_in_words(threshold: float | None) -> str:
    """Give a feed's threshold for an admin: `0.4`, or `the usual one`."""
    return "the usual one" if threshold is None else repr(threshold)


def _words(old: CatalogueFeed, new: CatalogueFeed) -> tuple[str, ...]:
    words = []
    for key, was, now in (
        ("name", old.name, new.name),
        ("description", old.description, new.description),
        ("field", old.field, new.field),
    ):
        if was != now:
            words.append(f"{key}: '{was}' becomes '{now}'")
    for key, had, has in (
        ("mesh", old.mesh, new.mesh),
        ("synonyms", old.synonyms, new.synonyms),
        ("exclude", old.exclude, new.exclude),
    ):
        steps = _steps(had, has)
        if had != has:
            words.append(f"{key}: {' '.join(steps) if steps else 'another order'}")
    if old.threshold != new.threshold:
        words.append(f"threshold: {threshold_in_words(old.threshold)} becomes {threshold_in_words(new.threshold)}")
    queries = _steps([f"{q.source} {q.query}" for q in old.queries], [f"{q.source} {q.query}" for q in new.queries])
    return (*words, *(f"query: {step}" for step in queries))


def _steps(old: Iterable[str], new: Iterable[str]) -> list[str]:
    was, now = dict.fromkeys(old), dict.fromkeys(new)
    return [f"- '{entry}'" for entry in was if entry not in now] + [f"+ '{entry}'" for entry in now if entry not in was]
