"""Vocabulary files as admins have them: packed or not, whole or damaged, small or far too large."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import pytest

from bot.concepts.vocabulary import Vocabulary
from bot.errors import VocabularyError
from bot.models.vocabulary import Descriptor
from bot.wiring import vocabulary as wired
from bot.wiring.vocabulary import PROBLEMS_TOLD, read_vocabulary
from tests.concepts.vocabularies import SMALL, tsv, xml

PACKINGS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, lzma.compress]


def file(folder: Path, content: bytes | str, name: str = "any.name") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("packed", PACKINGS)
@pytest.mark.parametrize(
    "content", [tsv(), xml(), "\ufeff" + tsv(), "\n " + xml(head=""), tsv().replace("\n", "\r\n")], ids=count()
)
def test_the_kind_is_told_by_the_content(tmp_path: Path, content: str, packed: Callable[[bytes], bytes]) -> None:
    found = read_vocabulary(file(tmp_path, packed(content.encode()), "misleading.zip"))
    assert sorted(found.descriptors, key=repr) == sorted(SMALL, key=repr)
    assert (found.skipped, found.problems) == (0, ())


def test_xml_in_utf_16_is_xml(tmp_path: Path) -> None:
    content = xml(head='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16")
    assert set(read_vocabulary(file(tmp_path, content)).descriptors) == set(SMALL)


def test_parts_of_gzip_make_one_file(tmp_path: Path) -> None:
    halves = [tsv(SMALL[:3]), tsv(SMALL[3:])]
    path = file(tmp_path, b"".join(gzip.compress(half.encode()) for half in halves))
    assert read_vocabulary(path).descriptors == SMALL


def test_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    many = [Descriptor(f"D{990000 + number}", f"Concept {number}", (), ()) for number in range(100)]
    path = file(tmp_path, ("id\tname\n" * 30 + tsv(many)).encode() + b"D999999\tBr\xff\t\t\t\n")
    found = read_vocabulary(path)
    assert found.descriptors == tuple(many)
    assert found.skipped == 31
    assert len(found.problems) == PROBLEMS_TOLD
    assert found.problems[0].line == 1
    (last,) = read_vocabulary(file(tmp_path, tsv(many).encode() + b"D999999\tBr\xff\t\t\t\n")).problems
    assert (last.line, last.text) == (101, "D999999: unreadable characters; the file must be UTF-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no descriptor in it; give desc2026.xml"),
        (b"\n \n", "no descriptor in it; give desc2026.xml"),
        ("a,b,c\n1,2,3\n", ":1: no descriptor: too few columns; .*; give desc2026.xml"),
        ("\nC990001\tA chemical\t\tD990001\n", ":2: no descriptor: not a descriptor's id: 'C990001'; give"),
        ("x\n" * 8 + tsv(), ":1: 8 of 15 records are none: too few columns"),
        ("<html><body>Not found</body></html>", "no descriptor in it"),
        (xml()[:500], r":\d+: broken xml"),
        (Random(4).randbytes(4096), ":1: no descriptor"),
        (b"\x1f\x8b" + b"x" * 100, "damaged or cut off: .*; fetch it again"),
        (gzip.compress(tsv().encode())[:-20], "damaged or cut off: .*; fetch it again"),
        (gzip.compress(xml().encode())[:-20], "damaged or cut off: .*; fetch it again"),
        (gzip.compress(tsv().encode())[:-8] + b"xxxxxxxx", "damaged or cut off: crc check failed"),
        (lzma.compress(tsv().encode())[:-20], "damaged or cut off: .*; fetch it again"),
        (lzma.compress(tsv().encode())[:30] + b"x" * 50, "damaged or cut off: .*; fetch it again"),
    ],
    ids=count(),
)
def test_what_is_no_vocabulary_is_one_clear_line(tmp_path: Path, content: bytes | str, words: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(VocabularyError, match=words) as caught:
        read_vocabulary(path)
    assert str(caught.value).startswith(f"vocabulary: {path}")
    assert "\n" not in str(caught.value)


def test_a_zip_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("desc.xml", xml())
    with pytest.raises(VocabularyError, match="a zip archive; unpack it first"):
        read_vocabulary(file(tmp_path, content.getvalue()))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="cannot be read: no such file or directory"):
        read_vocabulary(tmp_path / "nowhere")
    with pytest.raises(VocabularyError, match="cannot be read: is a directory"):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize("packed", PACKINGS)
def test_no_more_is_unpacked_than_a_vocabulary_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(wired, "MOST_BYTES", 2 << 20)
    for content in (tsv().encode() + b"\n" * (3 << 20), xml().encode() + b"\n" * (3 << 20)):
        with pytest.raises(VocabularyError, match="more than 2 MB unpacked"):
            read_vocabulary(file(tmp_path, packed(content)))


def test_a_row_and_all_names_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, tsv() + "x" * 2_000_000)
    with pytest.raises(VocabularyError, match=":8: a row of more than 1,000,000 bytes"):
        read_vocabulary(path)
    monkeypatch.setattr(wired, "MOST_NAMES", 10)
    with pytest.raises(VocabularyError, match="more than 10 names"):
        read_vocabulary(file(tmp_path, tsv()))


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = file(tmp_path, gzip.compress(tsv().encode()))
    read_vocabulary(path, lambda done, total: told.append((done, total)))
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert all(done <= total == size for done, total in told)


def test_the_real_vocabulary_is_read_whole(shared: Path) -> None:
    found = read_vocabulary(shared / "data" / "vocab" / "mesh_id_label_mappings.tsv.gz")
    assert (len(found.descriptors), found.skipped) == (30_764, 0)
    known = Vocabulary(found.descriptors)
    number = known.number_of("myalgic encephalomyelitis")
    assert number is not None
    assert known.descriptors[number].id == "D015673"
    broader = {known.descriptors[one].name for one in known.broader(number)}
    assert {"Fatigue Syndrome, Chronic", "Encephalomyelitis", "Nervous System Diseases"} <= broader
    assert known.in_tree(number, ("C",))
    assert all(number in known.narrower(one) for one in known.broader(number))
