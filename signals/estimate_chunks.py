"""The same estimation in chunks of pairs, which other threads, processes or machines can do.

A chunk carries only the series that its pairs need. Every pair is fitted from its own rows by the
same code, and the panel is stacked where the chunks come together, so the result is the same to
the byte as that of :func:`signals.estimate.estimate` on all pairs at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from signals.errors import EventError
from signals.estimate import Estimation, estimate, sample_of, stack
from signals.frames import Ints
from signals.models import ModelFit
from signals.returns import EventReturns


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Pairs ``places`` (C,) of a study as a study of its own, and how to fit them."""

    places: Ints
    returns: EventReturns
    model: str
    min_returns: int
    missing: str


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What comes back of a chunk: ``places`` (K,) of the fitted pairs in the whole study, their
    ``fits``, and the others' failures as (place, event_id, ticker, code, detail)."""

    places: Ints
    fits: tuple[ModelFit, ...]
    failures: tuple[tuple[int, str, str, str, str], ...]


RunChunks = Callable[[Callable[[Chunk], Fitted], Sequence[Chunk]], Iterable[Fitted]]


def cut(
    returns: EventReturns, model: str, *, min_returns: int, missing: str, size: int
) -> list[Chunk]:
    """``returns`` in chunks of ``size`` pairs, in order."""
    places = np.arange(len(returns))
    return [
        Chunk(part, subset(returns, part), model, min_returns, missing)
        for part in (places[i : i + size] for i in range(0, len(places), size))
    ]


def subset(returns: EventReturns, places: Ints) -> EventReturns:
    """The pairs at ``places`` with only the series that they need."""
    used, index = np.unique(returns.series_index[places], return_inverse=True)
    dropped = {
        new: returns.dropped[int(old)]
        for new, old in enumerate(places)
        if int(old) in returns.dropped
    }
    return replace(
        returns,
        event_id=returns.event_id[places],
        group=returns.group[places],
        category=returns.category[places],
        series=tuple(returns.series[int(k)] for k in used),
        series_index=index.astype(np.int64),
        zero=returns.zero[places],
        dropped=dropped,
    )


def fit(chunk: Chunk) -> Fitted:
    """Estimate one chunk. What it hands back is small and can be sent between processes."""
    done = estimate(
        chunk.returns, chunk.model, min_returns=chunk.min_returns, missing=chunk.missing
    )
    others = np.setdiff1d(np.arange(len(chunk.places)), done.index)
    failures = tuple(
        (int(chunk.places[at]), f.event_id, f.ticker, f.code, f.detail)
        for at, f in zip(others, done.failures, strict=True)
    )
    return Fitted(chunk.places[done.index], done.fits, failures)


def estimate_in_chunks(
    returns: EventReturns, model: str, *, min_returns: int, missing: str, size: int, run: RunChunks
) -> Estimation:
    """As :func:`signals.estimate.estimate`, with ``run(fit, chunks)`` doing the chunks in any
    order. Checked by ``tests/flows/test_dask_runner.py``."""
    chunks = cut(returns, model, min_returns=min_returns, missing=missing, size=size)
    done = list(run(fit, chunks))
    fits = {int(p): f for part in done for p, f in zip(part.places, part.fits, strict=True)}
    failed = sorted(f for part in done for f in part.failures)
    index = np.asarray(sorted(fits), dtype=np.int64)
    ordered = tuple(fits[int(p)] for p in index)
    failures = tuple(
        EventError(event_id, ticker, "estimation", code, detail)
        for _, event_id, ticker, code, detail in failed
    )
    if not ordered:
        return Estimation(None, (), index, failures)
    samples = [sample_of(returns, int(p)) for p in index]
    panel = stack(returns, index, samples, ordered, model, missing)
    return Estimation(panel, ordered, index, failures)
