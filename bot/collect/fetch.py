"""Polite, bounded, guarded HTTP: every request ends, in time and in memory, with an answer or a `FetchError`.

It is asynchronous from the start: a total deadline is one `asyncio.timeout` around everything, name look-up and
slow drips included, which a blocking client cannot do; and queries can run side by side under the hosts' budgets.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from types import TracebackType
from typing import Self

import httpcore
import httpx

from bot import __version__
from bot.collect.answer import IN_MEMORY, Check, Fetched, retry_after, shown, unpacked
from bot.collect.budget import HostBudget
from bot.collect.guard import ForbiddenAddressError, GuardedTransport
from bot.errors import FetchError

#: Answers that may be better the next time.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LAST_PORT = 65_535
_CONDITIONAL = frozenset({"if-none-match", "if-modified-since"})


#: Bytes from which on an answer is looked at in a thread.
LOOKED_AT_BESIDE = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one request may go, whatever the other side does."""

    #: Seconds in all: tries, redirects and back-off together. Waiting in a host's line does not count.
    total: float = 60.0
    #: Seconds for one connection.
    connect: float = 10.0
    #: Seconds without a byte.
    read: float = 20.0
    #: Bytes of one answer, decoded.
    size: int = 32 << 20
    tries: int = 4
    redirects: int = 6
    #: Seconds of back-off after the first try; doubled after each.
    backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    url: httpx.URL
    form: Mapping[str, str] | None
    headers: Mapping[str, str]
    #: Bytes of the answer, decoded, at the most.
    size: int
    #: Statuses besides 200 that are answers, since their body says why.
    refusals: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Trouble:
    problem: str
    #: Whether another try may help.
    again: bool
    #: Seconds that the service asks for.
    wait: float = 0.0

    def after(self, tries: int) -> str:
        asked = f"; asks to wait {self.wait:.0f} s" if self.wait else ""
        return self.problem + (f" ({tries} tries)" if tries > 1 else "") + asked


@dataclass(slots=True)
class _Allowance:
    """What is left of the total deadline."""

    left: float


@dataclass(slots=True)
class Fetcher:
    """Asks services over HTTP; used as `async with Fetcher(...) as fetch`.

    Args:
        contact: the admin's address, named in the User-Agent.
        allow_private: let services lie on private or loopback addresses.
        budget: how often a host may be asked; shared by all who ask it.
        clock, wall, sleep, chance: monotonic seconds, seconds since 1970, waiting, and a random number in 0..1, for
            tests.
    """

    contact: str | None = None
    allow_private: bool = False
    limits: Limits = field(default_factory=Limits)
    budget: HostBudget = field(default_factory=HostBudget)
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    _client: httpx.AsyncClient | None = field(default=None, init=False)
    #: Their own threads: those of the loop look up names.
    _checkers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "collect-check"), init=False)

    async def __aenter__(self) -> Self:
        # httpx writes whole addresses, secrets included, at INFO.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        limits = self.limits
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allow_private=self.allow_private),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=limits.total),
            headers={"User-Agent": self._user_agent(), "Accept": "*/*", "Accept-Encoding": "gzip"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checkers.shutdown(wait=False, cancel_futures=True)
        if self._client:
            await self._client.aclose()
            self._client = None

    def _user_agent(self) -> str:
        return f"concept-digest/{__version__}" + (f" (mailto:{self.contact})" if self.contact else "")

    async def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        check: Check | None = None,
        size: int | None = None,
        refusals: Collection[int] = (),
    ) -> Fetched:
        """The whole answer to a GET.

        Args:
            url: http or https; `params` are added to the query that it has.
            headers: such as If-None-Match, which makes 304 an answer.
            check: finds fault with an answer that looks well; see `Check`.
            size: bytes at the most, where that is less than for all.
            refusals: statuses, such as 400, that are handed over as answers, since their body says what was wrong.

        Raises:
            FetchError: where no usable answer came in time, after all tries.
        """
        try:
            target = httpx.URL(url)
            target = target.copy_merge_params(params) if params else target
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(shown(url), "not a web address") from error
        ask = _Ask("GET", target, None, headers or {}, size or self.limits.size, frozenset(refusals))
        return await self._ask(ask, check)

    async def post(self, url: str, form: Mapping[str, str], *, check: Check | None = None) -> Fetched:
        """The whole answer to a form sent by POST; arguments and errors as in `get`."""
        try:
            target = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(shown(url), "not a web address") from error
        return await self._ask(_Ask("POST", target, form, {}, self.limits.size), check)

    async def _ask(self, ask: _Ask, check: Check | None) -> Fetched:
        allowance = _Allowance(self.limits.total)
        for tried in count(1):
            outcome = await self._try(ask, check, allowance)
            if isinstance(outcome, Fetched):
                return outcome
            wait = max(outcome.wait, self.limits.backoff * 2 ** (tried - 1)) * (1 + self.chance() / 2)
            if not outcome.again or tried >= self.limits.tries or wait >= allowance.left:
                raise FetchError(shown(str(ask.url)), outcome.after(tried), outcome.wait)
            allowance.left -= wait
            await self.sleep(wait)
        raise AssertionError("the tries are counted")

    async def _try(self, ask: _Ask, check: Check | None, allowance: _Allowance) -> Fetched | _Trouble:
        for _ in range(self.limits.redirects + 1):
            if ask.url.scheme not in {"http", "https"} or not ask.url.host or (ask.url.port or 0) > _LAST_PORT:
                return _Trouble(f"not a web address: {shown(str(ask.url))}", again=False)
            if trouble := await self._in_turn(ask, allowance):
                return trouble
            outcome = await self._timed(ask, allowance)
            if not isinstance(outcome, _Ask):
                if isinstance(outcome, Fetched) and check and (problem := await self._checked(outcome, check)):
                    return _Trouble(problem, again=True)
                return outcome
            ask = outcome
        return _Trouble(f"more than {self.limits.redirects} redirects", again=False)

    async def _checked(self, fetched: Fetched, check: Check) -> str:
        """What is wrong with an answer; a large one is looked at beside the loop, so that others' time goes on."""
        if fetched.size < LOOKED_AT_BESIDE:
            return check(fetched)
        return await asyncio.get_running_loop().run_in_executor(self._checkers, check, fetched)

    async def _in_turn(self, ask: _Ask, allowance: _Allowance) -> _Trouble | None:
        """Waits for a place in the host's line."""
        while True:
            turn = await self.budget.turn(str(ask.url), self.wall())
            if turn.held > allowance.left:
                return _Trouble(f"{ask.url.host} wants to be left alone", again=False, wait=turn.held)
            await self.sleep(turn.held or turn.wait)
            if not turn.held:
                return None
            allowance.left -= turn.held

    async def _timed(self, ask: _Ask, allowance: _Allowance) -> Fetched | _Ask | _Trouble:
        started = self.clock()
        try:
            async with asyncio.timeout(allowance.left):
                return await self._exchange(ask)
        except TimeoutError:
            return _Trouble(f"no whole answer within {self.limits.total:g} s", again=False)
        except ForbiddenAddressError as error:
            return _Trouble(str(error), again=False)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return _Trouble(_in_words(error), again=not _is_final(error))
        except (httpx.InvalidURL, httpx.HTTPError, ValueError, OverflowError):
            return _Trouble("not a web address, or a redirect to what is none", again=False)
        finally:
            allowance.left = max(0.0, allowance.left - (self.clock() - started))

    async def _exchange(self, ask: _Ask) -> Fetched | _Ask | _Trouble:
        if self._client is None:
            raise RuntimeError("not open; use it as `async with Fetcher(...) as fetch`")
        request = self._client.build_request(ask.method, ask.url, data=ask.form, headers=ask.headers)
        response = await self._client.send(request, stream=True)
        try:
            return await self._judged(ask, response)
        finally:
            await response.aclose()

    async def _judged(self, ask: _Ask, response: httpx.Response) -> Fetched | _Ask | _Trouble:
        status = response.status_code
        if status in _REDIRECTS and "location" in response.headers:
            return _redirected(ask, status, response.headers["location"])
        conditional = status == 304 and any(name.lower() in _CONDITIONAL for name in ask.headers)
        if status != 200 and not conditional and status not in ask.refusals:
            wait = retry_after(response.headers)
            if wait:
                await self.budget.hold(str(ask.url), self.wall() + wait, self.wall())
            return _Trouble(f"http {status}", again=status in _PASSING, wait=wait)
        url = str(ask.url.copy_with(username=None, password=None))
        content = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it lives as long as the answer)
        fetched = Fetched(url, status, content, 0, dict(response.headers))
        trouble = await self._read(response, fetched, ask.size)
        return trouble or fetched

    async def _read(self, response: httpx.Response, fetched: Fetched, limit: int) -> _Trouble | None:
        too_large = _Trouble(f"answer larger than {limit / (1 << 20):.3g} MiB", again=False)
        if response.headers.get("content-length", "").isdigit() and int(response.headers["content-length"]) > limit:
            return too_large
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        pieces = response.aiter_raw()
        if coding in {"gzip", "x-gzip"}:
            pieces = unpacked(pieces)
        elif coding not in {"", "identity"}:
            return _Trouble(f"content coding that was not asked for: {coding[:20]}", again=False)
        content = fetched.opened()
        try:
            async for piece in pieces:
                fetched.size += content.write(piece)
                if fetched.size > limit:
                    return too_large
        except zlib.error:
            return _Trouble("broken gzip", again=True)
        return None


def _redirected(ask: _Ask, status: int, location: str) -> _Ask | _Trouble:
    try:
        target = ask.url.join(location)
    except (httpx.InvalidURL, ValueError):
        return _Trouble("redirect to what is not a web address", again=False)
    if target.scheme not in {"http", "https"} or not target.host:
        return _Trouble(f"redirect refused: {shown(str(target))}", again=False)
    if (target.scheme, target.host, target.port) != (ask.url.scheme, ask.url.host, ask.url.port):
        # A key is for the service that it was given for (RFC 9110, section 15.4).
        ask = replace(ask, headers={name: ask.headers[name] for name in ask.headers if name.lower() != "authorization"})
        if ask.method == "POST" and status in {307, 308}:
            return _Trouble(f"redirect refused: a form would go to {target.host}", again=False)
    if ask.method == "POST" and status in {307, 308}:
        return replace(ask, url=target)
    return replace(ask, method="GET", form=None, url=target)


def _is_final(error: BaseException) -> bool:
    return (isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME) or isinstance(
        error.__cause__, ssl.SSLCertVerificationError
    )


def _in_words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "no such host" if error.errno == socket.EAI_NONAME else "name cannot be looked up"
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpcore.ConnectError):
        return f"cannot connect: {str(error).lower().rstrip('.') or 'refused'}"
    if isinstance(error, httpcore.ProtocolError):
        return "answer cut off or not http"
    return "connection lost"
