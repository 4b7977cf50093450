"""In which language a page speaks: the one its address names, else one the browser takes, else the site's own."""

from __future__ import annotations

from dataclasses import dataclass

from bot.render.languages import SPOKEN

#: Characters of Accept-Language that are read, and languages in it; browsers send a dozen of them at the most.
_LENGTH, _LANGUAGES = 500, 20


@dataclass(frozen=True, slots=True)
class Wished:
    """A language of the site."""

    #: One of `SPOKEN`.
    code: str
    #: Whether the address names it, so that links from there go on in it.
    chosen: bool = False


def wished(named: str, accepted: str, usual: str) -> Wished:
    """The language of a page.

    Args:
        named: what stands behind `?lang=`; empty where nothing does.
        accepted: the header Accept-Language.
        usual: the site's own language.
    """
    if code := _spoken(named):
        return Wished(code, chosen=True)
    return Wished(_accepted(accepted[:_LENGTH]) or _spoken(usual) or SPOKEN[0])


def _accepted(header: str) -> str:
    """The language spoken here that a browser likes best (RFC 9110 section 12.5.4); empty where there is none."""
    liked: list[tuple[float, str]] = []
    for part in header.split(",")[:_LANGUAGES]:
        tag, _, weight = part.partition(";")
        code = _spoken(tag.strip())
        if code:
            liked.append((_quality(weight), code))
    best = max((quality for quality, _ in liked), default=0.0)
    return next((code for quality, code in liked if quality == best), "") if best > 0 else ""


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _spoken(tag: str) -> str:
    primary = tag.strip().partition("-")[0].partition("_")[0].lower()
    return primary if primary in SPOKEN else ""
