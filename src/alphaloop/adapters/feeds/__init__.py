"""Where bars come from: one file per feed, found by its name. Files that start with an underscore are not feeds but
what feeds share: reading a bar file exactly, and giving back the decimal text it was written in."""

from alphaloop.adapters.feeds._bar_files import MAX_BYTES, MAX_ROWS, file_kind, read_bar_file
from alphaloop.adapters.feeds._decimals import count_decimals, decimal_texts

__all__ = ["MAX_BYTES", "MAX_ROWS", "count_decimals", "decimal_texts", "file_kind", "read_bar_file"]
