"""The home folder of an installation without settings."""

from pathlib import Path

import pytest

from alphaloop.infra.home import plain_home
from alphaloop.infra.settings import load_settings


@pytest.mark.parametrize("said", ["", "place/of/mine"])
def test_it_is_the_folder_that_settings_name(said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALPHALOOP_HOME", said)
    assert plain_home() == load_settings().home
