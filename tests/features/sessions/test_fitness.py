"""What a session cannot follow is refused before it begins, in words that say why."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.engine.strategy import load_strategy
from alphaloop.entrypoints.cli import app
from alphaloop.features.sessions.fitness import check_fit, check_own


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("defensive/tail_hedge", "options_not_in_sessions"),
        ("volatility/iron_condor", "options_not_in_sessions"),
        ("factor/fama_french", "inputs_not_in_sessions"),
        ("reversion/pairs", "one_instrument_in_sessions"),
    ],
)
def test_a_strategy_that_needs_more_than_one_price_is_refused(key: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_fit(load_strategy(key), {})
    assert (refused.value.code, refused.value.fields) == (code, (("strategy", code),))


def test_one_of_prices_alone_is_taken_with_parameters_in_their_bounds() -> None:
    check_fit(load_strategy("trend/breakout"), {})
    with pytest.raises(InvalidError, match="between"):
        check_fit(load_strategy("reversion/bollinger"), {"period": 1})


async def test_a_file_of_ones_own_is_judged_where_it_can_do_no_harm(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["new-strategy", "mine", "--into", str(tmp_path)]).exit_code == 0
    await check_own("user:mine", {"period": 5}, tmp_path)
    with pytest.raises(InvalidError) as refused:
        await check_own("user:mine", {"period": 0}, tmp_path)
    assert refused.value.code == "bad_parameter"
    for key in ("user:gone", "user:../mine", "user:a/mine"):
        with pytest.raises(NotFoundError) as missing:
            await check_own(key, {}, tmp_path)
        assert missing.value.code == "unknown_strategy"
