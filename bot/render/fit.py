"""A digest made smaller, so that its HTML fits: shorter excerpts first, then fewer cards, then fewer sections.

Nothing is cut out of markup: a smaller view is rendered anew, and what it leaves out it links to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from bot.render.cards import CardView
from bot.render.excerpt import Excerpt, excerpt
from bot.render.view import DigestView, SectionView

#: Bytes of the HTML part before encoding: Gmail clips near 102 KB, and hides the unsubscribe link.
HTML_LIMIT = 90_000

#: Lengths that excerpts are shortened to before a card is dropped, in characters.
SHORTER = (280, 140)

#: Bytes of markup around the cards, about, and around one card's text at the least.
_FRAME = 6_000
_CARD = 500
#: And around the two names of a card's links.
_NAMING = 53


def smaller(view: DigestView, size: int, limit: int = HTML_LIMIT) -> DigestView | None:
    """A view that renders to about `limit` bytes, going by what `view` came to; None where nothing can be left out.

    Args:
        view: rendered to `size` bytes, which is more than `limit`.
    """
    excess = size - limit
    for length in SHORTER:
        shorter = with_excerpts(view, length)
        saved = _text_bytes(view.sections) - _text_bytes(shorter.sections)
        if saved > excess:
            return shorter
    shorter = with_excerpts(view, SHORTER[-1])
    excess -= _text_bytes(view.sections) - _text_bytes(shorter.sections)
    if view.total:
        around = max(_CARD, (size - _FRAME - _text_bytes(view.sections)) // view.total)
        return _with_fewer_cards(shorter, excess, around)
    if view.trending or view.updates:
        return replace(view, trending=(), updates=())
    if len(view.sections) > 1:
        kept = view.sections[: len(view.sections) // 2]
        left_out = view.sections[len(kept) :]
        return view.with_sections(kept, len(left_out), sum(section.more for section in left_out))
    return None


def with_excerpts(view: DigestView, length: int) -> DigestView:
    """`view` with excerpts of about `length` characters at the most, at the shortest with the plainest links."""
    return view.with_sections(
        [
            replace(section, cards=tuple(with_excerpt(card, length) for card in section.cards))
            for section in view.sections
        ]
    )


@lru_cache(maxsize=4_000)
def with_excerpt(card: CardView, length: int) -> CardView:
    """`card` with so many characters of its abstract, about; the same one again for the same card.

    At the shortest, what the paper says it found stands for the abstract, and what else can be spared is left out.
    """
    shorter = excerpt(card.excerpt.parts, length)
    shorter = replace(shorter, cut=shorter.cut or card.excerpt.cut)
    if length > SHORTER[-1]:
        return replace(card, excerpt=shorter)
    if card.key:
        shorter = Excerpt((), cut=True)
    # The heading above names the links too.
    return replace(card, excerpt=shorter, naming="", why="")


def _with_fewer_cards(view: DigestView, excess: int, around: int) -> DigestView:
    """`view` without at least one card, and without as many as make up `excess` bytes."""
    kept = [len(section.cards) for section in view.sections]
    for number in _droppings(kept):
        excess -= around + _card_bytes(view.sections[number].cards[kept[number]])
        if excess < 0:
            break
    return view.with_sections(
        [
            replace(section, cards=section.cards[:cards], more=section.more + len(section.cards) - cards)
            for section, cards in zip(view.sections, kept, strict=True)
        ]
    )


def _droppings(kept: list[int]) -> Iterator[int]:
    """Sections in the order in which they lose their last card: always the fullest, later ones first."""
    while any(kept):
        number = max(range(len(kept)), key=lambda place: (kept[place], place))
        kept[number] -= 1
        yield number


def _text_bytes(sections: Sequence[SectionView]) -> int:
    return sum(_card_bytes(card) for section in sections for card in section.cards)


def _card_bytes(card: CardView) -> int:
    texts = [
        card.title,
        card.title,
        card.authors,
        card.journal,
        card.key,
        card.why,
        *(part.text for part in card.excerpt.parts),
    ]
    naming = 2 * len(card.naming.encode()) + _NAMING if card.naming else 0
    return sum(len(text.encode()) for text in texts) + 2 * len(card.url) + naming
