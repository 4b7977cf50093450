"""How far our reading of feeds agrees with other people's: `python -m bench.feeds --records ../shared/data`.

Over feedparser's own suite, what its files expect of entries' titles, links, ids, dates and authors is compared with
what we announce; over other parsers' suites and journals' feeds, what their expectation files or a plain walk over
lxml's tree find. Every difference has a reason, or is counted as one that has none.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urljoin

from bench import feed_walk
from bench.feed_expectations import Case, Expectation, case_of
from bench.feed_reading import ADDRESS, Reading, guids, read, reduced
from bench.feed_walk import Seen
from bot.collect.sources.confined import ConfinedParser
from bot.collect.sources.feed_names import web_link
from bot.errors import SourceError
from bot.models.papers import Announcement

KINDS = ("titles", "links", "ids", "dates", "authors")
_DATES = {"published", "updated", "created", "issued", "modified", "date"}
#: The steps by their names alone: `links[0].href`, `authors[1].name`.
_PATHS: dict[str, set[tuple[str, ...]]] = {
    "titles": {("title",), ("title_detail", "value")},
    "links": {("link",), ("links", "href")},
    "ids": {("id",), ("guid",)},
    "authors": {("author",), ("author_detail", "name"), ("authors", "name")},
}
MARKUP = "markup and invisible characters reduced to text"
NOT_WEB = "a link that is not http or https"
NOT_PAPER = "a link that is not to the paper"
ADDRESSES = "an author's mail address"
FEEDS_OWN = "an id that is the feed's own or several entries'"
OWN_ZONE = "a day in the feed's own zone"
#: Files of feedparser's suite whose expectation is not what a reader should see.
_KNOWN = {"wellformed/sanitize/entry_title_crazy.xml": "tags that are broken on purpose, kept as text"}


@dataclass(slots=True)
class Counts:
    """What came of one collection of feeds."""

    name: str
    files: int = 0
    #: Each with its reason.
    refused: list[str] = field(default_factory=list)
    entries: int = 0
    agree: Counter[str] = field(default_factory=Counter)
    #: By reason.
    on_purpose: Counter[str] = field(default_factory=Counter)
    #: In words, one by one.
    otherwise: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def judge(self, kind: str, verdict: str, told: str) -> None:
        """Counts one comparison: '' agrees, '!' differs, and anything else is the reason why it may."""
        if verdict == "!":
            self.otherwise.append(f"{self.name}: {kind}: {told}")
        elif verdict:
            self.on_purpose[verdict] += 1
        else:
            self.agree[kind] += 1

    def took(self, reading: Reading) -> None:
        """Counts a feed that was read."""
        self.entries += len(reading.papers)
        self.slowest = max(self.slowest, reading.seconds)


# --- feedparser's suite ---------------------------------------------------------------------------------------------


def suite(folder: Path, parser: ConfinedParser) -> Counts:
    """The agreement with what feedparser's suite expects."""
    counts = Counts("feedparser")
    for file in sorted(folder.rglob("*.xml")):
        body = file.read_bytes()
        counts.files += 1
        case = case_of(body)
        told = f"{file.relative_to(folder)}: {case.written}"
        try:
            reading = read(parser, body, case.headers.get("content-type", ""), _address(case))
        except SourceError as error:
            counts.refused.append(f"{file.name}: {error}")
            for expectation in case.expectations:
                if kind := _kind(expectation):
                    counts.judge(kind, "!", f"{told}: {error}")
            continue
        counts.took(reading)
        for expectation in case.expectations:
            if kind := _kind(expectation):
                verdict = _verdict(kind, expectation, reading)
                counts.judge(kind, _KNOWN.get(str(file.relative_to(folder)), "!") if verdict == "!" else verdict, told)
    return counts


def _address(case: Case) -> str:
    return urljoin(ADDRESS, case.headers.get("content-location", ""))


def _kind(expectation: Expectation) -> str:
    """What an expectation is about; empty where it is none of ours."""
    if expectation.path[:1] != ("entries",) or len(expectation.path) < 3:
        return ""
    match expectation.path[2:]:
        case ("links", _):
            return "links" if isinstance(expectation.value, dict) else ""
        case (str(name),) if name.removesuffix("_parsed") in _DATES:
            return "dates"
        case path:
            names = tuple(step for step in path if isinstance(step, str))
            return next((kind for kind, paths in _PATHS.items() if names in paths), "")


def _verdict(kind: str, expectation: Expectation, reading: Reading) -> str:
    at, value = expectation.path[1], expectation.value
    if not isinstance(at, int) or at >= len(reading.papers):
        return "!"
    paper = reading.papers[at]
    if kind == "dates":
        return _date_verdict(value, paper)
    if kind == "titles" and at in reading.bare:
        return "!" if reduced(str(value)) else MARKUP
    if isinstance(value, dict):
        if value.get("rel", "alternate") != "alternate":
            return NOT_PAPER
        value = value.get("href", "")
    if kind == "links" and expectation.path[2] == "links" and not _leads(reading, at, str(value)):
        return NOT_PAPER
    seen = {"titles": Seen(title=str(value)), "links": Seen(link=str(value)), "ids": Seen(id=str(value))}
    return _author_verdict(str(value), paper) if kind == "authors" else _compared(kind, seen[kind], paper)


def _leads(reading: Reading, at: int, link: str) -> bool:
    entry = reading.feed["entries"][at]
    return link in {entry.get("link", ""), *entry.get("related", ())}


def _date_verdict(value: object, paper: Announcement) -> str:
    if isinstance(value, tuple):
        day: date | None = date(*value[:3])
    else:
        day = feed_walk.day_of(str(value))
    return "" if day in {paper.indexed, paper.revised} else "!"


def _author_verdict(value: str, paper: Announcement) -> str:
    names = {f"{author.given} {author.family}".strip() for author in paper.authors}
    if value in names:
        return ""
    return ADDRESSES if "@" in value and value.partition("(")[0].strip() in names else "!"


# --- what others read -----------------------------------------------------------------------------------------------


def _compared(kind: str, seen: Seen, paper: Announcement) -> str:
    """Whether an entry is announced as somebody else sees it; what they do not say is not compared."""
    if kind == "titles":
        return _title_verdict(seen.title, paper.title)
    if kind == "dates":
        return _day_verdict(seen.days, paper)
    if kind == "ids":
        return "" if seen.id in guids(paper) else "!" if guids(paper) else FEEDS_OWN
    link = web_link(seen.link)
    return NOT_WEB if not link else "" if paper.url == link else "!"


def _day_verdict(theirs: frozenset[date], paper: Announcement) -> str:
    ours = {day for day in (paper.indexed, paper.revised) if day}
    if theirs & ours:
        return ""
    return OWN_ZONE if any(abs(one - other) == timedelta(days=1) for one in theirs for other in ours) else "!"


def _title_verdict(theirs: str, ours: str) -> str:
    if " ".join(theirs.split()) == ours:
        return ""
    return MARKUP if reduced(theirs) == reduced(ours) or reduced(reduced(theirs)) == reduced(ours) else "!"


def others(name: str, feeds: Sequence[tuple[str, bytes, list[Seen] | None]], parser: ConfinedParser) -> Counts:
    """The agreement over a collection of feeds, each with what somebody else sees in it."""
    counts = Counts(name)
    for title, body, seen in feeds:
        counts.files += 1
        try:
            reading = read(parser, body)
        except SourceError as error:
            counts.refused.append(f"{title}: {error}")
            continue
        if not reading.feed["version"]:
            counts.refused.append(f"{title}: not a feed")
            continue
        counts.took(reading)
        if seen is None:
            continue
        if len(seen) != len(reading.papers):
            counts.judge("entries", "!", f"{title}: {len(reading.papers)} of {len(seen)} entries")
            continue
        for at, (theirs, paper) in enumerate(zip(seen, reading.papers, strict=True)):
            for kind, said in (
                ("titles", theirs.title),
                ("links", theirs.link),
                ("ids", theirs.id),
                ("dates", theirs.days),
            ):
                if said and not (kind == "titles" and at in reading.bare):
                    counts.judge(
                        kind, _compared(kind, theirs, paper), f"{title}: entry {at}: {said!r} {paper!r}"[:1200]
                    )
    return counts


def collections(folder: Path) -> Iterator[tuple[str, list[tuple[str, bytes, list[Seen] | None]]]]:
    """Every collection but feedparser's, as feeds with what somebody else sees in them."""
    for name in ("feed-rs", "feedjira", "node-feedparser", "rome", "rss-parser", "journals-biorss"):
        files = [file for file in sorted((folder / name).rglob("*")) if file.is_file()]
        feeds = [file for file in files if not file.name.endswith(".serde.json")]
        yield name, [(file.name, body, _seen(file, body)) for file in feeds if (body := file.read_bytes())]
    packed = sorted((folder / "fastfeedparser").glob("*.xml.gz"))
    yield (
        "fastfeedparser",
        [(file.name, gzip.decompress(file.read_bytes()), feed_walk.fastfeedparser(_beside(file))) for file in packed],
    )
    archive = folder / "fastfeedparser-benchmark-public.tar.xz"
    if archive.is_file():
        with tarfile.open(archive) as members:
            bodies = [(one.name, content.read()) for one in members if (content := members.extractfile(one))]
        yield "fastfeedparser's benchmark", [(name, body, feed_walk.walked(body, ADDRESS)) for name, body in bodies]


def _beside(file: Path) -> bytes:
    return gzip.decompress(file.with_name(file.name.replace(".xml.gz", ".json.gz")).read_bytes())


def _seen(file: Path, body: bytes) -> list[Seen] | None:
    kept = file.with_suffix(".serde.json")
    return feed_walk.feed_rs(kept.read_bytes()) if kept.is_file() else feed_walk.walked(body, ADDRESS)


def rows(records: Path) -> list[Counts]:
    """The counts of every collection under `records`, `../shared/data`."""
    folder = records / "feeds"
    parser = ConfinedParser()
    try:
        found = [suite(folder / "feedparser", parser)]
        found += [others(name, feeds, parser) for name, feeds in collections(folder)]
    finally:
        parser.close()
    return found


def table(found: Sequence[Counts]) -> str:
    """The counts in Markdown."""
    columns = ("feeds", "files", "refused", "entries", *KINDS, "on purpose", "otherwise", "slowest")
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    for one in found:
        numbers = [one.files, len(one.refused), one.entries, *(one.agree[kind] for kind in KINDS)]
        numbers += [sum(one.on_purpose.values()), len(one.otherwise)]
        lines.append(f"| {one.name} | " + " | ".join(f"{n:,}" for n in numbers) + f" | {one.slowest:.2f} s |")
    reasons: Counter[str] = Counter()
    for one in found:
        reasons += one.on_purpose
    lines += ["", "On purpose: " + "; ".join(f"{reason} ({n:,})" for reason, n in reasons.most_common()) + "."]
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Prints the table, and each difference without a reason to stderr."""
    asked = argparse.ArgumentParser(description="how far our reading of feeds agrees with other people's")
    asked.add_argument("--records", type=Path, required=True, help="the folder that has feeds/")
    found = rows(asked.parse_args(words).records)
    sys.stdout.write(table(found) + "\n")
    for one in found:
        sys.stderr.writelines(f"{one.name}: refused: {line}\n" for line in one.refused)
        sys.stderr.writelines(f"{line}\n" for line in one.otherwise)
    return 1 if any(one.otherwise for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
