"""Parameters that no database could keep, or that nobody could have meant, stay at the door."""

import json

import pytest
from pydantic import ValidationError

from alphaloop.features.backtests.passport_schemas import PassportAsked
from alphaloop.features.backtests.schemas import BacktestAsked
from alphaloop.features.catalog.schemas import ParamsSet
from alphaloop.infra.http.strict_json import parse_json

ASKED = {"strategy": "chan/some", "instruments": ["BTC/USDT@binance"], "timeframe": "1d"}


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e-400", "1" * 39, "[1.5]", '{"a": 1.5}', f'"{"x" * 201}"'])
def test_a_value_that_is_no_number_switch_or_short_text_is_refused_by_name(value: str) -> None:
    for cls, body in (
        (ParamsSet, f'{{"params": {{"fast": {value}}}}}'),
        (BacktestAsked, json.dumps(ASKED)[:-1] + f', "params": {{"fast": {value}}}}}'),
        (PassportAsked, json.dumps(ASKED)[:-1] + f', "ranges": {{"fast": [{value}]}}}}'),
    ):
        with pytest.raises(ValidationError) as refused:
            cls.model_validate(parse_json(body.encode()))
        assert "fast" in refused.value.errors()[0]["loc"]


def test_values_keep_their_kind_and_fractions_become_floats() -> None:
    body = b'{"params": {"a": 1, "b": 0.5, "c": true, "d": "30m", "e": null}}'
    kept = ParamsSet.model_validate(parse_json(body)).params
    assert kept == {"a": 1, "b": 0.5, "c": True, "d": "30m", "e": None}
    assert [type(value) for value in kept.values()] == [int, float, bool, str, type(None)]


def test_a_name_longer_than_any_parameters_is_refused() -> None:
    with pytest.raises(ValidationError):
        ParamsSet.model_validate({"params": {"k" * 65: 1}})
