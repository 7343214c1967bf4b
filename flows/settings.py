"""Prefect's settings for this product, put into the environment before Prefect is imported.

Whoever sets a ``PREFECT_*`` variable, or a key in their active Prefect profile, wins.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

DEFAULTS: Final[Mapping[str, str]] = {
    # A flow without a configured server starts Prefect's own; 20 s (its default) is too short
    # for a loaded machine.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # Nothing is sent to anybody; the V2 page calls an analytics host on every load, V1 does not.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # SQLite takes one writer: without batches about 1,000 task runs end in 503 answers.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}

QUIET: Final[Mapping[str, str]] = {
    # A person at a terminal sees the status line and the bar; the same records still reach the
    # UI. CRITICAL, because Prefect writes a traceback at ERROR for every failed task.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
WATCHED: Final[Mapping[str, str]] = {
    # Somebody waits at a terminal: each request to a server that is gone is made again after 2
    # and 4 s, so the loss is told in seconds. Prefect's 5 times (62 s a request) stay for runs
    # that nobody watches, where a server may well be restarted meanwhile.
    "PREFECT_CLIENT_MAX_RETRIES": "2",
}
LOUD: Final = ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_SETTINGS_PATH", "PREFECT_DEBUG_MODE")


def apply(
    environ: MutableMapping[str, str] | None = None, *, quiet: bool = False
) -> dict[str, str]:
    """Fill in the defaults that nobody has set; returns those that were.

    Parameters
    ----------
    environ : the environment to fill (default: this process's).
    quiet : a person at a terminal waits: Prefect's log lines are kept off it, unless the user asked
        for a level, and a lost server is told soon.

    Checked by ``tests/flows/test_settings.py``.
    """
    if environ is None:
        environ = os.environ
    taken = set(environ) | set(_profile(environ))
    silent = quiet and not taken.intersection(LOUD)
    wanted = {**DEFAULTS, **(QUIET if silent else {}), **(WATCHED if quiet else {})}
    added = {key: value for key, value in wanted.items() if key not in taken}
    environ.update(added)
    return added


def _profile(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Settings of the user's active Prefect profile; empty without one."""
    home = Path(environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()
    file = Path(environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser()
    try:
        stored = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}  # Prefect itself reports a profile file that it cannot read
    name = environ.get("PREFECT_PROFILE") or stored.get("active")
    profile = stored.get("profiles", {}).get(name, {}) if isinstance(name, str) else {}
    return profile if isinstance(profile, dict) else {}


def api_url(environ: Mapping[str, str] | None = None) -> str | None:
    """The Prefect API that the user has set, by variable or profile; None: Prefect's own."""
    environ = os.environ if environ is None else environ
    url = environ.get("PREFECT_API_URL") or _profile(environ).get("PREFECT_API_URL")
    return str(url) if url else None


def shown(url: str) -> str:
    """An address without the name and password that it may hold: what may be printed."""
    return re.sub(r"(?<=://)[^/@\s]*@", "", url)
