"""What others would send digests with: what one writes first, what one writes then, and a well-known library."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import premailer
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.made_digests import Made, MadeUp, cards
from bench.sinks import HOST
from bot.render.templates import build_environment, filled
from bot.render.view import DigestView

CONNECTIONS = 10
_ROOT = Path(__file__).parents[1]
_NODE = Path(__file__).with_name("nodemailer.cjs")
Pair = tuple[DigestView, Made]


class Peer(NamedTuple):
    """Somebody else's way."""

    name: str
    #: Mails that say enough of its speed; some take tens of milliseconds for each.
    mails: int
    #: How to get what it needs; empty where it is there.
    missing: str


def peers() -> dict[str, Peer]:
    """All of them, by the word that `rate` takes."""
    needs = " ".join(one for one in ("css_inline", "aiosmtplib") if find_spec(one) is None)
    return {
        "naive": Peer("Jinja, premailer, dkimpy, smtplib", 40, "" if find_spec("dkim") else "pip install dkimpy"),
        "tuned": Peer("css-inline, aiosmtplib pool", 300, f"pip install {needs.replace('_', '-')}" if needs else ""),
        "nodemailer": Peer("nodemailer's pool, one body", 1_500, _node_is_missing()),
    }


def rate(which: str, port: int) -> float:
    """Mails a second of a peer, in a process of its own, warm."""
    mails = peers()[which].mails
    if which == "nodemailer":
        # One body of the size that ours have; it is made and sent anew for each.
        words = ["node", str(_NODE), str(port), str(CONNECTIONS), str(mails)]
        given = _html(MadeUp())
    else:
        words, given = [sys.executable, "-m", "bench.peers", which, str(port), str(mails)], ""
    done = subprocess.run(words, cwd=_ROOT, input=given, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 (our own)
    return mails / float(json.loads(done.stdout))


def _node_is_missing() -> str:
    how = "install Node.js, then: npm install --prefix DIR nodemailer, and set NODE_PATH=DIR/node_modules"
    node = shutil.which("node")
    if node is None:
        return how
    asked = [node, "-e", "require.resolve('nodemailer')"]
    return how if subprocess.run(asked, capture_output=True, check=False).returncode else ""  # noqa: S603 (found above)


def _pairs(count: int) -> list[Pair]:
    world, kept = MadeUp(), cards()
    return [(world.view(one, kept), one) for one in world.digests(count)]


class _Writer:
    """Fills the digest's templates for each reader, and builds the mail with the standard library."""

    def __init__(self, inlined: Callable[[str], str]) -> None:
        self._environment, self._inlined = build_environment(), inlined

    def html(self, view: DigestView) -> str:
        return self._inlined(filled(self._environment, "email/digest/body.html", mail=view))

    def mail(self, view: DigestView, made: Made) -> bytes:
        envelope, message = made.envelope, EmailMessage(policy=SMTP)
        message["From"] = f"{envelope.from_name} <{envelope.from_address}>"
        message["To"] = f"{envelope.to_name} <{envelope.to_address}>"
        message["Subject"] = view.subject
        message["Message-ID"] = f"<{envelope.message_id}>"
        message["List-Unsubscribe"] = f"<{envelope.unsubscribe_url}>"
        message.set_content(filled(self._environment, "email/digest/body.txt", mail=view))
        message.add_alternative(self.html(view), subtype="html")
        return message.as_bytes()


def _by_premailer(whole: str) -> str:
    return str(premailer.transform(whole, cssutils_logging_level=logging.CRITICAL))


def _html(world: MadeUp) -> str:
    [made] = world.digests(1)
    return _Writer(_by_premailer).html(world.view(made, cards()))


def _naive(port: int, pairs: Sequence[Pair]) -> None:
    """One after another, each over a connection of its own, signed with RSA."""
    import dkim  # noqa: PLC0415 (may be missing)

    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    writer = _Writer(_by_premailer)
    for view, made in pairs:
        content = writer.mail(view, made)
        signature = dkim.sign(content, b"a", b"papers.example.org", pem, canonicalize=(b"relaxed", b"relaxed"))
        with smtplib.SMTP(HOST, port) as server:
            server.sendmail(made.envelope.sender, [made.envelope.to_address], signature + content)


def _tuned(port: int, pairs: Sequence[Pair]) -> None:
    """A compiled inliner, and several connections that are kept; nothing is signed."""
    import aiosmtplib  # noqa: PLC0415 (may be missing)
    import css_inline  # noqa: PLC0415 (may be missing)

    writer, left = _Writer(css_inline.CSSInliner(keep_style_tags=True).inline), iter(pairs)

    async def work() -> None:
        client = aiosmtplib.SMTP(hostname=HOST, port=port, start_tls=False)
        await client.connect()
        for view, made in left:
            await client.sendmail(made.envelope.sender, [made.envelope.to_address], writer.mail(view, made))
        await client.quit()

    async def send() -> None:
        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))

    asyncio.run(send())


def _main(which: str, port: str, mails: str) -> None:
    send = {"naive": _naive, "tuned": _tuned}[which]
    pairs = _pairs(int(mails) + 2)
    send(int(port), pairs[:2])
    started = time.perf_counter()
    send(int(port), pairs[2:])
    os.write(1, json.dumps(time.perf_counter() - started).encode())


if __name__ == "__main__":
    _main(*sys.argv[1:])
