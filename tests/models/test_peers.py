"""The peer index is the market model on the peers' mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from signals.models import FitError, fit_model
from tests.models.samples import factor_sample


def test_peer_index_by_hand():
    s = dataclasses.replace(factor_sample(), names=("A", "B", "C", "D", "E", "F"))
    fit = fit_model("peer_index", s)
    index, index1 = s.x_est.mean(axis=1), s.x_event.mean(axis=1)
    b = np.polyfit(index, s.y_est, 1)[::-1]
    np.testing.assert_allclose(fit.params, b, rtol=1e-9)
    np.testing.assert_allclose(fit.expected, b[0] + b[1] * index1, rtol=1e-9, atol=1e-15)
    assert fit.names == ("const", "peers")
    assert fit.flags == ("peers_treated",)
    assert fit.df_resid == 248
    assert fit.prediction == "forecast"


def test_a_missing_peer_removes_the_session_not_the_peer():
    s = factor_sample()
    x = s.x_est.copy()
    x[7, 3] = np.nan
    fit = fit_model("peer_index", dataclasses.replace(s, x_est=x))
    assert fit.n_obs == 249
    assert np.isnan(fit.residuals[7])


def test_no_peers_is_said():
    s = factor_sample()
    with pytest.raises(FitError) as caught:
        fit_model(
            "peer_index",
            dataclasses.replace(s, names=(), x_est=s.x_est[:, :0], x_event=s.x_event[:, :0]),
        )
    assert caught.value.code == "no_peers"
