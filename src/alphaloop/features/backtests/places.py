"""Where a run's process finds bars, strategies and inputs besides prices: it knows no settings itself."""

from typing import Any

from alphaloop.features.market.service import extra_places
from alphaloop.infra.settings import Settings


def places_of(settings: Settings) -> dict[str, Any]:
    """The arguments of a run that are folders of this installation."""
    return {
        "bars_dir": settings.bars_dir,
        "strategies_dir": settings.strategies_dir.absolute(),
        "extra_places": extra_places(settings),
    }
