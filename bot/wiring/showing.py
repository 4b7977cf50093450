"""A digest that was planned, as a page: from the outbox, by the same templates as its mail."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from bot.models.deliveries import Claim
from bot.render.view import Reader, Site
from bot.settings import Settings
from bot.store import feeds
from bot.store.engine import Store
from bot.wiring.mailroom import digest_view
from bot.wiring.printing import Printers
from bot.wiring.shelf import Shelf


class DigestPages:
    """Shows digests in the browser, with a press of its own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._printers = Printers(settings.templates, settings.public_url)
        brand = (settings.from_.name if settings.from_ is not None else "") or "Concept Digest"
        self._site = Site(brand, settings.public_url, settings.postal_address)
        self._shelf: Shelf | None = None
        self._lock = Lock()

    def html(self, claim: Claim, now: datetime) -> str:
        """The digest of a delivery, without what acts for its reader.

        The address of a page is passed on more lightly than a mail. So neither the name is on it, nor a link that
        unsubscribes, opens the preferences or votes; the mail has those.

        Raises:
            StoreError: the database cannot be reached or read.
            TemplateError: it cannot be rendered.
        """
        with self._lock:
            if self._shelf is None or self._shelf.is_old(now):
                self._shelf = Shelf(self._store, now)
            digest = claim.digest
            self._shelf.fetch([digest])
            chosen = feeds.chosen_by(self._store, [claim.subscriber_id or 0]).get(claim.subscriber_id or 0, ())
            press, cards = self._printers.current()
            reader = Reader(language=claim.language, timezone=claim.timezone)
            return press.page(digest_view(claim, digest, self._shelf, chosen, reader, self._site, cards))
