"""Pieces of a digest, rendered once and put together for each reader.

Inlining CSS takes tens of milliseconds a mail. So a digest is cut into rows: each is filled in and inlined once, within
the same frame as the others, and kept as text and as it stands in a mail, quoted-printable. What is personal is left
open (`bot.render.slots`). A digest is then a join of pieces. It is the same, element by element and style by style, as
the whole document filled in and inlined at once: tests hold it to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    "view_url",
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

    __slots__ = ("names", "octets", "often", "size")

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
        #: How often each name stands in it.
        self.often = tuple(Counter(names).items())


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

    def get(self, rows: Sequence[Row]) -> dict[Row, Fragment]:
        """Those of some rows that are kept."""
        young, old = self._young, self._old
        found = {row: young[row] for row in rows if row in young}
        if len(found) < len(rows):
            again = {row: old[row] for row in rows if row in old and row not in found}
            young |= again
            found |= again
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
        self._sheets: dict[tuple[tuple[str, ...], ...], _Sheet] = {}

    def of(self, view: DigestView) -> list[Fragment]:
        """The fragments of a digest, in order.

        Raises:
            TemplateError: a template cannot be rendered.
        """
        rows = list(view.rows)
        sheet, kept = self._with(view, rows)
        return [sheet.begins, *map(kept.__getitem__, rows), sheet.ends]

    def prepare(self, views: Iterable[DigestView]) -> None:
        """Render what is missing for some digests together: a document of many rows takes little longer than of one.

        Raises:
            TemplateError: a template cannot be rendered.
        """
        alike: dict[tuple[tuple[str, ...], ...], tuple[DigestView, dict[Row, None]]] = {}
        for view in views:
            _, rows = alike.setdefault(_frame(view), (view, {}))
            rows.update(dict.fromkeys(view.rows))
        for view, rows in alike.values():
            self._with(view, list(rows))

    def _with(self, view: DigestView, rows: Sequence[Row]) -> tuple[_Sheet, dict[Row, Fragment]]:
        """The sheet of a digest, and fragments of rows that it or others of its frame have."""
        key = _frame(view)
        sheet = self._sheets.get(key)
        kept = {} if sheet is None else sheet.get(rows)
        missing = [row for row in dict.fromkeys(rows) if row not in kept]
        if sheet is None or missing:
            begins, *made, ends = self._made(view, key[0], missing)
            if sheet is None:
                sheet = self._sheets[key] = _Sheet(begins, ends)
            for row, fragment in zip(missing, made, strict=True):
                sheet.keep(row, fragment)
                kept[row] = fragment
        return sheet, kept

    def _made(self, view: DigestView, opened: Collection[str], rows: Sequence[Row]) -> Iterator[Fragment]:
        """The beginning, some rows and the end, rendered as one document and cut apart."""
        # No more than that, so that a template that looks at more is found out.
        values = {name: getattr(view, name) for name in _COMMON}
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


def _frame(view: DigestView) -> tuple[tuple[str, ...], ...]:
    """What digests have in common whose rows look the same: which places are left open, and what is the site's."""
    opened = tuple([name for name in PERSONAL if getattr(view, name)])
    return opened, tuple([getattr(view, name) for name in _COMMON])


class Filled:
    """One digest's fragments with what is personal in it, as its two parts stand in a mail."""

    __slots__ = ("html", "html_size", "text")

    def __init__(self, fragments: Sequence[Fragment], view: DigestView) -> None:
        """Fill the fragments of a digest; `html_size` is in octets before HTML is encoded for a mail."""
        filling = Filling({name: getattr(view, name) for name in PERSONAL}, wrapped)
        kept: dict[str, bytes] = {}
        in_html, in_text = _Values(filling.html, kept), _Values(filling.text, kept)
        self.html = _filled([fragment.html for fragment in fragments], in_html)
        self.text = _filled([fragment.text for fragment in fragments], in_text)
        size = sum([fragment.html.size for fragment in fragments])
        for fragment in fragments:
            for name, often in fragment.html.often:
                size += often * in_html.sizes[name]
        self.html_size = size


def _filled(parts: Sequence[Part], values: Mapping[str, bytes]) -> list[bytes]:
    """Pieces with what belongs in them, as they stand in a mail."""
    whole: list[bytes] = []
    for part in parts:
        if not part.names:
            whole.append(part.octets[0])
        elif len(part.names) == 1:
            whole.append(values[part.names[0]].join(part.octets))
        else:
            whole.append(part.octets[0])
            for name, octets in zip(part.names, part.octets[1:], strict=True):
                whole += (values[name], octets)
    return whole


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
