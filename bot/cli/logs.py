"""Where log lines go: stderr, one a line, without secrets."""

from __future__ import annotations

import logging
import sys

import structlog

_LINES = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)


def set_up(level: int) -> None:
    """Write log lines from `level` on to stderr: for eyes on a terminal, as key=value where there is none.

    The libraries that log through the standard module get the same level, so that none of them talks more.
    """
    words = "%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format=words)
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else _LINES,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
