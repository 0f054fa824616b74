"""Where bars come from: one file per feed, found by its name. Files that start with an underscore are not feeds but
what feeds share: reading a bar file exactly, and giving back the decimal text it was written in."""

from alphaloop.adapters.feeds._action_files import ListedAction, read_action_file
from alphaloop.adapters.feeds._bar_files import MAX_BYTES, MAX_ROWS, read_bar_file
from alphaloop.adapters.feeds._clock_times import utc_opens
from alphaloop.adapters.feeds._columns import file_kind
from alphaloop.adapters.feeds._decimals import AS_COMPUTED, count_decimals, decimal_texts
from alphaloop.adapters.feeds._extra_files import is_extra_name, read_extra_file, read_written
from alphaloop.adapters.feeds._file_columns import FileColumns, look_at_columns
from alphaloop.adapters.feeds._funding_files import ListedFunding, read_funding_file
from alphaloop.adapters.feeds._proxy import parse_proxy

__all__ = [
    "AS_COMPUTED",
    "MAX_BYTES",
    "MAX_ROWS",
    "FileColumns",
    "ListedAction",
    "ListedFunding",
    "count_decimals",
    "decimal_texts",
    "file_kind",
    "is_extra_name",
    "look_at_columns",
    "parse_proxy",
    "read_action_file",
    "read_bar_file",
    "read_extra_file",
    "read_funding_file",
    "read_written",
    "utc_opens",
]
