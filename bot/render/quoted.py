"""Quoted-printable, made piece by piece, so that what is the same in many mails is encoded once (RFC 2045 section 6.7).

Every piece begins on a line of its own and ends one: with the text's own line end, or with a soft one, which is not
there once the text is decoded. So pieces are put together by joining them.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from typing import Final

#: Characters of a line at the most, the soft line end among them.
LINE_LENGTH: Final = 76
_SOFT_END: Final = "=\r\n"
# Some servers write ">" before a line that begins so, which breaks signatures (RFC 4155).
_FROM = re.compile(r"^From (?=.{0,69}$)", re.MULTILINE)
# Mail servers double a dot that begins a line, and take it away again (RFC 5321 section 4.5.2): a mail without
# any goes out as it is, and nobody can lose one (RFC 2049 section 3).
_DOTS = re.compile(r"^(\.{1,25})(.*)$", re.MULTILINE)
#: What cannot be told apart at the end of a line: an encoded octet, or a character.
_LAST = re.compile(r"(?:=[0-9A-F]{2}|.)\Z")


def ended(text: str) -> str:
    """`text` with one line end at its end."""
    return text.rstrip("\r\n") + "\n"


def encoded(text: str) -> bytes:
    """One piece; `text` has any line ends, and those of the piece are CRLF. Empty for no text."""
    if not text:
        return b""
    begins_lines = text[:: LINE_LENGTH - 1]
    if text.isascii() and text.isprintable() and "=" not in text and "From " not in text and "." not in begins_lines:
        # Written as it is, but for soft line ends: most links and short texts, told at once.
        lines = (
            text
            if len(text) < LINE_LENGTH
            else _SOFT_END.join([text[at : at + LINE_LENGTH - 1] for at in range(0, len(text), LINE_LENGTH - 1)])
        )
        return f"{lines}{_SOFT_END}".encode("ascii")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    written = b2a_qp(lines.encode("utf-8", "replace")).decode("ascii")
    written = _DOTS.sub(_dots_encoded, _FROM.sub("=46rom ", written))
    if lines.endswith("\n"):
        return written.replace("\n", "\r\n").encode("ascii")
    start, end, last = written.rpartition("\n")
    # One column is kept for the soft line end.
    if len(last) >= LINE_LENGTH:
        found = _LAST.search(last)
        at = found.start() if found else len(last)
        last = f"{last[:at]}=\n{'=2E' if last[at:] == '.' else last[at:]}"
    return ((start + end + last).replace("\n", "\r\n") + _SOFT_END).encode("ascii")


def _dots_encoded(found: re.Match[str]) -> str:
    dots, rest = "=2E" * len(found[1]), found[2]
    # What does not fit behind them begins a line of its own; no dot begins it, unless there are more than so many.
    return f"{dots}{rest}" if len(dots) + len(rest) < LINE_LENGTH or not rest else f"{dots}=\n{rest}"
