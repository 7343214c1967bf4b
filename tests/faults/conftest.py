"""Commands in this process, as the tests of the flows run them."""

from tests.flows.conftest import signals

__all__ = ["signals"]
