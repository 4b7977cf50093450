"""Feeds read in a child process that may be killed: feedparser has inputs that cost it minutes, or all memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import IO, Any

from bot.collect.sources import feed_child
from bot.errors import SourceError

#: The child's whole surroundings: no settings, no secrets, no proxies.
_KEPT = ("LANG", "LC_ALL", "PATH", "TMPDIR")


class ConfinedParser:
    """Reads feeds one at a time in a child process, which is started when needed and again when it was lost.

    Args:
        seconds: for one feed, the start of the child included.
        memory: bytes that the child's data may take; feedparser needs about ten times a feed's size.
    """

    def __init__(self, seconds: float = 15.0, memory: int = 256 << 20) -> None:
        self._seconds, self._memory = seconds, memory
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._ending = weakref.finalize(self, _end_all, self._children)

    def close(self) -> None:
        """Ends the child; a later `read` starts another."""
        with self._lock:
            _end_all(self._children)

    def read(self, name: str, body: bytes, content_type: str, address: str) -> dict[str, Any]:
        """What `feed_child.answer` says; blocks, so that asynchronous callers ask from a thread.

        Raises:
            SourceError: where the feed takes more time or memory than a feed may, or cannot be read at all.
        """
        named = json.dumps([content_type, address]).encode()
        frame = feed_child.ASK.pack(len(named), len(body)) + named + body
        with self._lock:
            said = self._said(name, frame)
        if problem := said.get("problem"):
            raise SourceError(name, f"feed refused: {problem}")
        return said

    def _said(self, name: str, frame: bytes) -> dict[str, Any]:
        while True:
            reused = bool(self._children)
            child = self._children[0] if reused else self._started()
            overdue = threading.Event()
            timer = threading.Timer(self._seconds, _kill, (child, overdue))
            timer.start()
            try:
                return _conversed(child, frame)
            except (OSError, EOFError, ValueError) as error:
                _end_all(self._children)
                if overdue.is_set():
                    raise SourceError(name, f"feed refused: not read within {self._seconds:g} s") from error
                # One that was there already may have idled away: a fresh one is asked.
                if not reused:
                    raise SourceError(name, "feed refused: its reader died over it") from error
            finally:
                timer.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        surroundings = {key: os.environ[key] for key in _KEPT if key in os.environ}
        surroundings["PYTHONPATH"] = os.pathsep.join(place for place in sys.path if place)
        child = subprocess.Popen(  # noqa: S603 (our own script, our own interpreter)
            [sys.executable, "-P", str(Path(feed_child.__file__)), str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
        )
        self._children.append(child)
        return child


def _conversed(child: subprocess.Popen[bytes], frame: bytes) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:
        raise EOFError
    child.stdin.write(frame)
    child.stdin.flush()
    (size,) = feed_child.ANSWER.unpack(_exactly(child.stdout, feed_child.ANSWER.size))
    said = json.loads(_exactly(child.stdout, size))
    if not isinstance(said, dict):
        raise EOFError
    return said


def _exactly(stream: IO[bytes], size: int) -> bytes:
    taken = stream.read(size)
    if len(taken) < size:
        raise EOFError
    return taken


def _kill(child: subprocess.Popen[bytes], overdue: threading.Event) -> None:
    overdue.set()
    child.kill()


def _end_all(children: list[subprocess.Popen[bytes]]) -> None:
    while children:
        child = children.pop()
        child.kill()
        for stream in (child.stdin, child.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:
                # What was still to be written has nobody to read it.
                continue
        child.wait()
