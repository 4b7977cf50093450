"""Runs, for an admin's programs: looked at, paused and resumed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from bot.store import runs
from bot.web.api import shapes
from bot.web.api.access import Reader, Writer
from bot.web.api.paging import LARGEST, Cursor, Limit, lead_on, number_in, written
from bot.web.api.problems import problems
from bot.web.api.reading import NOT_MODIFIED
from bot.web.edges import Edges

RunId = Annotated[int, Path(ge=1, le=LARGEST)]

routes = APIRouter(prefix="/admin/runs", tags=["admin"])


@routes.get("", responses=NOT_MODIFIED | problems(400, 401, 422))
def list_runs(
    request: Request, response: Response, _token: Reader, edges: Edges, limit: Limit = 20, cursor: Cursor = None
) -> shapes.Runs:
    """The runs, the newest first."""
    found = runs.runs(edges.store, limit + 1, before=number_in(cursor) or None)
    page = found[:limit]
    following = written(page[-1].id) if len(found) > limit else None
    lead_on(request, response, edges.settings.public_url, following, limit=limit)
    return shapes.Runs(items=[shapes.run_of(one) for one in page], next=following)


@routes.get("/{run_id}", responses=NOT_MODIFIED | problems(401, 404, 422))
def show_run(run_id: RunId, _token: Reader, edges: Edges) -> shapes.Run:
    """One run."""
    return shapes.run_of(runs.run_by_id(edges.store, run_id))


@routes.post("/{run_id}/pause", responses=problems(401, 403, 404, 409, 422))
def pause_run(run_id: RunId, _token: Writer, edges: Edges) -> shapes.Run:
    """Claim nothing more of a run; what is on its way is finished. One that is paused stays so."""
    runs.pause(edges.store, run_id, edges.clock())
    return shapes.run_of(runs.run_by_id(edges.store, run_id))


@routes.post("/{run_id}/resume", responses=problems(401, 403, 404, 409, 422))
def resume_run(run_id: RunId, _token: Writer, edges: Edges) -> shapes.Run:
    """Go on with a run."""
    runs.resume(edges.store, run_id)
    return shapes.run_of(runs.run_by_id(edges.store, run_id))
