"""What other rooms and the edge may ask of signals."""

from alphaloop.features.signals.service.executing import (
    Done,
    cancel_signal,
    execute_batch,
    execute_signal,
    validate_signal,
)
from alphaloop.features.signals.service.following import (
    execute_alone,
    expire_signals,
    follow_order,
    give_consent,
    has_consent,
    measure_signals,
    note_failure,
)
from alphaloop.features.signals.service.reading import (
    get_signal,
    list_runs,
    list_signals,
    reachable,
    read_agreements,
    read_performance,
)
from alphaloop.features.signals.service.recording import Origin, find_signal, record_signal, settle_signal
from alphaloop.features.signals.service.running import (
    RUN_JOB,
    arguments_of,
    begin_run,
    fail_run,
    keep_signals,
    start_run,
)

__all__ = [
    "RUN_JOB",
    "Done",
    "Origin",
    "arguments_of",
    "begin_run",
    "cancel_signal",
    "execute_alone",
    "execute_batch",
    "execute_signal",
    "expire_signals",
    "fail_run",
    "find_signal",
    "follow_order",
    "get_signal",
    "give_consent",
    "has_consent",
    "keep_signals",
    "list_runs",
    "list_signals",
    "measure_signals",
    "note_failure",
    "reachable",
    "read_agreements",
    "read_performance",
    "record_signal",
    "settle_signal",
    "start_run",
    "validate_signal",
]
