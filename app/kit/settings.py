"""Settings from the environment: every name known, every value checked, before anything starts."""

import contextlib
import difflib
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.domain.chain import has_sm3
from app.kit.allowlist import parse_allowlist
from app.kit.schemas import parse_instant

__all__ = [
    "SettingLine",
    "Settings",
    "SettingsError",
    "database_address",
    "describe_settings",
    "load_settings",
    "secret_of",
]

PREFIX = "SHIXIAN_"
TEST_PREFIX = "SHIXIAN_TEST_"
"""Names that the tests give to themselves; the service reads none of them."""
FAILPOINT = "SHIXIAN_FAILPOINT"
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


class SettingsError(Exception):
    """The settings do not allow a start; the text says which one, and why."""


def database_address(text: str) -> URL:
    """The address with the service's own driver: `postgresql://` is `postgresql+asyncpg://`, `sslmode` is `ssl`."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("is not an address like sqlite:///var/shixian.db or postgresql://user@host/name") from None
    if url.drivername not in DRIVERS:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    url = url.set(drivername=DRIVERS[url.drivername])
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:" or url.query:
            raise ValueError("must name a file, like sqlite:///var/shixian.db: a database in memory cannot be shared")
        return url
    if not url.database:
        raise ValueError("must name the database, like postgresql://user@host/name")
    if "sslmode" in url.query:
        url = url.update_query_dict({"ssl": url.query["sslmode"]}).difference_update_query(["sslmode"])
    return url


def _is_address(value: str | None) -> str | None:
    if value is not None:
        database_address(value)
    return value


class Settings(BaseSettings):
    """What an operator may set; a field's name in the environment has the prefix `SHIXIAN_`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    mode: Annotated[
        Literal["production", "demo", "test"], Field(description="production; demo and test allow a set clock")
    ] = "production"
    database_url: Annotated[
        str, Field(repr=False, description="where the record is kept: sqlite:///FILE or postgresql://USER@HOST/NAME")
    ] = "sqlite:///var/shixian.db"
    replica_url: Annotated[
        str | None, Field(repr=False, description="a read replica for public look-ups; by default the database itself")
    ] = None
    database_pooler: Annotated[
        Literal["transaction"] | None,
        Field(description="`transaction` behind a pooler that lends connections by transaction"),
    ] = None
    pool_size: Annotated[
        int,
        Field(ge=2, le=500, description="connections of one process to PostgreSQL, half for reads, half for writes"),
    ] = 16
    admin_key: Annotated[
        SecretStr | None,
        Field(description="an API key fixed from outside that holds every role; at least 32 characters"),
    ] = None
    admin_key_always: Annotated[
        bool, Field(description="accept the admin key in production even when a key with role security exists")
    ] = False
    secret_key: Annotated[
        SecretStr | None,
        Field(
            description="seals what must be read back; by default made at the first start in a file beside the database"
        ),
    ] = None
    signing_key_file: Annotated[
        str | None,
        Field(
            description="PEM file with the Ed25519 key that signs checkpoints; by default one derived from the secret"
        ),
    ] = None
    checkpoint_file: Annotated[
        str | None,
        Field(description="file to which each checkpoint is appended, best on a disk of another office"),
    ] = None
    checkpoint_seconds: Annotated[
        int, Field(ge=10, le=86_400, description="seconds between two looks for a checkpoint to take")
    ] = 300
    chain_hash: Annotated[
        Literal["sha256", "sm3", "sha256+sm3"],
        Field(description="what new events are chained with; sm3 (GB/T 32905) needs an OpenSSL that has it"),
    ] = "sha256"
    verify_at: Annotated[
        str | None,
        BeforeValidator(lambda value: None if value in ("off", None) else value),
        Field(
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
            description="the local time of day from which the whole record is verified once a day; `off`: never",
        ),
    ] = "02:00"
    clock_start: Annotated[
        datetime | None,
        BeforeValidator(lambda value: None if value is None else parse_instant(value)),
        Field(description="the instant from which the service lives, for demo and test; refused in production"),
    ] = None
    time_zone: Annotated[str, Field(description="the zone of dates where no calendar names its own")] = "Asia/Shanghai"
    sweep_seconds: Annotated[int, Field(ge=1, le=3600, description="seconds between two sweeps")] = 30
    host: Annotated[str, Field(min_length=1, description="address to serve on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port to serve on; 0 takes any free one")] = 8000
    lookup_limit_per_minute: Annotated[
        int, Field(ge=1, le=1_000_000, description="public requests a minute from one address, in each process")
    ] = 60
    lookup_limit_total_per_minute: Annotated[
        int, Field(ge=1, le=100_000_000, description="public requests a minute from all addresses, in each process")
    ] = 6000
    supervision_telephone: Annotated[
        str | None,
        Field(max_length=50, description="telephone number for complaints about delay, shown on public pages"),
    ] = None
    outbound_allow: Annotated[
        str,
        Field(
            description="where messages may be sent to, separated by commas: hooks.gov.cn, 10.1.0.0/16:8443, "
            "http://10.2.3.4:8080; a listed name on a private address needs its network listed, too"
        ),
    ] = ""
    outbound_open: Annotated[
        bool, Field(description="messages may also go to any public address by https on port 443")
    ] = False
    outbound_ca_file: Annotated[
        Path | None, Field(description="a PEM file of authorities that receivers' certificates are checked with, too")
    ] = None
    smtp_url: Annotated[
        SecretStr | None,
        Field(
            description="the mail server: smtps://USER:PASSWORD@HOST (TLS), smtp://… (STARTTLS), "
            "smtp+plain://HOST (nothing is encrypted)"
        ),
    ] = None
    smtp_from: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}$", description="the address from which mails are sent"
        ),
    ] = None
    log_format: Annotated[
        Literal["json", "console"], Field(description="one JSON object a line, or text for people")
    ] = "json"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="the least level that is logged")
    ] = "info"

    _database_url = field_validator("database_url", "replica_url")(_is_address)

    @field_validator("admin_key", "secret_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("outbound_allow")
    @classmethod
    def _is_allowlist(cls, value: str) -> str:
        parse_allowlist(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address = urlsplit(value.get_secret_value())
            if address.scheme not in ("smtp", "smtps", "smtp+plain") or not address.hostname:
                raise ValueError("must be smtps://, smtp:// or smtp+plain:// with a host")
            if address.scheme == "smtp+plain" and address.username is not None:
                raise ValueError("a password is not sent in the clear: use smtp:// or smtps://")
        return value

    @field_validator("outbound_ca_file")
    @classmethod
    def _is_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("is not a file that can be read")
        return value

    @field_validator("chain_hash")
    @classmethod
    def _is_there(cls, value: str) -> str:
        if "sm3" in value and not has_sm3():
            raise ValueError("this machine's OpenSSL has no SM3: use sha256, or an OpenSSL that has it")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not the name of a time zone like Asia/Shanghai") from None
        return value

    @model_validator(mode="after")
    def _fits_mode(self) -> "Settings":
        if self.mode == "production" and self.clock_start is not None:
            raise ValueError(
                "SHIXIAN_CLOCK_START is refused in production: a set clock is for SHIXIAN_MODE=demo or test"
            )
        if self.mode == "production" and self.secret_key is None and not self.embedded:
            raise ValueError("SHIXIAN_SECRET_KEY is required with PostgreSQL in production")
        if self.replica_url is not None and database_address(self.replica_url).get_backend_name() != "postgresql":
            raise ValueError("SHIXIAN_REPLICA_URL must begin with postgresql://")
        return self

    @property
    def address(self) -> URL:
        """The database's address with the service's own driver."""
        return database_address(self.database_url)

    @property
    def embedded(self) -> bool:
        """The database is a SQLite file, served by one process."""
        return self.address.get_backend_name() == "sqlite"


class SettingLine(NamedTuple):
    """One line of `shixian settings`: the name, what it is now (secrets hidden) and what it means."""

    name: str
    value: str
    meaning: str


def _names() -> list[str]:
    return [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


def _refuse_unknown(given: Mapping[str, str | None], where: str) -> None:
    known = _names()
    for name in sorted(given):
        if (
            not name.upper().startswith(PREFIX)
            or name.upper() in known
            or name.upper().startswith((TEST_PREFIX, FAILPOINT))
        ):
            continue
        nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.5)
        hint = f"; did you mean {nearest[0]}?" if nearest else "; `shixian settings` prints all names"
        raise SettingsError(f"{name} ({where}) is no setting{hint}")


def load_settings() -> Settings:
    """The settings of this process, from the environment and `.env`; raises `SettingsError` with one clear message."""
    _refuse_unknown(os.environ, "environment")
    if Path(".env").is_file():
        _refuse_unknown(dotenv_values(".env", encoding="utf-8"), ".env")
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(
            "; ".join(_sentence(dict(each)) for each in error.errors(include_url=False, include_input=False))
        ) from None
    if FAILPOINT in os.environ and settings.mode != "test":
        raise SettingsError(f"{FAILPOINT} is for SHIXIAN_MODE=test alone")
    return settings


def _sentence(error: Mapping[str, object]) -> str:
    location = error["loc"]
    what = str(error["msg"]).removeprefix("Value error, ")
    if not isinstance(location, tuple) or not location:
        return what
    return f"{PREFIX}{str(location[0]).upper()}: {what[:1].lower()}{what[1:]}"


def describe_settings(settings: Settings | None = None) -> list[SettingLine]:
    """All settings with their meaning, and their present values where settings are given; secrets stay hidden."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = field.default if settings is None else getattr(settings, name)
        if name in {"database_url", "replica_url"} and isinstance(value, str):
            text = make_url(value).render_as_string(hide_password=True)
        elif isinstance(value, SecretStr):
            text = "(set)"
        elif isinstance(value, datetime):
            text = value.isoformat()
        else:
            text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        lines.append(SettingLine(f"{PREFIX}{name.upper()}", text, field.description or ""))
    return lines


def secret_of(settings: Settings) -> bytes:
    """The server's secret: the setting, else the file beside the database, made at the first start for its owner alone.

    For PostgreSQL in demo and test the file lies under `var/` and is named after the database.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    name = settings.address.database or ""
    path = Path(f"{name}.secret") if settings.embedded else Path("var") / f"{quote(name, safe='')}.secret"
    try:
        return _stored(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its secret is the one
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _stored(path)


def _stored(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < 32:
        raise SettingsError(f"{path} is too short to be the secret of this database; restore it from a backup")
    return secret
