"""The live server with the small collection that searches are tested on."""

from tests.query.conftest import (
    calibrated,
    client,
    evidences,
    full,
    landmark_thresholds,
    live,
    searcher,
    stub,
)

__all__ = ["calibrated", "client", "evidences", "full", "landmark_thresholds", "live", "searcher", "stub"]
