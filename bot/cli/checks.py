"""`bot check`: is everything reachable and right."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.cli.context import now
from bot.cli.output import plural, show, show_json
from bot.cli.rounds import AsJson
from bot.errors import BotError, CopyError, SettingsError, StoreError
from bot.settings import Settings, read_settings
from bot.store import feeds, subscribers, vocabulary
from bot.store.durability import not_durable
from bot.store.home import why_not_home
from bot.store.instance import latest_moment
from bot.store.leader import LeaderRecord, leader
from bot.wiring import App, build
from bot.wiring.bounces import look_at
from bot.wiring.signing import signers


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    words: str


def check(as_json: AsJson = False) -> int:
    """Look at settings, database, feeds, templates, mail server and sources; exit code 1 where something is wrong."""
    findings = _findings()
    if as_json:
        checks = [{"check": one.what, "ok": one.ok, "detail": one.words} for one in findings]
        show_json({"ok": all(one.ok for one in findings), "checks": checks})
    else:
        for one in findings:
            show(f"{'ok   ' if one.ok else 'WRONG'}  {one.what}: {one.words}")
    return 0 if all(one.ok for one in findings) else 1


def _findings() -> list[Finding]:
    try:
        settings = read_settings()
    except SettingsError as error:
        return [Finding("settings", ok=False, words=problem) for problem in error.problems]
    found = [Finding("settings", ok=True, words="read")]
    try:
        app = build(settings, now)
    except BotError as error:
        return [*found, Finding("database", ok=False, words=str(error))]
    try:
        found.append(_look("database", lambda: f"{app.store.name}, {_people(app)}"))
        found.append(_look("home", lambda: _home(app)))
        if not app.store.is_sqlite:
            found.append(_look("durability", lambda: _durability(app)))
        if (there := leader(app.store)) is not None:
            found.append(Finding("leader", ok=True, words=_leader(there)))
        found.append(_look("feeds", lambda: _feeds(app)))
        found.append(_look("vocabulary", lambda: _vocabulary(app)))
        found.append(_look("templates", app.check_templates))
        found.append(_look("dkim", lambda: _dkim(settings)))
        found.append(_look("mail server", lambda: _mail_server(app)))
        found.append(_look("bounces", lambda: look_at(settings)))
        found += [_look(f"source {name}", probe) for name, probe in app.source_probes().items()]
        found.append(_look("clock", lambda: _clock(app)))
        found += [_dns(name) for name in _domains(settings)]
        found.append(_links(settings))
    finally:
        app.close()
    return found


def _look(what: str, step: Callable[[], str]) -> Finding:
    try:
        return Finding(what, ok=True, words=step())
    except BotError as error:
        return Finding(what, ok=False, words=str(error))


def _people(app: App) -> str:
    return plural(subscribers.standings(app.store)["active"], "active subscriber")


def _home(app: App) -> str:
    why = why_not_home(app.store)
    if why:
        raise CopyError(app.store.name, why)
    return "mails are sent from this database"


def _durability(app: App) -> str:
    lax = not_durable(app.store)
    if lax:
        words = f"{' and '.join(lax)} off: a power cut may have digests sent twice; switch on in postgresql.conf"
        raise StoreError(app.store.name, words)
    return "what is written down survives a power cut"


def _leader(there: LeaderRecord) -> str:
    if there.leads:
        return f"{there.name}, term {there.term}"
    last = f" ({there.name} did last, term {there.term})" if there.name else ""
    return f"nobody leads{last}; start `bot serve` on some machine"


def _feeds(app: App) -> str:
    there = feeds.feeds(app.store)
    if not there:
        raise BotError("none yet; run `bot feeds apply --starter`")
    return f"{len(there)} on offer"


def _vocabulary(app: App) -> str:
    there = vocabulary.overview(app.store)
    if not there.concepts:
        return "none; feeds go by their own names and synonyms (`bot concepts load FILE`)"
    return f"{plural(there.concepts, 'concept')}, from {there.file}"


def _dkim(settings: Settings) -> str:
    signing = signers(settings)
    if not signing:
        return "mails are not signed here; the mail server has to, or make a key (`bot dkim make`)"
    keys = " and ".join(f"{one.selector} ({one.algorithm})" for one in signing)
    return f"{keys} for {signing[0].domain}; see that DNS has what `bot dkim show` tells"


def _mail_server(app: App) -> str:
    _, connection = app.mail_server()
    try:
        connection.open()
        return f"{connection.url.server} answers, {connection.url.security}"
    finally:
        connection.close()


def _clock(app: App) -> str:
    moment, latest = app.clock(), latest_moment(app.store)
    if moment < latest - timedelta(minutes=1):
        raise BotError(f"{moment:%Y-%m-%d %H:%M} is earlier than what the database has seen, {latest:%Y-%m-%d %H:%M}")
    return f"{moment:%Y-%m-%d %H:%M} UTC, not behind the database"


def _domains(settings: Settings) -> list[str]:
    addresses = (settings.from_.address if settings.from_ else "", settings.bounce_address or "")
    return list(dict.fromkeys(one.rpartition("@")[2] for one in addresses if one))


def _dns(domain: str) -> Finding:
    try:
        socket.getaddrinfo(domain, 25, proto=socket.IPPROTO_TCP)
    except OSError:
        # A domain may take mail by MX alone, and a machine may be offline: worth a look, not wrong.
        return Finding(f"dns {domain}", ok=True, words="no address found; see that it has MX, SPF and DKIM records")
    return Finding(f"dns {domain}", ok=True, words="has an address")


def _links(settings: Settings) -> Finding:
    if settings.public_url.startswith("https://"):
        return Finding("links", ok=True, words=settings.public_url)
    words = f"{settings.public_url}: without https, mail programs offer no one-click unsubscribing (BOT_PUBLIC_URL)"
    return Finding("links", ok=True, words=words)
