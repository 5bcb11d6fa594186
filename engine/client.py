"""The OpenSearch client of this process, and what its failures mean."""

from collections.abc import Iterator
from contextlib import contextmanager

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import ConnectionTimeout, TransportError

from engine.errors import ConfigurationError, EngineUnavailable
from engine.settings import Settings

OVERLOADED = (429, 502, 503, 504)


def addresses(settings: Settings) -> list[str]:
    """The cluster's addresses: the setting's, or the embedded server's."""
    named = [part.strip() for part in settings.opensearch_url.split(",") if part.strip()]
    return named or [f"http://127.0.0.1:{settings.opensearch_port}"]


def connect(settings: Settings) -> OpenSearch:
    """A client with bounded waiting: one retry on another node, never longer than the setting twice over.

    ConfigurationError where the setting is no address.
    """
    user = settings.opensearch_user
    try:
        return OpenSearch(
            hosts=addresses(settings),
            http_auth=(user, settings.opensearch_password.get_secret_value()) if user else None,
            verify_certs=settings.opensearch_verify,
            ca_certs=settings.opensearch_ca or None,
            ssl_show_warn=False,
            timeout=settings.opensearch_timeout,
            max_retries=1,
            retry_on_timeout=False,
            pool_maxsize=16,
        )
    except (TypeError, ValueError) as error:  # the address is not repeated: it may carry a password
        raise ConfigurationError("OMMA_OPENSEARCH_URL is no address; one is `http://search.example:9200`") from error


@contextmanager
def guard() -> Iterator[None]:
    """Turn a server that is away, slow or overloaded into EngineUnavailable; let other errors through."""
    try:
        yield
    except ConnectionTimeout as error:
        raise EngineUnavailable("OpenSearch did not answer in time; see `omma status` and `omma logs opensearch`") from error
    except ClientConnectionError as error:
        raise EngineUnavailable(f"OpenSearch cannot be reached ({error.error}); see `omma status`") from error
    except TransportError as error:
        if error.status_code in OVERLOADED:
            raise EngineUnavailable(f"OpenSearch is overloaded or starting (status {error.status_code})") from error
        if error.error == "cluster_block_exception":
            raise EngineUnavailable("OpenSearch takes no writes now: a reindex is about to end, or the disk is full") from error
        raise
