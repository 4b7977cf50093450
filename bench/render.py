"""Digests a second, from what is to be shown to the finished mail; what signing adds; the first one; memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import islice
from pathlib import Path
from statistics import median

import premailer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from bench.made_digests import Made, MadeUp, cards
from bench.measure import Asked, Case, compared, in_turn
from bot.render.digest import Press
from bot.render.dkim import Signer, signed
from bot.render.mime import Envelope
from bot.render.templates import build_environment, filled
from bot.render.view import DigestView

COUNT = 1_000
#: So few, since each takes tens of milliseconds.
NAIVE = 60
FEW, MANY = 1_000, 100_000
PEER = "Jinja, premailer, EmailMessage"
_MOMENT = datetime(2026, 11, 23, 6, tzinfo=UTC)


def run(asked: Asked) -> Iterator[Case]:
    """Different digests of 12 cards over 4 feeds out of 200 papers.

    The peer fills the same templates for each digest, inlines the whole document and builds the mail with the standard
    library; it is warm, too. It signs nothing: the ratio of signed mails shows what is left of the advantage.
    """
    world, kept = MadeUp(), cards()
    made = list(world.digests(COUNT))
    views = [world.view(one, kept) for one in made]
    press, peer = Press(), _Naive()
    asked.tell(f"render: {asked.rounds} rounds of {COUNT:,} digests, and of {NAIVE} by the peer")
    first = _seconds(lambda: Press().message(views[0], made[0].envelope))
    mails = [press.message(view, one.envelope) for view, one in zip(views, made, strict=True)]
    peer.mail(views[0], made[0].envelope)
    keys = {
        "RSA-2048": Signer("a", "papers.example.org", generate_private_key(65537, 2048)),
        "Ed25519": Signer("b", "papers.example.org", Ed25519PrivateKey.generate()),
    }

    def ours(signers: Sequence[Signer]) -> Callable[[], object]:
        return lambda: [
            signed(press.message(view, one.envelope).content, signers, _MOMENT)
            for view, one in zip(views, made, strict=True)
        ]

    sides = {
        "unsigned": ours(()),
        **{f"signed, {name}": ours((key,)) for name, key in keys.items()},
        "unsigned, from the records": lambda: [press.message(world.view(one, kept), one.envelope) for one in made],
    }
    *seconds, theirs = in_turn(
        asked.rounds,
        *sides.values(),
        lambda: [peer.mail(view, one.envelope) for view, one in islice(zip(views, made, strict=True), NAIVE)],
        clock=time.process_time,
    )
    naive = [NAIVE / one for one in theirs]
    for name, taken in zip(sides, seconds, strict=True):
        yield compared("render", name, "digests/s", [COUNT / one for one in taken], PEER, naive)
    sizes = sorted(len(mail.html.encode()) for mail in mails[:NAIVE])
    yield Case("render", "size of the HTML, median", round(median(sizes) / 1000, 1), "KB")
    yield Case(
        "render", "the first digest takes as long as the peer's", round(first / median(theirs) * NAIVE, 1), "digests"
    )
    asked.tell("render: memory")
    few, many = _peak(FEW), _peak(MANY)
    yield Case("render", f"memory, {MANY:,} digests", many, "MB", f"{FEW:,} digests", few, round(few / many, 2))


class _Naive:
    """The peer: everything anew for every digest."""

    def __init__(self) -> None:
        self._environment = build_environment()

    def mail(self, view: DigestView, envelope: Envelope) -> bytes:
        """The mail as bytes."""
        html = premailer.transform(filled(self._environment, "email/digest/body.html", mail=view), allow_network=False)
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{envelope.from_name} <{envelope.from_address}>"
        message["To"] = f"{envelope.to_name} <{envelope.to_address}>"
        message["Subject"] = view.subject
        message["Message-ID"] = f"<{envelope.message_id}>"
        message["List-Unsubscribe"] = f"<{envelope.unsubscribe_url}>"
        message.set_content(filled(self._environment, "email/digest/body.txt", mail=view))
        message.add_alternative(html, subtype="html")
        return message.as_bytes()


def _seconds(step: Callable[[], object]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def _peak(count: int) -> float:
    """MB that a process needs at the most that makes so many digests one after another."""
    words = [sys.executable, "-m", "bench.render", str(count)]
    done = subprocess.run(words, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)  # noqa: S603 (this very file)
    return round(float(done.stdout), 1)


def _make(count: int) -> float:
    world, kept, press = MadeUp(), cards(), Press()
    one: Made
    for one in world.digests(count):
        press.message(world.view(one, kept), one.envelope)
    # What getrusage tells was the parent's before this program was started in its place.
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    print(_make(int(sys.argv[1])))  # noqa: T201 (read by who asked)
