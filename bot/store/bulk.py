"""Many rows with few statements: what is asked of the database grows with batches, not with rows.

SQLAlchemy's own way makes a set of parameters for each row, which takes longer than a database needs for the row. Here
values come by column: PostgreSQL gets each column as one array, SQLite some hundred rows in one statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnDefault, ColumnElement, Connection, Dialect, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

#: Parameters of one statement; SQLite took no more before 3.32.
PARAMETERS = 999

Key = TypeVar("Key", int, str)


def among(connection: Connection, column: ColumnElement[Key], ids: Sequence[Key]) -> ColumnElement[bool]:
    """Whether a column has one of `ids`: one parameter however many they are, so that the statement stays the same."""
    if connection.dialect.name == "postgresql":
        return column == func.any(bindparam(None, list(ids), ARRAY(column.type), unique=True))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(each.c.value))


def insert_all(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any] | None = None
) -> None:
    """Insert as many rows as each column has values; other columns get their plain default.

    Args:
        columns: hashable values by column, as many of each.
        same: what all rows have in common.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if isinstance(column.default, ColumnDefault) and column.default.is_scalar and column.name not in columns
    }
    common = defaults | dict(same or {})
    into = f"insert into {table.name} ({', '.join((*common, *columns))})"
    single = [_stored(connection, table, name, [value])[0] for name, value in common.items()]
    values = [_stored(connection, table, name, of) for name, of in columns.items()]
    if connection.dialect.name == "postgresql":
        given = "".join(f"%s::{_type(connection, table, name)}, " for name in common)
        text = f"{into} select {given}one.* from {_arrays(connection, table, columns)} as one"  # noqa: S608 (names of our own)
        connection.exec_driver_sql(text, (*single, *map(_array, values)))
        return
    width = len(common) + len(columns)
    listed: list[Any] = [None] * (count * width)
    for place, column in enumerate((*([value] * count for value in single), *values)):
        listed[place::width] = column
    row, step = f"({', '.join('?' * width)})", PARAMETERS // width * width
    for start in range(0, len(listed), step):
        some = tuple(listed[start : start + step])
        connection.exec_driver_sql(f"{into} values {', '.join([row] * (len(some) // width))}", some)


def update_all(connection: Connection, table: Table, key: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Give each row that a key names values of its own.

    Args:
        key: the column that tells rows apart; it is one of `columns`.
        columns: hashable values by column, as many of each.
    """
    values = {name: _stored(connection, table, name, of) for name, of in columns.items()}
    keys = values.pop(key)
    if not keys:
        return
    if connection.dialect.name == "postgresql":
        names = (key, *values)
        moved = ", ".join(f"{name} = one.{name}" for name in values)
        rows = f"{_arrays(connection, table, names)} as one ({', '.join(names)})"
        text = f"update {table.name} set {moved} from {rows} where {table.name}.{key} = one.{key}"  # noqa: S608 (as above)
        connection.exec_driver_sql(text, tuple(map(_array, (keys, *values.values()))))
        return
    moved = ", ".join(f"{name} = ?" for name in values)
    text = f"update {table.name} set {moved} where {key} = ?"  # noqa: S608 (as above)
    connection.exec_driver_sql(text, list(zip(*values.values(), keys, strict=True)))


def relation(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], alike: Mapping[str, str] | None = None
) -> tuple[str, tuple[Any, ...]]:
    """Rows to join with, called `one`, in SQL with its parameters; None where there is no value.

    Args:
        columns: hashable values by column, as many of each; they are of the types of the table's columns.
        alike: of a column that the table does not have, the one whose type it has.
    """
    types = [(alike or {}).get(name, name) for name in columns]
    values = [_stored(connection, table, name, of) for name, of in zip(types, columns.values(), strict=True)]
    if connection.dialect.name == "postgresql":
        return f"{_arrays(connection, table, types)} as one ({', '.join(columns)})", tuple(map(_array, values))
    parts = ", ".join(f"json_extract(value, '$[{at}]') as {name}" for at, name in enumerate(columns))
    rows = f"(select {parts} from json_each(?)) as one"  # noqa: S608 (names of our own)
    return rows, (json.dumps(list(zip(*values, strict=True))),)


def run(connection: Connection, text: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The rows of a statement, by the driver alone, within SQLAlchemy's transaction; it raises what the driver raises.

    For what is done some hundred times a second: SQLAlchemy takes as long around a statement as a database for it.
    """
    driver: Any = connection.connection.driver_connection
    found: list[tuple[Any, ...]] = driver.execute(text, parameters).fetchall()
    return found


def _stored(connection: Connection, table: Table, name: str, values: Sequence[Any]) -> list[Any]:
    """The values as the driver takes them; of equal ones, such as moments of a batch, each is made once."""
    made = _processor(connection.dialect, table.c[name].type)
    if made is None:
        return list(values)
    known = {value: made(value) for value in set(values)}
    return [known[value] for value in values]


@lru_cache(maxsize=1024)
def _processor(dialect: Dialect, kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes a value of a type as the driver takes it; finding it takes as long as using it for twenty."""
    made: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return made


def _arrays(connection: Connection, table: Table, names: Iterable[str]) -> str:
    return f"unnest({', '.join(f'%s::{_type(connection, table, name)}[]' for name in names)})"


def _type(connection: Connection, table: Table, name: str) -> str:
    return connection.dialect.type_compiler_instance.process(table.c[name].type)


def _array(values: Sequence[int | str | datetime | None]) -> str:
    """An array as PostgreSQL reads it (manual, 8.15.2); the driver would look at the type of each value."""
    if all(type(value) is int for value in values):
        return f"{{{','.join(map(str, values))}}}"
    known = {value: "null" if value is None else _quoted(str(value)) for value in set(values)}
    return f"{{{','.join([known[value] for value in values])}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
