"""What the site needs of the rest of the bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from bot.models.signups import SIGN_UP_LIMITS, SignUpLimits
from bot.settings import Settings
from bot.store.engine import Store
from bot.subscribe.tokens import Tokens


@dataclass(frozen=True, slots=True)
class SiteEdges:
    """The edges that pages are made from, handed over by whoever serves them."""

    store: Store
    tokens: Tokens
    settings: Settings
    #: The present, aware.
    clock: Callable[[], datetime]
    #: How many sign-ups are taken.
    limits: SignUpLimits = SIGN_UP_LIMITS


async def _edges_of(request: Request) -> SiteEdges:
    edges = request.app.state.edges
    assert isinstance(edges, SiteEdges)
    return edges


#: An endpoint's argument of this type is the site's edges.
Edges = Annotated[SiteEdges, Depends(_edges_of)]
