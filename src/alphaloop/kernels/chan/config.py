"""Named, frozen settings of the Chan layers: a stroke is a family of definitions, so a result means nothing without
the name of the one that made it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

SPAN_RULES = ("old", "new")
FX_RULES = ("loss", "half", "strict", "totally")


@dataclass(frozen=True, slots=True)
class ChanConfig:
    """One reading of the Chan rules; hashable, compared by value.

    stroke_span      "old": the ends lie at least 4 merged bars apart; "new": at least 3, with 3 raw bars between.
    fractal_check    how far the two end fractals must stand apart: "loss" looks at the two bars alone, "half" adds one
                     neighbour each, "strict" both neighbours, "totally" asks that the fractals do not overlap at all.
    end_is_peak      no merged bar strictly inside a stroke passes the stroke's end.
    gap_counts       each price gap between neighbouring merged bars adds one to the span.
    macd_*           periods of the averages whose histogram measures divergence.
    divergence_rate  a leaving stroke diverges when its histogram peak is at most this share of the entering one's.

    Raises ValueError for a value outside these rules.
    """

    name: str = "custom"
    stroke_span: str = "old"
    fractal_check: str = "strict"
    end_is_peak: bool = True
    gap_counts: bool = False
    macd_fast: int = 12
    macd_slow: int = 26
    macd_signal: int = 9
    divergence_rate: float = 0.9

    def __post_init__(self) -> None:
        if self.stroke_span not in SPAN_RULES:
            raise ValueError(f"stroke_span {self.stroke_span!r} is unknown; choose one of {', '.join(SPAN_RULES)}")
        if self.fractal_check not in FX_RULES:
            raise ValueError(f"fractal_check {self.fractal_check!r} is unknown; choose one of {', '.join(FX_RULES)}")
        for key in ("end_is_peak", "gap_counts"):
            if not isinstance(getattr(self, key), bool):
                raise ValueError(f"{key} must be true or false")
        for key in ("macd_fast", "macd_slow", "macd_signal"):
            period = getattr(self, key)
            if isinstance(period, bool) or not isinstance(period, int) or period < 1:
                raise ValueError(f"{key} must be a whole number of bars, at least 1")
        if not 0.0 < self.divergence_rate < float("inf"):
            raise ValueError("divergence_rate must be a positive number")


PRESETS: dict[str, ChanConfig] = {
    "CN-STRICT-1": ChanConfig(
        name="CN-STRICT-1",
        stroke_span="old",
        fractal_check="strict",
        end_is_peak=True,
        gap_counts=False,
        macd_fast=12,
        macd_slow=26,
        macd_signal=9,
        divergence_rate=0.9,
    ),
}


def config_named(name: str) -> ChanConfig:
    """The preset called `name`. Raises ValueError listing the known names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"Chan configuration {name!r} is unknown; known: {', '.join(sorted(PRESETS))}") from None


def config_from(options: Mapping[str, object]) -> ChanConfig:
    """A configuration from key → value pairs; `options` is only read. Raises ValueError for an unknown key or value."""
    known = [field.name for field in fields(ChanConfig)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"Chan configuration key {unknown[0]!r} is unknown; known: {', '.join(known)}")
    return ChanConfig(**options)  # type: ignore[arg-type]  # __post_init__ checks every value


def config_options(config: ChanConfig) -> dict[str, object]:
    """Every option of `config`, written out; `config_from` reads it back."""
    return asdict(config)
