"""Prefect's server on PostgreSQL, with our settings: Debian's own server, started for the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import Study, reports

pytestmark = [pytest.mark.flow, pytest.mark.slow]

OWNER = "postgres"  # the server refuses to run as root


def binaries() -> Path:
    """Where Debian keeps the newest PostgreSQL; installs it where tests may not be skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and os.environ.get("SIGNALS_NO_SKIPS") and os.geteuid() == 0:
        for command in (["update"], ["install", "-y", "--no-install-recommends", "postgresql"]):
            subprocess.run(["apt-get", "-qq", *command], check=True, stdout=subprocess.DEVNULL)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed on this machine")
    return found[-1].parent


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own on a free port of the loopback; yields its URL."""
    programs = binaries()
    folder = Path(tmp_path_factory.mktemp("postgres"))
    owner = OWNER if os.geteuid() == 0 else None
    if owner:
        # One folder more with pytest-xdist: the owner must be able to walk down to it.
        for part in (folder, *[p for p in folder.parents if "pytest-" in str(p)]):
            part.chmod(0o755)
        shutil.chown(folder, owner)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    run = {"user": owner, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "signals", "--auth=trust"], check=True, **run
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    subprocess.run(
        [programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"],
        check=True, **run,
    )  # fmt: skip
    try:
        yield f"postgresql+asyncpg://signals@127.0.0.1:{port}/postgres"
    finally:
        stop = [programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, **run)


def test_a_run_with_its_server_on_postgresql(study: Study, database: str, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
    }
    main = "import sys; from flows.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["run", str(study.file), "--out", str(tmp_path / "out"), "--no-page"]
    done = subprocess.run(
        [sys.executable, "-c", main, *arguments],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "car.csv" in reports(tmp_path / "out")
    assert not (tmp_path / "prefect" / "prefect.db").exists(), "nothing went to SQLite"
    states = query(database, "select state_type from flow_run")
    assert states == ["COMPLETED"]
    names = query(database, "select key from artifact where key like 'tiny-%' order by key")
    assert names == ["tiny-excluded", "tiny-findings", "tiny-summary"]


def query(url: str, statement: str) -> list[str]:
    """The first column of a query, asked through the driver that Prefect uses."""
    import asyncio

    import asyncpg

    async def ask() -> list[str]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [str(row[0]) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())
