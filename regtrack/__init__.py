"""regtrack: per-base regulatory tracks of whole chromosomes from sequence models."""

__version__ = "0.1.0"
