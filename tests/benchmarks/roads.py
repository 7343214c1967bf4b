"""The same study by four roads: one OLS after another, a peer package, plain numpy, and ours.

Every road gets returns in memory (event study of T = 250 estimation rows and [−10, 10]) and gives
the CAAR over [−10, 10], so that a benchmark can refuse to time roads that disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signals.inference.streaming import STREAMED, study_at_scale
from signals.returns.record import AssetSeries, EventReturns

WINDOW = (-10, 10)
LENGTH = 250
CAR_STATISTICS = ("cross_sectional_t", "patell_z", "bmp_t")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a road found: the CAAR over the event window and one statistic to show that it did."""

    caar: float
    statistic: float


def design(n_events: int, n_series: int = 500, sessions: int = 2500, seed: int = 8) -> EventReturns:
    """``n_events`` on random days of ``n_series`` assets that share one market."""
    rng = np.random.default_rng(seed)
    market = rng.normal(3e-4, 0.01, sessions)
    x = market[:, None]
    days = np.datetime64("2000-01-03") + np.arange(sessions)
    closed = np.zeros(sessions, dtype=bool)
    series = []
    for i in range(n_series):
        y = rng.standard_normal(sessions)
        y *= rng.uniform(0.01, 0.03)
        y += rng.uniform(0.5, 1.5) * market
        series.append(
            AssetSeries(f"A{i:05d}", "M", "XNYS", "close", days, y, x, ("market",), closed)
        )
    blank = np.full(n_events, "", dtype=object)
    return EventReturns(
        event_id=np.array([f"e{i:07d}" for i in range(n_events)], dtype=object),
        group=blank,
        category=blank,
        series=tuple(series),
        series_index=rng.integers(0, n_series, n_events),
        zero=rng.integers(LENGTH + 10, sessions - 10, n_events),
        event_window=WINDOW,
        length=LENGTH,
        gap=0,
    )


def statsmodels_loop(returns: EventReturns) -> Answer:
    """One ``OLS.fit()`` an event, prediction-error variance, CAR; cross-sectional t."""
    import statsmodels.api as sm

    cars = np.empty(len(returns))
    for i in range(len(returns)):
        series = returns.series[returns.series_index[i]]
        zero = int(returns.zero[i])
        before, during = slice(zero - 10 - LENGTH, zero - 10), slice(zero - 10, zero + 11)
        fit = sm.OLS(series.y[before], sm.add_constant(series.x[before, 0])).fit()
        X1 = np.column_stack([np.ones(21), series.x[during, 0]])
        ar = series.y[during] - X1 @ fit.params
        u = X1.sum(axis=0)
        variance = fit.scale * (21 + u @ fit.normalized_cov_params @ u)
        cars[i] = ar.sum()
        _ = cars[i] / np.sqrt(variance)
    return Answer(float(cars.mean()), _cross_sectional(cars))


def eventstudy_package(returns: EventReturns) -> Answer:
    """The PyPI package ``eventstudy`` 0.1a12: its ``Single`` and ``Multiple`` on arrays, so that
    neither its files nor its search for dates is timed. Its only test is the CAR's t."""
    import eventstudy as es
    from eventstudy import models

    sample = []
    for i in range(len(returns)):
        series = returns.series[returns.series_index[i]]
        zero = int(returns.zero[i])
        rows = slice(zero - 10 - LENGTH, zero + 11)
        sample.append(
            es.Single(
                models.market_model,
                {"security_returns": series.y[rows], "market_returns": series.x[rows, 0]},
                event_window=WINDOW,
                estimation_size=LENGTH,
                buffer_size=0,
            )
        )
    found = es.Multiple(sample)
    return Answer(float(found.CAAR[-1]), float(found.tstat[-1]))


def plain_numpy(returns: EventReturns) -> Answer:
    """Every window gathered into (N, 271) arrays, then the market model by array arithmetic;
    cross-sectional t, Patell and BMP."""
    flat_y = np.concatenate([s.y for s in returns.series])
    flat_x = np.concatenate([s.x[:, 0] for s in returns.series])
    sessions = len(returns.series[0].y)
    at = returns.series_index * sessions + returns.zero - 10 - LENGTH
    index = at[:, None] + np.arange(LENGTH + 21)
    y, x = flat_y[index], flat_x[index]
    y0, x0, y1, x1 = y[:, :LENGTH], x[:, :LENGTH], y[:, LENGTH:], x[:, LENGTH:]
    mean_y, mean_x = y0.mean(axis=1), x0.mean(axis=1)
    dy, dx = y0 - mean_y[:, None], x0 - mean_x[:, None]
    s_xx = (dx**2).sum(axis=1)
    b = (dx * dy).sum(axis=1) / s_xx
    a = mean_y - b * mean_x
    e = dy - b[:, None] * dx
    variance = (e**2).sum(axis=1) / (LENGTH - 2)
    ar = y1 - a[:, None] - b[:, None] * x1
    car = ar.sum(axis=1)
    gap = (x1 - mean_x[:, None]).sum(axis=1)
    scar = car / np.sqrt(variance * (21 + 21**2 / LENGTH + gap**2 / s_xx))
    n, df = len(car), LENGTH - 2
    patell = scar.sum() / np.sqrt(n * df / (df - 2))
    bmp = np.sqrt(n) * scar.mean() / scar.std(ddof=1)
    assert np.isfinite(patell + bmp)
    return Answer(float(car.mean()), _cross_sectional(car))


def ours(
    returns: EventReturns, names: tuple[str, ...] = CAR_STATISTICS, workers: int = 2
) -> Answer:
    """``study_at_scale``, every event's CAR, variance, df and the statistics ``names``."""
    study = study_at_scale(returns, "market", [WINDOW], names=names, workers=workers)
    first = study.cells[0].statistics[0]
    # Overlapping windows of an asset are left out of statistics, not of the CARs.
    return Answer(float(study.cars.car[:, 0].mean()), first.statistic)


def ours_everything(returns: EventReturns) -> Answer:
    """``ours`` with all thirteen statistics: Corrado, GRANK, signs, Wilcoxon, r̄ and the rest."""
    return ours(returns, STREAMED)


def ours_one_thread(returns: EventReturns) -> Answer:
    """``ours`` on one thread: for ratios to roads that use one."""
    return ours(returns, CAR_STATISTICS, 1)


def ours_everything_one_thread(returns: EventReturns) -> Answer:
    """``ours_everything`` on one thread."""
    return ours(returns, STREAMED, 1)


def _cross_sectional(cars: np.ndarray) -> float:
    return float(np.sqrt(len(cars)) * cars.mean() / cars.std(ddof=1))


ROADS: dict[str, Callable[[EventReturns], Answer]] = {
    "statsmodels loop": statsmodels_loop,
    "eventstudy 0.1a12": eventstudy_package,
    "plain numpy": plain_numpy,
    "ours, CAR statistics, 1 thread": ours_one_thread,
    "ours, CAR statistics": ours,
    "ours, all statistics, 1 thread": ours_everything_one_thread,
    "ours, all statistics": ours_everything,
}

LARGEST = {"statsmodels loop": 10_000, "eventstudy 0.1a12": 10_000, "plain numpy": 100_000}
"""Beyond these a road needs minutes, or more memory than is fair to a laptop."""
