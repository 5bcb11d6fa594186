"""Searches and events in the schema of OpenSearch User Behavior Insights (`ubi_queries`, `ubi_events`).

In addition to the schema's own fields, a query has in `omma` (stored, not searched) the data for learning: the topic, the
ranker, each result's team, and the factor table as it was served (gzip, base64).
"""

import base64
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from opensearchpy import OpenSearch
from pydantic import BaseModel, ConfigDict, Field

from engine.settings import Settings
from mappings.records import STORED_ONLY, Json, Records
from ranking.candidate_set import CandidateSet
from ranking.judgements.judgement import Topic

APPLICATION, ID_FIELD = "omma", "id"
Action = Literal["impression", "click"]
ACTIONS: tuple[Action, ...] = get_args(Action)
GOAL = "goal"  # action of a chosen goal; it is about the search, not about a result
SHORT: Json = {"type": "keyword", "ignore_above": 100}
TEXT: Json = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
QUERY_FIELDS: Json = {
    "timestamp": {"type": "date"}, "query_id": SHORT, "query": {"type": "text"}, "query_response_id": SHORT,
    "query_response_hit_ids": {"type": "keyword"}, "user_query": TEXT, "query_attributes": {"type": "flat_object"},
    "client_id": SHORT, "application": SHORT, "object_id_field": SHORT, "indexes": {"type": "keyword"}, "omma": STORED_ONLY,
}  # fmt: skip
EVENT_FIELDS: Json = {
    "application": SHORT, "action_name": SHORT, "client_id": SHORT, "query_id": SHORT,
    "message": {"type": "keyword", "ignore_above": 1024},
    "message_type": SHORT, "user_query": TEXT, "timestamp": {"type": "date"},
    "event_attributes": {
        "properties": {
            "position": {"properties": {"ordinal": {"type": "integer"}}},
            "object": {"properties": {"object_id": {"type": "keyword", "ignore_above": 256}, "object_id_field": SHORT}},
        }
    },
}  # fmt: skip


class Event(BaseModel):
    """An impression or a click of a result; `position` counts from 1 over all pages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query_id: str = Field(min_length=8, max_length=64, pattern=r"^[0-9a-f-]+$")
    action: Action
    document: str = Field(min_length=1, max_length=64)
    position: int = Field(ge=1, le=100_000)


@dataclass(frozen=True, slots=True)
class Served:
    """A logged search."""

    query_id: str
    client: str
    topic: Topic
    ranker: str
    shown: Sequence[str]
    teams: dict[str, str]
    candidate_set: CandidateSet
    time: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """A logged event."""

    query_id: str
    client: str
    action: Action
    document: str
    position: int
    time: datetime


@dataclass(frozen=True, slots=True)
class ChosenGoal:
    """What a user said that a search was for; `guessed` is what Omma had taken it for, empty where that is not known."""

    query_id: str
    client: str
    goal: str
    guessed: str
    time: datetime


class Behaviour:
    """The indices of searches and events; their names are the standard's unless settings change them."""

    def __init__(self, client: OpenSearch, settings: Settings) -> None:
        """Both are created by the first record."""
        self.queries = Records(client, settings.ubi_queries, QUERY_FIELDS, settings.index_replicas)
        self.events = Records(client, settings.ubi_events, EVENT_FIELDS, settings.index_replicas)

    def served(self) -> Iterator[Served]:
        """Every search of this application, in no order."""
        for name, record in self.queries.all({"term": {"application": APPLICATION}}):
            yield _served(name, record)

    def done(self) -> Iterator[Done]:
        """Every impression and click of this application, in no order."""
        for _, record in self.events.all(_of_application({"terms": {"action_name": list(ACTIONS)}})):
            attributes = record["event_attributes"]
            yield Done(
                record["query_id"], record["client_id"], record["action_name"], attributes["object"]["object_id"],
                attributes["position"]["ordinal"], datetime.fromisoformat(record["timestamp"]),
            )  # fmt: skip

    def goals(self) -> Iterator[ChosenGoal]:
        """Every goal that was chosen in this application, in no order."""
        records = [record for _, record in self.events.all(_of_application({"term": {"action_name": GOAL}}))]
        searches = self.queries.some([record["query_id"] for record in records])
        for record in records:
            guessed = searches.get(record["query_id"], {}).get("query_attributes", {}).get("goal", "")
            time = datetime.fromisoformat(record["timestamp"])
            yield ChosenGoal(record["query_id"], record["client_id"], record["message"], guessed, time)

    def forget_client(self, client: str) -> int:
        """Delete all records of one client; their number."""
        return sum(records.forget({"term": {"client_id": client}}) for records in (self.queries, self.events))


def _of_application(query: Json) -> Json:
    return {"bool": {"filter": [{"term": {"application": APPLICATION}}, query]}}


def forget(client: OpenSearch, settings: Settings) -> int:
    """Delete records older than OMMA_EVENTS_DAYS; their number."""
    behaviour, before = Behaviour(client, settings), datetime.now(UTC) - timedelta(days=settings.events_days)
    old = {"range": {"timestamp": {"lt": before.isoformat()}}}
    return sum(records.forget(old) for records in (behaviour.queries, behaviour.events))


def query_record(
    *,
    client: str,
    topic: Topic,
    ranker: str,
    shown: Sequence[str],
    teams: dict[str, str],
    candidate_set: CandidateSet,
    index: str,
    goal: str = "",
) -> Json:
    """A search as it is logged; `goal` is what it was taken for."""
    return {
        "application": APPLICATION, "client_id": client, "timestamp": _now(), "user_query": topic.text, "indexes": [index],
        "object_id_field": ID_FIELD, "query_response_hit_ids": list(shown),
        "query_attributes": {
            "intent": candidate_set.query_features.intent, "category": candidate_set.query_features.category,
            "ranker": ranker, "topic": topic.named().id, "goal": goal,
        },
        "omma": {
            "topic": topic.named().model_dump(mode="json"), "ranker": ranker, "teams": teams,
            "candidate_set": packed(candidate_set),
        },
    }  # fmt: skip


def event_record(event: Event, client: str) -> Json:
    """An event as it is logged."""
    return {
        "application": APPLICATION, "action_name": event.action, "client_id": client, "query_id": event.query_id,
        "timestamp": _now(),
        "event_attributes": {
            "object": {"object_id": event.document, "object_id_field": ID_FIELD}, "position": {"ordinal": event.position}
        },
    }  # fmt: skip


def goal_record(query_id: str, goal: str, client: str) -> Json:
    """A chosen goal as it is logged: a label of the search."""
    return {
        "application": APPLICATION, "action_name": GOAL, "client_id": client, "query_id": query_id, "timestamp": _now(),
        "message": goal, "message_type": GOAL,
    }  # fmt: skip


def packed(candidate_set: CandidateSet) -> str:
    """A candidate set in a tenth of its size."""
    return base64.b64encode(gzip.compress(candidate_set.model_dump_json().encode(), 6, mtime=0)).decode()


def unpacked(text: str) -> CandidateSet:
    """Inverse of `packed`."""
    return CandidateSet.model_validate_json(gzip.decompress(base64.b64decode(text)))


def _served(name: str, record: Json) -> Served:
    kept = record["omma"]
    return Served(
        name, record["client_id"], Topic.model_validate(kept["topic"]), kept["ranker"], record["query_response_hit_ids"],
        kept["teams"], unpacked(kept["candidate_set"]), datetime.fromisoformat(record["timestamp"]),
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
