"""Digests in the browser: a sample for everybody, and one's own by the link at the head of its mail."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot.errors import TokenError
from bot.store.outbox import planned
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges
from bot.web.pages import PERSONAL, PUBLIC, READ, SitePages
from bot.wiring.samples import sample_page
from bot.wiring.showing import DigestPages

#: The page is the mail, whose styles stand in its elements; it runs nothing, loads nothing and sends nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

_BODY = re.compile(r"<body[^>]*>")

routes = APIRouter()


@routes.api_route("/sample", methods=READ)
def sample(edges: Edges, pages: SitePages) -> Response:
    """The newest papers of the feeds with most readers, as the digest that a subscriber to them would get."""
    mail = sample_page(edges.store, edges.settings, pages.language.code, edges.clock())
    headers = PUBLIC | {"Content-Security-Policy": _POLICY, "X-Robots-Tag": "noindex"}
    return HTMLResponse(_as_page(mail, pages.html("_base/sample_bar")), headers=pages.told(headers))


@routes.api_route("/digest/{token}", methods=READ)
def show(request: Request, token: str, edges: Edges) -> Response:
    """The very digest of a delivery, for as long as the outbox has it, with what is known of its papers today."""
    digests = request.app.state.digests
    assert isinstance(digests, DigestPages)
    delivery = planned(edges.store, edges.tokens.read(Purpose.DIGEST, token))
    if delivery is None or delivery.subscriber_id is None:
        # Whoever was erased is forgotten; the link says no more than a forged one.
        raise TokenError
    html = _as_page(digests.html(delivery, edges.clock()))
    return HTMLResponse(html, headers=PERSONAL | {"Content-Security-Policy": _POLICY})


def _as_page(mail: str, before: str = "") -> str:
    """The mail as a page: with a main part, where screen readers begin.

    Args:
        before: what stands before the mail.
    """
    opened = _BODY.sub(lambda body: f"{body[0]}<main>{before}", mail, count=1)
    return opened.replace("</body>", "</main></body>")
