"""Logs that never carry a secret or a forged line: one format, rotation, and the request id on every line."""

import logging
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

request_id: ContextVar[str] = ContextVar("request_id", default="-")
_FORMAT = "{time:YYYY-MM-DDTHH:mm:ss.SSSZ} {level: <7} {extra[process]} {extra[request_id]} {name}: {extra[line]}\n"


class _ToLoguru(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(depth=6, exception=record.exc_info).log(record.levelname, record.getMessage())


def _format(record: "Record") -> str:
    # A newline from the outside would otherwise forge a second line.
    record["extra"]["line"] = record["message"].replace("\r", "\\r").replace("\n", "\\n")
    record["extra"]["request_id"] = request_id.get()
    return _FORMAT + ("{exception}\n" if record["exception"] else "")


def setup_logs(process: str, *, level: str, folder: Path | None) -> None:
    """Log to stderr and, when given, to `folder/<process>.log` (rotated at 100 MB or a day, kept two weeks)."""
    logger.remove()
    logger.configure(extra={"process": process, "request_id": "-"})
    options: dict[str, Any] = {"level": level, "format": _format, "backtrace": False, "diagnose": False}
    logger.add(sys.stderr, **options)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        logger.add(folder / f"{process}.log", rotation="100 MB", retention="14 days", encoding="utf-8", **options)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
