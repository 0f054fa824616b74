"""What a result must say about itself besides its figures: a code with numbers, so that every language has words."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Value = float | int | str


class Note(NamedTuple):
    """A remark on a result. `params` are the numbers and names that its sentence mentions."""

    code: str
    params: Mapping[str, Value] = MappingProxyType({})

    def __str__(self) -> str:
        """The remark as an English sentence."""
        return _SENTENCES[self.code].format(**self.params)


def note_rows(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Notes as plain JSON: [{code, params}]."""
    return [{"code": note.code, "params": dict(note.params)} for note in notes]


def sentence_of(row: Mapping[str, Any] | str) -> str:
    """The English sentence of a note that was stored as JSON; older reports hold the sentence itself."""
    return row if isinstance(row, str) else str(Note(row["code"], row["params"]))


_SENTENCES = {
    "close_only_bars": "Some bars have only a close: what should trade at their open traded at that close.",
    "source_switch": "The bars of {name} change their source {changes} times ({sources}), first at {first}: a jump "
    "there may be theirs and no move of the market.",
    "outside_limits": "On {days} days bars lay outside their price limits: none were applied there.",
    "liquidated": "The account was liquidated in row {row}; nothing traded after it.",
    "extra_absent": "{name} was not known on {absent} of {rows} rows; nothing could be decided by it there.",
    "options_by_model": "No quoted option prices: every option was priced by Black-Scholes-Merton from the underlying "
    "and its VIX, with volatility = VIX x ({at_forward:g} - {per_deviation:g} x d), d being the strike's distance from "
    "the forward in deviations ({nearest:g} to {farthest:g}). Real quotes differ, most of all in a panic.",
    "option_costs": "Half the spread was {half_spread:g} and {half_share:.1%} of the price; dividends were taken as "
    "{dividend:.1%} a year.",
    "options_quoted": "Options traded at the quoted bid and ask of the row after the decision.",
    "option_fills": "What was decided at one close traded at the next one; cash earned no interest and paid none.",
    "options_settled_in_cash": "An option in the money at the last close up to its expiry paid its worth in cash; none "
    "was exercised before.",
    "options_delivered": "An option in the money at the last close up to its expiry delivered the underlying, which "
    "was sold at the next close; none was exercised before.",
    "options_without_rules": "Price limits, slippage, the volume limit and the switch for short selling do not bind "
    "options.",
    "refused_expired": "{count} times a group of legs was asked for after its expiry.",
    "refused_no_quote": "{count} times a group of legs could not begin for want of a quote.",
    "refused_too_small": "{count} times a group of legs did not begin because its share of the equity was less than "
    "one contract.",
    "refused_no_cash": "{count} times a group of legs did not begin because it cost more than the cash.",
    "refused_no_margin": "{count} times a group of legs did not begin because the equity did not cover its margin.",
    "margin_called": "{count} groups were closed because the account no longer covered its margin.",
    "emptied": "The account was empty in row {row}; nothing traded after it.",
}
CODES = frozenset(_SENTENCES)
