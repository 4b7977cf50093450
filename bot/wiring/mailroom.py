"""From a claim in the outbox to the message that is sent: one way for sending and for previews."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from traceback import format_exception
from typing import ParamSpec, TypeVar

from bot.errors import BotError, SettingsError, StoreError
from bot.models.deliveries import Claim, Digest, Message, is_dotless
from bot.render.cards import Cards, Shown
from bot.render.dkim import signed
from bot.render.mime import Envelope
from bot.render.view import DigestView, Reader, Site, build_view
from bot.settings import Mailbox, Settings
from bot.store import feeds
from bot.store.engine import Store
from bot.subscribe.tokens import Purpose, Tokens
from bot.wiring.printing import Printing
from bot.wiring.samples import DigestPreview
from bot.wiring.shelf import Shelf
from bot.wiring.signing import signers

P = ParamSpec("P")
R = TypeVar("R")


class Mailroom:
    """Renders the digests of one round; what they show is looked up for many of them at once.

    Raises:
        SettingsError, KeyFileError: mails cannot be signed as the settings say.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        sender: Mailbox,
        tokens: Tokens,
        printing: Printing,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._settings = settings
        self._sender = sender
        self._tokens = tokens
        self._clock = clock
        self._press, self._cards = printing
        self._brand = sender.name or "Concept Digest"
        self._site = Site(self._brand, settings.public_url, settings.postal_address)
        self._signers = signers(settings)
        self._shelf: Shelf | None = None

    def messages(self, claims: Sequence[Claim]) -> list[Message | BotError]:
        """The mails that some claims are about, in their order, each with the same date.

        What goes wrong with one of them stands in its place; where nobody foresaw it, with a traceback in its notes.

        Raises:
            StoreError: the database cannot be reached or read.
            SettingsError: no mail can be made with these settings.
        """
        return [_foreseen(made) if isinstance(made, Exception) else made for made in self._made(claims)]

    def message(self, claim: Claim) -> Message:
        """The mail that a claim is about.

        Raises:
            TemplateError: a template cannot be rendered.
            AddressError, HeaderError: the mail cannot be addressed.
        """
        (made,) = self._made([claim])
        if isinstance(made, Exception):
            raise made
        return made

    def preview(self, claim: Claim) -> DigestPreview:
        """The very mail of `message`, with what is told of it beside; raises the same."""
        message = self.message(claim)
        (pair,) = self._pairs([claim], self._clock())
        if isinstance(pair, Exception):
            raise pair
        return DigestPreview(message, pair[0], self._press.is_fast(*pair), self._settings.templates)

    def _made(self, claims: Sequence[Claim]) -> list[Message | Exception]:
        now = self._clock()
        pairs = self._pairs(claims, now)
        self._press.prepare([pair[0] for pair in pairs if not isinstance(pair, Exception)])
        return [pair if isinstance(pair, Exception) else _tried(self._message, *pair, now) for pair in pairs]

    def _message(self, view: DigestView, envelope: Envelope, now: datetime) -> Message:
        message = self._press.message(view, envelope)
        content = signed(message.content, self._signers, now) if self._signers else message.content
        # Found out here, where it may be done in another process, and not while connections wait.
        return replace(message, content=content, dotless=is_dotless(content))

    def _pairs(self, claims: Sequence[Claim], now: datetime) -> list[tuple[DigestView, Envelope] | Exception]:
        """Of each claim, what the templates see, and where it goes."""
        if self._shelf is None or self._shelf.is_old(now):
            self._shelf = Shelf(self._store, now)
        digests = [claim.digest for claim in claims]
        self._shelf.fetch(digests)
        chosen = feeds.chosen_by(self._store, [claim.subscriber_id for claim in claims if claim.subscriber_id])
        return [
            _tried(self._pair, claim, digest, self._shelf, chosen.get(claim.subscriber_id or 0, ()), now)
            for claim, digest in zip(claims, digests, strict=True)
        ]

    def _pair(
        self, claim: Claim, digest: Digest, shelf: Shelf, chosen: Sequence[int], now: datetime
    ) -> tuple[DigestView, Envelope]:
        reader_id = claim.subscriber_id or 0
        leave = self._token(Purpose.UNSUBSCRIBE, reader_id)
        reader = Reader(
            name=claim.name,
            language=claim.language,
            timezone=claim.timezone,
            unsubscribe_url=self._link(Purpose.UNSUBSCRIBE, leave),
            preferences_url=self._link(Purpose.PREFERENCES, self._token(Purpose.PREFERENCES, reader_id)),
            pause_url=self._link(Purpose.PAUSE, self._token(Purpose.PAUSE, reader_id)),
            votes_url=self._link("vote", self._tokens.make_vote(reader_id)) if claim.learns and reader_id else "",
            view_url=self._link(Purpose.DIGEST, self._token(Purpose.DIGEST, claim.delivery_id)),
        )
        view = digest_view(claim, digest, shelf, chosen, reader, self._site, self._cards)
        return view, self._envelope(claim, reader, leave, now)

    def _envelope(self, claim: Claim, reader: Reader, leave: str, now: datetime) -> Envelope:
        domain = self._sender.address.rpartition("@")[2]
        reply_to = self._settings.reply_to.address if self._settings.reply_to else ""
        return Envelope(
            from_name=self._brand,
            from_address=self._sender.address,
            to_name=claim.name,
            to_address=claim.email,
            message_id=claim.message_id,
            date=now,
            unsubscribe_url=reader.unsubscribe_url,
            unsubscribe_mailto=f"{reply_to or self._sender.address}?subject=unsubscribe%20{leave}",
            reply_to=reply_to,
            list_id=f"digest.{domain}",
            list_name=self._brand,
            feedback_id=f"{claim.run_id}:digest:concept-digest:{domain}",
            # Tells by its token which delivery a bounce is about.
            sender=self._settings.bounce_path(self._tokens.make_bounce(claim.delivery_id)) or self._sender.address,
            smtputf8=True,
        )

    def _token(self, purpose: Purpose, number: int) -> str:
        return self._tokens.make(purpose, number) if number else "nobody"

    def _link(self, page: str, token: str) -> str:
        return f"{self._settings.public_url}/{page}/{token}"


def digest_view(
    claim: Claim, digest: Digest, shelf: Shelf, chosen: Sequence[int], reader: Reader, site: Site, cards: Cards
) -> DigestView:
    """What the templates see of a claim's digest, for mails and for its page.

    Args:
        digest: the claim's, thawed.
        shelf: has looked up what it shows.
        chosen: the reader's feeds.
    """
    shown = shelf.shown(digest)
    return build_view(
        _each_once(digest, shown),
        shelf.feeds,
        shown,
        reader,
        site,
        (claim.window_start, claim.window_end),
        cards=cards,
        earlier={paper: there for paper, _ in digest.updates if (there := shelf.paper(paper)) is not None},
        also_in=shelf.also_in(shown.values(), chosen),
        trends=shelf.trends,
        weeks=shelf.weeks,
    )


def _tried(step: Callable[P, R], *given: P.args, **named: P.kwargs) -> R | Exception:
    """What a step of one digest gives, or what went wrong with it alone.

    Raises:
        StoreError, SettingsError: it would go wrong with every one.
    """
    try:
        return step(*given, **named)
    except (StoreError, SettingsError):
        raise
    except Exception as error:  # noqa: BLE001 (a fault in one digest must not keep the others from going out)
        return error


def _foreseen(error: Exception) -> BotError:
    """The error as one of ours; what nobody foresaw keeps its traceback as a note, which outlives pickling."""
    if isinstance(error, BotError):
        return error
    wrapped = BotError(f"rendering: {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    wrapped.add_note("".join(format_exception(error)).rstrip())
    return wrapped


def _each_once(digest: Digest, shown: Mapping[tuple[int, int], Shown]) -> Digest:
    """The digest without papers that have become one with another of it since it was frozen."""
    if len({one.paper.id for one in shown.values()}) == len(shown):
        return digest
    seen: set[int] = set()
    sections = []
    for section in digest.sections:
        kept = []
        for paper_id in section.paper_ids:
            there = shown.get((section.feed_id, paper_id))
            now_is = there.paper.id if there is not None else paper_id
            if now_is not in seen:
                seen.add(now_is)
                kept.append(paper_id)
        sections.append(replace(section, paper_ids=tuple(kept)))
    return replace(digest, sections=tuple(sections))
