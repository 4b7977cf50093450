"""One whole round through the real doors: commands in, HTTP and SMTP between, mails out."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bot.concepts.catalogue import starter
from bot.demo.mailbox import Mailbox
from bot.demo.service import SampleService
from bot.models.feeds import CatalogueFeed
from tests.programs import ran
from tests.real_mail import new_in

ROOT = Path(__file__).resolve().parents[1]
ROSTER = """email,name,feeds,cadence,weekday,hour,timezone,max_papers,language
zoe@reader.example,Zoë Müller,covid-19;chronic-fatigue-syndrome;microbicides,daily,,7,Europe/Berlin,12,en
ann@reader.example,"Ann, O'Neil",evolution-of-pluripotency;covid-19,weekly,tuesday,8,America/New_York,20,en
bob@reader.example,,covid-19,monthly,friday,9,Asia/Tokyo,5,en
"""

Bot = Callable[..., Any]


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    """Runs the installed program in an empty folder; gives its JSON."""
    (tmp_path / "people.csv").write_text(ROSTER, "utf-8")

    def run(*words: str, code: int = 0, **settings: str) -> Any:
        done = ran(tmp_path, *words, **settings)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return json.loads(done.out) if "--json" in words else done.out

    return run


def sending(url: str, **more: str) -> dict[str, str]:
    return {
        "SMTP_URL": url,
        "FROM": "Concept Digest <digest@papers.example.org>",
        "POSTAL_ADDRESS": "1 Sample Street, Exampleton",
        "PUBLIC_URL": "https://papers.example.org",
        "FETCH_ALLOW_PRIVATE": "true",
        # Only for the pace that a key allows.
        "NCBI_API_KEY": "sample",
        **more,
    }


def read_mail(path: Path) -> EmailMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def do_round(bot: Bot, settings: dict[str, str]) -> dict[str, Any]:
    """Everything once, and then once more, which must find nothing to do."""
    collected = bot("collect", "--json", **settings)
    assert collected["new"] == sum(query["new"] for query in collected["queries"])
    planned = bot("plan", "--all", "--json", **settings)
    delivered = bot("deliver", "--json", **settings)
    assert delivered["sent"] == planned["chosen"]
    assert not any(delivered[state] for state in ("deferred", "failed", "suppressed", "skipped", "uncertain"))
    again = bot("collect", "--json", **settings)
    assert (again["new"], again["papers"]) == (0, 0)
    assert bot("plan", "--all", "--json", **settings)["chosen"] == 0
    assert bot("deliver", "--json", **settings)["sent"] == 0
    return {"collect": collected, "plan": planned, "deliver": delivered}


def test_sample_papers_from_the_service_to_the_mailbox(bot: Bot, tmp_path: Path) -> None:
    with SampleService(datetime.now(UTC).date()) as service, Mailbox(tmp_path / "mails") as mailbox:
        settings = sending(mailbox.url, PUBMED_URL=service.pubmed_url, EUROPEPMC_URL=service.europepmc_url)
        bot("feeds", "apply", "--starter", **settings)
        bot("subscribers", "import", "people.csv", **settings)
        said = do_round(bot, settings)
        assert said["plan"]["chosen"] == 3
        mails = {mail.recipient: read_mail(mail.path) for mail in mailbox.mails}
    assert set(mails) == {"zoe@reader.example", "ann@reader.example", "bob@reader.example"}
    zoe = mails["zoe@reader.example"]
    assert "new papers: " in zoe["Subject"]
    assert zoe["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert zoe["To"].addresses[0].display_name == "Zoë Müller"
    html, text = zoe.get_body(("html",)), zoe.get_body(("plain",))
    assert html is not None
    assert text is not None
    for part in (html.get_content(), text.get_content()):
        assert "COVID-19" in part
        assert "1 Sample Street" in part
        assert "https://papers.example.org/unsubscribe/" in part
    assert len({mail["Message-ID"] for mail in mails.values()}) == 3


@pytest.fixture(scope="module")
def replay(shared: Path) -> Iterator[str]:
    """A stand-in for PubMed that answers from real records."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [sys.executable, str(shared / "replay/replay.py"), "--port", str(port), "--pubmed"]
    words.append(str(shared / "data/pubmed/pubmed21n1298-public1.xml.gz"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert "records on" in server.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def sources_at(replay: str) -> dict[str, str]:
    """The settings that lead to the stand-in."""
    return {
        "PUBMED_URL": f"{replay}/entrez/eutils",
        "EUROPEPMC_URL": f"{replay}/europepmc/webservices/rest",
    }


def what_the_services_would_return(replay: str, feed: CatalogueFeed, first: date, last: date) -> set[str]:
    """The PMIDs that the services find for a feed's queries, asked in one go each."""
    found = set()
    for query in feed.queries:
        if query.source == "pubmed":
            form = {"term": query.query, "mindate": f"{first:%Y/%m/%d}", "maxdate": f"{last:%Y/%m/%d}"}
            form |= {"datetype": "edat", "retmode": "json", "retmax": "9999"}
            found |= set(asked(f"{replay}/entrez/eutils/esearch.fcgi", form)["esearchresult"]["idlist"])
        else:
            form = {"query": f"( {query.query} ) AND FIRST_IDATE:[{first} TO {last}]", "pageSize": "1000"}
            answer = asked(f"{replay}/europepmc/webservices/rest/search", form)
            assert answer["hitCount"] == len(answer["resultList"]["result"])
            found |= {record["pmid"] for record in answer["resultList"]["result"]}
    return found


def asked(url: str, form: dict[str, str]) -> Any:
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
        return json.load(answer)


def are_its_papers(wanted: set[str], bot: Bot, slug: str, settings: dict[str, str]) -> bool:
    """Whether a feed's papers are those of the PMIDs `wanted`, each once: a preprint and its article are one paper."""
    found = bot("feeds", "preview", slug, "--limit", "100000", "--json", **settings)
    names = [{name.removeprefix("pmid:") for name in paper["names"]} & wanted for paper in found["in"]]
    return all(names) and set().union(*names) == wanted and sum(map(len, names)) == len(wanted)


def same_day(before: date) -> None:
    if datetime.now(UTC).date() != before:
        pytest.skip("midnight passed, and the service's newest records are yesterday's now")


def test_real_records_into_a_plain_sink(bot: Bot, replay: str, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    with Mailbox(tmp_path / "mails") as mailbox:
        settings = sending(mailbox.url, **sources_at(replay))
        bot("feeds", "apply", "--starter", **settings)
        bot("subscribers", "import", "people.csv", **settings)
        said = do_round(bot, settings)
        mails = [read_mail(mail.path) for mail in mailbox.mails]
    same_day(today)
    for feed in starter():
        wanted = what_the_services_would_return(replay, feed, today - timedelta(days=7), today)
        assert are_its_papers(wanted, bot, feed.slug, settings)
        reported = [one for one in said["collect"]["queries"] if one["feed"] == feed.slug]
        assert len(wanted) - 3 <= sum(one["new"] for one in reported) <= len(wanted)
        assert {one["health"] for one in reported} == {"quiet"}
    assert len(mails) == said["plan"]["chosen"] == 3


@pytest.mark.long
def test_real_records_of_a_longer_stretch(bot: Bot, replay: str) -> None:
    today = datetime.now(UTC).date()
    settings = sending("smtp://127.0.0.1:1", **sources_at(replay))
    since = today - timedelta(days=70)
    bot("feeds", "apply", "--starter", **settings)
    bot("collect", "--since", str(since), "--json", **settings)
    same_day(today)
    for feed in starter():
        wanted = what_the_services_would_return(replay, feed, since, today)
        assert are_its_papers(wanted, bot, feed.slug, settings)


def test_real_records_through_a_real_mail_system(bot: Bot, replay: str, mail_system: Path) -> None:
    ca = str(mail_system / "tls/ca.pem")
    url = "smtp+starttls://digest:s3cret@localhost:2587"
    settings = sending(url, SMTP_CA_FILE=ca, BOUNCE_ADDRESS="bounce@papers.example.org", **sources_at(replay))
    bot("feeds", "apply", "--starter", **settings)
    bot("subscribers", "import", "people.csv", **settings)
    do_round(bot, settings)
    for reader in ("zoe", "ann", "bob"):
        (mail,) = map(read_mail, new_in(mail_system / "dove/mail" / reader))
        assert mail["To"].addresses[0].addr_spec == f"{reader}@reader.example"
        assert mail["Return-Path"].startswith("<bounce+")
        assert "covid" in str(mail["Subject"]).lower()


def test_a_mail_system_that_refuses_us_ends_the_round(bot: Bot, replay: str, mail_system: Path) -> None:
    url = "smtp+starttls://digest:w0rdless@localhost:2587"
    settings = sending(url, SMTP_CA_FILE=str(mail_system / "tls/ca.pem"), **sources_at(replay))
    bot("feeds", "apply", "--starter", **settings)
    bot("subscribers", "import", "people.csv", **settings)
    bot("collect", "--json", **settings)
    bot("plan", "--all", "--json", **settings)
    refused = bot("deliver", "--json", code=1, **settings)
    assert "535" in refused["error"]
    assert "w0rdless" not in refused["error"]
    unknown = {**settings, "SMTP_CA_FILE": ""}
    assert "certificate" in bot("deliver", "--json", code=1, **unknown)["error"]
    right = {**settings, "SMTP_URL": "smtp+starttls://digest:s3cret@localhost:2587"}
    assert bot("deliver", "--json", **right)["sent"] == 3
