"""Peers as the benchmark: what did firms like this one do on the same sessions?"""

from __future__ import annotations

from dataclasses import replace

from signals.models.fit import FitError, ModelFit, Sample
from signals.models.ols import fit_columns

TREATED = "peers_treated"


def fit_peer_index(sample: Sample) -> ModelFit:
    """E[R_t] = a + b·(equal-weighted mean of the peers' returns), least squares (k = 2).

    ``sample.x_*`` hold one column per peer. A session counts only where every peer has a return:
    an index whose members change from day to day is another index. Flag ``peers_treated``: news
    that moves the sector moves the peers too, and their share of it is then subtracted.
    V as for the market model. Test: tests/models/test_peers.py.
    """
    if not sample.names:
        raise FitError("no_peers", "the peer index has no peers")
    index = replace(
        sample,
        x_est=sample.x_est.mean(axis=1, keepdims=True),
        x_event=sample.x_event.mean(axis=1, keepdims=True),
        names=("peers",),
    )
    fit = fit_columns(index, "peer_index")
    return replace(fit, flags=(*fit.flags, TREATED))
