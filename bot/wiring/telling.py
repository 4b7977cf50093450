"""What rounds that run by themselves tell in the log."""

from __future__ import annotations

import structlog

from bot.collect.collect import CollectReport
from bot.deliver.report import DeliverReport
from bot.digests.plan import PlanReport
from bot.suppress.taking import BouncesReport

log = structlog.get_logger(__name__)


def tell_collected(report: CollectReport) -> None:
    """A round of collecting that asked anything."""
    if report.queries:
        log.info(
            "collected",
            new=report.new,
            seen=report.seen,
            queries=len(report.queries),
            failing=report.failing,
            stale=report.stale,
        )


def tell_planned(report: PlanReport) -> None:
    """A round of planning in which somebody was due."""
    if report.run is not None:
        log.info("planned", run=report.run, chosen=report.chosen, skipped=report.skipped)
    if report.held is not None:
        log.warning("held up", run=report.run, chosen=report.chosen, usual=report.held.largest)


def tell_delivered(report: DeliverReport) -> None:
    """A round of delivering that settled anything, or could not."""
    settled = {state: count for state, count in report.as_json().items() if count}
    if report.error:
        log.error("delivering stopped", **settled)
    elif any(settled.get(state) for state in ("sent", "deferred", "failed", "suppressed", "skipped", "uncertain")):
        log.info("delivered", **settled)


def tell_bounces(report: BouncesReport) -> None:
    """A round over the mailbox of bounces that has taken any; what is left there is told by `bot bounces take`."""
    counts = {name: count for name, count in report.as_json().items() if count and name != "problems"}
    if report.read > report.left:
        log.info("bounces", **counts)
