"""Put a model and its features on a server with the Learning to Rank plugin, or into files for one.

Names contain the model's id, so that the meaning of a name never changes: running searches are not disturbed, and a second
upload does nothing.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import TransportError

from engine.connections import guard
from engine.errors import ConfigurationError
from ranking.learning.features import QUESTION
from ranking.learning.learned import Learned
from ranking.plugin.featureset import feature_set, model_body

Json = dict[str, Any]
STORE = "omma"
PLUGIN = "opensearch-ltr"
MIN_VERSION = (3, 2)  # older servers treat a missing value as zero
ABSENT = (400, 404, 405)  # 400 and 405 are the answers of a server that has no such route: it lacks the plugin
Call = Callable[..., Json]  # a method of opensearch-py's client of the plugin


@dataclass(frozen=True, slots=True)
class Export:
    """A model in the plugin's form: its name there (also that of its feature set), and the bodies of both requests."""

    name: str
    featureset: Json
    model: Json


def export(learned: Learned) -> Export:
    """The model in the plugin's form; ConfigurationError where it reads features that the engine cannot compute."""
    name = model_name(learned.name)
    if not re.fullmatch(r"[\w.-]+", name, flags=re.ASCII):
        raise ConfigurationError(f"{learned.name!r} cannot be a name in the plugin's store")
    columns = learned.features.columns
    body = model_body(name, (*columns, *QUESTION), learned.booster)
    return Export(name, feature_set(name, columns, QUESTION), body)


def model_name(model: str) -> str:
    """The name of a model in the plugin's store."""
    return f"omma-{model}"


def has_plugin(client: OpenSearch) -> bool:
    """Whether the server has the plugin; EngineUnavailable where it does not answer."""
    return _ask("the list of stores", client.plugins.ltr.list_stores) is not None


def upload(client: OpenSearch, exported: Export, store: str = STORE) -> None:
    """Create the store, the feature set and the model, each unless it exists.

    ConfigurationError where the server has no plugin, is too old, refuses, or has something else of that name.
    """
    check_server(client)
    ltr, name, shown = client.plugins.ltr, exported.name, f"{exported.name!r} in the store {store!r}"
    if _ask(f"the store {store!r}", ltr.get_store, store=store) is None:
        _send(f"the store {store!r}", ltr.create_store, store=store)
    there = _ask(f"the feature set {shown}", ltr.get_featureset, id=name, store=store)
    send = partial(ltr.create_featureset, id=name, body=exported.featureset, store=store)
    _put(f"feature set {shown}", there, "featureset", exported.featureset, send)
    there = _ask(f"the model {shown}", ltr.get_model, id=name, store=store)
    send = partial(ltr.create_model_from_set, name=name, body=exported.model, store=store)
    _put(f"model {shown}", there, "model", exported.model, send)


def write(folder: Path, exported: Export, store: str = STORE) -> Path:
    """Write `featureset.json`, `model.json` and a README with the requests to send; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (("featureset", exported.featureset), ("model", exported.model)):
        (folder / f"{name}.json").write_text(json.dumps(body, indent=2) + "\n")
    (folder / "README.md").write_text(_README.format(name=exported.name, store=store, plugin=PLUGIN))
    return folder


def check_server(client: OpenSearch) -> None:
    """ConfigurationError where the server lacks the plugin, or is too old."""
    if not has_plugin(client):
        raise ConfigurationError(
            f"the server has no Learning to Rank plugin: install {PLUGIN} on every node. The embedded server has no plugins "
            "beyond k-NN and neural search; name another one by OMMA_OPENSEARCH_URL"
        )
    with guard():
        number = str(client.info()["version"]["number"])
    if tuple(int(part) for part in re.findall(r"\d+", number)[:2]) < MIN_VERSION:
        raise ConfigurationError(
            f"OpenSearch {number} takes missing values for zero in learned orders; it must be 3.2 or later"
        )


def _ask(what: str, call: Call, **arguments: str) -> Json | None:
    """The server's answer; None where it has no such thing."""
    try:
        with guard():
            return call(**arguments)
    except TransportError as error:
        if error.status_code in ABSENT:
            return None
        raise ConfigurationError(f"the server refused to show {what}: {error}") from error


def _send(what: str, call: Call, **arguments: str) -> None:
    try:
        with guard():
            call(**arguments)
    except TransportError as error:
        raise ConfigurationError(f"the server refused {what}: {error}") from error


def _put(what: str, there: Json | None, kind: str, body: Json, send: Call) -> None:
    """Send a body unless the server has it; ConfigurationError where it has another of that name."""
    if there is None:
        _send(f"the {what}", send)
    elif not _same(there["_source"][kind], body[kind]):
        raise ConfigurationError(f"the server has another {what}; delete that one to replace it")


def _same(stored: Json, sent: Json) -> bool:
    """Whether the store has the body. It adds features to a stored model, which the feature set of that name has as well."""
    if "features" in sent:
        return bool(stored["features"] == sent["features"])
    return bool(stored["model"]["definition"] == sent["model"]["definition"])


_README = """# A learned order of Omma, for OpenSearch Learning to Rank

Needs OpenSearch 3.2 or later with the plugin `{plugin}`. `featureset.json` says how the engine computes the features,
`model.json` holds the trees. Send, in this order, each with the header `Content-Type: application/json`:

1. `PUT /_ltr/{store}` without a body, unless the store is there.
2. `PUT /_ltr/{store}/_featureset/{name}` with `featureset.json` as the body.
3. `POST /_ltr/{store}/_featureset/{name}/_createmodel` with `model.json` as the body.

Then search with a rescore by `sltr`:

    {{"query": ..., "rescore": {{"window_size": 200, "query": {{"query_weight": 0, "rescore_query_weight": 1, "rescore_query":
      {{"sltr": {{"store": "{store}", "model": "{name}", "params": {{...}}}}}}}}}}}}

`params` has, by the name of a column (with `_` for `.`), the query that scores a document in that column; columns that a
question lacks are left out. All numbers named `question_...` are required.

The meaning of a name never changes: a new model has a new name. `DELETE` on the paths above removes one.
"""
