"""Inputs besides prices over HTTP: brought in, listed, replaced, forgotten; broken files and bad names refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.features.market.extras import ExtraPlaces, find_extra, find_extras, list_extras
from tests.features.market.shop import Shop

CSV = "date,vix\n2020-01-02,12.5\n2020-01-03,14\n"


async def bring(shop: Shop, text: str = CSV, *, status: int = 200, file: str = "vix.csv", **form: Any) -> Any:
    files = {"file": (file, io.BytesIO(text.encode()), "text/csv")}
    return await shop.send("POST", "/market/extras/import", status=status, files=files, data={"name": "vix", **form})


async def test_an_input_is_brought_in_listed_replaced_and_forgotten(shop: Shop) -> None:
    assert (await bring(shop))["rows"] == 2
    (listed,) = (await shop.get("/market/extras"))["items"]
    assert listed["name"] == "vix"
    assert (listed["instruments"], listed["imported"]) == (0, True)
    await bring(shop, "date,close\n2020-01-02,125\n", scale="0.1")
    places = ExtraPlaces(shop.house.wiring.settings.bars_dir.parent / "extras", None)
    found = find_extra(places, "vix")
    assert found is not None
    assert found.values.tolist() == [12.5]
    await shop.send("DELETE", "/market/extras/vix", status=204)
    await shop.send("DELETE", "/market/extras/vix", status=404)
    assert (await shop.get("/market/extras"))["items"] == []


async def test_filings_of_companies_keep_whose_they_are_and_when_they_were_known(shop: Shop) -> None:
    text = "date,filed,symbol,value\n2020-01-02,2020-02-03,AAPL,1\n2020-01-02,2020-02-04,KO,2\n"
    assert (await bring(shop, text, name="quality"))["instruments"] == 2
    places = ExtraPlaces(shop.house.wiring.settings.bars_dir.parent / "extras", None)
    found = find_extras(places, ["quality", "nothing"], called={})["quality"]
    assert found.symbols == ("AAPL", "KO")
    assert found.known_ms is not None
    assert np.diff(found.known_ms).tolist() == [86_400_000]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (CSV, {"name": "../vix"}),
        (CSV, {"name": "VIX"}),
        (CSV, {"column": "level"}),
        (CSV, {"scale": "nan"}),
        ("date,vix\n2020-01-02,high\n", {}),
        ("", {}),
        (CSV, {"file": "vix.exe"}),
    ],
)
async def test_a_broken_file_or_name_leaves_nothing_behind(shop: Shop, text: str, form: dict[str, str]) -> None:
    await bring(shop, text, status=422, **form)
    assert (await shop.get("/market/extras"))["items"] == []


@pytest.mark.data
def test_the_data_folder_brings_its_own_inputs(test_data: Path, tmp_path: Path) -> None:
    found = {one.name: one for one in list_extras(ExtraPlaces(tmp_path, test_data))}
    assert set(found) == {"hml", "mkt_rf", "rate", "return_on_assets", "rf", "smb", "vix"}
    assert not any(one.imported for one in found.values())
    rate = find_extra(ExtraPlaces(tmp_path, test_data), "rate")
    assert rate is not None
    assert 0.0 < float(np.nanmax(rate.values)) < 0.2
