"""Fixtures shared by all tests: real servers, fresh names, generated pictures."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import Settings


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """An OpenSearch of our own, or the one that OMMA_TEST_OPENSEARCH_URL names."""
    yield os.environ["OMMA_TEST_OPENSEARCH_URL"]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of our own, or the one that OMMA_TEST_REDIS_URL names."""
    yield os.environ["OMMA_TEST_REDIS_URL"]


@pytest.fixture()
def settings(tmp_path: Path) -> Settings:
    """Settings for a test without servers: a home and a store of its own."""
    return Settings(home=tmp_path, store_url=f"file://{tmp_path}/store", index_prefix=f"t{uuid.uuid4().hex[:10]}")


@pytest.fixture()
def live_settings(settings: Settings, opensearch_url: str, redis_url: str) -> Settings:
    """Settings that name the real servers, with a fresh index prefix."""
    return settings.model_copy(update={"opensearch_url": opensearch_url, "redis_url": redis_url})
