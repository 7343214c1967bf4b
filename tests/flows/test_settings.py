"""Prefect's settings: ours are defaults, the user's win."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import settings


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a Prefect home of its own."""
    return {"PREFECT_HOME": str(tmp_path)}


def test_defaults_are_put_in_place(home: dict[str, str]) -> None:
    settings.apply(home)
    assert home["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "180"
    assert home["DO_NOT_TRACK"] == "1"
    assert home["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert home["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert home["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE"] == "200"


def test_a_variable_of_the_user_wins(home: dict[str, str]) -> None:
    home["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "33"
    added = settings.apply(home)
    assert home["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "33"
    assert "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS" not in added


def test_a_profile_of_the_user_wins(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text(
        'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'
        'PREFECT_SERVER_ANALYTICS_ENABLED = "true"\n',
        encoding="utf-8",
    )
    settings.apply(home)
    assert "PREFECT_SERVER_ANALYTICS_ENABLED" not in home
    assert settings.api_url(home) == "http://127.0.0.1:9/api"


def test_a_broken_profile_file_does_not_stop_us(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text("active = [", encoding="utf-8")
    settings.apply(home)
    assert settings.api_url(home) is None
    assert home["DO_NOT_TRACK"] == "1"


def test_quiet_only_where_nobody_asked_for_a_level(home: dict[str, str]) -> None:
    loud = {**home, "PREFECT_LOGGING_LEVEL": "DEBUG"}
    settings.apply(loud, quiet=True)
    assert "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL" not in loud
    settings.apply(home, quiet=True)
    assert home["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "CRITICAL"


def test_only_a_person_who_waits_is_told_soon(home: dict[str, str]) -> None:
    """Scheduled runs live through the restart of a server; the user's own number wins."""
    scheduled, own = dict(home), {**home, "PREFECT_CLIENT_MAX_RETRIES": "7"}
    settings.apply(scheduled)
    assert "PREFECT_CLIENT_MAX_RETRIES" not in scheduled
    settings.apply(own, quiet=True)
    assert own["PREFECT_CLIENT_MAX_RETRIES"] == "7"
    settings.apply(home, quiet=True)
    assert home["PREFECT_CLIENT_MAX_RETRIES"] == "2"


def test_every_setting_is_known_to_prefect() -> None:
    """A setting that Prefect renames would be lost without a word."""
    from prefect.settings import get_current_settings

    known = get_current_settings().to_environment_variables(include_aliases=True)
    ours = [k for k in {**settings.DEFAULTS, **settings.WATCHED} if k.startswith("PREFECT_")]
    assert [k for k in ours if k not in known] == []
