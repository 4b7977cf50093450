"""A feed's threshold as commands read and tell it."""

from __future__ import annotations

import typer

from bot.concepts.match import THRESHOLD

WHAT_IT_IS = "From which relevance on papers are in the feed; `usual` for none of its own."
_USUAL = "usual"


def read_threshold(text: str) -> float | None:
    """The threshold that an option names; None for the usual one."""
    if text.strip().casefold() == _USUAL:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise _unusable(text) from error
    if not 0 <= value <= 1:
        raise _unusable(text)
    return value


def _unusable(text: str) -> typer.BadParameter:
    return typer.BadParameter(f"not a threshold: '{text}'; write a number from 0 to 1, as 0.4, or {_USUAL}")


def threshold_told(threshold: float | None) -> str:
    """What a threshold lets in, in words."""
    if threshold is None:
        return f"the usual one: all that a query finds, and {THRESHOLD:g} for what a source merely announces"
    return f"{threshold:g}"
