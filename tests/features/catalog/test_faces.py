"""The catalogue shows every strategy file with a form that its own parser accepts."""

from alphaloop.engine.strategy import load_strategy
from alphaloop.features.catalog.faces import library_faces


def test_every_strategy_is_shown_in_both_languages() -> None:
    found = {one.key: one for one in library_faces()}
    assert {"reversion/bollinger", "chan/multi_level"} <= found.keys()
    for one in found.values():
        for label in (one.label, one.summary, one.category_label, *(param.label for param in one.params)):
            assert label.zh.strip()
            assert label.en.strip()


def test_the_defaults_of_every_form_are_what_the_strategy_takes() -> None:
    for one in library_faces():
        load_strategy(one.key).parse({param.name: param.default for param in one.params})
        for param in one.params:
            if param.type == "choice":
                assert param.choices is not None
                assert param.default in param.choices
            elif isinstance(param.default, int | float) and param.low is not None and param.high is not None:
                assert param.low <= param.default <= param.high
