"""Importing this module puts our defaults in place; do it before Prefect is imported."""

from flows import settings

settings.apply()
