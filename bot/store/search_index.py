"""The index that search goes by: words of titles and abstracts, kept by the database itself whenever a paper changes.

Neither database has it as a table that SQLAlchemy could describe: on SQLite it is an FTS5 table without content of its
own (https://www.sqlite.org/fts5.html, section 4.4.3), on PostgreSQL a `tsvector` beside each paper with a GIN index.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

TABLE: Final = "paper_search"

#: What separates words for us. PostgreSQL's own parser would take `ME/CFS` for the name of a file.
_MARKS: Final = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'

#: The texts of an abstract's parts, without their labels. `{row}` is `new` or `old`.
_SQLITE_ABSTRACT = "(select group_concat(json_extract(value, '$[1]'), ' ') from json_each({row}.abstract))"
_SQLITE_ADD = f"insert into {TABLE}(rowid, title, abstract) "
_SQLITE_DROP = f"insert into {TABLE}({TABLE}, rowid, title, abstract) values ('delete', old.id, old.title, "

_SQLITE = (
    f"create virtual table {TABLE} using fts5(title, abstract, content='', "
    'tokenize="porter unicode61 remove_diacritics 2")',
    f"create trigger {TABLE}_added after insert on paper begin "
    f"{_SQLITE_ADD} values (new.id, new.title, {_SQLITE_ABSTRACT.format(row='new')}); end",
    f"create trigger {TABLE}_dropped after delete on paper begin "
    f"{_SQLITE_DROP}{_SQLITE_ABSTRACT.format(row='old')}); end",
    # Papers are written whole, and their texts are seldom what has changed.
    f"create trigger {TABLE}_changed after update of title, abstract on paper "
    "when old.title is not new.title or old.abstract is not new.abstract begin "
    f"{_SQLITE_DROP}{_SQLITE_ABSTRACT.format(row='old')}); "
    f"{_SQLITE_ADD} values (new.id, new.title, {_SQLITE_ABSTRACT.format(row='new')}); end",
    f"{_SQLITE_ADD} select id, title, {_SQLITE_ABSTRACT.format(row='paper')} from paper",
)

_POSTGRES = (
    f"create table {TABLE} (paper_id bigint primary key references paper (id) on delete cascade, "
    "words tsvector not null)",
    # English, as abstracts are: who asks for exosomes wants the exosome as well.
    f"""create function {TABLE}_of(title text, abstract json) returns tsvector language sql immutable as $$
    select setweight(to_tsvector('english', translate(title, $marks${_MARKS}$marks$, repeat(' ', {len(_MARKS)}))), 'A')
        || setweight(to_tsvector('english', translate(coalesce(
            (select string_agg(part ->> 1, ' ') from json_array_elements(abstract) as part), ''),
            $marks${_MARKS}$marks$, repeat(' ', {len(_MARKS)}))), 'B')
    $$""",
    f"""create function {TABLE}_keep() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' and old.title = new.title and old.abstract::text = new.abstract::text then
            return null;
        end if;
        insert into {TABLE} values (new.id, {TABLE}_of(new.title, new.abstract))
            on conflict (paper_id) do update set words = excluded.words;
        return null;
    end $$""",
    f"create trigger {TABLE}_kept after insert or update of title, abstract on paper "
    f"for each row execute function {TABLE}_keep()",
    f"insert into {TABLE} select id, {TABLE}_of(title, abstract) from paper",
    f"create index ix_{TABLE}_words on {TABLE} using gin (words)",
)


def make_search(connection: Connection) -> None:
    """Make the index, of what there is; where SQLite was built without FTS5 none, and search finds titles alone."""
    if connection.dialect.name != "sqlite":
        _run(connection, _POSTGRES)
    elif connection.execute(text("select sqlite_compileoption_used('ENABLE_FTS5')")).scalar():
        _run(connection, _SQLITE)


def has_search(connection: Connection) -> bool:
    """Whether there is the index."""
    if connection.dialect.name != "sqlite":
        return True
    found = text("select 1 from sqlite_master where name = :name")
    return connection.execute(found, {"name": TABLE}).first() is not None


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)
