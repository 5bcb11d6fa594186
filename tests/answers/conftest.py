"""The live server with the small collection of the query tests."""

from tests.query.conftest import calibrated, client, evidences, full, landmark_thresholds, live, searcher, stub

__all__ = ["calibrated", "client", "evidences", "full", "landmark_thresholds", "live", "searcher", "stub"]
