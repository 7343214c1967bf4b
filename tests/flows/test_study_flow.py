"""The flow itself, under Prefect's own server: few runs, each a second or two."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import flows.prefect_defaults  # noqa: F401  (before Prefect)
from flows.direct import run_direct
from flows.options import RunOptions
from flows.outcome import SourceDown
from signals.errors import TransientError
from signals.prices import PriceHistory, PriceRequest, PriceSource
from tests.flows.conftest import Study, reports

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


def flow_runs(flow_run_id: str) -> tuple[Any, list[Any], list[Any]]:
    """A flow run, its task runs and its artifacts, as the API tells them."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        FlowRunFilter,
        FlowRunFilterId,
    )

    async def ask() -> tuple[Any, list[Any], list[Any]]:
        async with get_client() as client:
            run = await client.read_flow_run(UUID(flow_run_id))
            only = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
            tasks = await client.read_task_runs(flow_run_filter=only)
            artifacts = await client.read_artifacts(
                artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
            )
            return run, tasks, artifacts

    return asyncio.run(ask())


def test_the_flow_writes_what_direct_writes(study: Study, tmp_path: Path) -> None:
    from flows.study_flow import study_flow

    outcome = study_flow(study=str(study.file), out=str(tmp_path / "flow"))
    run_direct(RunOptions(study=study.file, out=tmp_path / "direct"))
    assert reports(tmp_path / "flow") == reports(tmp_path / "direct")
    manifests = [
        json.loads((tmp_path / name / "manifest.json").read_bytes()) for name in ("flow", "direct")
    ]
    assert [m.pop("run")["runner"] for m in manifests] == ["prefect", "direct"]
    assert manifests[0] == manifests[1]

    run, tasks, artifacts = flow_runs(outcome.run["flow_run_id"])
    assert run.state.type.value == "COMPLETED"
    assert run.name.startswith("study ")
    names = {t.name for t in tasks}
    assert names == {
        "read", "match", "estimate", "write", "prices-AAA", "prices-BBB", "prices-MKT",
    }  # fmt: skip
    by_key = {a.key: a for a in artifacts}
    assert set(by_key) == {
        "progress-prices", "tiny-findings", "tiny-excluded", "tiny-summary", "tiny-car-path",
    }  # fmt: skip
    assert by_key["tiny-car-path"].data.startswith("data:image/png;base64,")
    assert "report.html" in by_key["tiny-summary"].data
    assert by_key["progress-prices"].data == 100.0
    findings = json.loads(by_key["tiny-findings"].data)
    assert findings[0]["event"] == "second"
    assert findings[0]["asset"] == "AAA"
    assert len(findings) == 6


@dataclass(frozen=True, slots=True)
class Troubled:
    """A source that fails for one ticker, ``times`` times."""

    inner: PriceSource
    ticker: str
    calls: list[str]
    times: int
    name: str = "csv"

    def load(self, request: PriceRequest) -> PriceHistory:
        self.calls.append(request.ticker)
        if request.ticker == self.ticker and self.calls.count(self.ticker) <= self.times:
            raise TransientError("csv", "answered 500", ticker=request.ticker)
        return self.inner.load(request)


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a :class:`Troubled` source in the flow's way and makes retries quick."""
    from flows import steps

    monkeypatch.setenv("SIGNALS_RETRY_SECONDS", "0.05")
    opened = steps.open_prices

    def put(ticker: str, times: int) -> list[str]:
        calls: list[str] = []

        def troubled(*args: Any, **kwargs: Any) -> Troubled:
            return Troubled(opened(*args, **kwargs), ticker, calls, times)

        monkeypatch.setattr("flows.steps.open_prices", troubled)
        return calls

    return put


def test_a_source_that_comes_back_is_asked_again(
    study: Study, tmp_path: Path, trouble: Any
) -> None:
    from flows.study_flow import study_flow

    calls = trouble("AAA", 2)
    outcome = study_flow(study=str(study.file), out=str(tmp_path / "flow"), page=False)
    assert calls.count("AAA") == 3
    assert calls.count("BBB") == 1
    assert outcome.down == ()


def test_a_source_that_stays_down_fails_with_words_and_keeps_the_rest(
    study: Study, tmp_path: Path, trouble: Any
) -> None:
    from flows.study_flow import study_flow

    calls = trouble("BBB", 99)
    with pytest.raises(SourceDown) as caught:
        study_flow(study=str(study.file), out=str(tmp_path / "flow"), page=False)
    assert calls.count("BBB") == 4
    assert "no answer for 1 of 3 series (BBB)" in str(caught.value)
    run, _, artifacts = flow_runs(caught.value.outcome.run["flow_run_id"])
    assert run.state.type.value == "FAILED"
    assert "no answer for 1 of 3 series (BBB)" in run.state.message
    assert "tiny-excluded" in {a.key for a in artifacts}
    excluded = (tmp_path / "flow" / "excluded.csv").read_text(encoding="utf-8")
    assert excluded.count("source_down") == 3
    assert "second,AAA" in (tmp_path / "flow" / "car.csv").read_text(encoding="utf-8")


def test_a_broken_study_file_fails_with_its_place(study: Study) -> None:
    from flows.study_flow import study_flow

    study.edit('title = "A tiny study"', 'titel = "A tiny study"')
    state = study_flow(study=str(study.file), return_state=True)
    assert state.is_failed()
    assert "study.toml:3" in str(state.message)
    assert "did you mean 'title'" in str(state.message)


def test_yahoo_has_limits_for_all_runs_of_the_server() -> None:
    from prefect.client.orchestration import get_client

    from flows import limits, policy

    with get_client(sync_client=True) as client:
        limits.ensure()
        rate = client.read_global_concurrency_limit_by_name(policy.RATE_LIMIT_NAME)
        assert (rate.limit, rate.slot_decay_per_second) == (5, 2.0)
        assert client.read_global_concurrency_limit_by_name(policy.CONNECTIONS_NAME).limit == 4
        client.update_global_concurrency_limit(policy.RATE_LIMIT_NAME, _limit_of(9))
        limits.ensure()
        assert client.read_global_concurrency_limit_by_name(policy.RATE_LIMIT_NAME).limit == 9


def _limit_of(slots: int) -> Any:
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    return GlobalConcurrencyLimitUpdate(limit=slots)


def test_a_run_that_hangs_is_ended(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run says that it ran out of time; its threads end with their own HTTP timeouts."""
    import threading

    from flows.study_flow import study_flow

    release = threading.Event()

    def hang(*_: Any) -> None:
        release.wait(20)

    monkeypatch.setattr("flows.steps.fetch", hang)
    threading.Timer(4, release.set).start()
    state = study_flow.with_options(timeout_seconds=2)(study=str(study.file), return_state=True)
    assert state.name == "TimedOut"
    assert "2.0 second" in str(state.message)
    assert not (study.folder.parent / "reports" / "tiny" / "car.csv").exists()


def test_the_price_refresh_says_what_each_series_holds(study: Study) -> None:
    from flows.prices_flow import prices_flow

    study.price_file("BBB").unlink()
    rows = {row["ticker"]: row for row in prices_flow(study=str(study.file))}
    assert rows["AAA"]["status"] == "ok"
    assert rows["BBB"]["status"] == "no_prices"


def test_news_become_events_or_wait_for_review(study: Study) -> None:
    from flows.news_flow import news_flow
    from signals.errors import SpecError

    article = study.folder / "article.txt"
    article.write_text(
        "Meta to invest in a data centre\n\nMENLO PARK, July 10, 2024 - Meta Platforms said on "
        "Wednesday it will spend $10 billion on a data centre. Shares of Meta rose 3% on the day.\n",
        encoding="utf-8",
    )
    before = len(study.events.read_text(encoding="utf-8").splitlines())
    waiting = news_flow(study=str(study.file), articles=[str(article)])
    after = len(study.events.read_text(encoding="utf-8").splitlines())
    assert waiting + (after - before) >= 1, "the article is an event, or waits"
    with pytest.raises(SpecError, match="nothing to collect"):
        news_flow(study=str(study.file))
