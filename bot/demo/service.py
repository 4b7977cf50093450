"""Literature services on loopback: E-utilities and Europe PMC over records of PubMed XML, and a journal's Atom feed.

Speaks as NCBI's own does ("E-utilities In-Depth", NBK25499), so that the real collecting code is what reads it.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from bot.demo import europepmc
from bot.demo.query import DATE_FIELDS, days_of, read_query
from bot.demo.records import Record, XmlFile, atom_of, records_of

EUTILS = "/entrez/eutils"
FEEDS = "/feeds"
#: What E-utilities show of one search, and list where nothing is said.
MOST = 9_999
LISTED = 20

_XML = "text/xml; charset=UTF-8"
_DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)
_HEAD = f'<?xml version="1.0" ?>\n{_DOCTYPE}\n<PubmedArticleSet>\n'
_LONGEST_FORM = 1 << 20

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    #: Fields of the address and of a posted form.
    form: Form


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    body: bytes
    kind: str = _XML
    status: int = 200
    etag: str = ""


class SampleService:
    """The sample papers, or other records, served on 127.0.0.1 while the context lasts."""

    def __init__(
        self,
        today: date,
        pubmed: Iterable[XmlFile] | None = None,
        feeds: Iterable[XmlFile] | None = None,
        *,
        port: int = 0,
        most: int = MOST,
    ) -> None:
        """Read the records and bind the port; nothing is answered before the context is entered.

        Args:
            today: the day that ages count back from, and `reldate` too; in UTC, as collecting reckons.
            pubmed: files of PubMed XML, the packaged samples by default; of one PMID the last record counts.
            feeds: Atom files, served under `/feeds/` by their names.
            port: 0 for any that is free.
            most: records of one search that are shown.
        """
        papers = resources.files("bot.demo").joinpath("papers")
        self.today = today
        self.most = most
        self.asked: list[Asked] = []
        self._records: dict[str, Record] = {}
        self._found: dict[str, tuple[str, ...]] = {}
        self._feeds: dict[str, bytes] = {}
        self._lock = Lock()
        self.add(*([papers / "pubmed.xml"] if pubmed is None else pubmed))
        for file in [papers / "journal.atom"] if feeds is None else feeds:
            self._feeds[file.name] = atom_of(file, today)
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of all, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pubmed_url(self) -> str:
        """The base address of the E-utilities."""
        return self.url + EUTILS

    @property
    def europepmc_url(self) -> str:
        """The base address of Europe PMC's web service."""
        return self.url + europepmc.SEARCH.removesuffix("/search")

    @property
    def feed_urls(self) -> tuple[str, ...]:
        """The addresses of the journals' feeds."""
        return tuple(f"{self.url}{FEEDS}/{name}" for name in self._feeds)

    @property
    def records(self) -> tuple[Record, ...]:
        """All citations, the newest first, as a search lists them."""
        with self._lock:
            records = list(self._records.values())
        return tuple(sorted(records, key=lambda record: (record.entered, record.pmid.zfill(10)), reverse=True))

    def add(self, *files: XmlFile) -> None:
        """Serve the citations of more files from now on."""
        for file in files:
            new = {record.pmid: record for record in records_of(file, self.today)}
            with self._lock:
                self._records |= new

    def search(self, form: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The PMIDs that an esearch finds, and the fields in its term that nobody knows."""
        query = read_query(form["term"])
        name = DATE_FIELDS.get(form.get("datetype", ""), "edat")
        first, last = self._window(form)
        found = (
            record.pmid
            for record in self.records
            if first <= record.searchable.dates[name] <= last and query.matches(record.searchable)
        )
        return tuple(found), query.unknown_fields

    def answer(self, asked: Asked) -> Answer:
        """What goes back for a request."""
        with self._lock:
            self.asked.append(asked)
        if asked.path == f"{EUTILS}/esearch.fcgi":
            return self._esearch(asked.form)
        if asked.path == f"{EUTILS}/efetch.fcgi":
            return self._efetch(asked.form)
        if asked.path == europepmc.SEARCH:
            return Answer(europepmc.answer(asked.form, self.records), "application/json; charset=UTF-8")
        folder, _, name = asked.path.rpartition("/")
        if folder == FEEDS and (body := self._feeds.get(name)) is not None:
            return Answer(body, "application/atom+xml; charset=UTF-8", etag=_digest(body))
        return Answer(b"not found\n", "text/plain; charset=UTF-8", 404)

    def _window(self, form: Form) -> tuple[date, date]:
        first, last = date.min, date.max
        if form.get("reldate", "").isdecimal():
            first = self.today - timedelta(days=int(form["reldate"]))
        if days := days_of(form.get("mindate", "")):
            first = days[0]
        if days := days_of(form.get("maxdate", "")):
            last = days[1]
        return first, last

    def _esearch(self, form: Form) -> Answer:
        start, size = _number(form, "retstart", 0), min(_number(form, "retmax", LISTED), self.most + 1)
        as_json = form.get("retmode") == "json"
        if not form.get("term"):
            return _refused("Empty term and query_key - nothing todo", as_json=as_json)
        if start >= self.most:
            problem = f"Search Backend failed: 'retstart' cannot be larger than {self.most - 1}"
            return _refused(problem, as_json=as_json)
        found, unknown = self.search(form)
        listed = found[start : min(start + size, self.most)]
        web_env = ""
        if form.get("usehistory") == "y":
            web_env = f"MCID_{_digest(json.dumps(dict(form), sort_keys=True).encode())}"
            with self._lock:
                self._found[web_env] = found
        said = {"count": str(len(found)), "retmax": str(len(listed)), "retstart": str(start)}
        if as_json:
            return _as_json(said, form["term"], listed, web_env, unknown)
        return _as_xml(said, form["term"], listed, web_env, unknown)

    def _efetch(self, form: Form) -> Answer:
        start, size = _number(form, "retstart", 0), min(_number(form, "retmax", self.most + 1), self.most + 1)
        with self._lock:
            if "WebEnv" in form:
                wanted = self._found.get(form["WebEnv"]) if form.get("query_key", "1") == "1" else None
            else:
                wanted = tuple(pmid.strip() for pmid in form.get("id", "").split(",") if pmid.strip())
            records = None if wanted is None else [self._records[pmid] for pmid in wanted if pmid in self._records]
        if records is None:
            return Answer(b"<eFetchResult>\n\t<ERROR>Unable to obtain query #1</ERROR>\n</eFetchResult>\n", status=400)
        page = records[start : min(start + size, self.most)]
        return Answer((_HEAD + "\n".join(record.xml for record in page) + "\n</PubmedArticleSet>\n").encode())


def _number(form: Form, name: str, otherwise: int) -> int:
    text = form.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() else otherwise


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:24]


def _refused(problem: str, *, as_json: bool) -> Answer:
    if as_json:
        answer = {"header": {"type": "esearch", "version": "0.3"}, "esearchresult": {"ERROR": problem}}
        return Answer(json.dumps(answer).encode(), "application/json; charset=UTF-8")
    return Answer(f"<eSearchResult><ERROR>{escape(problem)}</ERROR></eSearchResult>".encode())


def _as_json(
    said: Mapping[str, str], term: str, listed: Iterable[str], web_env: str, unknown: tuple[str, ...]
) -> Answer:
    kept = {"querykey": "1", "webenv": web_env} if web_env else {}
    result: dict[str, object] = {**said, **kept, "idlist": list(listed), "translationset": [], "querytranslation": term}
    if unknown:
        result["errorlist"] = {"phrasesnotfound": [], "fieldsnotfound": list(unknown)}
    answer = {"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}
    return Answer(json.dumps(answer).encode(), "application/json; charset=UTF-8")


def _as_xml(
    said: Mapping[str, str], term: str, listed: Iterable[str], web_env: str, unknown: tuple[str, ...]
) -> Answer:
    kept = f"<QueryKey>1</QueryKey><WebEnv>{web_env}</WebEnv>" if web_env else ""
    ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in listed)
    errors = "".join(f"<FieldNotFound>{escape(name)}</FieldNotFound>" for name in unknown)
    return Answer(
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<eSearchResult><Count>{said["count"]}</Count>'
        f"<RetMax>{said['retmax']}</RetMax><RetStart>{said['retstart']}</RetStart>{kept}<IdList>\n{ids}</IdList>"
        f"<TranslationSet/><QueryTranslation>{escape(term)}</QueryTranslation>"
        f"{f'<ErrorList>{errors}</ErrorList>' if errors else ''}</eSearchResult>\n".encode()
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: SampleService) -> None:
        self.service = service
        self._open: set[socket.socket] = set()
        self._open_lock = Lock()
        super().__init__(address, _Conversation)

    def keep(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.add(connection)

    def forget(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(connection)

    def hang_up(self) -> None:
        """Close what clients keep open, so that no thread waits for a request that never comes."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away in the middle."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.keep(self.connection)

    def finish(self) -> None:
        self.server.forget(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the library's)
        """Say nothing: `SampleService.asked` tells what came."""

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_FORM:
            self.close_connection = True
            self._say(Answer(b"too long\n", "text/plain; charset=UTF-8", 413))
            return
        self._answer(self.rfile.read(int(length)).decode("utf-8", "replace"))

    def _answer(self, posted: str) -> None:
        parts = urlsplit(self.path)
        form = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(posted, keep_blank_values=True))
        answer = self.server.service.answer(Asked(self.command, parts.path, form))
        if answer.etag and self.headers.get("If-None-Match") == f'"{answer.etag}"':
            answer = Answer(b"", answer.kind, 304, answer.etag)
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.etag:
            self.send_header("ETag", f'"{answer.etag}"')
        self.end_headers()
        self.wfile.write(answer.body)
