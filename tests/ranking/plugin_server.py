"""A server with the Learning to Rank plugin, as far as its store goes; opensearch-py's own client of the plugin talks to it."""

import json
from typing import Any, cast

from opensearchpy import OpenSearch
from opensearchpy.client.plugins import PluginsClient
from opensearchpy.exceptions import ConflictError, NotFoundError, RequestError

from tests.ranking.plugin_reference import Json


class Server:
    """A server with the plugin's store: what is there is not overwritten, what is not there is a 404."""

    def __init__(self, number: str = "3.6.0", *, plugin: bool = True) -> None:
        self.number, self.plugin = number, plugin
        self.kept: dict[str, Any] = {}
        self.written: list[str] = []
        self.transport = self  # of opensearch-py's own client of the plugin
        self.plugins = PluginsClient(cast(OpenSearch, self))

    def info(self) -> Json:
        return {"version": {"number": self.number}}

    def perform_request(
        self, method: str, path: str, params: Json | None = None, headers: Json | None = None, body: Json | None = None
    ) -> Json:
        if not self.plugin:
            raise RequestError(400, "illegal_argument_exception", {"error": f"no handler found for uri [{path}]"})
        if method == "GET":
            return self._there(path)
        if path.count("/") > 2 and "/_ltr/omma" not in self.kept:
            raise RequestError(400, "illegal_argument_exception", {"error": "Store [.ltrstore_omma] does not exist"})
        return self._put(path, body)

    def _there(self, path: str) -> Json:
        if path == "/_ltr":
            return {"stores": {}}
        if path not in self.kept:
            raise NotFoundError(404, "not_found", {})
        return {"_source": self.kept[path]}

    def _put(self, path: str, body: Json | None) -> Json:
        if body and "model" in body:  # it is stored with the features of its set
            model = body["model"]
            features = self.kept[path.removesuffix("/_createmodel")]["featureset"]
            path = f"/_ltr/omma/_model/{model['name']}"
            extra = {"feature_set": features, "model": model["model"] | {"feature_normalizers": {}}}
            body = {"model": model | extra}
        if path in self.kept:
            raise ConflictError(409, "version_conflict_engine_exception", {})
        self.kept[path] = json.loads(json.dumps(body))
        self.written.append(path)
        return {"result": "created"}
