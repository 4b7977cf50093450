"""Digests a second, from what is to be shown to the finished mail; what signing adds; the first one; memory."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from statistics import median

import premailer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from bench.made_digests import MadeUp, cards
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
    library; it is warm, too, and works in a process of its own: cssutils, which premailer parses with, slows down where
    it is used in two ways. It signs nothing: the ratio of signed mails shows what is left of the advantage.
    """
    world, kept = MadeUp(), cards()
    made = list(world.digests(COUNT))
    views = [world.view(one, kept) for one in made]
    press = Press()
    asked.tell(f"render: {asked.rounds} rounds of {COUNT:,} digests, and of {NAIVE} by the peer")
    naive, first = _peer(asked.rounds), _seconds(lambda: Press().message(views[0], made[0].envelope))
    pairs = list(zip(views, [one.envelope for one in made], strict=True))
    sizes = [len(press.message(*pair).html.encode()) for pair in pairs][:NAIVE]
    keys = {
        "RSA-2048": Signer("a", "papers.example.org", generate_private_key(65537, 2048)),
        "Ed25519": Signer("b", "papers.example.org", Ed25519PrivateKey.generate()),
    }

    def ours(signers: Sequence[Signer]) -> Callable[[], object]:
        return lambda: [signed(press.message(*pair).content, signers, _MOMENT) for pair in pairs]

    sides = {
        "unsigned": ours(()),
        **{f"signed, {name}": ours((key,)) for name, key in keys.items()},
        "unsigned, from the records": lambda: [press.message(world.view(one, kept), one.envelope) for one in made],
    }
    seconds = in_turn(asked.rounds, *sides.values(), clock=time.process_time)
    for name, taken in zip(sides, seconds, strict=True):
        yield compared("render", name, "digests/s", [COUNT / one for one in taken], PEER, naive)
    yield Case("render", "size of the HTML, median", round(median(sizes) / 1000, 1), "KB")
    worth = round(first * median(naive), 1)
    yield Case("render", "the first digest takes as long as so many of the peer's", worth, "digests")
    asked.tell("render: memory")
    few, many = _peak(FEW), _peak(MANY)
    yield Case("render", f"memory, {MANY:,} digests", many, "MB", f"{FEW:,} digests", few, round(few / many, 2))


class _Naive:
    """The peer: everything anew for every digest."""

    def __init__(self) -> None:
        self._environment = build_environment()

    def mail(self, view: DigestView, envelope: Envelope) -> bytes:
        """The mail as bytes."""
        whole = filled(self._environment, "email/digest/body.html", mail=view)
        html = premailer.transform(whole, cssutils_logging_level=logging.CRITICAL)
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


def _peer(rounds: int) -> list[float]:
    """Digests a second of the peer, in each round."""
    found: list[float] = json.loads(_alone("peer", str(rounds)))
    return found


def _peak(count: int) -> float:
    """MB that a process needs at the most that makes so many digests one after another."""
    return round(float(_alone("memory", str(count))), 1)


def _alone(*words: str) -> str:
    command = [sys.executable, "-m", "bench.render", *words]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)  # noqa: S603 (this very file)
    return done.stdout


def _measured_peer(rounds: int) -> list[float]:
    world, kept, peer = MadeUp(), cards(), _Naive()
    made = list(world.digests(NAIVE))
    pairs = [(world.view(one, kept), one.envelope) for one in made]
    peer.mail(*pairs[0])
    [seconds] = in_turn(rounds, lambda: [peer.mail(*pair) for pair in pairs], clock=time.process_time)
    return [NAIVE / one for one in seconds]


def _made(count: int) -> float:
    world, kept, press = MadeUp(), cards(), Press()
    for one in world.digests(count):
        press.message(world.view(one, kept), one.envelope)
    # What getrusage tells was the parent's before this program was started in its place.
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    print(json.dumps(_measured_peer(number) if what == "peer" else _made(number)))  # noqa: T201 (read by who asked)
