"""Hostile surroundings: servers that misbehave by name, and the tests that meet them."""
