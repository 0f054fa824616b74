from dataclasses import replace

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


def test_every_preset_carries_its_own_name_and_differs_from_the_others() -> None:
    assert all(config.name == name for name, config in PRESETS.items())
    assert set(PRESETS) == {"CN-STRICT-1", "old-stroke", "new-stroke", "czsc-6", "czsc-7", "textbook"}
    assert len({replace(config, name="") for config in PRESETS.values()}) == len(PRESETS)


def test_a_refusal_names_the_choices() -> None:
    with pytest.raises(ValueError, match="fractal_pairs, window"):
        ChanConfig(stroke_rule="pairs")


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
        {"merge_rule": "never"},
        {"stroke_rule": "pairs"},
        {"equal_ends": "both"},
        {"window_bars": 3},
        {"end_is_peak": "yes"},
        {"sub_peak": 0},
        {"gap_counts": 1},
        {"macd_fast": 0},
        {"macd_slow": 2.5},
        {"macd_signal": True},
        {"divergence_rate": float("inf")},
        {"divergence_rate": 0.0},
        {"divergence_rate": "0.9"},
        {"divergence_rate": True},
    ],
)
def test_a_value_outside_the_rules_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        config_from(options)
