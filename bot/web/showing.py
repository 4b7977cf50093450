"""A digest in the browser, by the link at the head of its mail."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bot.errors import TokenError
from bot.store.outbox import planned
from bot.subscribe.tokens import Purpose
from bot.web.edges import Edges
from bot.web.pages import PERSONAL, READ
from bot.wiring.showing import DigestPages

#: The page is the mail, whose styles stand in its elements; it runs nothing, loads nothing and sends nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

routes = APIRouter()


@routes.api_route("/digest/{token}", methods=READ)
def show(request: Request, token: str, edges: Edges) -> Response:
    """The very digest of a delivery, for as long as the outbox has it, with what is known of its papers today."""
    digests = request.app.state.digests
    assert isinstance(digests, DigestPages)
    delivery = planned(edges.store, edges.tokens.read(Purpose.DIGEST, token))
    if delivery is None or delivery.subscriber_id is None:
        # Whoever was erased is forgotten; the link says no more than a forged one.
        raise TokenError
    html = digests.html(delivery, edges.clock())
    return HTMLResponse(html, headers=PERSONAL | {"Content-Security-Policy": _POLICY})
