"""A model and its features on a server that has the Learning to Rank plugin, or in files for one.

Names hold the model's id: what a name stands for never changes, so that searches going on are not disturbed, and uploading
again does nothing.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opensearchpy import OpenSearch
from opensearchpy.exceptions import TransportError

from engine.client import guard
from engine.errors import ConfigurationError
from ranking.learning.features import QUESTION
from ranking.learning.learned import Learned
from ranking.plugin.featureset import feature_set, model_body

Json = dict[str, Any]
STORE = "omma"
PLUGIN = "opensearch-ltr"
OLDEST = (3, 2)  # before it, a missing value cannot be told from zero
ABSENT = (400, 404, 405)


@dataclass(frozen=True, slots=True)
class Export:
    """A model in the plugin's form: its name there (also that of its feature set), and the bodies of both requests."""

    name: str
    featureset: Json
    model: Json


def export(learned: Learned) -> Export:
    """ConfigurationError where the model reads what the engine cannot compute."""
    name = model_name(learned.name)
    if not re.fullmatch(r"[\w.-]+", name, flags=re.ASCII):
        raise ConfigurationError(f"{learned.name!r} cannot be a name in the plugin's store")
    columns = learned.features.columns
    body = model_body(name, (*columns, *QUESTION), learned.booster)
    return Export(name, feature_set(name, columns, QUESTION), body)


def model_name(model: str) -> str:
    """What a model is called in the plugin's store."""
    return f"omma-{model}"


def has_plugin(client: OpenSearch) -> bool:
    """Whether the server answers for the plugin; EngineUnavailable where it does not answer at all."""
    return _ask(client, "GET", "/_ltr") is not None


def upload(client: OpenSearch, exported: Export, store: str = STORE) -> None:
    """Make the store where there is none, and put the feature set and the model into it, each unless it is there.

    ConfigurationError where the server has no plugin, is too old, refuses, or has something else under that name.
    """
    _check_server(client)
    if _ask(client, "GET", f"/_ltr/{store}") is None:
        _send(client, "PUT", f"/_ltr/{store}")
    for method, path, read, kind, body in _requests(exported, store):
        there = _ask(client, "GET", read)
        if there is None:
            _send(client, method, path, body)
        elif not _same(there["_source"][kind], body[kind]):
            raise ConfigurationError(
                f"the store {store!r} has another {kind} named {exported.name!r}; delete it (DELETE {read})"
            )


def write(folder: Path, exported: Export, store: str = STORE) -> Path:
    """`featureset.json`, `model.json` and a README that says what to send where."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (("featureset", exported.featureset), ("model", exported.model)):
        (folder / f"{name}.json").write_text(json.dumps(body, indent=2) + "\n")
    (_, put, *_), (_, post, *_) = _requests(exported, store)
    (folder / "README.md").write_text(_README.format(name=exported.name, store=store, put=put, post=post, plugin=PLUGIN))
    return folder


def _requests(exported: Export, store: str) -> list[tuple[str, str, str, str, Json]]:
    """What is sent, what is read to see whether it is there, and the key of the body: method, path, path, key, body."""
    name = quote(exported.name, safe="")
    features, model = f"/_ltr/{store}/_featureset/{name}", f"/_ltr/{store}/_model/{name}"
    return [
        ("PUT", features, features, "featureset", exported.featureset),
        ("POST", f"{features}/_createmodel", model, "model", exported.model),
    ]


def _check_server(client: OpenSearch) -> None:
    if not has_plugin(client):
        raise ConfigurationError(
            f"the server has no Learning to Rank plugin: install {PLUGIN} on every node. The embedded server has no plugins "
            "beyond k-NN and neural search; name another one by OMMA_OPENSEARCH_URL"
        )
    with guard():
        number = str(client.info()["version"]["number"])
    if tuple(int(part) for part in re.findall(r"\d+", number)[:2]) < OLDEST:
        raise ConfigurationError(
            f"OpenSearch {number} takes missing values for zero in learned orders; it must be 3.2 or later"
        )


def _ask(client: OpenSearch, method: str, path: str) -> Json | None:
    """What the server has there; None where it has nothing."""
    try:
        return _perform(client, method, path, None)
    except TransportError as error:
        if error.status_code in ABSENT:
            return None
        raise ConfigurationError(f"the server refused {method} {path}: {error}") from error


def _send(client: OpenSearch, method: str, path: str, body: Json | None = None) -> None:
    try:
        _perform(client, method, path, body)
    except TransportError as error:
        raise ConfigurationError(f"the server refused {method} {path}: {error}") from error


def _perform(client: OpenSearch, method: str, path: str, body: Json | None) -> Json:
    with guard():
        answer: Json = client.transport.perform_request(method, path, body=body)
    return answer


def _same(stored: Json, sent: Json) -> bool:
    """Whether the store holds what would be sent; it adds a model's features, which are in its name's feature set."""
    if "features" in sent:
        return bool(stored["features"] == sent["features"])
    return bool(stored["model"]["definition"] == sent["model"]["definition"])


_README = """# A learned order of Omma, for OpenSearch Learning to Rank

Needs OpenSearch 3.2 or later with the plugin `{plugin}`. `featureset.json` says how the engine computes the features,
`model.json` holds the trees. Send, in this order, each with the header `Content-Type: application/json`:

1. `PUT /_ltr/{store}` without a body, unless the store is there.
2. `PUT {put}` with `featureset.json` as the body.
3. `POST {post}` with `model.json` as the body.

Then search with a rescore by `sltr`:

    {{"query": ..., "rescore": {{"window_size": 200, "query": {{"query_weight": 0, "rescore_query_weight": 1, "rescore_query":
      {{"sltr": {{"store": "{store}", "model": "{name}", "params": {{...}}}}}}}}}}}}

`params` has, by a column's name (`.` is written `_`), the whole query that scores a document in that column; a column that a
question does not have is left out. The numbers named `question_...` must all be there.

Names never change what they stand for: a new model has a new name. `DELETE` on the paths above takes one away.
"""
