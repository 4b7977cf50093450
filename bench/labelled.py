"""Data sets with known truth, read from a folder in the forms in which they are published.

The folder has `vocab/` (the vocabulary), `pubmed/` (PubMed's XML) and `labelled/` (what people judged). Files are found
by pattern, since another folder may hold other parts of the same sets.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, NamedTuple, TextIO, cast

from bot.collect.sources.pubmed_xml import Citation, citations
from bot.concepts.vocabulary import Vocabulary
from bot.errors import BotError, SourceError
from bot.models.vocabulary import Descriptor

_GZIP = b"\x1f\x8b"
#: Of PubTator's types: what BC5CDR and the NCBI disease corpus call a disease.
DISEASES = frozenset(("Disease", "DiseaseClass", "SpecificDisease", "Modifier", "CompositeMention"))
_NONE = ("", "NA", "-1")
#: Longer than any abstract, and than what csv takes by itself.
_LONGEST_FIELD = 10_000_000


class Document(NamedTuple):
    """What is known of a paper here: its text alone, without headings and keywords."""

    id: str
    title: str
    abstract: str

    @property
    def text(self) -> str:
        """Title and abstract."""
        return f"{self.title}\n{self.abstract}"


class JudgedConcept(NamedTuple):
    """A concept and the papers that are about it or about a narrower one."""

    #: As MeSH numbers them.
    id: str
    trees: tuple[str, ...]
    papers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Qrels:
    """Which of the papers that were judged are about which concept."""

    #: `baseline` or `update`, with the rest of the file's name where there are several.
    name: str
    judged: frozenset[str]
    concepts: tuple[JudgedConcept, ...]


@dataclass(frozen=True, slots=True)
class Annotated:
    """Papers with the ids of every disease that their text names."""

    name: str
    documents: tuple[Document, ...]
    #: By the paper's id; ids of several vocabularies.
    diseases: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Review:
    """The papers that were looked at for a review, and which of them were taken."""

    #: The file's, without its endings.
    name: str
    documents: tuple[Document, ...]
    #: By the stage of the review.
    included: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Records:
    """Folders of data sets, looked through as if they were one."""

    folders: tuple[Path, ...]

    def files(self, pattern: str) -> list[Path]:
        """Files by a pattern below the folders, in a fixed order."""
        return sorted((path for folder in self.folders for path in folder.glob(pattern)), key=lambda path: path.name)

    def vocabulary(self) -> Vocabulary:
        """The MeSH vocabulary; concepts are numbered in the order of their ids.

        Raises:
            BotError: where it is missing.
        """
        descriptors: dict[str, Descriptor] = {}
        for path in self.files("vocab/mesh_id_label_mappings*"):
            with text_of(path) as lines:
                descriptors |= {one.id: one for one in map(_descriptor, lines) if one}
        if not descriptors:
            where = ", ".join(map(str, self.folders))
            raise BotError(f"records: {where}: no vocab/mesh_id_label_mappings.tsv.gz; name the folder that has vocab/")
        return Vocabulary(descriptors[one] for one in sorted(descriptors))

    def qrels(self) -> list[Qrels]:
        """Each file of judged papers; the one with experts' headings first."""
        paths = [
            (kind, path) for kind in ("baseline", "update") for path in self.files(f"labelled/derived_qrels/{kind}*")
        ]
        kinds = [kind for kind, _ in paths]
        return [_qrels(path, kind if kinds.count(kind) == 1 else _stem(path)) for kind, path in paths]

    def papers(self, wanted: Collection[str] | None = None) -> dict[str, Document]:
        """Text of the papers with the wanted PMIDs, of all without; the last version of each."""
        found: dict[str, tuple[int, Document]] = {}
        for path in self.files("pubmed/pubmed*.xml*"):
            for one in citations_of(path):
                if (wanted is None or one.pmid in wanted) and one.version >= found.get(one.pmid, (0,))[0]:
                    paper = one.announcement
                    abstract = "\n".join(section.text for section in paper.abstract)
                    found[one.pmid] = (one.version, Document(one.pmid, paper.title, abstract))
        return {pmid: document for pmid, (_, document) in found.items()}

    def annotated(self, name: str) -> Annotated | None:
        """All files of a corpus as one; None where there are none."""
        paths = self.files(f"labelled/{name}/*.txt*")
        if not paths:
            return None
        documents: dict[str, Document] = {}
        diseases: dict[str, set[str]] = {}
        for path in paths:
            with text_of(path) as lines:
                for document, ids in pubtator(lines):
                    documents[document.id] = document
                    diseases.setdefault(document.id, set()).update(ids)
        return Annotated(name, tuple(documents.values()), {one: frozenset(ids) for one, ids in diseases.items()})

    def reviews(self, name: str) -> list[Review]:
        """A review for each file of a collection."""
        return [_review(path) for path in self.files(f"labelled/{name}/*.csv*")]


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, plain or gzipped.

    Raises:
        BotError: where it cannot be read, also in the middle.
    """
    try:
        with path.open("rb") as start:
            packed = start.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as stream:
            yield cast("IO[bytes]", stream)
    except (OSError, EOFError, zlib.error, csv.Error, SourceError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise BotError(f"records: {path}: cannot be read: {problem.lower()}") from error


@contextmanager
def text_of(path: Path) -> Iterator[TextIO]:
    """The text of a file, plain or gzipped; what is no UTF-8 is replaced."""
    with opened(path) as stream, io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="") as text:
        yield text


def pubtator(lines: Iterable[str]) -> Iterator[tuple[Document, frozenset[str]]]:
    """Each document of a PubTator file, and the ids of the diseases in it.

    A mention of several diseases has several ids, parted by `|` or `+`. Relations are passed over.
    """
    title, abstract, ids = "", "", set[str]()
    pmid = ""
    for line in (*lines, ""):
        whole = line.rstrip("\r\n")
        if found := re.match(r"(\d+)\|([ta])\|(.*)", whole):
            if found[2] == "t" and pmid:
                yield Document(pmid, title, abstract), frozenset(ids)
                ids = set()
            if found[2] == "t":
                pmid, title, abstract = found[1], found[3].strip(), ""
            else:
                abstract = found[3].strip()
            continue
        fields = whole.split("\t")
        if len(fields) >= 6 and fields[4] in DISEASES:
            ids.update(_bare(one) for one in re.split(r"[|+]", fields[5]) if one.strip() not in _NONE)
    if pmid:
        yield Document(pmid, title, abstract), frozenset(ids)


def _bare(number: str) -> str:
    return number.strip().removeprefix("MESH:")


def _descriptor(line: str) -> Descriptor | None:
    fields = [one.strip() for one in line.rstrip("\r\n").split("\t")]
    if len(fields) < 4:
        return None
    terms, trees = ([one for one in fields[at].split("|") if one] for at in (2, 3))
    return Descriptor(fields[0], fields[1], tuple(terms), tuple(trees))


def _qrels(path: Path, name: str) -> Qrels:
    concepts: list[JudgedConcept] = []
    judged: frozenset[str] = frozenset()
    with text_of(path) as lines:
        for line in lines:
            fields = line.rstrip("\r\n").split("\t")
            if fields[0] == "#JUDGED":
                judged = frozenset(fields[1].split(","))
            elif not line.startswith("#") and len(fields) >= 5:
                papers = frozenset(fields[4].split(","))
                concepts.append(JudgedConcept(fields[0], tuple(fields[2].split("|")), papers))
    if not judged:
        raise BotError(f"records: {path}: no line #JUDGED; what is not judged cannot be told from what is not about it")
    return Qrels(name, judged, tuple(concepts))


def citations_of(path: Path) -> Iterator[Citation]:
    """The citations of a file of PubMed records, each version; what the file takes back is passed over.

    Raises:
        BotError: where it cannot be read, also in the middle.
    """
    with opened(path) as stream:
        today = date.today()  # noqa: DTZ011 (any day will do)
        yield from (one for one in citations(stream, today) if isinstance(one, Citation))


def _review(path: Path) -> Review:
    """Of a table with columns for what was decided: by abstract and by full text, or once."""
    documents: list[Document] = []
    included: dict[str, set[str]] = {}
    with text_of(path) as lines, _long_fields():
        for row in csv.DictReader(lines):
            number = row.get("pubmedID") or row.get("record_id") or str(len(documents) + 1)
            title, abstract = (row.get("title") or ""), (row.get("abstracts") or row.get("abstract") or "")
            documents.append(Document(number, _given(title), _given(abstract)))
            for stage, column, taken in (
                ("by abstract", "label1", "I"),
                ("by full text", "label2", "I"),
                ("included", "label_included", "1"),
            ):
                if column in row:
                    included.setdefault(stage, set())
                    if (row[column] or "").strip() == taken:
                        included[stage].add(number)
    return Review(_stem(path), tuple(documents), {stage: frozenset(ids) for stage, ids in included.items()})


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _given(value: str) -> str:
    return "" if value.strip() in _NONE else value.strip()


def _stem(path: Path) -> str:
    """The name without endings such as `.tsv.gz`."""
    return re.sub(r"(\.(gz|csv|tsv|txt))+$", "", path.name)
