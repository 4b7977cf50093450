"""The admin's report and alarm: counts that add up, what fails, and no more than fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.models.feeds import Health
from bot.render.fit import HTML_LIMIT
from bot.render.languages import SPOKEN
from bot.render.report import Account, FailingFeed, report
from tests.render.sample_letters import ACCOUNT, ALARMS, HOSTILE, NOW, SITE, TROUBLE, admin_report, alarm_mail
from tests.render.test_letters import assert_both_say_the_same, flat, headers_of, page_of, words_of

QUIET = Account(start=NOW - timedelta(hours=1), end=NOW, run=17, sent=1)


def test_the_account_closes() -> None:
    assert ACCOUNT.chosen == 1204 + 3 + 2 + 5 + 1
    assert replace(ACCOUNT, waiting=7).chosen == ACCOUNT.chosen + 7


def test_a_report_tells_what_became_of_each_delivery() -> None:
    message = admin_report(report(ACCOUNT, SITE, "Europe/Berlin"))
    assert message.subject == "Concept Digest: 1,204 digests sent, 3 failed and 1 uncertain"
    page = page_of(message)
    told = {words_of(row[0]): words_of(row[1]) for row in page.xpath("//table[@class='facts']/tbody/tr")}
    assert told == {
        "Planned": "1,215",
        "Sent": "1,204 the mail server took them over",
        "Failed": "3 the mail server refused them for good",
        "Suppressed": "2 the address must not be written to",
        "Skipped": "5 left, paused or too late",
        "Uncertain": "1 handed over, and the answer was lost",
        "Waiting": "0",
        "paused": "4",
        "no such mailbox": "3",
        "bounced": "2",
        "too late": "1",
        "New": "12",
        "Left": "4",
        "Active now": "1,215",
    }
    for words in ("Sent: 1,204 (the mail server took them over)", "Waiting: 0", "no such mailbox: 3", "Left: 4"):
        assert words in message.text.splitlines()
    for said in (words_of(page), flat(message.text)):
        assert "For the admin: 2–9 November 2026" in said
        assert "12 new subscribers, 4 left. 2 feeds are failing." in said
        assert "Chronic fatigue syndrome, pubmed since Sat 2026-11-07 07:00 CET source: http 500 (4 tries)" in said
    assert not headers_of(message)["List-Unsubscribe"]


def test_reasons_come_most_frequent_first() -> None:
    assert [fact.label for fact in report(ACCOUNT, SITE, "UTC").reasons] == [
        "paused",
        "no such mailbox",
        "bounced",
        "too late",
    ]


def test_a_quiet_round_says_so_and_leaves_out_what_is_not_there() -> None:
    message = admin_report(report(QUIET, SITE, "UTC"))
    assert message.subject == "Concept Digest: 1 digest sent"
    headings = [words_of(heading) for heading in page_of(message).iter("h2")]
    assert headings == ["What became of the deliveries", "Subscribers"]
    for said in (words_of(page_of(message)), flat(message.text)):
        assert "For the admin: round 17, 9 November 2026" in said
        assert "0 new subscribers, 0 left. All feeds get their answers." in said
        assert "Failing" not in said


def test_a_feed_with_two_failing_queries_is_one_feed() -> None:
    failing = (FailingFeed("Sleep", "pubmed"), FailingFeed("Sleep", "arxiv"))
    assert report(replace(QUIET, failing=failing), SITE, "UTC").summary.endswith("1 feed is failing.")


@pytest.mark.parametrize("code", SPOKEN)
def test_hostile_words_are_shown_as_they_are(code: str) -> None:
    account = replace(
        ACCOUNT,
        reasons={HOSTILE.name: 2},
        failing=(FailingFeed(HOSTILE.name, "pubmed", HOSTILE.description, NOW),),
    )
    message = admin_report(report(account, SITE, "UTC", code))
    page = page_of(message)
    assert not page.xpath("//script|//body//style")
    assert words_of(next(page.iter("h3"))) == f"{HOSTILE.name}, pubmed"
    for said in (words_of(page), flat(message.text)):
        assert HOSTILE.description in said
    [reason] = page.xpath("//td[@class='fact quiet'][contains(., 'script')]")
    assert reason.get("lang") == (None if code == "en" else "en")
    assert_both_say_the_same(message)


@pytest.mark.parametrize("words", ["x" * 600, "&" * 600, "慢" * 600])
def test_many_failing_feeds_and_reasons_are_counted(words: str) -> None:
    failing = tuple(FailingFeed(f"feed {number} {words}", "pubmed", words, NOW) for number in range(200))
    reasons = {f"{number} {words}": number for number in range(90)}
    message = admin_report(report(replace(ACCOUNT, failing=failing, reasons=reasons), SITE, "UTC"))
    page = page_of(message)
    told = len(list(page.iter("h3")))
    assert 7 <= told <= 40
    assert len(message.html.encode()) <= HTML_LIMIT
    for said in (words_of(page), flat(message.text).replace("`", "")):
        assert f"and {200 - told} more queries; bot sources list shows them all" in said
        assert f"and {90 - told} more reasons" in said
    assert_both_say_the_same(message)


def test_an_alarm_tells_each_turn() -> None:
    message = alarm_mail()
    assert message.subject == "Concept Digest: 1 query failing, 1 query stale and 1 query recovered"
    page = page_of(message)
    assert [words_of(heading) for heading in page.iter("h2", "h3")] == [
        "Failing",
        "chronic-fatigue-syndrome, pubmed",
        "Stale",
        "microbicides, europepmc",
        "Recovered",
        "microbicides, pubmed",
    ]
    for said in (words_of(page), flat(message.text).replace("`", "")):
        assert "since Sun 2026-11-08 07:00 CET source: http 500 Asked: fatigue[tiab]" in said
        assert "from Sat 2026-11-07 07:00 CET to Mon 2026-11-09 07:00 CET" in said
        assert "Each turn is told once; bot sources list shows how all queries are doing." in said
    assert page.xpath("//td[contains(@class, 'footer')]//b/text()") == ["bot sources list"]


@pytest.mark.parametrize("words", ["x" * 600, "<" * 600])
def test_an_alarm_of_very_many_queries_fits(words: str) -> None:
    many = tuple(
        replace(ALARMS[0], id=number, feed=words, words=words, query=words, health=health)
        for health in (Health.FAILING, Health.STALE, Health.QUIET)
        for number in range(100)
    )
    message = alarm_mail(many)
    page = page_of(message)
    assert len(message.html.encode()) <= HTML_LIMIT
    assert [words_of(heading) for heading in page.iter("h2")] == ["Failing", "Stale", "Recovered"]
    assert words_of(page.xpath("//td[@class='more']")[1]) == "and 99 more queries; bot sources list shows them all"
    assert not page.xpath("//h3[contains(., '<')]/*")
    assert_both_say_the_same(message)


@pytest.mark.parametrize("code", SPOKEN)
def test_a_trouble_is_told_in_its_own_words_and_says_how_to_go_on(code: str) -> None:
    message = alarm_mail((TROUBLE,), code)
    assert message.subject.endswith("run 7 was stopped")
    page = page_of(message)
    [title] = page.iter("h3")
    [words] = page.xpath("//p[starts-with(@class, 'abstract')]")
    for element in (title, words):
        assert element.get("lang") == (None if code == "en" else "en")
        assert element.get("dir") == ("ltr" if code == "ar" else element.get("dir"))
    assert words_of(title) == "run 7 was stopped"
    for said in (words_of(page), flat(message.text).replace("`", "")):
        assert "550 5.7.1; bot runs show 7 shows it; bot runs resume 7 sends it" in said
        assert "bot sources list" not in said
    assert_both_say_the_same(message)


def test_troubles_come_before_turns_in_one_mail() -> None:
    message = alarm_mail((*ALARMS, TROUBLE))
    assert message.subject == (
        "Concept Digest: run 7 was stopped, 1 query failing, 1 query stale and 1 query recovered"
    )
    page = page_of(message)
    assert [words_of(heading) for heading in page.iter("h1", "h2")] == [
        "1 alarm, 1 query failing, 1 query stale and 1 query recovered",
        "Needs your attention",
        "Failing",
        "Stale",
        "Recovered",
    ]
    assert alarm_mail((TROUBLE, TROUBLE, ALARMS[0])).subject == "Concept Digest: 2 alarms and 1 query failing"


@pytest.mark.parametrize("words", ["x" * 600, "<" * 600])
def test_very_many_troubles_fit_beside_very_many_turns(words: str) -> None:
    many = tuple(replace(TROUBLE, id=number, about=words, words=words) for number in range(100))
    turns = tuple(replace(ALARMS[0], id=number, words=words) for number in range(100))
    message = alarm_mail((*many, *turns))
    page = page_of(message)
    assert len(message.html.encode()) <= HTML_LIMIT
    told, rest = len(list(page.iter("h3"))), [words_of(one) for one in page.xpath("//td[@class='more']")]
    assert rest == [
        f"and {101 - told} more alarms",
        "and 99 more queries; bot sources list shows them all",
    ]
    assert_both_say_the_same(message)


def test_a_report_of_some_hours_tells_from_when_to_when() -> None:
    account = replace(QUIET, run=None)
    text = admin_report(report(account, SITE, "UTC")).text
    assert "For the admin: from Mon 2026-11-09 05:00 UTC to Mon 2026-11-09 06:00 UTC" in flat(text)
