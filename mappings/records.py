"""Small indices of records beside that of documents: quarantine, judgements, events."""

from collections.abc import Iterator, Sequence
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import RequestError
from opensearchpy.helpers import scan

from engine.connections import guard
from mappings.bulk import Action, Status, check, write, write_all

Json = dict[str, Any]
KEYWORD: Json = {"type": "keyword", "ignore_above": 4096}
STORED_ONLY: Json = {"type": "object", "enabled": False}  # returned, never searched


class Records:
    """One index of records, created with the first write."""

    def __init__(self, client: OpenSearch, index: str, fields: Json, replicas: int) -> None:
        """`fields`: the `properties` of the mapping, which refuses other fields."""
        self.client, self.index = client, index
        self._fields, self._replicas, self._ready = fields, replicas, False

    def put(self, records: dict[str, Json], *, refresh: bool = True) -> None:
        """Write records by id, replacing those that exist; OmmaError where the mapping refuses one."""
        if records:
            self.ensure()
            write_all(self.client, (Action("index", self.index, i, record) for i, record in records.items()), refresh=refresh)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records; ids that do not exist are no error."""
        for result in write(self.client, (Action("delete", self.index, i) for i in ids), refresh=True):
            if result.status is not Status.NO_INDEX:
                check(result)

    def some(self, ids: Sequence[str]) -> dict[str, Json]:
        """The records with these ids, as far as they exist."""
        if not ids:
            return {}
        try:
            with guard():
                found = self.client.mget(index=self.index, body={"ids": list(ids)})["docs"]
        except MissingError:
            return {}
        return {document["_id"]: document["_source"] for document in found if document.get("found")}

    def all(self, query: Json | None = None) -> Iterator[tuple[str, Json]]:
        """Id and record of every match of a query, in any order."""
        try:
            with guard():
                for hit in scan(self.client, index=self.index, query={"query": query or {"match_all": {}}}):
                    yield hit["_id"], hit["_source"]
        except MissingError:
            return

    def ids(self) -> Iterator[str]:
        """The id of every record, in any order."""
        try:
            with guard():
                for hit in scan(self.client, index=self.index, query={"_source": False}):
                    yield hit["_id"]
        except MissingError:
            return

    def count(self, query: Json | None = None) -> int:
        """Number of matches of a query."""
        try:
            with guard():
                return int(self.client.count(index=self.index, body={"query": query or {"match_all": {}}})["count"])
        except MissingError:
            return 0

    def forget(self, query: Json) -> int:
        """Delete all matches of a query; the number of deleted records."""
        try:
            with guard():
                answer = self.client.delete_by_query(
                    index=self.index, body={"query": query}, params={"refresh": "true", "conflicts": "proceed"}
                )
        except MissingError:
            return 0
        return int(answer["deleted"])

    def ensure(self) -> None:
        """Create the index unless it exists; safe when several processes do so at once."""
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
