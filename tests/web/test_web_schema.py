"""The API keeps to its description: each route is tried with requests that fit the description, and with others."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ingest.jobs import Failure, Progress
from query.answer import Source
from query.document import DescribedItem, DescribedPart, DocumentView, LinkedSnippet
from ranking.judgements.judgement import Judgement, Topic
from tests.web.judging_doubles import FakeJudgements
from tests.web.web_doubles import NOW, FakeIngest, picture_bytes, sha

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TOPIC = Topic(text="a fox", box=[0, 0, 1, 1], filters={"category": ["animals"]}).named()
KNOWN = {
    "document_id": sha(1), "job_id": "job1", "topic": TOPIC.id, "document": sha(1), "rater": "Ada", "one": sha(0),
    "other": sha(1), "like": sha(2), "address": "https://example.org/a.png", "picture": "", "box": "", "region": "",
    "source": "demo",
}  # fmt: skip
# Cases generated for each operation: generating one costs more than sending it, so that each that fits is sent twice.
EXAMPLES = {GenerationMode.POSITIVE: 40, GenerationMode.NEGATIVE: 36}


@pytest.fixture()
def api(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application in which everything that can be asked for is there, without limits and without a network."""
    monkeypatch.setattr("web.views.search.fetch", lambda address, settings: SimpleNamespace(data=picture_bytes()))
    judgements = FakeJudgements()
    topic = judgements.add_topic(TOPIC)
    judgements.judge(Judgement(topic=topic.id, document=sha(n), grade=3, rater=who) for n in range(3) for who in ("Ada", "Bo"))
    failed = Failure(reference="x.jpg", reason="empty", message="The file is empty.")
    job = Progress(id="job1", source="demo", collection="demo", state="running", started=NOW, failures=[failed])
    made = make_app({"show": a_view, "judgements": judgements, "ingest": FakeIngest(progresses=[job])})
    monkeypatch.setattr("web.access.limiter.enabled", False)
    return made


def a_view(document_id: str) -> DocumentView:
    """Something of everything that a picture's page shows."""
    return DocumentView(
        id=document_id, title="Fox", place=[1.5, 2.5], price=3.5, facets={"brand": ["Acme"]},
        sources=[Source(source="folder", reference="fox.png", collection="tests")],
        texts=[LinkedSnippet(kind="caption", text="A fox", weight=0.2, reason="a file's name", is_trash=True)],
        text="fox",
        descriptions=[
            DescribedPart(factor="objects", title="Objects", items=[DescribedItem(text="fox", box=[0, 0, 1, 1])]),
            DescribedPart(factor="colours", title="Colours", items=[DescribedItem(text="red", rgb=[9, 0, 0])], facet="colour"),
        ],
    )  # fmt: skip


def name_known_things(case: Any) -> None:
    """Replace generated ids and addresses by those of things that are there."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: KNOWN[name] for name in part if name in KNOWN})


def tried(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, requests: list[str]) -> str:
    """What is wrong with the answers to generated requests, or nothing."""

    @hypothesis_settings(
        max_examples=EXAMPLES[mode], derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False, phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        send(case)
        if mode is GenerationMode.POSITIVE:
            name_known_things(case)
            send(case)

    def send(case: Any) -> None:
        requests.append(operation.label)
        case.validate_response(case.call(), checks=CHECKS)

    try:
        run()
    except FailureGroup as group:
        return "\n".join(f"{operation.label} ({mode.value}): {one}" for one in group.exceptions)
    return ""


@pytest.mark.timeout(900)
def test_every_answer_is_as_described(api: Flask) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", api)
    requests: list[str] = []
    wrong = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), "the description is valid"
        operation = result.ok()
        has_input = operation.body or operation.query or operation.path_parameters
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if has_input else [GenerationMode.POSITIVE]
        wrong += [tried(operation, mode, requests) for mode in modes]
    assert not [one for one in wrong if one], "\n\n".join(one for one in wrong if one)
    assert len(requests) > 2000
    assert {label.split()[1] for label in requests} == set(schema.raw_schema["paths"])
