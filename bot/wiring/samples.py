"""The invented digest as these settings send it: to look at, and to see that templates work. Needs no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.models.deliveries import Digest, DigestSection, Message
from bot.render.cards import Shown
from bot.render.digest import Press
from bot.render.languages import SPOKEN
from bot.render.mime import Envelope
from bot.render.sample import sample_view
from bot.render.trial import Trial, shown, try_templates
from bot.render.view import DigestView, Reader, Site, build_view
from bot.settings import Mailbox, Settings
from bot.store.engine import Store
from bot.store.feeds import overviews
from bot.store.papers import newest
from bot.wiring.relating import Relating

#: For who has not said yet whom mails are from.
_SENDER = Mailbox("Concept Digest", "digest@papers.example.org")
_NAME = "Sam Sample"
#: Feeds in the digest that anybody may look at, and papers of each.
_POPULAR, _EACH = 3, 3


@dataclass(frozen=True, slots=True)
class DigestPreview:
    """A digest as it would be sent, and what is told of it beside."""

    message: Message
    #: All that was planned; not all of it may have room.
    view: DigestView
    #: Whether it is put together from fragments.
    fast: bool
    #: A folder whose templates go before the packaged ones.
    own: Path | None

    def shown(self) -> DigestView:
        """What of it has room; takes a moment."""
        return shown(self.view, self.own)


def sender_of(settings: Settings) -> Mailbox:
    """Whom mails are from, or would be."""
    return settings.from_ or _SENDER


def site_of(settings: Settings) -> Site:
    """Who sends, and where the web page is."""
    return Site(sender_of(settings).name or _SENDER.name, settings.public_url, settings.postal_address)


def preview_sample(settings: Settings, language: str, now: datetime) -> DigestPreview:
    """The invented digest in a language.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    press = Press(settings.templates)
    view, envelope = _sample(settings, language, now, _NAME)
    return DigestPreview(press.message(view, envelope), view, press.is_fast(view, envelope), settings.templates)


def sample_page(store: Store, settings: Settings, language: str, now: datetime) -> str:
    """The digest that somebody would get this week who has the feeds with most readers, as a page.

    Where there are no papers yet, it is the invented one. Its links go to the site.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    site = site_of(settings)
    reader = Reader("", language, settings.timezone, unsubscribe_url=f"{settings.public_url.rstrip('/')}/")
    popular = sorted(
        (one for one in overviews(store, now) if one.papers and not one.retired),
        key=lambda one: (-one.subscribers, -one.week, one.feed.name),
    )[:_POPULAR]
    if not popular:
        view = sample_view(site, reader, now)
    else:
        entered = {one.feed.id: newest(store, one.feed.id, _EACH) for one in popular}
        related = Relating(store).of((feed, entry.paper) for feed, entries in entered.items() for entry in entries)
        names = {key: tuple((one.name, one.feed) for one in concepts) for key, concepts in related.items()}
        first = min((entry.entered_at for entries in entered.values() for entry in entries), default=now)
        view = build_view(
            Digest(
                tuple(
                    DigestSection(one.feed.id, tuple(entry.paper.id for entry in entered[one.feed.id]), 0)
                    for one in popular
                ),
            ),
            {one.feed.id: one.feed for one in popular},
            {
                (feed, entry.paper.id): Shown(entry.paper, names.get((feed, entry.paper.id), ()), entry.why)
                for feed, entries in entered.items()
                for entry in entries
            },
            reader,
            site,
            (max(first, now - timedelta(days=7)), now),
        )
    sender = sender_of(settings)
    envelope = Envelope(
        from_name=site.brand,
        from_address=sender.address,
        to_name="",
        to_address="sam@reader.example",
        message_id=f"sample@{sender.address.rpartition('@')[2]}",
        date=now,
        unsubscribe_url=None,
        smtputf8=True,
    )
    return Press(settings.templates).message(view, envelope).html


def check_templates(settings: Settings, now: datetime) -> str:
    """That every template of a digest works in every language, in words, and whether digests are slow by own ones.

    Raises:
        TemplateError: one cannot be rendered, or a digest comes to more than is sent.
    """
    samples = (tuple(_sample(settings, code, now, name) for name in (_NAME, "")) for code in SPOKEN)
    return _told(try_templates(settings.templates, samples))


def _told(trial: Trial) -> str:
    words = [f"a sample digest is rendered in {len(SPOKEN)} languages, up to {trial.size:,} bytes of HTML"]
    if trial.own:
        words.append(f"yours are {', '.join(trial.own)}")
    if trial.beside:
        words.append(f"of use only where another one includes it, since it replaces none: {', '.join(trial.beside)}")
    if not trial.fast:
        looks = ", ".join(trial.looks) or "rows come to something else when each is rendered by itself"
        words.append(f"rendered as a whole: {looks}; that takes longer than putting digests together from fragments")
    return "; ".join(words)


def _sample(settings: Settings, language: str, now: datetime, name: str) -> tuple[DigestView, Envelope]:
    """The invented digest with where it goes; without a name, it has no links but the one to leave."""

    def link(page: str) -> str:
        return f"{settings.public_url}/{page}/sample"

    reader = Reader(
        name=name,
        language=language,
        timezone=settings.timezone,
        unsubscribe_url=link("unsubscribe"),
        preferences_url=link("preferences") if name else "",
        pause_url=link("pause") if name else "",
        votes_url=link("vote") if name else "",
        view_url=link("digest") if name else "",
    )
    sender, site = sender_of(settings), site_of(settings)
    envelope = Envelope(
        from_name=site.brand,
        from_address=sender.address,
        to_name=name,
        to_address="sam@reader.example",
        message_id=f"sample@{sender.address.rpartition('@')[2]}",
        date=now,
        unsubscribe_url=reader.unsubscribe_url,
        smtputf8=True,
    )
    return sample_view(site, reader, now), envelope
