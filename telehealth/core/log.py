"""One log for everything: our events, the libraries' messages, warnings, crashes.

Events are dotted, past and permanent (`booking.held`); facts are keywords. What identifies a
person never comes out, wherever it was put: see `redaction.py`.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from telehealth.core.redaction import redact

__all__ = ["bind_contextvars", "bound_contextvars", "clear_contextvars", "configure", "get_logger"]

#: Libraries whose every request would be a line of ours.
QUIET = (
    "uvicorn.access",
    "httpx2",
    "httpcore2",
    "botocore",
    "boto3",
    "urllib3",
    "s3transfer",
    "asyncio",
    "alembic",
    "procrastinate",
)


def get_logger(name: str) -> FilteringBoundLogger:
    """`bound_contextvars(request_id=…, unit=…, job=…)` adds to every line written inside it."""
    return cast(FilteringBoundLogger, structlog.get_logger(name))


def configure(*, json: bool, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send structlog, the standard library, warnings and uncaught errors to one redacted stream."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_colour,
                # Before redaction: a traceback is text like any other, and its message may quote a row.
                # Without locals, which hold whole patients.
                structlog.processors.format_exc_info,
                structlog.processors.StackInfoRenderer(),
                redact,
                _renderer(json=json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def _without_colour(_: Any, __: str, event: EventDict) -> EventDict:
    """uvicorn repeats its message with terminal colours."""
    event.pop("color_message", None)
    return event


def _renderer(*, json: bool) -> Processor:
    if json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    get_logger("telehealth").critical("process.crashed", exc_info=(kind, error, trace))


def _log_thread_crash(args: Any) -> None:
    get_logger("telehealth").critical(
        "thread.crashed", exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
    )
