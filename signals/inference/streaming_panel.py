"""The batched engine's fits as an ``AbnormalPanel``, as ``estimate.stack`` makes of single ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signals.errors import SpecError
from signals.frames import Ints, frozen
from signals.inference.streaming_calendar import ABSENT, SessionNumbers, session_numbers
from signals.models.batched import BatchFit, fit_batch
from signals.models.batched_rows import ModelForm, form_of, row_store
from signals.panel import AbnormalPanel
from signals.returns.record import EventReturns


def batched_panel(
    returns: EventReturns,
    model: ModelForm | str,
    *,
    min_returns: int = 1,
    missing: str = "strict",
    index: Ints | None = None,
) -> tuple[AbnormalPanel | None, BatchFit]:
    """The panel of the events (``index``, default all) that can be fitted, in their order, and
    the fits of all of them with codes and words of the failures.

    Same numbers (1e-10), same exclusions as ``estimate.estimate``; None when no event is left.
    Test: tests/inference/test_streaming_panel.py. Raises :class:`SpecError` for trade-to-trade
    returns, which the statsmodels engine handles.
    """
    refuse_trade_to_trade(returns, missing)
    fit = fit_batch(returns, model, index, min_returns=min_returns, day_zero=True)
    return panel_from(returns, fit, missing), fit


def panel_chunks(
    returns: EventReturns,
    model: ModelForm | str,
    chunk: int,
    *,
    min_returns: int = 1,
    missing: str = "strict",
) -> Iterator[tuple[AbnormalPanel | None, BatchFit]]:
    """``batched_panel`` over ``chunk`` events at a time: for what needs rows but no other event."""
    refuse_trade_to_trade(returns, missing)
    store = row_store(returns, form_of(model))
    numbers = session_numbers(returns, store.span)
    for begin in range(0, len(returns), chunk):
        index = np.arange(begin, min(begin + chunk, len(returns)))
        fit = fit_batch(returns, model, index, min_returns=min_returns, day_zero=True, rows=store)
        yield panel_from(returns, fit, missing, numbers), fit


def refuse_trade_to_trade(returns: EventReturns, missing: str) -> None:
    """:class:`SpecError` for returns over spans of several sessions (Maynes & Rumsey)."""
    if missing == "trade_to_trade" or any(s.span is not None for s in returns.series):
        raise SpecError(
            "returns from trade to trade need the statsmodels engine",
            key="study.engine", value="batched", allowed="statsmodels, auto",
        )  # fmt: skip


def panel_from(
    returns: EventReturns, fit: BatchFit, missing: str, numbers: SessionNumbers | None = None
) -> AbnormalPanel | None:
    """The usable events of ``fit`` (which must have kept its residuals) as a panel; ``numbers``
    are the sessions' when they are known already."""
    if fit.residuals is None or fit.est_actual is None:
        raise ValueError("these fits kept no residuals")
    assert fit.leverage is not None
    assert fit.est_design is not None
    use = np.flatnonzero(fit.usable)
    if not use.size:
        return None
    at = fit.index[use]
    offsets = returns.estimation_offsets
    span = int(returns.tau[-1] - offsets[0]) + 1
    numbers = session_numbers(returns, span) if numbers is None else numbers
    zero, series = returns.zero[at], returns.series_index[at]
    unit = np.result_type(*[s.sessions.dtype for s in returns.series])

    def labels(first: int, length: int) -> np.ndarray:
        found = numbers.window(zero, series, first, length)
        return np.where(found == ABSENT, np.iinfo(np.int64).min, found).astype(unit)  # NaT

    def text(name: str) -> np.ndarray:
        values = np.array([getattr(s, name) for s in returns.series], dtype=object)
        return np.asarray(values[series])

    sigma = fit.sigma[use]
    return AbnormalPanel(
        event_id=frozen(returns.event_id[at]),
        ticker=frozen(text("ticker")),
        group=frozen(returns.group[at]),
        category=frozen(returns.category[at]),
        calendar=frozen(text("calendar")),
        benchmark=frozen(text("benchmark")),
        tau=frozen(returns.tau),
        sessions=frozen(labels(int(returns.tau[0]), len(returns.tau))),
        actual=frozen(fit.actual[use]),
        expected=frozen(fit.expected[use]),
        ar=frozen(fit.ar[use]),
        variance=frozen(np.repeat(sigma[:, None] ** 2, len(returns.tau), axis=1)),
        design=frozen(fit.design[use]),
        inverse=frozen(fit.inverse[use]),
        sigma=frozen(sigma),
        df=frozen(fit.df[use]),
        n_obs=frozen(fit.n_obs[use]),
        residuals=frozen(fit.residuals[use]),
        leverage=frozen(fit.leverage[use]),
        est_sessions=frozen(labels(int(offsets[0]), len(offsets))),
        est_actual=frozen(fit.est_actual[use]),
        est_design=frozen(fit.est_design[use]),
        returns=returns.kind,
        missing=missing,
        model=fit.model,
    )
