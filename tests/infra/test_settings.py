"""Settings: names, defaults, production's strictness, and one sentence for every mistake."""

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from alphaloop.infra.settings import Settings, SettingsError, environment_names, load_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without any of our names, in an empty folder."""
    for name in {*environment_names(), *(name for name in os.environ if name.startswith("ALPHALOOP_"))}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def documented() -> dict[str, str]:
    """Name -> default as the document states it."""
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            for name in re.findall(r"`([A-Z_]+)`", cells[0]):
                rows[name] = cells[1].strip("`")
    return rows


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert set(documented()) == set(environment_names())


@pytest.mark.parametrize("name", environment_names())
def test_the_document_states_the_default(name: str) -> None:
    default = Settings.model_fields[environment_names()[name]].default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    said = documented()[name]
    if default in ("", None):
        assert said == "empty"
    elif isinstance(default, bool):
        assert said == str(default).lower()
    else:
        assert said == str(default)


def test_the_defaults_need_nothing(env: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.environment == "development"
    assert settings.redis_url == ""
    assert settings.database_url.drivername == "sqlite+aiosqlite"
    assert settings.database_url.database is not None
    assert settings.database_url.database.endswith("user_data/alphaloop.db")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("JWT_SECRET_KEY", "jwt_secret"),
        ("JWT_SECRET", "jwt_secret"),
        ("PORT", "port"),
        ("ALPHALOOP_PORT", "port"),
        ("MAX_DAILY_LOSS_PCT", "max_daily_loss_pct"),
        ("TIGER_ACCOUNT", "tiger_account"),
        ("EQUITY_SNAPSHOT_TIME", "equity_snapshot_time"),
        ("TELEGRAM_CHAT_ID", "telegram_chat_id"),
    ],
)
def test_the_names_of_the_source_documents_are_accepted(env: pytest.MonkeyPatch, name: str, field: str) -> None:
    value = {"port": "8123", "max_daily_loss_pct": "0.02", "equity_snapshot_time": "09:05"}.get(field, "x" * 40)
    env.setenv(name, value)
    found = getattr(load_settings(), field)
    assert str(found.get_secret_value() if isinstance(found, SecretStr) else found) == value


def test_the_first_of_two_names_wins(env: pytest.MonkeyPatch) -> None:
    env.setenv("JWT_SECRET_KEY", "second")
    env.setenv("JWT_SECRET", "first")
    assert load_settings().jwt_secret.get_secret_value() == "first"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("JWT_ALGORITHM", "none"),
        ("MAX_DAILY_LOSS_PCT", "nan"),
        ("MAX_DAILY_LOSS_PCT", "0"),
        ("MAX_ORDERS_PER_MINUTE", "1.5"),
        ("EQUITY_SNAPSHOT_TIME", "25:00"),
        ("ORDER_MODE", "LIVE"),
        ("ALPHALOOP_SINGLE_USER", "perhaps"),
        ("ALPHALOOP_ENV", "staging"),
        ("FORWARDED_ALLOW_IPS", "*"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1,proxy"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_setting_and_not_the_value(
    env: pytest.MonkeyPatch, name: str, value: str
) -> None:
    env.setenv(name, value)
    with pytest.raises(SettingsError) as stopped:
        load_settings()
    message = str(stopped.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert name in message or {"PORT": "ALPHALOOP_PORT"}.get(name, name) in message


def test_an_unknown_name_is_refused_with_a_guess(env: pytest.MonkeyPatch) -> None:
    env.setenv("ALPHALOOP_PROT", "8000")
    with pytest.raises(SettingsError, match=r"no setting called ALPHALOOP_PROT\. Did you mean ALPHALOOP_PORT\?"):
        load_settings()


def test_an_env_file_is_read_and_the_environment_beats_it(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('# words\nexport PORT="8001"\nLOG_LEVEL=DEBUG\n\n', encoding="utf-8")
    env.setenv("PORT", "8002")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (8002, "DEBUG")


@pytest.mark.parametrize(("line", "words"), [("PROT=1", "no setting called PROT"), ("just words", "not NAME=value")])
def test_a_bad_line_of_an_env_file_is_named(env: pytest.MonkeyPatch, tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / ".env").write_text(f"PORT=8001\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"line 2.*{words}"):
        load_settings()


def test_a_named_env_file_must_exist(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "nowhere")


def test_production_starts_with_a_real_secret(env: pytest.MonkeyPatch) -> None:
    env.setenv("ALPHALOOP_ENV", "production")
    env.setenv("JWT_SECRET", "q" * 32)
    assert load_settings().production


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+asyncpg"),
        ("mariadb://u:p@h/d", "mysql+asyncmy"),
        ("sqlite:///x.db", "sqlite+aiosqlite"),
    ],
)
def test_any_spelling_of_a_database_gets_our_driver(given: str, driver: str) -> None:
    assert Settings(database_url_text=given).database_url.drivername == driver


@pytest.mark.parametrize("given", ["oracle://h/d", "not an address", "://"])
def test_a_database_we_do_not_know_is_one_sentence(given: str) -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_URL .*\."):
        _ = Settings(database_url_text=given).database_url


def test_the_parts_make_a_database_address_and_redis_too() -> None:
    settings = Settings(
        database_host="db",
        database_type="mysql",
        database_port=3307,
        database_password=SecretStr("p@ss"),
        redis_host="cache",
    )
    assert settings.database_url.render_as_string(hide_password=False) == (
        "mysql+asyncmy://alphaloop:p%40ss@db:3307/alphaloop"
    )
    assert settings.redis_url == "redis://cache:6379/0"


def test_a_secret_never_shows(env: pytest.MonkeyPatch) -> None:
    env.setenv("JWT_SECRET", "canary-4fd1c3")
    env.setenv("OPENAI_API_KEY", "canary-4fd1c3")
    settings = load_settings()
    assert "canary" not in repr(settings)
    assert "canary" not in str(settings.model_dump())


def test_strategy_managers_are_a_list_of_names() -> None:
    assert Settings(strategy_manage_users=" anna, ,bert ").strategy_managers == {"anna", "bert"}
    assert Settings().strategy_managers == frozenset()
