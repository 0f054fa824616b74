"""The reference pages say what the code says: every code, event and route, none twice, none that is gone."""

import re

import pytest

from alphaloop.core.errors import Kind
from alphaloop.engine.risk import StepResult
from alphaloop.entrypoints.stream import CHANNELS
from alphaloop.infra.http.errors import STATUS
from tests.docs import source_codes
from tests.docs.pages import DOCS, ROOT, named_rows, section, text_of
from tests.docs.routes_page import PAGE as ROUTES
from tests.docs.routes_page import current

ERRORS = "docs/reference/errors.md"
EVENTS = "docs/reference/events.md"


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Codes", source_codes.error_codes),
        ("Field codes", source_codes.field_codes),
        ("Risk checks", source_codes.risk_codes),
        ("Why an order ended", source_codes.order_reasons),
        ("Why a signal made no order", source_codes.signal_codes),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_code_of_the_source_has_one_line(title: str, found: object) -> None:
    assert callable(found)
    assert sorted(named_rows(section(ERRORS, title))) == sorted(found())


def test_the_status_of_every_code_is_the_one_it_is_answered_with() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", section(ERRORS, "Codes"), re.MULTILINE))
    wrong = {
        code: (rows[code], statuses)
        for code, statuses in source_codes.error_statuses().items()
        if not (said := {int(one) for one in re.findall(r"\d{3}", rows[code])}) <= statuses
        or (not said and "—" not in rows[code])
    }
    assert wrong == {}


def test_the_kinds_of_refusal_have_their_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3})", text_of(ERRORS).partition("## Codes")[0], re.MULTILINE)
    assert {Kind(kind): int(status) for kind, status in rows} == STATUS


def test_the_risk_checks_stand_in_the_order_in_which_they_are_made() -> None:
    rows = re.findall(r"^\| `\w+` \| (\d+) \|", section(ERRORS, "Risk checks"), re.MULTILINE)
    assert [int(step) for step in rows] == sorted(int(step) for step in rows)
    assert StepResult._fields[:2] == ("step", "code")


def test_every_event_has_one_line() -> None:
    assert sorted(named_rows(section(EVENTS, "Announced"))) == sorted(source_codes.event_names())


def test_every_channel_of_the_socket_is_told_with_its_event() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", section(EVENTS, "On the socket"), re.MULTILINE)
    told = {(event, channel) for channel, source in rows for event in re.findall(r"`([a-z_.]+)`", source)}
    assert told == {(event, channel) for event, (channel, _, _) in CHANNELS.items()}


def test_the_routes_are_those_of_the_openapi_document() -> None:
    assert text_of(ROUTES) == current(), "write the page anew: python -m tests.docs.routes_page"


def test_every_decision_is_listed_and_numbered_without_a_gap() -> None:
    pages = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    assert re.findall(r"\]\((0[^)]+)\)", text_of("docs/decisions/README.md")) == pages
    for name in pages:
        text = text_of(f"docs/decisions/{name}")
        assert text.startswith(f"# {name[:4]} ")
        assert all(f"**{part}.**" in text for part in ("Why", "Decision", "Price"))


PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")] if path.name != "LICENSE"
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text_of(page))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_room_order_of_the_architecture_page_is_the_one_that_is_enforced() -> None:
    config = text_of("pyproject.toml")
    rooms = re.search(r'containers = \["alphaloop\.features"\]\nlayers = \[\n(.*?)\]', config, re.DOTALL)
    assert rooms is not None
    assert re.findall(r'"([^"]+)"', rooms[1]) == re.findall(
        r"^    ([a-z| ]+)$", section("ARCHITECTURE.md", "Rooms: top to bottom"), re.MULTILINE
    )
