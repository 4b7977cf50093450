"""Feeds read in child processes that may be killed: feedparser has inputs that cost it minutes, or all memory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar

from bot.collect.sources import feed_child
from bot.errors import SourceError

#: A child's whole surroundings: no settings, no secrets, no proxies.
_KEPT = ("LANG", "LC_ALL", "PATH", "TMPDIR")
_Child = subprocess.Popen[bytes]
_Read = TypeVar("_Read")


class ConfinedParser:
    """Reads feeds in child processes, each one feed at a time; they are started when needed, and end when idle.

    Args:
        seconds: for one feed, the start of its child included.
        processor: seconds of the processor for one feed; 8 MiB of real entries take one.
        memory: bytes that a child's data may take; what a process shares with others is 15 MiB more. 8 MiB of real
            entries take 70.
        children: at the most; as many feeds are read at once.
    """

    def __init__(self, seconds: float = 20.0, processor: int = 8, memory: int = 144 << 20, children: int = 2) -> None:
        self._seconds, self._processor, self._memory, self._most = seconds, processor, memory, children
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(children)
        self._idle: list[_Child] = []
        #: By the thread that it works for.
        self._busy: dict[int, _Child] = {}
        #: Of `reading`, so that waiting for a child keeps no thread that others need.
        self._threads: ThreadPoolExecutor | None = None
        #: All that live, so that they can be ended from another thread.
        self._children: list[_Child] = []
        self._ending = weakref.finalize(self, _end_all, self._children)

    def close(self) -> None:
        """Ends the children; a later `read` starts others."""
        with self._lock:
            self._idle.clear()
            _end_all(self._children)
            threads, self._threads = self._threads, None
        if threads:
            threads.shutdown(cancel_futures=True)

    async def reading(self, work: Callable[[], _Read]) -> _Read:
        """What `work` returns, which calls `read`, done in a thread as soon as a child is free.

        `work` is what loads the feed, too, so that what waits in line takes no memory.
        """
        at: list[int] = []

        def done() -> _Read:
            at.append(threading.get_ident())
            return work()

        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="feeds")
            asked = self._threads.submit(done)
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            # Nobody wants it any more: its thread would keep the process from ending.
            with self._lock:
                if at and not asked.done() and at[0] in self._busy:
                    self._busy[at[0]].kill()
            raise

    def read(self, name: str, body: bytes, content_type: str, address: str) -> dict[str, Any]:
        """What `feed_child.answer` says; blocks, so that asynchronous callers ask by `reading`.

        Raises:
            SourceError: where the feed takes more time or memory than a feed may, or cannot be read at all.
        """
        named = json.dumps([content_type, address]).encode()
        with self._slots:
            said = self._said(name, (feed_child.ASK.pack(len(named), len(body)) + named, body))
        if problem := said.get("problem"):
            raise SourceError(name, f"feed refused: {problem}")
        return said

    def _said(self, name: str, frames: tuple[bytes, bytes]) -> dict[str, Any]:
        while True:
            child = self._taken()
            overdue = threading.Event()
            timer = threading.Timer(self._seconds, _kill, (child, overdue))
            timer.daemon = True
            timer.start()
            try:
                said = _conversed(child, frames)
            except (OSError, EOFError, ValueError) as error:
                ended = self._lost(child)
                if overdue.is_set() or ended == -signal.SIGXCPU:
                    raise SourceError(name, "feed refused: it takes too long to read") from error
                # One that ended by itself had idled away just now: another is asked.
                if ended:
                    raise SourceError(name, "feed refused: its reader died over it") from error
            else:
                with self._lock:
                    if child in self._children:
                        self._idle.append(child)
                return said
            finally:
                timer.cancel()
                with self._lock:
                    self._busy.pop(threading.get_ident(), None)

    def _taken(self) -> _Child:
        """An idle child that lives, the last to have worked first, so that those that are too many idle away."""
        with self._lock:
            for gone in [child for child in self._idle if child.poll() is not None]:
                self._idle.remove(gone)
                self._children.remove(gone)
                _close(gone)
            if self._idle:
                child = self._idle.pop()
            else:
                child = self._started()
                self._children.append(child)
            self._busy[threading.get_ident()] = child
            return child

    def _lost(self, child: _Child) -> int:
        """How a child that answers no more has ended: 0 by itself, a signal's number below 0."""
        try:
            ended = child.wait(1.0)
        except subprocess.TimeoutExpired:
            child.kill()
            ended = child.wait()
        with self._lock:
            if child in self._children:
                self._children.remove(child)
                _close(child)
        return ended

    def _started(self) -> _Child:
        surroundings = {key: os.environ[key] for key in _KEPT if key in os.environ}
        surroundings["PYTHONPATH"] = os.pathsep.join(place for place in sys.path if place)
        limits = (str(self._memory), str(self._processor))
        return subprocess.Popen(  # noqa: S603 (our own script, our own interpreter)
            [sys.executable, "-P", str(Path(feed_child.__file__)), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
        )


def _conversed(child: _Child, frames: tuple[bytes, bytes]) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:
        raise EOFError
    for frame in frames:
        child.stdin.write(frame)
    child.stdin.flush()
    (size,) = feed_child.ANSWER.unpack(_exactly(child.stdout, feed_child.ANSWER.size))
    said = json.loads(_exactly(child.stdout, min(size, feed_child.LARGEST_ANSWER)))
    if not isinstance(said, dict):
        raise EOFError
    return said


def _exactly(stream: IO[bytes], size: int) -> bytes:
    taken = stream.read(size)
    if len(taken) < size:
        raise EOFError
    return taken


def _kill(child: _Child, overdue: threading.Event) -> None:
    overdue.set()
    child.kill()


def _close(child: _Child) -> None:
    for stream in (child.stdin, child.stdout):
        try:
            if stream:
                stream.close()
        except OSError:
            # What was still to be written has nobody to read it.
            continue


def _end_all(children: list[_Child]) -> None:
    while children:
        child = children.pop()
        child.kill()
        child.wait()
        _close(child)
