"""CSS moved into the elements, because many mail programs drop or rewrite style sheets."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any, Final

from premailer import Premailer

_OPTIONS: Final[dict[str, Any]] = {
    "allow_network": False,
    "allow_loading_external_files": False,
    "cssutils_logging_level": logging.CRITICAL,
    # What premailer would turn into attributes is written in the templates where it is wanted: Outlook
    # needs `width="600"` on a table whose CSS says `width: 100%`, and premailer would overwrite it.
    "disable_basic_attributes": ["align", "valign", "bgcolor", "width", "height"],
    # cssutils knows no CSS newer than 2012, and would warn of what it does not know.
    "disable_validation": True,
    "strip_important": False,
}
_BREAKS = re.compile(r"\s*\n\s*")


def inlined(html: str) -> str:
    """`html` with its style sheet inlined; rules for `@media` and pseudo-classes stay in `<style>`, as important.

    Args:
        html: a whole document. Needs no network and reads no files: linked style sheets are left alone.
    """
    whole: str = _Inliner(_BREAKS.sub("\n", html), **_OPTIONS).transform(pretty_print=False)
    return whole


class _Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """Premailer that reads a style sheet once for many documents, which takes longer than the rest of a small one.

    These are premailer's own steps; were they not called any more, it would be slower and otherwise the same.
    """

    def _parse_style_rules(self, css_body: str | None, ruleset_index: int) -> tuple[list[Any], list[str]]:
        rules, leftover = _sheet(css_body, ruleset_index)
        return rules, [leftover] if leftover else []

    def _css_rules_to_string(self, rules: list[str]) -> str:
        return "\n".join(rules)


@lru_cache(maxsize=64)
def _sheet(text: str | None, place: int) -> tuple[list[Any], str]:
    """The rules of a style sheet that are inlined, and those that stay, as text."""
    reader = Premailer(**_OPTIONS)
    rules, leftover = reader._parse_style_rules(text, place)
    return rules, reader._css_rules_to_string(leftover)
