"""A model and its features on a server that has the Learning to Rank plugin, or in files for one.

Names hold the model's id: what a name stands for never changes, so that searches going on are not disturbed, and uploading
again does nothing.
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
OLDEST = (3, 2)  # before it, a missing value cannot be told from zero
ABSENT = (400, 404, 405)  # 400 and 405 are the answers of a server that has no such route: it lacks the plugin
Call = Callable[..., Json]  # a method of opensearch-py's client of the plugin


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
    return _ask("the list of stores", client.plugins.ltr.list_stores) is not None


def upload(client: OpenSearch, exported: Export, store: str = STORE) -> None:
    """Make the store where there is none, and put the feature set and the model into it, each unless it is there.

    ConfigurationError where the server has no plugin, is too old, refuses, or has something else under that name.
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
    """`featureset.json`, `model.json` and a README that says what to send where."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (("featureset", exported.featureset), ("model", exported.model)):
        (folder / f"{name}.json").write_text(json.dumps(body, indent=2) + "\n")
    (folder / "README.md").write_text(_README.format(name=exported.name, store=store, plugin=PLUGIN))
    return folder


def check_server(client: OpenSearch) -> None:
    """ConfigurationError where the server cannot hold a model: it lacks the plugin, or is too old."""
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


def _ask(what: str, call: Call, **arguments: str) -> Json | None:
    """What the server has; None where it has nothing."""
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
    """Send it, unless the same is there; ConfigurationError where something else is."""
    if there is None:
        _send(f"the {what}", send)
    elif not _same(there["_source"][kind], body[kind]):
        raise ConfigurationError(f"the server has another {what}; delete that one to replace it")


def _same(stored: Json, sent: Json) -> bool:
    """Whether the store holds what would be sent; it adds a model's features, which are in its name's feature set."""
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

`params` has, by a column's name (`.` is written `_`), the whole query that scores a document in that column; a column that a
question does not have is left out. The numbers named `question_...` must all be there.

Names never change what they stand for: a new model has a new name. `DELETE` on the paths above takes one away.
"""
