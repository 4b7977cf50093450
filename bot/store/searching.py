"""Papers by the words of their titles and abstracts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    cast,
    column,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from bot.models.asking import Asked
from bot.store.belonging import belongs
from bot.store.engine import Store
from bot.store.search_index import TABLE, has_search
from bot.store.tables import concept_feed, feed_entry, paper

#: Hits that are counted at the most; whoever has more had better ask more closely.
COUNTED = 1_000
#: Words in a title tell four times as much.
_TITLE = 4.0
#: Between papers that fit about alike the newer goes first: the newest has so much more than the oldest, by the order
#: in which they came.
_RECENCY = 0.5

#: The index as either database has it.
_fts5 = table(TABLE, column("rowid"))
_words = table(TABLE, column("paper_id"), column("words", TSVECTOR))


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found."""

    #: Papers, the best first: as many as were asked for.
    ids: tuple[int, ...] = ()
    #: In all, up to `COUNTED`.
    total: int = 0
    #: False where this SQLite cannot search whole texts, so that only titles were looked at.
    whole: bool = True


def search(store: Store, asked: Asked, limit: int, offset: int = 0, feed_id: int | None = None) -> Hits:
    """Papers that have all terms in title or abstract, the best first.

    Args:
        feed_id: of the feed that they must be in; any on offer where there is none.
    """
    if not asked:
        return Hits()
    with store.reading() as connection:
        whole = has_search(connection)
        found = _by_titles(asked) if not whole else _by_fts5(asked) if store.is_sqlite else _by_words(asked)
        key, matches, best = found
        query = select(key.label("id")).where(matches, _belongs(key, feed_id))
        counted = select(func.count()).select_from(query.limit(COUNTED).subquery())
        total = int(connection.execute(counted).scalar_one())
        if total <= offset:
            return Hits((), total, whole)
        rows = connection.execute(query.order_by(best, key.desc()).limit(limit).offset(offset))
        return Hits(tuple(row.id for row in rows), total, whole)


#: The column with the paper's id, the condition, and what orders the hits.
_Found = tuple[ColumnElement[int], ColumnElement[bool], ColumnElement[Any]]


def _belongs(key: ColumnElement[int], feed_id: int | None) -> ColumnElement[bool]:
    """In the feed, or in any that is on offer."""
    which = concept_feed.c.retired_at.is_(None) if feed_id is None else concept_feed.c.id == feed_id
    there = feed_entry.join(concept_feed, concept_feed.c.id == feed_entry.c.feed_id)
    return exists(select(1).select_from(there).where(feed_entry.c.paper_id == key, belongs(), which))


def _weighed(fit: ColumnElement[Any], key: ColumnElement[int]) -> ColumnElement[Any]:
    newest = select(func.max(paper.c.id)).scalar_subquery()
    return fit * (1 + _RECENCY * cast(key, Float) / newest)


def _by_fts5(asked: Asked) -> _Found:
    itself: ColumnElement[Any] = literal_column(TABLE)
    # The better the fit, the further below nought.
    fit = func.bm25(itself, _TITLE, 1.0)
    return _fts5.c.rowid, itself.op("match", is_comparison=True)(_match(asked)), _weighed(fit, _fts5.c.rowid)


def _match(asked: Asked) -> str:
    """The terms as FTS5 reads them: quoted, so that nothing in them is syntax."""

    def quoted(terms: tuple[tuple[str, ...], ...], between: str) -> str:
        return between.join(f'"{" ".join(term)}"' for term in terms)

    wanted = quoted(asked.wanted, " AND ")
    return f"({wanted}) NOT ({quoted(asked.unwanted, ' OR ')})" if asked.unwanted else wanted


def _by_words(asked: Asked) -> _Found:
    terms: list[ColumnElement[Any]] = [_phrase(term) for term in asked.wanted]
    terms += [func.tsquery_not(_phrase(term), type_=TSQUERY) for term in asked.unwanted]
    query = reduce(lambda one, other: one.op("&&", return_type=TSQUERY())(other), terms)
    weights: ColumnElement[Any] = literal_column(f"'{{0, 0, {1 / _TITLE}, 1}}'::real[]")
    # 1: a long abstract has more of any word.
    fit = func.ts_rank_cd(weights, _words.c.words, query, 1)
    return (
        _words.c.paper_id,
        _words.c.words.op("@@", is_comparison=True)(query),
        _weighed(fit, _words.c.paper_id).desc(),
    )


def _phrase(term: tuple[str, ...]) -> ColumnElement[Any]:
    return func.phraseto_tsquery(literal_column("'english'::regconfig"), " ".join(term), type_=TSQUERY)


def _by_titles(asked: Asked) -> _Found:
    wanted = [paper.c.title.like(f"%{'%'.join(term)}%") for term in asked.wanted]
    unwanted = [paper.c.title.like(f"%{'%'.join(term)}%") for term in asked.unwanted]
    return (
        paper.c.id,
        and_(reduce(and_, wanted), not_(or_(*unwanted)) if unwanted else paper.c.id > 0),
        paper.c.id.desc(),
    )
