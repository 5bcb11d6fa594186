"""The index body made of core fields and factors, and its record of weights."""

import pytest

from engine.errors import ConfigurationError, WeightsMismatchError
from engine.settings import Settings
from mappings import template, versions

KEYWORD = {"type": "keyword"}


def test_two_factors_cannot_own_one_field() -> None:
    with pytest.raises(ConfigurationError, match="'hue' of factor 'second' already belongs to 'first'"):
        template.properties({"first": {"hue": KEYWORD}, "second": {"hue": KEYWORD}})


def test_a_factor_cannot_own_a_field_of_every_document() -> None:
    with pytest.raises(ConfigurationError, match="'width' of factor 'first' already belongs to 'every document'"):
        template.properties({"first": {"width": KEYWORD}})


def test_the_body_is_strict_and_sized_by_the_settings(settings: Settings) -> None:
    sized = settings.model_copy(update={"index_shards": 3, "index_replicas": 2})
    body = template.index_body({"f": {"hue": KEYWORD}}, {}, sized)
    assert body["mappings"]["dynamic"] == "strict"
    assert body["mappings"]["properties"]["hue"] == KEYWORD
    index = body["settings"]["index"]
    assert (index["knn"], index["number_of_shards"], index["number_of_replicas"]) == (True, 3, 2)


def test_the_mark_differs_for_different_mappings(settings: Settings) -> None:
    def mark(fields: dict[str, object]) -> str:
        return str(template.index_body({"f": fields}, {}, settings)["mappings"]["_meta"]["omma"]["mapping"])

    assert mark({"a": KEYWORD, "b": KEYWORD}) == mark({"b": KEYWORD, "a": KEYWORD})
    assert mark({"a": KEYWORD}) != mark({"a": {"type": "text"}})


def test_weights_are_recorded_by_factor_and_extractor() -> None:
    meta = versions.record_weights({"similar": ["embedding"], "linked_text": []}, {"embedding": "lite2@1", "text": "t@1"})
    assert meta == {"factors": {"similar": {"embedding": "lite2@1"}, "linked_text": {}}}


def test_a_factor_that_reads_no_known_extractor_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'smell' reads nose; extractors are: embedding, text"):
        versions.record_weights({"smell": ["nose"]}, {"embedding": "e", "text": "t"})


def test_other_weights_are_refused_and_both_are_named() -> None:
    meta = versions.record_weights({"similar": ["embedding"]}, {"embedding": "lite2@old"})
    with pytest.raises(WeightsMismatchError) as caught:
        versions.check_weights(meta, {"embedding": "lite2@new"}, "similar")
    assert "lite2@old" in str(caught.value) and "lite2@new" in str(caught.value) and "omma reindex" in str(caught.value)


def test_the_same_weights_and_unknown_extractors_pass() -> None:
    meta = versions.record_weights({"similar": ["embedding"]}, {"embedding": "lite2@1"})
    versions.check_weights(meta, {"embedding": "lite2@1", "text": "t@9"}, "similar")
    versions.check_weights(meta, {}, "similar")
    versions.check_weights(meta, {"embedding": "lite2@2"}, "ocr")


def test_changed_extractors_are_listed_with_both_weights() -> None:
    meta = versions.record_weights({"a": ["x", "y"], "b": ["x"]}, {"x": "x@1", "y": "y@1"})
    assert versions.changed(meta, {"x": "x@2", "y": "y@1"}) == {"x": ("x@1", "x@2")}
