"""The invented digest as these settings send it: to look at, and to see that templates work. Needs no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.models.deliveries import Message
from bot.render.digest import Press
from bot.render.languages import SPOKEN
from bot.render.mime import Envelope
from bot.render.sample import sample_view
from bot.render.trial import Trial, shown, try_templates
from bot.render.view import DigestView, Reader, Site
from bot.settings import Mailbox, Settings

#: For who has not said yet whom mails are from.
_SENDER = Mailbox("Concept Digest", "digest@papers.example.org")
_NAME = "Sam Sample"


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
