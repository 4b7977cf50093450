"""What a digest says of itself as a whole: its subject, its headline and the summary below."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bot.render.languages import Language
from bot.render.plain import shortened

#: Characters; longer subjects are cut by most programs that list mail.
SUBJECT_LENGTH: Final = 78
#: Feeds that the summary names; the others are counted.
_NAMED: Final = 4
#: Many readers follow the same feeds.
_KEPT: Final = 4_096


@lru_cache(maxsize=_KEPT)
def headline(total: int, language: Language) -> str:
    """`7 new papers`."""
    if not total:
        return language.gettext("Nothing new to show here")
    return language.count(total, "%(number)s new paper", "%(number)s new papers")


@lru_cache(maxsize=_KEPT)
def digest_subject(total: int, feeds: tuple[str, ...], language: Language, limit: int = SUBJECT_LENGTH) -> str:
    """`7 new papers: Chronic fatigue syndrome, STING receptor agonists`, shortened by `and 2 more feeds`.

    Args:
        total: papers that the digest shows.
        feeds: names of the feeds that they are in, in the reader's order.
        limit: characters at the most.
    """
    head = headline(total, language) if total else language.gettext("No new papers")
    if not feeds:
        return head
    for shown in range(len(feeds), 0, -1):
        subject = _subject(head, ", ".join(feeds[:shown]), len(feeds) - shown, language)
        if len(subject) <= limit:
            return subject
    rest = len(feeds) - 1
    room = limit - len(_subject(head, "", rest, language))
    return _subject(head, shortened(feeds[0], room), rest, language)


def _subject(head: str, feeds: str, rest: int, language: Language) -> str:
    if not rest:
        return language.text("%(papers)s: %(feeds)s", papers=head, feeds=feeds)
    return language.count(
        rest,
        "%(papers)s: %(feeds)s and %(number)s more feed",
        "%(papers)s: %(feeds)s and %(number)s more feeds",
        papers=head,
        feeds=feeds,
    )


@lru_cache(maxsize=_KEPT)
def summary(sections: tuple[tuple[str, int], ...], more: int, language: Language) -> str:
    """What is inside: `4 on Chronic fatigue syndrome and 3 on Microbicides. 5 more are on the web.`

    Args:
        sections: each feed's name and the number of its papers that are shown, at least one.
        more: papers that only the web has.
    """
    sentences = []
    if len(sections) == 1:
        sentences.append(language.count(sections[0][1], "It is on %(feed)s.", "All on %(feed)s.", feed=sections[0][0]))
    elif sections:
        named = sections[: _NAMED if len(sections) > _NAMED + 1 else len(sections)]
        listed = [language.text("%(papers)s on %(feed)s", papers=language.number(n), feed=feed) for feed, n in named]
        rest = sections[len(named) :]
        if rest:
            papers = language.number(sum(n for _, n in rest))
            listed.append(
                language.count(
                    len(rest),
                    "%(papers)s in %(number)s other feed",
                    "%(papers)s in %(number)s other feeds",
                    papers=papers,
                )
            )
        sentences.append(language.text("%(list)s.", list=language.listing(listed)))
    if more:
        sentences.append(language.count(more, "%(number)s more is on the web.", "%(number)s more are on the web."))
    return " ".join(sentences)
