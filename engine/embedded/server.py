"""The embedded server of these settings, and what any cluster must be like."""

import time
from collections.abc import Callable
from pathlib import Path

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from engine.embedded import java
from engine.embedded.artifacts import ensure_server
from engine.embedded.node import Node
from engine.embedded.user import service_user
from engine.errors import ConfigurationError, EngineUnavailable
from engine.paths import paths_of
from engine.settings import Settings

OLDEST = 3  # the major version that queries are written for
PLUGIN = "opensearch-knn"


def node(settings: Settings) -> Node:
    """The one node of this machine; fetches and unpacks the server where it is missing."""
    base = paths_of(settings)
    return Node(
        server=ensure_server(base.root),
        folder=base.data / "opensearch",
        java=java_home(),
        port=settings.opensearch_port,
        heap=settings.opensearch_heap,
        user=service_user(),
        logs=base.logs / "opensearch",
    )


def java_home() -> Path:
    """Where a Java is that the server runs on; ConfigurationError says what is there instead, and what to do."""
    found = java.find_java()
    if found is None:
        raise ConfigurationError(java.mend(list(java.every_java())))
    return found.home


def wait_until_ready(client: OpenSearch, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Return when the cluster answers with its primaries allocated; EngineUnavailable after that time or when it died."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        try:
            health = client.cluster.health(params={"wait_for_status": "yellow"}, request_timeout=5)
            if health["status"] in {"yellow", "green"}:
                return
        except OpenSearchException:
            time.sleep(0.3)
    what = "did not become ready in time" if alive() else "stopped while starting"
    raise EngineUnavailable(f"OpenSearch {what}; see `omma logs opensearch`")


def check_version(client: OpenSearch) -> None:
    """ConfigurationError when a cluster is too old or lacks the k-NN plugin."""
    version = str(client.info()["version"]["number"])
    if int(version.split(".", maxsplit=1)[0]) < OLDEST:
        raise ConfigurationError(f"OpenSearch {version} is too old; {OLDEST}.x is needed")
    if PLUGIN not in {row["component"] for row in client.cat.plugins(format="json")}:
        raise ConfigurationError(f"this OpenSearch has no k-NN plugin; install {PLUGIN}")
