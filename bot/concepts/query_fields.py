"""Queries that the bot answers itself, since the service cannot search: `category:cell_biology text:"stress granule"`.

A query is a list of fields, each `name:word` or `name:"several words"`. Fields of one name are alternatives, different
names go together: any of the categories, and any of the texts. Nothing at all stands for everything.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.concepts.words import key_of

#: What stands where: a quoted value, a bare one, or what is no field.
_FIELD = re.compile(
    r"""(?P<name>[A-Za-z_]+):(?:"(?P<quoted>[^"]*)"(?=\s|$)|(?P<bare>[^\s"]*)(?=\s|$))|(?P<other>\S+)"""
)
_WANTED = 'write category:cell_biology or text:"stress granule", one after the other'
_CURLY = "\u201c\u201d\u201e\u201f"


class FieldQuery(NamedTuple):
    """What a query asks for."""

    #: Any of these, as `category_key` writes them; any category where there is none.
    categories: tuple[str, ...] = ()
    #: Any of these in the title or the abstract; any paper where there is none.
    texts: tuple[str, ...] = ()
    #: What is wrong with the query, in words for the admin who wrote it.
    faults: tuple[str, ...] = ()


def category_key(name: str) -> str:
    """What is the same for every way to write a category: `Cell Biology`, `cell_biology`, `cell-biology`."""
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold())).strip()


def faults_of(query: str) -> tuple[str, ...]:
    """Name everything that is wrong with `query`; empty where it may be used."""
    return read(query).faults


def read(query: str) -> FieldQuery:
    """What `query` asks for, and what of it cannot be understood."""
    if any(mark in query for mark in _CURLY):
        return FieldQuery(faults=('curly quotes; use "',))
    if query.count('"') % 2:
        return FieldQuery(faults=(f"unbalanced quotes: one \" has no partner: '{query.strip()[-40:]}'",))
    categories: dict[str, None] = {}
    texts: dict[str, None] = {}
    faults: list[str] = []
    for field in _FIELD.finditer(query):
        name, value = (field["name"] or "").lower(), (field["quoted"] or field["bare"] or "").strip()
        if field["other"] is not None:
            faults.append(f"not a field: '{field['other'][:40]}'; {_WANTED}")
        elif name == "category" and category_key(value):
            categories[category_key(value)] = None
        elif name == "text" and key_of(value):
            texts[value] = None
        elif name in {"category", "text"}:
            faults.append(f"nothing after {name}: '{field[0][:40]}'; {_WANTED}")
        else:
            faults.append(f"unknown field: '{field['name'][:40]}'; known: category, text")
    return FieldQuery(tuple(categories), tuple(texts), tuple(dict.fromkeys(faults)))
