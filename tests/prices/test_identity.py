"""Names and currencies, stated and found."""

from __future__ import annotations

import pytest

from signals.prices import PriceUnavailable
from signals.prices.identity import check_identity

from .making import asked, codes


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("Meta Platforms", "Meta Platforms, Inc."),
        ("artificial superintelligence alliance", "Artificial Superintelligence Alliance USD"),
        ("L'Oréal", "L'Oréal S.A. / L'OREAL"),
    ],
)
def test_all_words_of_the_stated_name_are_found(stated: str, found: str) -> None:
    assert check_identity(asked(name=stated), found, "USD", "yahoo") == []


def test_another_coin_of_the_same_ticker_is_refused() -> None:
    with pytest.raises(PriceUnavailable, match="'Fetch Lending'") as caught:
        check_identity(asked(name="Artificial Superintelligence"), "Fetch Lending", "USD", "yahoo")
    assert caught.value.code == "name_mismatch"


def test_pence_are_not_pounds() -> None:
    with pytest.raises(PriceUnavailable, match="GBp") as caught:
        check_identity(asked(currency="GBP"), "Rolls-Royce", "GBp", "yahoo")
    assert caught.value.code == "currency_mismatch"


def test_what_could_not_be_checked_is_said() -> None:
    found = check_identity(asked(name="Meta", currency="USD"), "", "", "csv")
    assert codes(found) == {"name_unchecked": 1}
    assert "no name and no currency" in found[0].detail
    assert check_identity(asked(), "", "", "csv") == []
