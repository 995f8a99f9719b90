"""Logs: one JSON object a line, numbers masked and secrets dropped whatever the caller passed."""

import logging
from typing import Any

import structlog

from console.lib.redaction import HIDDEN, clean

SECRET_KEYS = frozenset({"password", "secret", "token", "authorization", "text", "values"})


def redact(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    plain = {"timestamp", "level", "logger"}
    return {
        key: HIDDEN
        if key in SECRET_KEYS
        else value
        if key in plain or key.startswith("_")
        else clean(value, SECRET_KEYS.__contains__)
        for key, value in event.items()
    }


SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    redact,
]


def configure(options: dict[str, Any]) -> None:
    """Called by Django with the LOGGING setting; standard-library loggers go the same way as structlog's."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    # What strangers send (a forged host, a body too large) is answered with 400; it must not fill the log.
    logging.getLogger("django.security").setLevel("CRITICAL")
    logging.getLogger("django.request").setLevel("ERROR")
    logging.getLogger("celery").setLevel("WARNING")  # beat asks for something every two seconds
