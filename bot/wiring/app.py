"""The bot's verbs, each wired to its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import structlog

from bot.collect.asking import QueryReport
from bot.collect.collect import CollectReport
from bot.concepts.trends import WEEKS, notable
from bot.deliver.deliver import nobody
from bot.deliver.report import DeliverReport
from bot.deliver.rest import Rest
from bot.deliver.smtp import Connection
from bot.digests.cadence import next_occasion
from bot.digests.plan import PlanReport, plan
from bot.errors import MailServerError
from bot.models.deliveries import Claim, Message, Outcome
from bot.models.feeds import StandingQuery
from bot.models.subscribers import Wish
from bot.render.wording import zone_named
from bot.settings import Mailbox, Settings
from bot.store import feeds, imports, rosters
from bot.store.engine import Store
from bot.store.erasing import erase
from bot.store.instance import secret_key
from bot.store.retention import forget_old
from bot.store.schema import open_store
from bot.store.signups import forget_unconfirmed
from bot.subscribe.tokens import Tokens
from bot.suppress.mailboxes import BounceBox
from bot.suppress.taking import BouncesReport
from bot.wiring.alarms import tell_admin
from bot.wiring.asking import Asking
from bot.wiring.bounces import mailbox_of, take_bounces
from bot.wiring.digest_preview import DigestPreviews
from bot.wiring.letters import answer_all
from bot.wiring.mailroom import Mailroom
from bot.wiring.matchers import Matchers
from bot.wiring.printing import Printers
from bot.wiring.roster import ImportReport, RowReport, import_roster
from bot.wiring.samples import DigestPreview, check_templates, sender_of
from bot.wiring.sending import drain, mail_server, mail_servers
from bot.wiring.tagging import TaggingReport, tag_papers

#: Hours in which few digests are due.
NIGHT = range(6)

log = structlog.get_logger(__name__)


class App:
    """The bot at work on one database.

    Args:
        clock: gives aware times; the faces hand it over, so that nothing below reads the clock itself.
    """

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.matchers = Matchers(store)
        self._asking = Asking(store, settings, self.matchers, clock)
        self._rest = Rest()
        self._printers = Printers(settings.templates, settings.public_url)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    @cached_property
    def tokens(self) -> Tokens:
        """For links: the keys of the settings first, then the database's own, so that no link of old dies."""
        return Tokens((*self.settings.secret_keys, secret_key(self.store)))

    def collect(
        self,
        feed: str | None = None,
        since: date | None = None,
        progress: Callable[[QueryReport], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
        *,
        due_only: bool = False,
    ) -> CollectReport:
        """Ask the sources for what is new, and tag it; see `bot.collect.collect.collect`.

        Raises:
            StoppedError: it was told to stop; what was read is kept, and the next round goes on from there.
        """
        report = self._asking.ask(should_stop, feed=feed, since=since, due_only=due_only, progress=progress)
        tagging = self._tag(should_stop)
        self.tell_admin()
        return replace(report, tagged=tagging.papers, untagged=tagging.error)

    def collect_query(self, query_id: int, should_stop: Callable[[], bool] = lambda: False) -> CollectReport:
        """Ask one query for what is new, if its time has come; `tag` is to follow.

        Raises:
            StoppedError: it was told to stop; what was read is kept, and the next round goes on from there.
        """
        report = self._asking.ask(should_stop, query_id=query_id, due_only=True)
        self.tell_admin()
        return report

    def due_queries(self) -> list[StandingQuery]:
        """The queries whose time to be asked has come."""
        return self._asking.due()

    def tag(self, should_stop: Callable[[], bool] = lambda: False) -> TaggingReport:
        """Tag the papers that came lately; see `bot.wiring.tagging.tag_papers`."""
        self.matchers.of(feeds.feeds(self.store))
        return self._tag(should_stop)

    def _tag(self, should_stop: Callable[[], bool]) -> TaggingReport:
        lookback = timedelta(days=self.settings.lookback_days)
        return tag_papers(self.store, self.matchers.shared(), self.clock, lookback, should_stop)

    def tell_admin(self) -> int:
        """Mail the alarms and reports that wait; how many were told. It raises nothing: what cannot be told waits."""
        return tell_admin(self.store, self.settings, self.mail_server, self.clock)

    def answer(self, should_stop: Callable[[], bool] = lambda: False) -> int:
        """Take in sign-ups and send letters, as far as any wait; see `bot.wiring.letters.answer_all`."""
        if self._rest.goes_on(self.clock()):
            return 0
        edges = (self.store, self.settings, self.tokens, self.mail_server, self.clock)
        try:
            sent = answer_all(*edges, should_stop=should_stop)
        except MailServerError as error:
            self._rest.note(error, self.clock())
            raise
        if sent:
            self._rest.note(None, self.clock())
        return sent

    def take_bounces(
        self, mailbox: BounceBox | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> BouncesReport:
        """Read what came back, from the mailbox of the settings or another one; see `bot.wiring.bounces.take_bounces`.

        Raises:
            SettingsError: there is none, or it is none.
            MailboxError: it cannot be read; what was taken before is kept.
        """
        where = mailbox or mailbox_of(self.settings.bounces)
        return take_bounces(self.store, where, self.tokens, self.clock, should_stop)

    def tidy(self) -> int:
        """Forget the people who did not confirm in time, and what else nobody needs; how many people went.

        What takes long is done at night, by the clock of `BOT_TIMEZONE`.
        """
        now = self.clock()
        if now.astimezone(zone_named(self.settings.timezone)).hour in NIGHT:
            forget_old(self.store, now)
        return forget_unconfirmed(self.store, now)

    def erase(self, subscriber_id: int) -> bool:
        """Forget a person whole; see `bot.store.erasing.erase`."""
        return erase(self.store, subscriber_id, self.tokens.pseudonyms, self.clock())

    def plan(
        self,
        at: datetime | None = None,
        *,
        everyone: bool = False,
        dry_run: bool = False,
        progress: Callable[[int], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> PlanReport:
        """Freeze the digests of all who are due; see `bot.digests.plan.plan`."""
        return plan(
            self.store,
            self.clock,
            at=at,
            everyone=everyone,
            lookback_days=self.settings.lookback_days,
            trending=self._trending(),
            timezone=self.settings.timezone,
            dry_run=dry_run,
            progress=progress,
            should_stop=should_stop,
        )

    def deliver(
        self,
        limit: int | None = None,
        *,
        dry_run: bool = False,
        in_quiet_hours: bool = False,
        progress: Callable[[Claim, Outcome], None] = nobody,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> DeliverReport:
        """Drain the outbox; see `bot.wiring.sending.drain`.

        Args:
            in_quiet_hours: send in quiet hours as well.

        Raises:
            SettingsError: what sending needs is missing or wrong, all of it named.
        """
        sender, _ = mail_servers(self.settings)
        if not dry_run:
            self.tell_admin()
            try:
                self.answer(should_stop)
            except MailServerError as error:
                # Letters go to the first server alone; digests have others, and their round tells what is wrong.
                log.warning("letters wait", error=str(error))
        report = drain(
            self.store,
            self.settings,
            lambda: self._mailroom(sender),
            self.clock,
            limit=limit,
            dry_run=dry_run,
            in_quiet_hours=in_quiet_hours,
            progress=progress,
            should_stop=should_stop,
        )
        if not dry_run:
            self.tell_admin()
        return report

    def deliver_by_itself(
        self,
        limit: int | None = None,
        *,
        progress: Callable[[Claim, Outcome], None] = nobody,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> DeliverReport:
        """The same for who comes again every half minute: after a refused login it waits longer and longer.

        Raises:
            SettingsError: what sending needs is missing or wrong, all of it named.
        """
        if self._rest.goes_on(self.clock()):
            return DeliverReport()
        report = self.deliver(limit, progress=progress, should_stop=should_stop)
        # A round that had nothing to send has not learned that we are welcome again.
        if report.error is not None or report.sent:
            self._rest.note(report.error, self.clock())
        return report

    def mail_server(self) -> tuple[Mailbox, Connection]:
        """Whom mails are from, and the first server they go to (not connected yet).

        Raises:
            SettingsError: what sending needs is missing or wrong, all of it named.
        """
        return mail_server(self.settings)

    def preview(self, email: str, at: datetime | None = None) -> Message:
        """The very message that would be sent; see `preview_closely`."""
        return self.preview_closely(email, at).message

    def preview_closely(self, email: str, at: datetime | None = None, language: str = "") -> DigestPreview:
        """The very message that would be sent: from the outbox where one waits, otherwise composed now.

        Args:
            language: instead of the subscriber's.

        Raises:
            UnknownError: there is no such subscriber.
            BotError: there is nothing to send, and why.
        """
        previews = DigestPreviews(
            self.store, self.settings, lambda: self._mailroom(sender_of(self.settings)), self._trending, self.clock
        )
        return previews.show(email, at, language)

    def check_templates(self) -> str:
        """That a sample digest can be rendered in every language, in words.

        Raises:
            TemplateError: it cannot, or comes to more than is sent; with the file, and the line where there is one.
        """
        return check_templates(self.settings, self.clock())

    def source_probes(self) -> dict[str, Callable[[], str]]:
        """By source that a feed asks: a probe that says whether it answers; see `bot.wiring.asking.Asking.probes`."""
        return self._asking.probes()

    def import_roster(
        self,
        path: Path,
        *,
        columns: Mapping[str, str] | None = None,
        dry_run: bool = False,
        update: bool = False,
        pending: bool = False,
        each: Callable[[RowReport], None] | None = None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> ImportReport:
        """Add the people of a roster file; see `bot.wiring.roster.import_roster`.

        Raises:
            RosterError: the file is no roster.
        """
        settings = self.settings
        return import_roster(
            self.store,
            path,
            self.clock(),
            defaults=rosters.Defaults(Wish(timezone=settings.timezone), settings.language),
            columns=columns,
            dry_run=dry_run,
            update=update,
            pending=pending,
            pseudonyms=self.tokens.pseudonyms,
            each=each,
            progress=progress,
        )

    def undo_import(
        self, import_id: int, progress: Callable[[int, int | None], None] = lambda _done, _all: None
    ) -> imports.Undone:
        """Take an import of a roster file back; see `bot.store.imports.undo`."""
        now = self.clock()
        return imports.undo(self.store, import_id, lambda wish: next_occasion(wish, now), now, progress)

    def _mailroom(self, sender: Mailbox) -> Mailroom:
        return Mailroom(self.store, self.settings, sender, self.tokens, self._printers.current(), self.clock)

    def _trending(self) -> tuple[int, ...]:
        weekly = feeds.weekly_counts(self.store, self.clock(), WEEKS)
        return tuple(trend.feed_id for trend in notable(weekly))


def build(settings: Settings, clock: Callable[[], datetime]) -> App:
    """The bot that these settings describe.

    Raises:
        StoreError: the database cannot be used.
    """
    return App(settings, open_store(settings.database_url), clock)
