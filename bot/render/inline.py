"""CSS moved into the elements, because many mail programs drop or rewrite style sheets."""

from __future__ import annotations

import logging
import re
from typing import Final

from premailer import Premailer

# What premailer would turn into attributes is written in the templates where it is wanted: Outlook
# needs `width="600"` on a table whose CSS says `width: 100%`, and premailer would overwrite it.
_ATTRIBUTES: Final = ("align", "valign", "bgcolor", "width", "height")
_BREAKS = re.compile(r"\s*\n\s*")


def inlined(html: str) -> str:
    """`html` with its style sheet inlined; rules for `@media` and pseudo-classes stay in `<style>`, as important.

    Args:
        html: a whole document. Needs no network and reads no files: linked style sheets are left alone.
    """
    whole: str = Premailer(
        _BREAKS.sub("\n", html),
        allow_network=False,
        allow_loading_external_files=False,
        cssutils_logging_level=logging.CRITICAL,
        disable_basic_attributes=list(_ATTRIBUTES),
        # cssutils knows no CSS newer than 2012, and would warn of what it does not know.
        disable_validation=True,
        strip_important=False,
    ).transform(pretty_print=False)
    return whole
