"""Returns on an asset's own sessions, and the events' places among them.

The record keeps each series once and each event as one position in it: a million events on five
thousand series cost no more memory than the series. Rows are sliced when a model needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from signals.frames import Bools, Days, Floats, Ints, Labels


@dataclass(frozen=True, slots=True, eq=False)
class AssetSeries:
    """Returns of one asset and its regressors on consecutive sessions of the asset's calendar.

    ``sessions`` (S,) labels; ``y`` (S,) the asset's decimal return from the session before to this
    one, NaN unless both closes exist; ``x`` (S, p) regressors (benchmark return or factors), NaN
    where they do not exist; ``names`` (p,) their names; ``risk_free`` (S,) or None;
    ``price_field`` the price column used for asset and benchmark (``close`` or ``adj_close``);
    ``benchmark_closed`` (S,) True where a benchmark return is missing because its market was
    closed or its close is not of the same date; ``span`` (S,) the sessions that each return runs
    over, for returns from trade to trade (None: one session each).
    """

    ticker: str
    benchmark: str
    calendar: str
    price_field: str
    sessions: Days
    y: Floats
    x: Floats
    names: tuple[str, ...]
    benchmark_closed: Bools
    risk_free: Floats | None = None
    span: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EventReturns:
    """N event-asset pairs as positions in their series.

    ``event_id``, ``group``, ``category`` (N,) labels; ``series`` the distinct series;
    ``series_index`` (N,) which of them; ``zero`` (N,) position of day zero in its ``sessions``.
    ``event_window`` (first, last tau), ``length`` and ``gap`` of the estimation window: its rows
    are ``zero + event_window[0] − gap − length … zero + event_window[0] − gap − 1``.
    ``kind`` is ``simple`` or ``log``. ``dropped`` maps a pair to series positions that its
    estimation leaves out (sessions of another event of the asset, ``overlap = "dummy"``).
    """

    event_id: Labels
    group: Labels
    category: Labels
    series: tuple[AssetSeries, ...]
    series_index: Ints
    zero: Ints
    event_window: tuple[int, int]
    length: int
    gap: int
    kind: str = "simple"
    dropped: Mapping[int, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event_id)

    @property
    def tau(self) -> Ints:
        return np.arange(self.event_window[0], self.event_window[1] + 1)

    @property
    def estimation_offsets(self) -> Ints:
        """(T,) tau of the estimation rows."""
        last = self.event_window[0] - self.gap - 1
        return np.arange(last - self.length + 1, last + 1)
