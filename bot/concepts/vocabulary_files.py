"""Files of a vocabulary as descriptors: rows of a TSV, and the XML that NLM publishes as `descYYYY.xml`.

Every record gives exactly one item, the descriptor or what is wrong with it; a record is taken whole or not at all.
The XML is that of https://www.nlm.nih.gov/mesh/xml_data_elements.html: terms are those of all concepts of a record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from lxml import etree

from bot.errors import VocabularyError
from bot.models.vocabulary import Descriptor

#: Characters of one name; the longest of MeSH has 250.
NAME_LENGTH = 1_000
#: Names and tree numbers of a whole vocabulary at the most; MeSH has 230,000.
MOST_NAMES = 2_000_000
#: Bytes of one record of XML; the largest have about a tenth.
RECORD_BYTES = 4 << 20
#: What a file must be, for messages.
KINDS = "give desc2026.xml or .gz of NLM, or rows of id, name, entry terms and tree numbers"

_ID = re.compile(r"D[0-9]{6,12}")
_TREE = re.compile(r"[A-Z][0-9]{2,3}(?:\.[0-9]{1,4})*")
#: Control characters, halves of characters, and what stands for bytes that are none.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


class RecordProblem(NamedTuple):
    """A record that is left out, and why."""

    line: int
    text: str


class Bytes(Protocol):
    """What XML is read from: a file, or what stands for one."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes more; none at the end."""


def parse_tsv(lines: Iterable[str]) -> Iterator[Descriptor | RecordProblem]:
    """What each row gives: id, preferred name, entry terms with `|` between, tree numbers likewise, and more or not.

    Empty rows are passed over.
    """
    check = _Check()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) < 4:
            yield RecordProblem(number, "too few columns; there must be id, name, entry terms, tree numbers")
        else:
            yield check(number, cells[0], cells[1], cells[2].split("|"), cells[3].split("|"))


def parse_xml(stream: Bytes, name: str) -> Iterator[Descriptor | RecordProblem]:
    """What each DescriptorRecord gives, one at a time, in flat memory; nothing else is read, within the file or beside.

    Args:
        name: the file's, for errors.

    Raises:
        VocabularyError: not well-formed, or a record has no end.
    """
    check, paced = _Check(), _Paced(stream, name)
    context = etree.iterparse(
        paced,
        events=("end",),
        tag=("DescriptorRecord",),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, record in context:
            parent = record.getparent()
            if parent is None or parent.getparent() is not None:
                continue
            yield check(
                record.sourceline or 0,
                "".join(_texts(record, "DescriptorUI")),
                "".join(_texts(record, "DescriptorName/String")),
                _texts(record, "ConceptList/Concept/TermList/Term/String"),
                _texts(record, "TreeNumberList/TreeNumber"),
            )
            record.clear(keep_tail=False)
            while record.getprevious() is not None:
                del parent[0]
            paced.go_on()
    except etree.XMLSyntaxError as error:
        where = f"{name}:{error.lineno}" if error.lineno else name
        raise VocabularyError(where, f"broken xml: {_shown(error.msg or 'unreadable', 200)}; {KINDS}") from error


def _texts(record: etree._Element, path: str) -> list[str]:
    """The texts at `path`; one with something inside that is not text is none."""
    return [element.text or "" if not len(element) else "" for element in record.iterfind(path)]


class _Check:
    """Makes descriptors of what records say, of each id once."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def __call__(
        self, line: int, id_: str, name: str, terms: Iterable[str], trees: Iterable[str]
    ) -> Descriptor | RecordProblem:
        id_, name = id_.strip(), _clean(name)
        names = tuple(dict.fromkeys(term for text in terms if (term := _clean(text)) and term != name))
        places = tuple(dict.fromkeys(tree for text in trees if (tree := text.strip())))
        if _ID.fullmatch(id_) is None:
            problem = f"not a descriptor's id: '{_shown(id_)}'"
        elif not name:
            problem = f"{id_}: no name"
        elif len(name) > NAME_LENGTH or any(len(term) > NAME_LENGTH for term in names):
            problem = f"{id_}: a name of more than {NAME_LENGTH:,} characters"
        elif _UNREADABLE.search(name) or any(map(_UNREADABLE.search, names)):
            problem = f"{id_}: unreadable characters; the file must be UTF-8"
        elif wrong := [tree for tree in places if _TREE.fullmatch(tree) is None]:
            problem = f"{id_}: not a tree number: '{_shown(wrong[0])}'"
        elif (first := self._lines.setdefault(id_, line)) != line:
            problem = f"{id_}: is in line {first} already; that one counts"
        else:
            return Descriptor(id_, name, names, places)
        return RecordProblem(line, problem)


class _Paced:
    """The stream, as long as its records end."""

    def __init__(self, stream: Bytes, name: str) -> None:
        self._stream, self._name = stream, name
        self._since = 0

    def go_on(self) -> None:
        """Take note that a record has ended."""
        self._since = 0

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes more.

        Raises:
            VocabularyError: no record has ended for too long.
        """
        piece = self._stream.read(size)
        self._since += len(piece)
        if self._since > RECORD_BYTES:
            raise VocabularyError(self._name, f"no DescriptorRecord within {RECORD_BYTES >> 20} MB; {KINDS}")
        return piece


def _clean(text: str) -> str:
    # Not what split() takes for blanks and is a control character: that is to be seen.
    words = " ".join(text.split()) if _UNREADABLE.search(text) is None else text
    return words if words.isascii() else unicodedata.normalize("NFC", words)


def _shown(text: str, most: int = 40) -> str:
    """A piece of a file as a message may hold it."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text[: most + 1]).split())
    return words if len(text) <= most else words[:most] + "…"
