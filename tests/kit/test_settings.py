"""Settings: every name known, every value checked."""

import os
import stat
from pathlib import Path

import pytest

from app.kit.settings import Settings, SettingsError, database_address, describe_settings, load_settings, secret_of


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHIXIAN_") and not name.startswith("SHIXIAN_TEST_"):
            monkeypatch.delenv(name)


def test_without_any_setting_the_service_keeps_a_file_under_var() -> None:
    settings = load_settings()
    assert (settings.mode, settings.database_url, settings.embedded) == ("production", "sqlite:///var/shixian.db", True)


def test_an_unknown_name_is_refused_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_DATABSE_URL", "sqlite:///x.db")
    with pytest.raises(SettingsError, match=r"SHIXIAN_DATABSE_URL \(environment\).*SHIXIAN_DATABASE_URL"):
        load_settings()


def test_an_unknown_name_in_the_env_file_is_refused_too() -> None:
    Path(".env").write_text("SHIXIAN_PROT=80\nOTHER=1\n")
    with pytest.raises(SettingsError, match=r"SHIXIAN_PROT \(\.env\).*SHIXIAN_PORT"):
        load_settings()


def test_the_env_file_is_read() -> None:
    Path(".env").write_text("SHIXIAN_PORT=8123\n")
    assert load_settings().port == 8123


def test_an_empty_value_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_REPLICA_URL", "")
    assert load_settings().replica_url is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "99999", "SHIXIAN_PORT: "),
        ("MODE", "prod", "SHIXIAN_MODE: "),
        ("DATABASE_URL", "mysql://h/x", "must begin with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "sqlite://", "must name a file"),
        ("DATABASE_URL", "no address", "SHIXIAN_DATABASE_URL: "),
        ("ADMIN_KEY", "short", "at least 32 characters"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("TIME_ZONE", "Asia/Peking-ish", "time zone"),
        ("TIME_ZONE", "../../etc/passwd", "time zone"),
        ("CLOCK_START", "2026-11-02T09:00:00", "offset"),
        ("SWEEP_SECONDS", "0", "SHIXIAN_SWEEP_SECONDS: "),
    ],
)
def test_a_malformed_value_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"SHIXIAN_{name}", value)
    with pytest.raises(SettingsError, match=message):
        load_settings()


def test_a_set_clock_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_CLOCK_START", "2026-11-02T09:00:00+08:00")
    with pytest.raises(SettingsError, match="refused in production"):
        load_settings()
    monkeypatch.setenv("SHIXIAN_MODE", "demo")
    assert load_settings().clock_start is not None


def test_postgresql_in_production_needs_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_DATABASE_URL", "postgresql://u@h/x")
    with pytest.raises(SettingsError, match="SHIXIAN_SECRET_KEY is required"):
        load_settings()


def test_a_failpoint_is_for_tests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_FAILPOINT", "3")
    with pytest.raises(SettingsError, match="SHIXIAN_MODE=test"):
        load_settings()


def test_messages_and_descriptions_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIXIAN_DATABASE_URL", "postgresql://u:geheim@h/x")
    monkeypatch.setenv("SHIXIAN_SECRET_KEY", "geheim" * 8)
    monkeypatch.setenv("SHIXIAN_ADMIN_KEY", "geheim" * 8)
    settings = load_settings()
    lines = describe_settings(settings)
    assert "geheim" not in repr(settings) + repr(lines)
    assert {line.name for line in lines} == {f"SHIXIAN_{name.upper()}" for name in Settings.model_fields}
    assert all(line.meaning for line in lines)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///var/x.db", "sqlite+aiosqlite:///var/x.db"),
        ("postgresql://u:p@h:5433/x", "postgresql+asyncpg://u:p@h:5433/x"),
        ("postgres://h/x", "postgresql+asyncpg://h/x"),
        ("postgresql://u@/x?host=/run/pg", "postgresql+asyncpg://u@/x?host=%2Frun%2Fpg"),
        ("postgresql://h/x?sslmode=require", "postgresql+asyncpg://h/x?ssl=require"),
    ],
)
def test_plain_addresses_are_understood(given: str, driver: str) -> None:
    assert database_address(given).render_as_string(hide_password=False) == driver


def test_the_secret_is_made_once_beside_the_database_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/deep/x.db")
    first = secret_of(settings)
    file = tmp_path / "deep" / "x.db.secret"
    assert secret_of(settings) == first == file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["x.db.secret"]


def test_a_truncated_secret_is_not_made_anew(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db")
    (tmp_path / "x.db.secret").write_bytes(b"abc")
    with pytest.raises(SettingsError, match="too short"):
        secret_of(settings)
