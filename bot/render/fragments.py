"""Pieces of a digest, rendered once and put together for each reader.

Inlining CSS takes tens of milliseconds a mail. So a digest is cut into rows: each is filled in and inlined once, within
the same frame as the others, and kept as text and as it stands in a mail, quoted-printable. What is personal is left
open (`bot.render.slots`). A digest is then a join of pieces. It is the same, element by element and style by style, as
the whole document filled in and inlined at once: tests hold it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import ClassVar, Final

from jinja2 import Environment

from bot.errors import TemplateError
from bot.render.inline import inlined
from bot.render.quoted import encoded, ended
from bot.render.rows import Row
from bot.render.slots import Filling, mark, pieces
from bot.render.templates import filled
from bot.render.view import DigestView
from bot.render.wrap import wrapped

FOLDER: Final = "email/digest"
#: What is personal in a digest, and stands in its pieces by these names only.
PERSONAL: Final = (
    "reader_name",
    "period",
    "headline",
    "summary",
    "subject",
    "unsubscribe_url",
    "preferences_url",
    "pause_url",
    "votes_url",
)
#: What is the same for all digests of a site in one language.
_COMMON: Final = ("brand", "language", "direction", "postal_address", "public_url")
_CUT: Final = mark("cut")
#: Rows that are kept in one generation, some 15 KB each.
_KEPT: Final = 2_500


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where one row ends and the next begins."""

    kind: ClassVar[str] = "cut"
    mark: str = _CUT


class Part:
    """A piece of HTML or of plain text, with places left open."""

    __slots__ = ("names", "octets", "size")

    def __init__(self, text: str) -> None:
        """Take the piece with its marks."""
        turns = pieces(text)
        #: Of what stays, in UTF-8.
        self.size = sum(len(piece.encode()) for piece in turns[::2])
        #: As it stands in a mail: what lies before, between and behind the places left open.
        self.octets = tuple(map(encoded, turns[::2]))
        #: What belongs in the places; one name where it is the same in all of them, as in cards.
        names = tuple(turns[1::2])
        self.names = names[:1] if len(set(names)) == 1 else names

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """The piece with what belongs in it, as it stands in a mail."""
        if not self.names:
            return self.octets[0]
        if len(self.names) == 1:
            return values[self.names[0]].join(self.octets)
        inside = [values[name] for name in self.names]
        inside.append(b"")
        return b"".join([piece for both in zip(self.octets, inside, strict=True) for piece in both])


class Fragment:
    """A row, or the beginning or the end of a digest, in both of its forms."""

    __slots__ = ("html", "text")

    def __init__(self, html: str, text: str) -> None:
        """Take both with their marks."""
        self.html, self.text = Part(html), Part(text)


class _Sheet:
    """The fragments of digests that have the same frame, and the same places left open.

    Rows are kept in two generations, so that the ones of late stay: when the younger is full, the older is forgotten.
    """

    def __init__(self, begins: Fragment, ends: Fragment) -> None:
        self.begins, self.ends = begins, ends
        self._young: dict[Row, Fragment] = {}
        self._old: dict[Row, Fragment] = {}

    def get(self, row: Row) -> Fragment | None:
        found = self._young.get(row)
        if found is None and (found := self._old.get(row)) is not None:
            self._young[row] = found
        return found

    def keep(self, row: Row, fragment: Fragment) -> None:
        if len(self._young) >= _KEPT:
            self._young, self._old = {}, self._young
        self._young[row] = fragment


class Fragments:
    """Fragments of many digests.

    Args:
        environment: gives the templates of a language.
    """

    def __init__(self, environment: Callable[[str], Environment]) -> None:
        self._environment = environment
        self._sheets: dict[tuple[object, ...], _Sheet] = {}

    def of(self, view: DigestView) -> list[Fragment]:
        """The fragments of a digest, in order.

        Raises:
            TemplateError: a template cannot be rendered.
        """
        opened = tuple([name for name in PERSONAL if getattr(view, name)])
        key = (opened, *[getattr(view, name) for name in _COMMON])
        sheet = self._sheets.get(key)
        rows = list(view.rows)
        found = [None if sheet is None else sheet.get(row) for row in rows]
        if sheet is not None and None not in found:
            return [sheet.begins, *found, sheet.ends]  # type: ignore[list-item]  # none of them is None
        missing = list(dict.fromkeys(row for row, fragment in zip(rows, found, strict=True) if fragment is None))
        if sheet is None or missing:
            begins, *made, ends = self._made(view, opened, missing)
            if sheet is None:
                sheet = self._sheets[key] = _Sheet(begins, ends)
            for row, fragment in zip(missing, made, strict=True):
                sheet.keep(row, fragment)
            new = dict(zip(missing, made, strict=True))
            found = [fragment or new[row] for row, fragment in zip(rows, found, strict=True)]
        return [sheet.begins, *[fragment for fragment in found if fragment is not None], sheet.ends]

    def _made(self, view: DigestView, opened: Collection[str], rows: Sequence[Row]) -> Iterator[Fragment]:
        """The beginning, some rows and the end, rendered as one document and cut apart."""
        values = {one.name: getattr(view, one.name) for one in fields(DigestView)}
        values |= {name: mark(name) if name in opened else "" for name in PERSONAL}
        with_cuts: list[Row] = [_Cut()]
        for row in rows:
            with_cuts += (row, _Cut())
        mail = SimpleNamespace(**values, rows=with_cuts)
        environment = self._environment(view.language)
        html = inlined(filled(environment, f"{FOLDER}/body.html", mail=mail)).split(f"<!--{_CUT}-->")
        text = filled(environment, f"{FOLDER}/body.txt", mail=mail).split(f"{_CUT}\n")
        if not len(html) == len(text) == len(rows) + 2:
            raise TemplateError(f"{FOLDER}/body.html", None, "does not show each of mail.rows once, in both parts")
        html[-1], text[-1] = ended(html[-1]), ended(text[-1])
        return map(Fragment, html, text)


class Filled:
    """One digest's fragments with what is personal in it, as its two parts stand in a mail."""

    __slots__ = ("html", "html_size", "text")

    def __init__(self, fragments: Sequence[Fragment], view: DigestView) -> None:
        """Fill the fragments of a digest; `html_size` is in octets before HTML is encoded for a mail."""
        filling = Filling({name: getattr(view, name) for name in PERSONAL}, wrapped)
        kept: dict[str, bytes] = {}
        in_html, in_text = _Values(filling.html, kept), _Values(filling.text, kept)
        self.html = [fragment.html.filled(in_html) for fragment in fragments]
        self.text = [fragment.text.filled(in_text) for fragment in fragments]
        size = 0
        for fragment in fragments:
            part = fragment.html
            size += part.size
            if len(part.names) == 1:
                size += in_html.sizes[part.names[0]] * (len(part.octets) - 1)
            elif part.names:
                size += sum([in_html.sizes[name] for name in part.names])
        self.html_size = size


class _Values(dict[str, bytes]):
    """Values by name as they stand in a mail, made where they are asked for first.

    Args:
        make: gives a value by its name.
        kept: values as they stand in a mail, by what they are.
    """

    def __init__(self, make: Callable[[str], str], kept: dict[str, bytes]) -> None:
        super().__init__()
        self._make, self._kept = make, kept
        #: In UTF-8, of those that were asked for.
        self.sizes: dict[str, int] = {}

    def __missing__(self, name: str) -> bytes:
        value = self._make(name)
        self.sizes[name] = len(value) if value.isascii() else len(value.encode())
        octets = self._kept.get(value)
        if octets is None:
            octets = self._kept[value] = encoded(value)
        self[name] = octets
        return octets
