"""What feedparser's suite expects of its files: comparisons in Python's syntax, taken apart, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_EXPECT = re.compile(r"Expect:[ \t]*(.+)")
_HEADER = re.compile(r"Header:[ \t]*([\w-]+):[ \t]*(.+)")
_ENCODINGS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """That the value at a path of feedparser's result is this one."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite: what its server says, and what is expected."""

    headers: dict[str, str] = field(default_factory=dict)
    expectations: tuple[Expectation, ...] = ()
    #: The expression as it is written.
    written: str = ""


def case_of(body: bytes) -> Case:
    """What a file's first comment says."""
    encoding = next((name for mark, name in _ENCODINGS if body.startswith(mark)), "utf-8")
    text = body.decode(encoding, "replace")[:20_000]
    found = _EXPECT.search(text)
    headers = {name.lower(): value.strip() for name, value in _HEADER.findall(text)}
    if not found:
        return Case(headers)
    written = found[1].strip().removesuffix("-->").strip()
    try:
        tree = ast.parse(written, mode="eval")
    except SyntaxError:
        return Case(headers, (), written)
    return Case(headers, tuple(_expectations(tree.body)), written)


def _expectations(node: ast.expr) -> Iterator[Expectation]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _expectations(part)
    elif isinstance(node, ast.Compare) and all(isinstance(op, ast.Eq) for op in node.ops):
        sides = [node.left, *node.comparators]
        values = [value for side in sides if (value := _constant(side)) is not None]
        for side in sides:
            if (path := _path(side)) and values:
                yield Expectation(path, values[0])


def _constant(node: ast.expr) -> object:
    """The value of a literal, added strings included; None where it is something else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _constant(node.left), _constant(node.right)
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    try:
        value: object = ast.literal_eval(node)
    except ValueError:
        return None
    return value


def _path(node: ast.expr) -> Path:
    """`('entries', 0, 'title')` of `entries[0]['title']` or `entries[0].title`; empty where it is something else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = _path(node.value)
        return (*before, node.attr) if before else ()
    if isinstance(node, ast.Subscript):
        before, step = _path(node.value), _constant(node.slice)
        return (*before, step) if before and isinstance(step, str | int) else ()
    return ()
