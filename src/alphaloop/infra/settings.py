"""Every setting, its name in the environment and its default; the only file that reads the environment.

Defaults need no database server, no Redis and no keys. An unknown name or a bad value stops the start with one
sentence.
"""

import difflib
import ipaddress
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from alphaloop.infra.db import async_url

WEAK_SECRETS = frozenset({"", "change-me", "change-me-please", "changeme", "secret", "default", "your-secret-key"})
MIN_SECRET_BYTES = 32


def is_weak_secret(secret: str) -> bool:
    """Whether a signing secret is a known default or shorter than 32 bytes."""
    return secret.lower() in WEAK_SECRETS or len(secret.encode()) < MIN_SECRET_BYTES


class SettingsError(ValueError):
    """A setting is unknown or unusable; the message is one sentence fit for the terminal."""


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = Field("development", validation_alias=_named("ALPHALOOP_ENV"))
    home: Path = Field(Path("user_data"), validation_alias=_named("ALPHALOOP_HOME"))
    host: str = Field("127.0.0.1", validation_alias=_named("ALPHALOOP_HOST"))
    port: int = Field(8000, ge=0, le=65535, validation_alias=_named("ALPHALOOP_PORT", "PORT"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", validation_alias=_named("LOG_LEVEL"))
    cache_dir: Path | None = Field(None, validation_alias=_named("ALPHALOOP_CACHE_DIR"))
    data_dir: Path | None = Field(None, validation_alias=_named("ALPHALOOP_DATA_DIR"))
    single_user: bool = Field(True, validation_alias=_named("ALPHALOOP_SINGLE_USER"))
    forwarded_allow_ips: str = Field("", validation_alias=_named("FORWARDED_ALLOW_IPS"))

    database_url_text: str = Field("", validation_alias=_named("DATABASE_URL"))
    database_type: Literal["postgresql", "mysql"] = Field("postgresql", validation_alias=_named("DATABASE_TYPE"))
    database_host: str = Field("", validation_alias=_named("DATABASE_HOST"))
    database_port: int | None = Field(None, ge=1, le=65535, validation_alias=_named("DATABASE_PORT"))
    database_name: str = Field("alphaloop", validation_alias=_named("DATABASE_NAME"))
    database_user: str = Field("alphaloop", validation_alias=_named("DATABASE_USER"))
    database_password: SecretStr = Field(SecretStr(""), validation_alias=_named("DATABASE_PASSWORD"))
    redis_url_text: str = Field("", validation_alias=_named("REDIS_URL"))
    redis_host: str = Field("", validation_alias=_named("REDIS_HOST"))
    redis_port: int = Field(6379, ge=1, le=65535, validation_alias=_named("REDIS_PORT"))
    celery_broker_url: str = Field("", validation_alias=_named("CELERY_BROKER_URL"))
    job_processes: int = Field(0, ge=0, le=1024, validation_alias=_named("JOB_PROCESSES"))

    jwt_secret: SecretStr = Field(SecretStr(""), validation_alias=_named("JWT_SECRET", "JWT_SECRET_KEY"))
    jwt_algorithm: Literal["HS256", "HS384", "HS512"] = Field("HS256", validation_alias=_named("JWT_ALGORITHM"))
    jwt_expire_days: int = Field(7, ge=1, le=90, validation_alias=_named("JWT_EXPIRE_DAYS"))
    access_token_minutes: int = Field(15, ge=1, le=60, validation_alias=_named("ACCESS_TOKEN_MINUTES"))
    admin_username: str = Field("", max_length=64, validation_alias=_named("ADMIN_USERNAME"))
    admin_password_hash: SecretStr = Field(SecretStr(""), validation_alias=_named("ADMIN_PASSWORD_HASH"))
    registration_open: bool = Field(False, validation_alias=_named("REGISTRATION_OPEN"))
    strategy_manage_users: str = Field("", validation_alias=_named("STRATEGY_MANAGE_USERS"))

    order_mode: Literal["PAPER", "REAL"] = Field("PAPER", validation_alias=_named("ORDER_MODE"))
    max_daily_loss_pct: Decimal = Field(Decimal("0.05"), gt=0, le=1, validation_alias=_named("MAX_DAILY_LOSS_PCT"))
    max_orders_per_minute: int = Field(5, ge=1, le=100_000, validation_alias=_named("MAX_ORDERS_PER_MINUTE"))

    ws_heartbeat_seconds: int = Field(30, ge=1, le=600, validation_alias=_named("WS_HEARTBEAT_SECONDS"))
    alert_check_interval_seconds: int = Field(
        30, ge=1, le=3600, validation_alias=_named("ALERT_CHECK_INTERVAL_SECONDS")
    )
    equity_snapshot_time: str = Field("16:30", validation_alias=_named("EQUITY_SNAPSHOT_TIME"))
    telegram_bot_token: SecretStr = Field(SecretStr(""), validation_alias=_named("TELEGRAM_BOT_TOKEN"))
    telegram_chat_id: str = Field("", validation_alias=_named("TELEGRAM_CHAT_ID"))
    tiger_account: str = Field("", validation_alias=_named("TIGER_ACCOUNT"))
    tiger_api_key: SecretStr = Field(SecretStr(""), validation_alias=_named("TIGER_API_KEY"))
    tiger_secret: SecretStr = Field(SecretStr(""), validation_alias=_named("TIGER_SECRET"))
    openai_api_key: SecretStr = Field(SecretStr(""), validation_alias=_named("OPENAI_API_KEY"))
    deepseek_api_key: SecretStr = Field(SecretStr(""), validation_alias=_named("DEEPSEEK_API_KEY"))

    @field_validator("equity_snapshot_time")
    @classmethod
    def _clock_time(cls, text: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
            raise ValueError("must be a time such as 16:30")
        return text

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _exact_proxies(cls, text: str) -> str:
        for part in text.split(","):
            try:
                ipaddress.ip_network(part.strip() or "::1")
            except ValueError:
                raise ValueError("must be addresses or networks of your own proxies, separated by commas") from None
        return text

    @field_validator("celery_broker_url")
    @classmethod
    def _redis_broker(cls, text: str) -> str:
        if text and not text.startswith(("redis://", "rediss://")):
            raise ValueError("must be an address that starts with redis:// or rediss://")
        return text

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.environment != "production":
            return self
        if is_weak_secret(self.jwt_secret.get_secret_value()):
            raise ValueError(f"JWT_SECRET must be a random text of at least {MIN_SECRET_BYTES} bytes in production")
        return self

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def database_url(self) -> URL:
        """Async SQLAlchemy URL: DATABASE_URL beats the parts, and without either it is SQLite in the home folder."""
        if self.database_url_text:
            try:
                return async_url(make_url(self.database_url_text))
            except ArgumentError as error:
                raise SettingsError(
                    "DATABASE_URL must be an address that starts with sqlite, postgresql or mysql."
                ) from error
        if self.database_host:
            return async_url(
                URL.create(
                    self.database_type,
                    self.database_user,
                    self.database_password.get_secret_value() or None,
                    self.database_host,
                    self.database_port,
                    self.database_name,
                )
            )
        return URL.create("sqlite+aiosqlite", database=str(self.home.absolute() / "alphaloop.db"))

    @property
    def redis_url(self) -> str:
        if self.redis_url_text:
            return self.redis_url_text
        return f"redis://{self.redis_host}:{self.redis_port}/0" if self.redis_host else ""

    @property
    def bars_dir(self) -> Path:
        return self.home / "data" / "bars"

    @property
    def strategies_dir(self) -> Path:
        """Strategy files of the person who runs this installation."""
        return self.home / "strategies"

    @property
    def compile_cache(self) -> Path:
        return (self.cache_dir or self.home / "cache").absolute()

    @property
    def strategy_managers(self) -> frozenset[str]:
        """User names of STRATEGY_MANAGE_USERS; empty means the role decides alone."""
        return frozenset(name.strip() for name in self.strategy_manage_users.split(",") if name.strip())


def environment_names() -> dict[str, str]:
    """Environment name -> field name, for every accepted name."""
    return {
        str(name): field
        for field, spec in Settings.model_fields.items()
        if isinstance(spec.validation_alias, AliasChoices)
        for name in spec.validation_alias.choices
    }


def load_settings(env_file: Path | None = None) -> Settings:
    """Settings from the environment over `.env` (or `.env.production`), or SettingsError with one sentence."""
    values = dict(os.environ)
    default = Path(".env.production" if values.get("ALPHALOOP_ENV") == "production" else ".env")
    values = {**_read_env_file(env_file or default, required=env_file is not None), **values}
    known = environment_names()
    for name in values:
        if name.startswith("ALPHALOOP_") and name not in known and not name.startswith("ALPHALOOP_TEST_"):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SettingsError(f"There is no setting called {name}.{hint}")
    chosen: dict[str, str] = {}
    for name, field in known.items():
        if values.get(name) and field not in chosen:
            chosen[field] = values[name]
    try:
        return Settings.model_validate(chosen)
    except ValidationError as error:
        raise SettingsError(_one_sentence(error)) from None


def _one_sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    names = {field: name for name, field in reversed(environment_names().items())}
    where = names.get(str(first["loc"][0]), str(first["loc"][0])) if first["loc"] else ""
    text = first["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:] if where else text
    return f"{where}: {text}." if where else f"{text}."


def _read_env_file(path: Path, *, required: bool) -> dict[str, str]:
    if not path.is_file():
        if required:
            raise SettingsError(f"The settings file {path} does not exist.")
        return {}
    values: dict[str, str] = {}
    known = environment_names()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.removeprefix("export ").partition("=")
        name = name.strip()
        if not equals:
            raise SettingsError(f"{path} line {number} is not NAME=value.")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SettingsError(f"{path} line {number}: there is no setting called {name}.{hint}")
        values[name] = value.strip().strip("\"'")
    return values
