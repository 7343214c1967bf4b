"""Commands and a small study, as the tests of the flows have them."""

from tests.flows.conftest import signals, study

__all__ = ["signals", "study"]
