"""Whatever people are called, and however their addresses look: each gets their own mail, and no run stops."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string
from email.policy import SMTPUTF8
from itertools import count
from pathlib import Path

import pytest

from bot.settings import read_settings
from bot.store import feeds, runs, subscribers
from bot.store.engine import Store
from bot.wiring import App
from tests.builders import NOW, catalogue_feed, finding, save
from tests.deliver.servers import ScriptedServer

#: Address, name, whom the mail goes to (empty for nobody), and whom it says it is for.
PEOPLE = (
    ("crlf@reader.example", "Eve\r\nBcc: evil@reader.example", "crlf@reader.example", "Eve Bcc: evil reader.example"),
    ("nul@reader.example", "An\x00n", "nul@reader.example", "Ann"),
    ("bidi@reader.example", "\u202eeeL nnA\u202c", "bidi@reader.example", "eeL nnA"),
    ("long@reader.example", "x" * 400, "long@reader.example", "x" * 64),
    ("two@reader.example", "Doe, John <evil@x>", "two@reader.example", "Doe, John evil x"),
    ("words@reader.example", "=?utf-8?q?evil?=", "words@reader.example", "=?utf-8?q?evil?="),
    ("formula@reader.example", '=HYPERLINK("x")', "formula@reader.example", "=HYPERLINK( x )"),
    ("script@reader.example", "<script>alert(1)</script>{{ 7 * 7 }}", "script@reader.example", ""),
    ("zoe@bücher.example", "Zoë", "zoe@xn--bcher-kva.example", "Zoë"),
    ("Ann.Lee+news@READER.example", "Ann", "Ann.Lee+news@reader.example", "Ann"),
    ("用户@例え.jp", "用户", "用户@xn--r8jz45g.jp", "用户"),
    ("ann.lee+NEWS@reader.example", "the same mailbox", "", ""),
    ("pаypal@reader.example", "two alphabets", "", ""),
    ("a" * 65 + "@reader.example", "a long box", "", ""),
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def test_a_roster_of_hostile_people_is_sent_whole(store: Store, server: ScriptedServer, tmp_path: Path) -> None:
    environ = {
        "BOT_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        "BOT_FROM": "Sample Digest <digest@papers.example.org>",
        "BOT_POSTAL_ADDRESS": "1 Sample Street",
    }
    minutes = count()
    bot = App(read_settings(tmp_path, environ), store, lambda: NOW + timedelta(minutes=next(minutes)))
    feeds.apply_catalogue(store, [catalogue_feed("one")], NOW)
    save(store, feeds.feed(store, "one").id, [finding(1)], bot.clock)
    cells = [(email, '"' + name.replace('"', '""') + '"') for email, name, _, _ in PEOPLE]
    roster = tmp_path / "people.csv"
    roster.write_bytes("\r\n".join(["email,name,feeds", *(f"{email},{name},one" for email, name in cells)]).encode())
    done = bot.import_roster(roster)
    wanted = {to: shown for _, _, to, shown in PEOPLE if to}
    assert (done.added, done.refused) == (len(wanted), 3)

    planned = bot.plan(everyone=True)
    assert planned.run is not None
    report = bot.deliver()
    assert (report.sent, report.failed, report.uncertain) == (len(wanted), 0, 0), report
    assert runs.run_by_id(store, planned.run).adds_up
    assert sorted(to for to, _ in server.taken) == sorted(wanted)
    for to, content in server.taken:
        mail = message_from_string(content.decode(), policy=SMTPUTF8)
        (address,) = mail["To"].addresses
        assert (address.addr_spec, mail["Bcc"]) == (to, None)
        if wanted[to]:
            assert address.display_name == wanted[to]
        body = mail.get_body(("html",))
        assert body is not None
        html = body.get_content()
        assert "<script" not in html
        assert "49" not in html.partition("</h1>")[0]
    # As they are stored, they are clean already.
    for one in subscribers.subscribers(store):
        assert len(one.name) <= 64
        assert one.name.isprintable()
