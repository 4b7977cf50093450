"""The part of the preferences about votes: how many there are, learning on or off, and erasing them all."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.subscribers import SubscriberRecord
from bot.store.votes import VoteCount, count, erase, switch_learning
from bot.web.edges import SiteEdges
from bot.web.forms import Posted

#: The buttons.
ON = ("learning", "on")
OFF = ("learning", "off")
ERASE = ("votes", "erase")

_HOW = "preferences page"


@dataclass(frozen=True, slots=True)
class LearningView:
    """What the template sees of it."""

    on: bool
    votes: VoteCount
    switch: tuple[str, str]
    erase: tuple[str, str] = ERASE


def learning_view(edges: SiteEdges, person: SubscriberRecord) -> LearningView:
    """How it stands with a subscriber's votes."""
    return LearningView(person.learns, count(edges.store, person.id), OFF if person.learns else ON)


def press(edges: SiteEdges, person: SubscriberRecord, posted: Posted, network: str) -> str:
    """What a button of this part did: `learning on`, `learning off` or `erased`; empty where none was pressed.

    Args:
        network: from where, cut.
    """
    for button in (ON, OFF):
        if button in posted.fields:
            switch_learning(edges.store, person.id, edges.clock(), _HOW, network, on=button == ON)
            return " ".join(button)
    if ERASE in posted.fields:
        erase(edges.store, person.id, edges.clock(), _HOW, network)
        return "erased"
    return ""
