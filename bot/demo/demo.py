"""The whole job on this machine alone: sample papers in, mails out, and a page to look at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.concepts import catalogue
from bot.demo.album import write_album
from bot.demo.mailbox import Mailbox
from bot.demo.service import SampleService
from bot.errors import BotError
from bot.models.feeds import CatalogueFeed, CatalogueQuery
from bot.render.templates import packaged_templates
from bot.settings import read_settings
from bot.store import feeds
from bot.wiring import App, build

#: What an earlier demo left behind, and nothing else, is cleared away.
OWN_FILES = ("*.eml", "*.html", "*.txt", "bot.db*")


def run_demo(folder: Path, port: int, clock: Callable[[], datetime], tell: Callable[[str], None]) -> Path:
    """Do the whole job with sample papers, and give the page that shows the mails.

    Args:
        folder: where the mails and the database are written; made if need be.
        port: of the sample services; 0 for any.
        clock: gives aware times.
        tell: told each step in words.

    Raises:
        BotError: a step failed.
    """
    _clear(folder)
    with SampleService(clock().date(), port=port) as service, Mailbox(folder) as mailbox:
        settings = read_settings(
            folder,
            {
                "BOT_DATABASE_URL": f"sqlite:///{folder.absolute()}/bot.db",
                "BOT_PUBMED_URL": service.pubmed_url,
                "BOT_EUROPEPMC_URL": service.europepmc_url,
                # Only so that the demo asks at the pace that a key allows.
                "BOT_NCBI_API_KEY": "demo",
                "BOT_FETCH_ALLOW_PRIVATE": "true",
                "BOT_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
                "BOT_FROM": "Concept Digest <digest@papers.example.org>",
                "BOT_POSTAL_ADDRESS": "1 Sample Street, 12345 Exampleton",
                "BOT_PUBLIC_URL": "https://papers.example.org",
            },
        )
        app = build(settings, clock)
        try:
            _round(app, service, tell)
        finally:
            app.close()
        return write_album(folder, mailbox.mails)


def _clear(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in OWN_FILES:
            for path in folder.glob(pattern):
                path.unlink()
    except OSError as error:
        raise BotError(f"demo: {folder}: cannot be written: {error.strerror}") from error


def _round(app: App, service: SampleService, tell: Callable[[str], None]) -> None:
    feed_list = [_with_journal(feed, f"{service.url}/feeds/journal.atom") for feed in catalogue.starter()]
    feeds.apply_catalogue(app.store, feed_list, app.clock())
    tell(f"feeds      {len(feed_list)} concept feeds of the starter catalogue")
    collected = app.collect()
    tell(f"collect    {collected.new} new papers by feed, from {len(collected.queries)} queries")
    if collected.failing:
        raise BotError(f"demo: collect: {collected.failing} queries failed")
    roster = app.import_roster(packaged_templates().parent / "subscribers.example.csv")
    tell(f"subscribe  {roster.added} subscribers from subscribers.example.csv")
    planned = app.plan(everyone=True)
    tell(f"plan       {planned.chosen} digests put into the outbox")
    delivered = app.deliver()
    tell(f"deliver    {delivered.sent} mails sent over SMTP in {delivered.seconds:.1f} s")
    if delivered.error or delivered.sent != planned.chosen:
        raise BotError(f"demo: deliver: {delivered.sent} of {planned.chosen} sent: {delivered.error or 'see the log'}")
    again = (app.collect().new, app.plan(everyone=True).chosen, app.deliver().sent)
    tell(f"again      {again[0]} new papers, {again[1]} digests, {again[2]} mails: nothing is done twice")


def _with_journal(feed: CatalogueFeed, url: str) -> CatalogueFeed:
    """The feed as the demo asks for it: with a journal's feed beside, which is matched by text."""
    return replace(feed, queries=(*feed.queries, CatalogueQuery("syndication", url)))
