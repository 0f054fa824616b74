import pytest

from alphaloop.kernels.chan import PRESETS, ChanConfig, config_from, config_named


def test_the_preset_is_written_out_and_found_by_name() -> None:
    config = config_named("CN-STRICT-1")
    assert (config.stroke_span, config.fractal_check, config.end_is_peak, config.gap_counts) == (
        "old",
        "strict",
        True,
        False,
    )
    assert (config.macd_fast, config.macd_slow, config.macd_signal, config.divergence_rate) == (12, 26, 9, 0.9)
    assert hash(config) == hash(PRESETS["CN-STRICT-1"])


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="CN-STRICT-1"):
        config_named("CN-LOOSE-9")


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"stroke_spam.*stroke_span"):
        config_from({"stroke_spam": "old"})


def test_reading_options_leaves_them_as_they_were() -> None:
    options: dict[str, object] = {"stroke_span": "new"}
    assert config_from(options) == config_from(options) == ChanConfig(stroke_span="new")
    assert options == {"stroke_span": "new"}


@pytest.mark.parametrize(
    "options",
    [
        {"stroke_span": "older"},
        {"fractal_check": "none"},
        {"end_is_peak": "yes"},
        {"gap_counts": 1},
        {"macd_fast": 0},
        {"macd_slow": 2.5},
        {"macd_signal": True},
        {"divergence_rate": float("inf")},
        {"divergence_rate": 0.0},
    ],
)
def test_a_value_outside_the_rules_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        config_from(options)
