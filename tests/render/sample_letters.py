"""Sample letters, a report and an alarm, for the tests and for looking at: `python sample_letters.py FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.models.alarms import AlarmKind, AlarmRecord
from bot.models.deliveries import Message
from bot.models.feeds import FeedRecord, Health
from bot.models.letters import LetterKind
from bot.models.subscribers import Cadence, Wish
from bot.render.alarm import render_alarm
from bot.render.languages import SPOKEN, language
from bot.render.letters import Choice, LetterView, already, changed, confirmation, goodbye, render_letter, welcome
from bot.render.mime import Envelope
from bot.render.report import Account, FailingFeed, ReportView, render_report, report
from bot.render.templates import build_environment
from bot.render.view import Reader, Site

NOW = datetime(2026, 11, 9, 6, tzinfo=UTC)
DAY = timedelta(days=1)

SITE = Site("Concept Digest", "https://papers.example.org", "Sample Institute, 1 Sample Street, 12345 Sampleton")
ADDRESS = "marie@reader.example.org"
CONFIRM_URL = "https://papers.example.org/confirm/MTIzNDU2Nw.Zm9yLW9uZS1wdXJwb3Nl.kP3uY7vXbQ9sT2wRmA4c"
RETURN_URL = "https://papers.example.org/"
FEEDS = (
    FeedRecord(
        1,
        "chronic-fatigue-syndrome",
        "Chronic fatigue syndrome",
        "Disabling, unexplained fatigue: mechanisms, diagnosis and care.",
    ),
    FeedRecord(
        2,
        "sting-receptor-agonists",
        "STING receptor agonists",
        "Small molecules and carriers that wake innate immunity against tumours and viruses.",
    ),
    FeedRecord(3, "microbicides", "Microbicides", "Gels, rings and films that keep infections from taking hold."),
)
HOSTILE = FeedRecord(
    4,
    "hostile",
    '</td></table><script>alert(1)</script> & "quotes" {{ 7 * 7 }}',
    "<!-- x --> </p></body></html> x<y, p < 0.05 & q <style>*{color:red}</style>",
)
WISH = Wish(Cadence.WEEKLY, 0, 7, "Europe/Berlin")
ACCOUNT = Account(
    start=NOW - 7 * DAY,
    end=NOW,
    sent=1204,
    failed=3,
    suppressed=2,
    skipped=5,
    uncertain=1,
    reasons={"no such mailbox": 3, "bounced": 2, "paused": 4, "too late": 1},
    new=12,
    left=4,
    active=1215,
    failing=(
        FailingFeed("Chronic fatigue syndrome", "pubmed", "source: http 500 (4 tries)", NOW - 2 * DAY),
        FailingFeed("Microbicides", "syndication", "source: the answer is no feed"),
    ),
)
ALARMS = (
    AlarmRecord(
        1, NOW, "chronic-fatigue-syndrome", "pubmed", "fatigue[tiab]", Health.FAILING, NOW - DAY, "source: http 500"
    ),
    AlarmRecord(2, NOW, "microbicides", "europepmc", "microbicide", Health.STALE, NOW - 9 * DAY, "nothing new"),
    AlarmRecord(3, NOW, "microbicides", "pubmed", "microbicide[tiab]", Health.QUIET, NOW - 2 * DAY, ""),
)
#: A run that was stopped, told alone or with turns.
TROUBLE = AlarmRecord(
    4,
    NOW,
    "",
    "",
    "",
    "",
    None,
    "11 of the last 200 mails were refused for a reason of ours; last at dot: 550 5.7.1; `bot runs show 7` shows it; "
    "`bot runs resume 7` sends it, `bot runs cancel 7` does not",
    about="run 7 was stopped",
    kind=AlarmKind.TROUBLE,
)


def reader(code: str = "en", name: str = "Marie Curie") -> Reader:
    """A subscriber with all links."""
    token = "MTIzNDU2Nw.ZmVlZA.kP3uY7vXbQ9sT2wRmA4c"
    return Reader(
        name=name,
        language=code,
        timezone="Europe/Berlin",
        unsubscribe_url=f"https://papers.example.org/unsubscribe/{token}",
        preferences_url=f"https://papers.example.org/preferences/{token}",
        pause_url=f"https://papers.example.org/pause/{token}",
    )


def choice(*more: FeedRecord) -> Choice:
    """What that subscriber has chosen."""
    return Choice((*FEEDS, *more), WISH)


def letters(code: str = "en", *more: FeedRecord, name: str = "Marie Curie") -> dict[LetterKind, LetterView]:
    """One of each kind."""
    person, chosen = reader(code, name), choice(*more)
    return {
        LetterKind.CONFIRMATION: confirmation(chosen, ADDRESS, SITE, CONFIRM_URL, 7, code),
        LetterKind.ALREADY: already((FEEDS[2], *more), person, ADDRESS, SITE, CONFIRM_URL, 7),
        LetterKind.WELCOME: welcome(chosen, person, ADDRESS, SITE, NOW + 7 * DAY),
        LetterKind.CHANGED: changed(chosen, person, ADDRESS, SITE, NOW + 7 * DAY),
        LetterKind.GOODBYE: goodbye(person, ADDRESS, SITE, RETURN_URL),
    }


def envelope(unsubscribe_url: str | None = None) -> Envelope:
    """Who sends to whom."""
    return Envelope(
        from_name="Concept Digest",
        from_address="digest@papers.example.org",
        to_name="",
        to_address=ADDRESS,
        message_id="letter-1@papers.example.org",
        date=NOW,
        unsubscribe_url=unsubscribe_url,
        unsubscribe_mailto="digest@papers.example.org?subject=unsubscribe" if unsubscribe_url else "",
    )


def letter(view: LetterView) -> Message:
    """The letter as it would be sent."""
    return render_letter(view, envelope(view.unsubscribe_url or None), build_environment(None, view.spoken))


def admin_report(view: ReportView) -> Message:
    """The report as it would be sent."""
    return render_report(view, envelope(), build_environment(None, view.spoken))


def alarm_mail(alarms: tuple[AlarmRecord, ...] = ALARMS, code: str = "en") -> Message:
    """The alarm as it would be sent."""
    return render_alarm(alarms, SITE, "Europe/Berlin", envelope(), build_environment(None, language(code)), code)


def mails(code: str = "en") -> Iterator[tuple[str, Message]]:
    """All of them, in one language, by name."""
    for kind, view in letters(code).items():
        yield kind.value, letter(view)
    yield "report", admin_report(report(ACCOUNT, SITE, "Europe/Berlin", code))
    yield "alarm", alarm_mail(code=code)
    yield "trouble", alarm_mail((TROUBLE,), code)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for spoken in SPOKEN:
        for name, message in mails(spoken):
            (folder / f"{name}.{spoken}.eml").write_bytes(message.content)
            (folder / f"{name}.{spoken}.html").write_text(message.html, "utf-8")
            (folder / f"{name}.{spoken}.txt").write_text(message.text, "utf-8")
