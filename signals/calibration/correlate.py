"""Mean cross-correlation r̄ of every placebo study, without laying residuals side by side.

A residual of a linear model is e_t = c'(1, y_t, x_t) with the cell's own c = (−a, 1, −b). The sums
over common sessions that a Pearson correlation needs, Σe_ie_j, Σe_i², Σe_i …, are therefore
quadratic forms in sums of products of the two *series*, and these are differences of running
sums on a grid of calendar days: a correlation costs a few look-ups, whatever the window's length.
The same numbers as ``inference.correlation`` (tests/calibration/test_correlate.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from signals.calibration.cells import Cells
from signals.calibration.drawn import spread_over
from signals.calibration.threads import in_threads
from signals.frames import Bools, Floats, Ints
from signals.inference.correlation import FEWEST_COMMON_SESSIONS, window_positions
from signals.inference.inference import Correlation
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel, Window
from signals.returns import AssetSeries, EventReturns

MOST_SERIES = 64
MOST_VALUES = 24_000_000


@dataclass(frozen=True, slots=True, eq=False)
class PairCorrelations:
    """K pairs of event-asset pairs in R draws: ``draws`` (R,) which, ascending; ``left`` ``right``
    (K,) positions; ``rho`` (R, K) correlation of their residuals; ``meeting`` window → (k,) those
    of the K whose windows share a session in some draw, ``shared`` window → (R, k, int16) how many
    sessions."""

    draws: Ints
    left: Ints
    right: Ints
    rho: Floats
    meeting: Mapping[Window, Ints]
    shared: Mapping[Window, npt.NDArray[np.int16]]

    def mean(self, window: Window, members: Ints, placed: Bools) -> Floats:
        """(D,) r̄ of the pairs ``members``; ``placed`` (D, n) who is in a draw's study.

        r̄ = Σ w_ij ρ_ij / (N(N−1)/2); NaN where N < 2 or a ρ_ij with w_ij > 0 is undefined.
        """
        inside = np.zeros(placed.shape[1], dtype=bool)
        inside[members] = True
        meeting = self.meeting[window]
        chosen = inside[self.left[meeting]] & inside[self.right[meeting]]
        here = meeting[chosen]
        length = window[1] - window[0] + 1
        placed, draws = placed[self.draws], len(placed)
        weight = self.shared[window][:, chosen] / length
        both = placed[:, self.left[here]] & placed[:, self.right[here]]
        weight = np.where(both, weight, 0.0)
        rho = self.rho[:, here]
        lost = ((weight > 0) & ~np.isfinite(rho)).any(axis=1)
        total = (weight * np.where(weight > 0, rho, 0.0)).sum(axis=1)
        count = placed[:, members].sum(axis=1)
        out = np.full(draws, np.nan)
        fine = (count >= 2) & ~lost
        out[self.draws[fine]] = total[fine] / (count[fine] * (count[fine] - 1) / 2)
        return out

    def of_draw(
        self, d: int, members: Ints, panel: AbnormalPanel, window: Window
    ) -> Correlation | None:
        """``inference.correlation(panel, window)`` of draw ``d`` from the ρ that are known.

        ``members`` (n,) the pairs of ``panel`` (n rows) as positions in the study. With
        R_ij = σ_iσ_jρ_ij and M (n, G) who has which window session, the covariance of session g is
        ½·Σ_i M_ig·(RM)_ig. None where a ρ of two windows that meet is undefined or not among the K
        (two windows of one asset that a draw has moved onto each other).
        """
        place = int(np.searchsorted(self.draws, d))
        if place == len(self.draws) or self.draws[place] != d:
            return None
        rho = self._matrix(self.rho[place], members)
        index, exists = window_positions(panel, window)
        held = np.zeros((len(members), int(index.max()) + 1))
        row, column = np.nonzero(exists)
        held[row, index[row, column]] = 1.0
        shared = held @ held.T
        np.fill_diagonal(shared, 0.0)
        meets = shared > 0
        if not np.isfinite(rho[meets]).all():
            return None
        rho = np.where(meets, rho, 0.0)
        count, length = len(members), held.sum(axis=1)
        weighted = rho * shared / np.sqrt(np.outer(length, length))
        r_bar = float(weighted.sum() / (count * (count - 1)))
        covariance = (rho * np.outer(panel.sigma, panel.sigma)) @ held
        by_session = 0.5 * (held * covariance).sum(axis=0)
        return Correlation(r_bar, "", int(meets.sum()) // 2, count, by_session)

    def chosen(self, index: Ints) -> PairCorrelations:
        """Those of the draws ``index`` (ascending), which are counted anew."""
        place = np.minimum(np.searchsorted(self.draws, index), len(self.draws) - 1)
        here = self.draws[place] == index
        place = place[here]
        shared = {w: counts[place] for w, counts in self.shared.items()}
        return replace(self, draws=np.flatnonzero(here), rho=self.rho[place], shared=shared)

    def _matrix(self, rho: Floats, members: Ints) -> Floats:
        """(n, n) the ``rho`` (K,) of one draw among ``members``, NaN where there is none."""
        place = np.full(int(max(self.right.max(initial=0), members.max())) + 1, -1)
        place[members] = np.arange(len(members))
        left, right = place[self.left], place[self.right]
        both = (left >= 0) & (right >= 0)
        out = np.full((len(members), len(members)), np.nan)
        out[left[both], right[both]] = out[right[both], left[both]] = rho[both]
        return out


def pair_correlations(
    returns: EventReturns, model: str, cells: Cells, at: Ints, windows: Sequence[Window]
) -> PairCorrelations | None:
    """All correlations that r̄ of any group and window can need.

    Pairs of one asset are never used together with overlapping windows (METHODS, independence),
    so only pairs of different series count. Beyond ``MOST_VALUES`` correlations the draws are
    thinned out evenly: r̄ statistics are calibrated on fewer draws, and say so. None for models that
    are not least squares and for more than ``MOST_SERIES`` series (``correlate_dates``).
    """
    used = np.unique(returns.series_index)
    if model not in FORMS or len(used) > MOST_SERIES or not len(at):
        return None
    left, right = _neighbours(returns, cells, at)
    draws = min(len(at), max(MOST_VALUES // max(len(left), 1), 1))
    chosen = spread_over(len(at), draws)
    at = at[chosen]
    rho = np.full((draws, len(left)), np.nan)
    shared = {w: np.zeros((draws, len(left)), dtype=np.int16) for w in windows}
    numbers = [_columns(s, model) for s in returns.series]

    def fill(pair: tuple[int, int, Ints]) -> None:
        a, b, rows = pair
        one, two = at[:, left[rows]], at[:, right[rows]]
        both = (one >= 0) & (two >= 0)
        # Events of one asset pair move over the same sessions: most cells meet in many draws.
        met, back = np.unique(one[both] * len(cells) + two[both], return_inverse=True)
        first, second = met // len(cells), met % len(cells)
        zero = cells.zero[first], cells.zero[second]
        days = _days(returns.series[a]), _days(returns.series[b])
        for window in windows:
            found = np.zeros(both.shape, dtype=np.int16)
            found[both] = _shared(days, zero, window)[back]
            shared[window][:, rows] = found
        value = np.full(both.shape, np.nan)
        value[both] = _rho(returns, days, numbers[a], numbers[b], cells, first, second)[back]
        rho[:, rows] = value

    in_threads(fill, _by_series(returns, left, right))
    meeting = {w: np.flatnonzero(counts.any(axis=0)) for w, counts in shared.items()}
    compact = {w: counts[:, meeting[w]] for w, counts in shared.items()}
    return PairCorrelations(chosen, left, right, rho, meeting, compact)


def _neighbours(returns: EventReturns, cells: Cells, at: Ints) -> tuple[Ints, Ints]:
    """Pairs i < j of different series whose event windows share a session in some draw."""
    count = len(returns)
    first, last = returns.event_window
    starts = np.empty((len(cells),), dtype=np.int64)
    ends = np.empty((len(cells),), dtype=np.int64)
    for s in np.unique(cells.series):
        mine = cells.series == s
        days = _days(returns.series[s])
        starts[mine] = days[np.clip(cells.zero[mine] + first, 0, len(days) - 1)]
        ends[mine] = days[np.clip(cells.zero[mine] + last, 0, len(days) - 1)]
    low = np.where(at >= 0, starts[at], np.iinfo(np.int64).max)
    high = np.where(at >= 0, ends[at], -1)
    left: list[Ints] = []
    right: list[Ints] = []
    for i in range(count - 1):
        later = np.arange(i + 1, count)
        later = later[returns.series_index[later] != returns.series_index[i]]
        meets = (low[:, later] <= high[:, i, None]) & (high[:, later] >= low[:, i, None])
        found = later[meets.any(axis=0)]
        left.append(np.full(len(found), i))
        right.append(found)
    return np.concatenate(left or [np.empty(0, np.int64)]), np.concatenate(
        right or [np.empty(0, np.int64)]
    )


def _by_series(returns: EventReturns, left: Ints, right: Ints) -> Iterator[tuple[int, int, Ints]]:
    """For every pair of series the positions among the K that belong to it."""
    if not len(left):
        return
    a, b = returns.series_index[left], returns.series_index[right]
    keys = a * len(returns.series) + b
    order = np.argsort(keys, kind="stable")
    distinct, start = np.unique(keys[order], return_index=True)
    for key, rows in zip(distinct, np.split(order, start[1:]), strict=True):
        yield int(key) // len(returns.series), int(key) % len(returns.series), rows


def _days(series: AssetSeries) -> Ints:
    return np.asarray(series.sessions.astype("datetime64[D]").astype(np.int64))


def _shared(days: tuple[Ints, Ints], zero: tuple[Ints, Ints], window: Window) -> Ints:
    """Sessions that two windows share: common dates inside both date ranges."""
    start, upto = _counted(np.intersect1d(days[0], days[1], assume_unique=True), days)
    begin = np.maximum(*(d[z + window[0]] for d, z in zip(days, zero, strict=True)))
    end = np.minimum(*(d[z + window[1]] for d, z in zip(days, zero, strict=True)))
    found = upto[end - start + 1] - upto[begin - start]
    return np.asarray(np.maximum(found, 0))


def _counted(common: Ints, days: tuple[Ints, Ints]) -> tuple[int, Ints]:
    """First day of both series, and how many of the ``common`` days lie before each day on."""
    first = int(min(days[0][0], days[1][0]))
    last = int(max(days[0][-1], days[1][-1]))
    present = np.zeros(last - first + 1, dtype=np.int64)
    present[common - first] = 1
    return first, np.concatenate([[0], np.cumsum(present)])


def _columns(series: AssetSeries, model: str) -> Floats:
    """(S, q) the columns (1, y, x…) of a linear model's residual, net of r_f where it is."""
    form = FORMS[model]
    y = series.y
    xs = [series.x[:, series.names.index(r)] for r in form.regressors]
    if form.excess and series.risk_free is not None:
        y = y - series.risk_free
        xs = [
            x - series.risk_free if r == "market" else x
            for x, r in zip(xs, form.regressors, strict=True)
        ]
    return np.column_stack([np.ones(len(y)), y, *xs])


def _coefficients(model_params: Floats, q: int, fixed: bool, constant: bool) -> Floats:
    """(n, q) c with e = c'(1, y, x…)."""
    out = np.zeros((len(model_params), q))
    out[:, 1] = 1.0
    if fixed:
        out[:, 2] = -1.0
        return out
    out[:, 0] = -model_params[:, 0] if constant else 0.0
    out[:, 2:] = -model_params[:, int(constant) :]
    return out


def _rho(
    returns: EventReturns,
    days: tuple[Ints, Ints],
    one: Floats,
    two: Floats,
    cells: Cells,
    first: Ints,
    second: Ints,
) -> Floats:
    """Correlation of the residuals of the cells ``first`` of one series and ``second`` of
    another on common estimation sessions; NaN below 30 or without variation."""
    common, at_one, at_two = np.intersect1d(*days, assume_unique=True, return_indices=True)
    both = np.column_stack([one[at_one], two[at_two]])
    complete = np.asarray(np.isfinite(both).all(axis=1))
    both = np.where(complete[:, None], both, 0.0)
    q = one.shape[1]
    pairs = [(i, j) for i in range(2 * q) for j in range(i, 2 * q)]
    products = np.stack([both[:, i] * both[:, j] for i, j in pairs])
    total = np.concatenate([np.zeros((len(pairs), 1)), np.cumsum(products, axis=1)], axis=1)
    low, high = _estimation_days(returns, days, cells, first, second)
    start, upto = _counted(common, days)
    begin, end = upto[low - start], upto[high - start + 1]
    end = np.maximum(end, begin)
    sums = np.take(total, end, axis=1) - np.take(total, begin, axis=1)
    matrix = np.empty((2 * q, 2 * q, len(first)))
    for k, (i, j) in enumerate(pairs):
        matrix[i, j] = matrix[j, i] = sums[k]
    a, b = _both_coefficients(cells, first, q), _both_coefficients(cells, second, q)
    # The constant columns are 1 exactly on complete rows: row 0 holds plain sums and n.
    n = matrix[0, 0]
    sum_a = np.einsum("nk,kn->n", a, matrix[0, :q])
    sum_b = np.einsum("nk,kn->n", b, matrix[0, q:])
    safe = np.maximum(n, 1.0)
    cross = np.einsum("ni,ijn,nj->n", a, matrix[:q, q:], b) - sum_a * sum_b / safe
    var_a = np.einsum("ni,ijn,nj->n", a, matrix[:q, :q], a) - sum_a**2 / safe
    var_b = np.einsum("ni,ijn,nj->n", b, matrix[q:, q:], b) - sum_b**2 / safe
    floor = 1e-20 * safe
    scale_a, scale_b = cells.sigma[first] ** 2, cells.sigma[second] ** 2
    with np.errstate(invalid="ignore"):
        valid = (n >= FEWEST_COMMON_SESSIONS) & (var_a > floor * scale_a)
        valid &= var_b > floor * scale_b
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(valid, cross / np.sqrt(np.where(valid, var_a * var_b, 1.0)), np.nan)


def _both_coefficients(cells: Cells, index: Ints, q: int) -> Floats:
    params = cells.params[index]
    fixed = params.shape[1] == 0 and q == 3
    constant = not fixed and params.shape[1] == q - 1
    return _coefficients(params, q, fixed, constant)


def _estimation_days(
    returns: EventReturns, days: tuple[Ints, Ints], cells: Cells, first: Ints, second: Ints
) -> tuple[Ints, Ints]:
    """First and last day that both estimation windows hold."""
    offsets = returns.estimation_offsets
    bounds = []
    for d, index in zip(days, (first, second), strict=True):
        begin = np.clip(cells.zero[index] + offsets[0], 0, len(d) - 1)
        end = cells.zero[index] + offsets[-1]
        bounds.append((d[begin], d[end]))
    return np.maximum(bounds[0][0], bounds[1][0]), np.minimum(bounds[0][1], bounds[1][1])
