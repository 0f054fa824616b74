"""Where a person's own things lie when only the plain wheel is there, without the packages that settings need."""

import os
from pathlib import Path


def plain_home() -> Path:
    """ALPHALOOP_HOME or `user_data`, as settings say too; an `.env` file is the server's and is not read."""
    return Path(os.environ.get("ALPHALOOP_HOME") or "user_data")
