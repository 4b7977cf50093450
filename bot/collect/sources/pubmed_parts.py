"""PubMed's XML cut into documents of a few records each and parsed: nothing resolved or loaded, in flat memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from bot.collect.sources.streams import MOST_PARTS, Bytes, parts_in
from bot.collect.text import marked_text
from bot.errors import SourceError

NAME = "pubmed"
_ROOTS = ("PubmedArticleSet", "PubmedBookArticleSet")
_ROOT = re.compile(rb"<(%s)(?:\s[^<>]*[^<>/]|\s)?>" % b"|".join(root.encode() for root in _ROOTS))
#: As many records as there are.
_WHOLE = re.compile(rb".*</Pubmed(?:Book)?Article\s*>", re.DOTALL)
_LONGEST_END = 40
#: Elements that nothing is read of, and that hold none of their own name: two thirds of a recent record. Leaving them
#: out before parsing saves making nodes of them, which is most of the work.
_UNREAD = re.compile(
    rb"<(AffiliationInfo|Reference|Grant|Chemical|DataBank|Identifier|CopyrightInformation|DateCompleted|ISSN|Pagination|"
    rb"MedlineJournalInfo|PubMedPubDate(?=\s+PubStatus=\"(?!entrez\"))|QualifierName(?=\s[^<>]*MajorTopicYN=\"N\"))"
    rb"(?:\s[^<>]*)?>"
    # Of a few tags at the most, so that what is never closed costs no more than it has of them.
    rb"[^<]*+(?:<(?!/\1)[^<]*+){0,60}+</\1\s*>\s*"
)
#: Bytes that are parsed at a time, about.
_PIECE = 1 << 17
#: Bytes of one record at the most; the largest papers, with 15,000 investigators, have a third.
_LARGEST = 12 << 20


class BlanksCountError(Exception):
    """Blanks may be missing in a text: parse it again, with all of them."""


def _parser(*, blanks: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=not blanks,
    )


_QUICK, _EXACT = _parser(blanks=False), _parser(blanks=True)


def documents(stream: Bytes) -> Iterator[bytes]:
    """The records of a PubmedArticleSet, a few at a time, each time as a document with the head of the whole.

    That takes a fifth less time than the events of one parser that reads on and on. A cut where there was none (the
    end of a record within a comment) leaves what is not well-formed, so that it is an error, never another record.

    Raises:
        SourceError: where no record ends within a reasonable size.
    """
    head = rest = end = b""
    parts = 0
    while piece := stream.read(_PIECE):
        rest += piece
        if not end and (root := _ROOT.search(rest, 0, _PIECE)):
            head, rest, end = rest[: root.end()], rest[root.end() :], b"</" + root[1] + b">"
        if end and (whole := _WHOLE.match(rest, max(0, len(rest) - len(piece) - _LONGEST_END))):
            yield head + rest[: whole.end()] + end
            rest, parts = rest[whole.end() :], 0
            continue
        parts += parts_in(piece)
        if parts > MOST_PARTS or len(rest) > _LARGEST:
            raise SourceError(NAME, "a record larger than any is" if end else "not a PubmedArticleSet")
    yield head + rest


def root_of(document: bytes, *, blanks: bool = False) -> etree._Element:
    """The root of a document, its records below it.

    Args:
        blanks: keep those between two tags, too; half of PubMed's nodes are such layout.

    Raises:
        SourceError: where it is another root.
    """
    parser = _EXACT if blanks else _QUICK
    try:
        root = etree.fromstring(_UNREAD.sub(b"", document), parser)
    except etree.XMLSyntaxError:
        # What looked like such an element may have been none.
        root = etree.fromstring(document, parser)
    if root.tag not in _ROOTS:
        raise SourceError(NAME, f"not a PubmedArticleSet: {str(root.tag)[:60]}")
    return root


def text_of(element: etree._Element) -> str:
    """The readable text of an element, not yet clean.

    Raises:
        BlanksCountError: where blanks that count may have been dropped, since they look like layout.
    """
    if not len(element):
        return element.text or ""
    if _may_lack_blanks(element) and element.getroottree().parser is _QUICK:
        raise BlanksCountError
    return marked_text(element)


def _may_lack_blanks(element: etree._Element, *, inner: bool = False) -> bool:
    """Whether blanks between two tags may be missing; libxml2 drops none where text comes first in an element."""
    if element.text is None and (inner or any(child.tail is None for child in element[:-1])):
        return True
    return any(
        len(child) and not str(child.tag).endswith("math") and _may_lack_blanks(child, inner=True) for child in element
    )
