"""DKIM keys as values: out of their PEM text, and as the DNS records that verify what they sign."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from bot.errors import KeyFileError
from bot.render.dkim import Signer

#: Of an RSA key, in bits: what every verifier takes (RFC 8301 section 3.2).
SHORTEST, LONGEST = 1024, 4096
#: Of one string in a TXT record (RFC 1035 section 3.3).
_STRING_LENGTH = 255
_MAKE = "`bot dkim make` makes a good one"


def read_key(pem: str, setting: str) -> RSAPrivateKey | Ed25519PrivateKey:
    """The private key in a PEM text.

    Args:
        setting: what the key was named by, to be told where it is of no use.

    Raises:
        KeyFileError: it is no key, locked, of another kind, too short or too long. It tells nothing of the text.
    """
    # The causes are not chained: what the library says of a broken key might hold parts of it.
    try:
        key = load_pem_private_key(pem.encode("utf-8", "replace"), password=None)
    except TypeError:
        raise KeyFileError(setting, "locked with a passphrase; write it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(setting, f"no private key in PEM; {_MAKE}") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise KeyFileError(setting, f"neither an RSA nor an Ed25519 key; {_MAKE}")
    if not SHORTEST <= key.key_size <= LONGEST:
        raise KeyFileError(setting, f"an RSA key of {key.key_size} bits; from {SHORTEST} to {LONGEST} will do; {_MAKE}")
    return key


class Record(NamedTuple):
    """A TXT record in DNS."""

    #: Without the last dot.
    name: str
    value: str

    @property
    def strings(self) -> list[str]:
        """The value in pieces that a zone file may hold."""
        return [self.value[at : at + _STRING_LENGTH] for at in range(0, len(self.value), _STRING_LENGTH)]

    def in_zone_file(self) -> str:
        """The record as a zone file has it (RFC 1035 section 5.1)."""
        strings = "\n    ".join(f'"{piece}"' for piece in self.strings)
        return f"{self.name}. IN TXT (\n    {strings} )"


def record(signer: Signer) -> Record:
    """The record that lets everybody verify what `signer` signs (RFC 6376 section 3.6, RFC 8463 section 4)."""
    public = signer.key.public_key()
    if isinstance(signer.key, Ed25519PrivateKey):
        kind, key = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        kind, key = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = f"{signer.selector}._domainkey.{signer.domain}"
    return Record(name, f"v=DKIM1; k={kind}; p={b64encode(key).decode()}")


def strength(signer: Signer) -> str:
    """`rsa-sha256, 2048 bits`, for people."""
    size = f", {signer.key.key_size} bits" if isinstance(signer.key, RSAPrivateKey) else ""
    return signer.algorithm + size
