"""The command line. ``flows.cli:main`` is the console script ``signals``."""

from flows.cli.app import main

__all__ = ["main"]
