"""Expected-return models."""

from signals.models.fit import FitError, ModelFit, Sample

__all__ = ["FitError", "ModelFit", "Sample"]
