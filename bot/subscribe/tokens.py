"""Signed tokens for the links in mails: they name a subscriber, and what the link is for."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum

from itsdangerous import HMACAlgorithm, Signer

from bot.errors import TokenError
from bot.models.bounces import Named

_TOKEN = re.compile(r"([1-9][0-9]{0,18})\.[A-Za-z0-9_\-]{43}")
_BOUNCE = re.compile(r"(l?)([1-9][0-9]{0,17})-[0-9a-f]{20}")
_VOTE = re.compile(r"([1-9][0-9]{0,18})\.([A-Za-z0-9_\-]{22})")


class Purpose(StrEnum):
    """What a link is for; a token for one is worthless for the other."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    PAUSE = "pause"
    DIGEST = "digest"
    """Names a delivery, not a subscriber: its page shows that digest and nothing else."""
    CONFIRM = "confirm"
    """The only one that names a sign-up, not a subscriber; it ends with that, see `bot.models.signups.LIFETIME`."""


class Tokens:
    """Makes and reads tokens, `17.` and 43 characters of HMAC-SHA256, safe in a URL and without an end.

    The links of a mail have to work for as long as the mail is kept, so these tokens never expire;
    they end with their key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the secret keys: the first signs, all of them verify, so that keys can be rotated."""
        if not keys or not all(keys):
            raise ValueError("tokens need at least one secret key, and none empty")
        self._keys = tuple(keys)
        self._signers: dict[str, tuple[Signer, ...]] = {}

    def make(self, purpose: str, subscriber_id: int) -> str:
        """The token for one subscriber and one purpose."""
        if not 0 < subscriber_id < 10**19:
            raise ValueError(f"subscriber_id: {subscriber_id}; ids count from 1")
        return self._for(purpose)[0].sign(str(subscriber_id)).decode("ascii")

    def read(self, purpose: str, token: str) -> int:
        """The id of the subscriber whom the token names.

        Raises:
            TokenError: always the same, whether it is torn, forged, for another purpose or of a key gone.
        """
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise TokenError
        # Signing anew and comparing whole: decoding would let a last character pass that differs
        # only in the two bits that base64 leaves over.
        given = token.encode("ascii")
        matches = [hmac.compare_digest(signer.sign(found[1]), given) for signer in self._for(purpose)]
        if not any(matches):
            raise TokenError
        return int(found[1])

    def make_vote(self, subscriber_id: int) -> str:
        """The token for all votes of one subscriber: `17.` and a part of the signature.

        Each card of a digest has two links with it, so 132 bits are kept, which is more than half (RFC 2104 section 5).
        The links name their papers beside it.
        """
        if not 0 < subscriber_id < 10**19:
            raise ValueError(f"vote: {subscriber_id}; ids count from 1")
        return f"{subscriber_id}.{self._part(0, str(subscriber_id))}"

    def read_vote(self, token: str) -> int:
        """The id of the subscriber whom the token names.

        Raises:
            TokenError: as `read` does.
        """
        found = _VOTE.fullmatch(token)
        if found is None:
            raise TokenError
        matches = [hmac.compare_digest(self._part(key, found[1]), found[2]) for key in range(len(self._keys))]
        if not any(matches):
            raise TokenError
        return int(found[1])

    def _part(self, key: int, about: str) -> str:
        return self._for("vote")[key].get_signature(about).decode("ascii")[:22]

    def make_bounce(self, delivery_id: int) -> str:
        """The token by which a bounce names its delivery: safe in an address, whatever becomes of capitals.

        A part of the signature is kept, 80 bits in hexadecimal, since a local part has 64 octets in all (RFC 5321).
        """
        return self._bounce(0, str(delivery_id))

    def make_letter_bounce(self, letter_id: int) -> str:
        """The same for a letter: `l17-` and the rest."""
        return self._bounce(0, f"l{letter_id}")

    def read_bounce(self, token: str) -> Named:
        """Which delivery or letter the token of a bounce address names, whatever has become of its capitals.

        Raises:
            TokenError: always the same, whether it is torn, forged, for another purpose or of a key gone.
        """
        lowered = token.lower()
        found = _BOUNCE.fullmatch(lowered) if token.isascii() else None
        if found is None:
            raise TokenError
        matches = [
            hmac.compare_digest(self._bounce(key, found[1] + found[2]), lowered) for key in range(len(self._keys))
        ]
        if not any(matches):
            raise TokenError
        number = int(found[2])
        return Named(letter_id=number) if found[1] else Named(delivery_id=number)

    def read_leave(self, token: str) -> Named:
        """Whom the token of a link to leave names.

        Raises:
            TokenError: as `read` does.
        """
        return Named(subscriber_id=self.read(Purpose.UNSUBSCRIBE, token))

    def _bounce(self, key: int, about: str) -> str:
        signature = self._for("bounce")[key].get_signature(about)
        return f"{about}-{hashlib.sha256(signature).hexdigest()[:20]}"

    def pseudonyms(self, email_key: str) -> tuple[str, ...]:
        """What stands for an address where nothing may be kept of it, 64 hexadecimal digits by each key.

        The first is to be written down; any may have been, before the keys were rotated. Keyed, because a bare hash of
        an address is found out by trying all that there are.
        """
        signed = (signer.get_signature(email_key) for signer in self._for("erased"))
        return tuple(hashlib.sha256(signature).hexdigest() for signature in signed)

    def _for(self, purpose: str) -> tuple[Signer, ...]:
        signers = self._signers.get(purpose)
        if signers is None:
            signers = self._signers[purpose] = tuple(_signer(key, purpose) for key in self._keys)
        return signers


def _signer(key: str, purpose: str) -> Signer:
    """A signer whose key is derived already; otherwise it is derived for every token, and a mail has several."""
    derived = Signer(key, salt=f"concept-digest.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
    return Signer(derived.derive_key(), key_derivation="none", algorithm=_AtOnce())


class _AtOnce(HMACAlgorithm):
    """HMAC-SHA256 in one call: the same bytes in a fifth of the time."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")
