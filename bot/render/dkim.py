"""DKIM signatures (RFC 6376, RFC 8463) in front of a finished mail.

The mail's bytes are our own: lines end in CRLF, and nothing is changed after signing. Headers are signed
relaxed and the body simple, whole and without `l=`, so that nothing can be added to it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from bot.render.headers import LINE_LENGTH

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"

#: Named once more than they are there, so that a second one breaks the signature (RFC 6376 section 8.15).
ONCE_MORE = ("From", "To", "Subject", "Date")
#: What is signed where it is there, in the order of `h=`.
SIGNED = (
    *ONCE_MORE,
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Reply-To",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
)

_NAMES = tuple(name.lower().encode() for name in SIGNED)
_AT_LEAST = tuple(int(name in ONCE_MORE) for name in SIGNED)
_END, _FOLD = b"\r\n", b"\r\n "
_PADDING, _HASH = PKCS1v15(), SHA256()


@dataclass(frozen=True)
class Signer:
    """One key that signs, and the name under which its public half stands in DNS."""

    #: `2026a`: the record is `2026a._domainkey.DOMAIN`.
    selector: str
    #: Of the From address, in ASCII (`d=`).
    domain: str
    key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @cached_property
    def algorithm(self) -> str:
        """As it is in `a=`."""
        return RSA if isinstance(self.key, RSAPrivateKey) else ED25519

    @cached_property
    def _opening(self) -> tuple[bytes, bytes]:
        """What stands before the time, and what between it and the list of headers."""
        who = f" d={self.domain}; s={self.selector};"
        if len(who) > LINE_LENGTH:
            who = who.replace("; ", ";\r\n ", 1)
        return f"v=1; a={self.algorithm}; c=relaxed/simple; t=".encode(), f";\r\n{who}\r\n h=".encode()

    def _signature(self, content: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(content, _PADDING, _HASH)
        # RFC 8463 section 3: the hash is what is signed.
        return self.key.sign(sha256(content).digest())

    def header(self, signed_headers: bytes, listed: bytes, body_hash: bytes, seconds: int) -> bytes:
        """The DKIM-Signature header with its last line end.

        Args:
            signed_headers: in canonical form, in the order of `listed`.
            listed: their names, as `h=` has them.
            body_hash: in base64.
            seconds: since 1970, when it was signed.
        """
        before, after = self._opening
        value = b"%b%d%b%b;\r\n bh=%b;\r\n b=" % (before, seconds, after, listed, body_hash)
        # As relaxed makes it, with nothing yet in `b=` and no line end (RFC 6376 section 3.7).
        own = b"dkim-signature:" + value.replace(_FOLD, b" ")
        signature = b64encode(self._signature(signed_headers + own))
        # The first line has `b=` on it already, and each begins with a space.
        width = LINE_LENGTH - 1
        lines = [
            signature[: width - 2],
            *(signature[at : at + width] for at in range(width - 2, len(signature), width)),
        ]
        return b"DKIM-Signature: " + value + _FOLD.join(lines) + _END


def signed(content: bytes, signers: Sequence[Signer], moment: datetime) -> bytes:
    """`content` with one signature of each signer in front, the first signer's first; without signers, as it is.

    Args:
        content: a whole mail, its lines ended by CRLF.
        moment: aware; the same one gives the same bytes.
    """
    if not signers:
        return content
    head_end = content.find(b"\r\n\r\n")
    body_start = head_end + 4 if head_end >= 0 else len(content)
    signed_headers, counts = _canonical(content[:body_start])
    listed, seconds = _listed(counts), int(moment.timestamp())
    body_hash = b64encode(_body_hash(content, body_start))
    return b"".join([*(one.header(signed_headers, listed, body_hash, seconds) for one in signers), content])


def _canonical(head: bytes) -> tuple[bytes, tuple[int, ...]]:
    """The headers that are signed, relaxed (RFC 6376 section 3.4.2), and how many there are of each of `SIGNED`."""
    head = head.replace(b"\t", b" ").replace(_FOLD, b" ")
    while b"  " in head:
        head = head.replace(b"  ", b" ")
    found: dict[bytes, list[bytes]] = {name: [] for name in _NAMES}
    for line in head.split(_END):
        name, _, value = line.partition(b":")
        lines = found.get(name.rstrip(b" ").lower())
        if lines is not None:
            lines.append(value.strip(b" "))
    # Of several with one name, the last is signed first (RFC 6376 section 5.4.2).
    canonical = [name + b":" + value + _END for name, values in found.items() for value in reversed(values)]
    return b"".join(canonical), tuple(map(len, found.values()))


@lru_cache(maxsize=64)
def _listed(counts: tuple[int, ...]) -> bytes:
    """The value of `h=`, in lines that fit."""
    names = [name for name, count, more in zip(SIGNED, counts, _AT_LEAST, strict=True) for _ in range(count + more)]
    line, lines = " h=" + names[0], []
    for name in names[1:]:
        # Room for this colon, and for the one or the semicolon after the name.
        if len(line) + len(name) + 2 > LINE_LENGTH:
            lines.append(line + ":")
            line = " " + name
        else:
            line += ":" + name
    return "\r\n".join([*lines, line]).removeprefix(" h=").encode()


def _body_hash(content: bytes, start: int) -> bytes:
    """SHA-256 of the body as simple makes it: without the empty lines at its end (RFC 6376 section 3.4.3)."""
    end = len(content)
    while content.endswith(_END, start, end):
        end -= 2
    hashed = sha256(memoryview(content)[start:end])
    hashed.update(_END)
    return hashed.digest()
