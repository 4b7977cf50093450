"""A mail server on loopback, in a process of its own, that counts whom it has taken which message for.

`python -m bench.taker` prints its port. Then each line on its standard input is an order, answered by one line of JSON:

    when N SECONDS    how many it has taken, told when it is N, or after that time
    tell              all that it has taken: pairs of recipient and Message-ID
    dots              from now on it takes the message, and answers no dot any more
    mute              from now on it greets nobody, either
    speak             as at first
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
#: Octets of a message at the most.
_LIMIT = 1 << 24
#: How long it thinks about a message, in seconds at the most: so that there is something to break off.
_THINKING = 0.004
_OFFERS = b"250-taker\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 16777216\r\n"
_ANSWERS = {b"MAIL": b"250 2.1.0 ok\r\n", b"RCPT": b"250 2.1.5 ok\r\n", b"RSET": b"250 2.0.0 ok\r\n"}


class Taker:
    """The server, as whoever started it sees it."""

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        words = [sys.executable, "-m", "bench.taker"]
        self._process = subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 (this very file)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        """For `BOT_SMTP_URL`."""
        return f"smtp://127.0.0.1:{self.port}"

    def when(self, number: int, seconds: float) -> int:
        """How many messages it has taken, as soon as it has taken so many, or that time has passed."""
        return int(self._ask(f"when {number} {seconds}"))

    def taken(self) -> dict[str, list[str]]:
        """The Message-IDs of what it has taken, by recipient."""
        found = defaultdict(list)
        for recipient, message_id in json.loads(self._ask("tell")):
            found[recipient].append(message_id)
        return dict(found)

    def leave_dots(self) -> None:
        """Have it take messages and never say so."""
        self._ask("dots")

    def mute(self) -> None:
        """Have it not even greet any more."""
        self._ask("mute")

    def speak(self) -> None:
        """Have it answer everything again."""
        self._ask("speak")

    def _ask(self, order: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class _Server:
    def __init__(self) -> None:
        self._taken: list[tuple[str, str]] = []
        self._more = asyncio.Condition()
        self._dots, self._greets = True, True

    async def serve(self) -> None:
        """Serve until the standard input ends."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=_LIMIT)
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (read by the process that asked)
        orders = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while words := (await orders.readline()).decode().split():
            print(json.dumps(await self._order(*words)), flush=True)  # noqa: T201 (as above)

    async def _order(self, order: str, number: str = "", seconds: str = "") -> object:
        if order == "tell":
            return self._taken
        if order == "when":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(float(seconds)), self._more:
                    await self._more.wait_for(lambda: len(self._taken) >= int(number))
            return len(self._taken)
        self._dots, self._greets = order == "speak", order != "mute"
        return None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever is killed hangs up in the middle of a line, or before an answer.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if not self._greets:
                await reader.read()
            else:
                writer.write(b"220 taker\r\n")
                await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while True:
            line = await reader.readuntil(b"\r\n")
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(_OFFERS)
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                await self._take(recipient, content)
                if not self._dots:
                    await reader.read()
                    return
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                if verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                writer.write(_ANSWERS.get(verb, b"502 5.5.1 what?\r\n"))
            await writer.drain()

    async def _take(self, recipient: str, content: bytes) -> None:
        head = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        ids = [line.split(":", 1)[1].strip() for line in head.split("\r\n") if line.lower().startswith("message-id:")]
        # Taken before it is said so, and whether or not anybody is left to hear it.
        self._taken.append((recipient, ids[0] if ids else ""))
        async with self._more:
            self._more.notify_all()
        await asyncio.sleep(random.uniform(0, _THINKING))


if __name__ == "__main__":
    asyncio.run(_Server().serve())
