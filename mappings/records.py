"""Small indices of records beside the documents: quarantine, judgements, events."""

from collections.abc import Iterator, Sequence
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import RequestError
from opensearchpy.helpers import bulk, scan

from engine.client import guard

Json = dict[str, Any]
KEYWORD: Json = {"type": "keyword", "ignore_above": 4096}
KEPT: Json = {"type": "object", "enabled": False}  # kept as it is, not searched


class Records:
    """One such index, made when something is first put into it."""

    def __init__(self, client: OpenSearch, index: str, fields: Json, replicas: int) -> None:
        """`fields` are the `properties` of its mapping; other fields are refused."""
        self.client, self.index = client, index
        self._fields, self._replicas, self._ready = fields, replicas, False

    def put(self, records: dict[str, Json], *, refresh: bool = True) -> None:
        """Put records in by id; one that is there is replaced."""
        if records:
            self.ensure()
            self.bulk(
                [{"_op_type": "index", "_index": self.index, "_id": i, "_source": r} for i, r in records.items()], refresh
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Take records out; those that are not there are no error."""
        self.bulk([{"_op_type": "delete", "_index": self.index, "_id": i} for i in ids], refresh=True)

    def bulk(self, actions: Sequence[Json], refresh: bool) -> None:
        """Carry out actions; an overloaded engine is asked again."""
        if actions:
            with guard():
                bulk(self.client, actions, refresh=refresh, max_retries=5, initial_backoff=1, ignore_status=(404,))

    def some(self, ids: Sequence[str]) -> dict[str, Json]:
        """Those of these ids that are there."""
        if not ids:
            return {}
        try:
            with guard():
                found = self.client.mget(index=self.index, body={"ids": list(ids)})["docs"]
        except MissingError:
            return {}
        return {document["_id"]: document["_source"] for document in found if document.get("found")}

    def all(self, query: Json | None = None) -> Iterator[tuple[str, Json]]:
        """Every record that a query matches, with its id, in no order."""
        try:
            with guard():
                for hit in scan(self.client, index=self.index, query={"query": query or {"match_all": {}}}):
                    yield hit["_id"], hit["_source"]
        except MissingError:
            return

    def ids(self) -> Iterator[str]:
        """The id of every record, in no order."""
        try:
            with guard():
                for hit in scan(self.client, index=self.index, query={"_source": False}):
                    yield hit["_id"]
        except MissingError:
            return

    def count(self, query: Json | None = None) -> int:
        """How many a query matches."""
        try:
            with guard():
                return int(self.client.count(index=self.index, body={"query": query or {"match_all": {}}})["count"])
        except MissingError:
            return 0

    def forget(self, query: Json) -> int:
        """Delete what a query matches; how many."""
        try:
            with guard():
                answer = self.client.delete_by_query(
                    index=self.index, body={"query": query}, params={"refresh": "true", "conflicts": "proceed"}
                )
        except MissingError:
            return 0
        return int(answer["deleted"])

    def ensure(self) -> None:
        """Make the index; several processes may come at once."""
        if self._ready:
            return
        body = {
            "settings": {"number_of_shards": 1, "number_of_replicas": self._replicas},
            "mappings": {"dynamic": "strict", "properties": self._fields},
        }
        with guard():
            if not self.client.indices.exists(index=self.index):
                try:
                    self.client.indices.create(index=self.index, body=body)
                except RequestError as error:
                    if error.error != "resource_already_exists_exception":
                        raise
        self._ready = True
