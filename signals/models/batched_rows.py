"""Where the rows of many events stand: every series once, in one flat array, with NaN margins.

A window of ``length`` rows at flat position ``i`` is row ``i`` of a strided view, so gathering the
windows of n events is n block copies: no index matrix, no loop over events. Series that share one
regressor array (the same object) share its flat copy too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from signals.errors import SpecError
from signals.frames import Floats, Ints, Labels
from signals.models.batched_memory import keep_freed_memory
from signals.returns.record import AssetSeries, EventReturns


@dataclass(frozen=True, slots=True, eq=False)
class ModelForm:
    """What the batched engine needs to know of a linear model.

    ``regressors`` are columns of ``AssetSeries.x`` in the order of the coefficients. ``excess``
    models explain y − r_f, and a regressor named ``market`` is then R_m − r_f (factors such as
    ``mkt_rf`` are excess returns already). ``fixed`` models estimate nothing: the (single)
    regressor *is* the expected return and k = 0.
    """

    name: str
    regressors: tuple[str, ...] = ()
    constant: bool = True
    excess: bool = False
    fixed: bool = False

    @property
    def k(self) -> int:
        return len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the k coefficients, as the statsmodels path has them."""
        if self.fixed:
            return ()
        return (("const",) if self.constant else ()) + self.regressors


FORMS: Final[Mapping[str, ModelForm]] = MappingProxyType(
    {
        form.name: form
        for form in (
            ModelForm("constant_mean"),
            ModelForm("market_adjusted", ("market",), constant=False, fixed=True),
            ModelForm("market", ("market",)),
            ModelForm("capm", ("market",), excess=True),
            ModelForm("capm_strict", ("market",), constant=False, excess=True),
            ModelForm("ff3", ("mkt_rf", "smb", "hml"), excess=True),
            ModelForm("carhart", ("mkt_rf", "smb", "hml", "mom"), excess=True),
            ModelForm("ff5", ("mkt_rf", "smb", "hml", "rmw", "cma"), excess=True),
            ModelForm("ff5_mom", ("mkt_rf", "smb", "hml", "rmw", "cma", "mom"), excess=True),
        )
    }
)


def form_of(model: ModelForm | str) -> ModelForm:
    """The form of a model by name; :class:`SpecError` for one that is not plain least squares."""
    if isinstance(model, ModelForm):
        return model
    if model not in FORMS:
        raise SpecError(
            "a model that the batched engine does not have", key="study.model", value=model,
            allowed=FORMS,
        )  # fmt: skip
    return FORMS[model]


@dataclass(frozen=True, slots=True, eq=False)
class RowStore:
    """All rows that the events of a study can touch.

    ``y`` (F,) what the model explains (net of r_f for excess models), ``raw`` (F,) the returns as
    given (the same array unless ``excess``), ``x`` p arrays (G,), ``risk_free`` (H,) or None.
    ``y_start``, ``x_start``, ``rf_start`` (S,) flat position of each series' first session and
    ``size`` (S,) its length; ``lacks`` (S,) what a series has not got (``missing_regressor``,
    ``missing_risk_free``) or "". ``length`` T and ``width`` W rows of the two windows, ``first``
    the offset of the first estimation row from day zero, ``event`` that of the first event row.
    Reading outside a series gives NaN.
    """

    form: ModelForm
    y: Floats
    raw: Floats
    x: tuple[Floats, ...]
    risk_free: Floats | None
    y_start: Ints
    x_start: Ints
    rf_start: Ints
    size: Ints
    lacks: Labels
    length: int
    width: int
    first: int
    event: int

    @property
    def span(self) -> int:
        return self.event + self.width - self.first

    def place(self, zero: Ints, series: Ints) -> Ints:
        """(n,) first estimation row inside the series, moved at most so far outside that the
        whole window reads NaN."""
        return np.clip(zero + self.first, -self.span, self.size[series])

    def estimation(self, zero: Ints, series: Ints) -> tuple[Floats, list[Floats]]:
        """The estimation rows of n events: y (n, T) and p regressors (n, T)."""
        at = self.place(zero, series)
        return self._read(self.y, self.y_start[series] + at, self.length), [
            self._read(x, self.x_start[series] + at, self.length) for x in self.x
        ]

    def events(
        self, zero: Ints, series: Ints
    ) -> tuple[Floats, Floats, list[Floats], Floats | None]:
        """The event rows: y (n, W), the returns as given (n, W), p regressors, r_f or None."""
        at = self.place(zero, series) + self.event - self.first
        y = self._read(self.y, self.y_start[series] + at, self.width)
        xs = [self._read(x, self.x_start[series] + at, self.width) for x in self.x]
        if self.risk_free is None:
            return y, y, xs, None
        raw = self._read(self.raw, self.y_start[series] + at, self.width)
        return y, raw, xs, self._read(self.risk_free, self.rf_start[series] + at, self.width)

    def whole(self, zero: Ints, series: Ints) -> tuple[Floats, list[Floats]]:
        """Everything from the first estimation row to the last event row, gap included:
        y (n, span) and p regressors (n, span), in one read each."""
        at = self.place(zero, series)
        return self._read(self.y, self.y_start[series] + at, self.span), [
            self._read(x, self.x_start[series] + at, self.span) for x in self.x
        ]

    def at(self, zero: Ints, series: Ints) -> tuple[Floats, list[Floats]]:
        """y and regressors of n events on day zero, each (n,)."""
        place = np.clip(zero, -1, self.size[series])
        y = self.y[self.y_start[series] + place]
        return y, [x[self.x_start[series] + place] for x in self.x]

    @staticmethod
    def _read(flat: Floats, at: Ints, length: int) -> Floats:
        # What sliding_window_view gives, at a tenth of its price.
        step = flat.itemsize
        windows: Floats = np.ndarray(
            (len(flat) - length + 1, length), flat.dtype, flat, 0, (step, step)
        )
        return np.asarray(windows[at])


def row_store(returns: EventReturns, form: ModelForm) -> RowStore:
    """Lay the series of ``returns`` out for ``form``; O(total sessions), no copy per event."""
    keep_freed_memory()  # whoever lays rows out goes on to arrays of many events
    offsets = returns.estimation_offsets
    first, event = int(offsets[0]), int(returns.event_window[0])
    width = int(returns.event_window[1]) - event + 1
    span = event + width - first
    y, y_start = _flat(returns.series, lambda s: s.y, _asset, span)
    risk_free: Floats | None = None
    raw, rf_start = y, np.zeros(len(returns.series), dtype=np.int64)
    if form.excess:
        risk_free, rf_start = _flat(returns.series, _risk_free, _rate, span)
        y, y_start = _flat(returns.series, _net, _asset, span)
    columns = [
        _flat(returns.series, _column(name, form), _regressors, span) for name in form.regressors
    ]
    return RowStore(
        form=form,
        y=y,
        raw=raw,
        x=tuple(flat for flat, _ in columns),
        risk_free=risk_free,
        y_start=y_start,
        x_start=columns[0][1] if columns else np.zeros(len(returns.series), dtype=np.int64),
        rf_start=rf_start,
        size=np.array([len(s.y) for s in returns.series], dtype=np.int64),
        lacks=np.array([_lacks(s, form) for s in returns.series], dtype=object),
        length=returns.length,
        width=width,
        first=first,
        event=event,
    )


def _risk_free(series: AssetSeries) -> Floats:
    return np.full(len(series.y), np.nan) if series.risk_free is None else series.risk_free


def _net(series: AssetSeries) -> Floats:
    return series.y - _risk_free(series)


def _column(name: str, form: ModelForm) -> Callable[[AssetSeries], Floats]:
    def column(series: AssetSeries) -> Floats:
        if name not in series.names:
            return np.full(len(series.y), np.nan)
        values = series.x[:, series.names.index(name)]
        return values - _risk_free(series) if form.excess and name == "market" else values

    return column


def _lacks(series: AssetSeries, form: ModelForm) -> str:
    if not set(form.regressors) <= set(series.names):
        return "missing_regressor"
    return "missing_risk_free" if form.excess and series.risk_free is None else ""


def _flat(
    series: tuple[AssetSeries, ...],
    column: Callable[[AssetSeries], Floats],
    source: Callable[[AssetSeries], tuple[int, ...]],
    span: int,
) -> tuple[Floats, Ints]:
    """One array of all series with ``span`` NaN rows around each; series whose ``source`` (the
    identity of the arrays that the column is computed from) is equal are stored once."""
    starts = np.zeros(len(series), dtype=np.int64)
    known: dict[tuple[int, ...], int] = {}
    margin = np.full(span, np.nan)
    distinct = [margin]
    at = span
    for i, one in enumerate(series):
        key = source(one)
        if key not in known:
            known[key] = at
            values = column(one)
            distinct += [values, margin]
            at += len(values) + span
        starts[i] = known[key]
    return np.concatenate(distinct), starts


def _asset(series: AssetSeries) -> tuple[int, ...]:
    return id(series.y), id(series.risk_free)


def _regressors(series: AssetSeries) -> tuple[int, ...]:
    return id(series.x), id(series.risk_free)


def _rate(series: AssetSeries) -> tuple[int, ...]:
    return (id(series.risk_free),)
