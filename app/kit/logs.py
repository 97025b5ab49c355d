"""Structured logs: one JSON object a line, no secret and no tracking number in any of them."""

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

import structlog

__all__ = ["access", "configure_logs", "redact", "request_id"]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request under way; every line of the log that it causes carries it."""

HIDDEN: Final = "(hidden)"
_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|secret|api_?key|admin_?key|x-api-key|token|query_?code|idempotency|id_number|phone|applicant|credential",
    re.IGNORECASE,
)
_SECRETS = re.compile(
    r"""sx_[0-9A-Za-z]{6,}_[0-9A-Za-z_]+                # API keys
      | \bBearer\s+\S+
      | (?<![0-9A-Za-z])(?:[0-9A-TV-Za-tv-z]{4}-){3}[0-9A-Za-z]{2}(?![0-9A-Za-z])  # tracking numbers
      | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)                    # password in an address
      | (?<!\d)\d{17}[\dXx](?!\w)                          # identity numbers
      | (?<!\d)1[3-9]\d{9}(?!\d)                           # mobile telephones
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The text without API keys, tokens, tracking numbers, identity numbers, telephones and passwords in addresses.

    Of a tracking number the first four symbols stay, so that two lines can be told to speak of one application.
    """
    return _SECRETS.sub(lambda match: f"{match[0][:4]}…" if match[0][4:5] == "-" else HIDDEN, text)


_access: structlog.BytesLogger | None = None
_access_form = ""
_second = (0, "")


def access(method: str, route: str, status: int, seconds: float, request: str) -> None:
    """One line of the access log: the route, never the address with its numbers, never a query.

    Written by hand in the form of the other lines: rendering it like them would cost more than answering a poll.
    """
    if _access is None:
        return
    now = time.time()
    whole = int(now)
    global _second  # noqa: PLW0603  the text of the current second
    if _second[0] != whole:
        _second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    text = _access_form % (method, route, status, seconds * 1000, request, _second[1], int((now - whole) * 1000))
    with contextlib.suppress(OSError):  # whoever read the log has gone: no reason to break a request
        _access.info(text.encode("ascii", "backslashreplace"))


_ACCESS_JSON: Final = (
    '{"event":"request","method":"%s","route":"%s","status":%d,"ms":%.2f,"request_id":"%s","level":"info",'
    '"logger":"access","timestamp":"%s.%03dZ"}'
)
_ACCESS_TEXT: Final = "%s %s %d %.2f ms [%s] %s.%03dZ"


def _redacted(value: Any) -> Any:  # whatever somebody logs
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            str(key): HIDDEN if _SECRET_NAMES.search(str(key)) else _redacted(inner) for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _hide(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_NAMES.search(key) else _redacted(value)
    current = request_id.get()
    if current is not None:
        event["request_id"] = current
    return event


def _dumps(value: Any, **options: Any) -> str:  # structlog calls it like json.dumps
    return json.dumps(value, ensure_ascii=True, default=str, separators=(",", ":"))


def configure_logs(*, form: str = "json", level: str = "info") -> None:
    """Sends structlog and the standard library's loggers alike to standard error, one line each."""
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _hide,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    global _access, _access_form  # noqa: PLW0603  one access log a process
    _access = structlog.BytesLogger(sys.stderr.buffer) if least <= logging.INFO else None
    _access_form = _ACCESS_JSON if form == "json" else _ACCESS_TEXT
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(least)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler", "alembic"):
        named = logging.getLogger(name)
        named.handlers, named.propagate = [], True
    logging.getLogger(
        "uvicorn.access"
    ).disabled = True  # the middleware writes the access log, without tracking numbers
    logging.getLogger("apscheduler").setLevel(max(least, logging.WARNING))
