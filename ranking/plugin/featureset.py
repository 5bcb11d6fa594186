"""Columns of the factor table, and features of the question, as features of OpenSearch Learning to Rank.

A column has one definition: its factor's `score` clause. The feature of a column is therefore a template that takes the whole
clause as a parameter; the plugin's Mustache writes it back as JSON (`toJson`) and runs it as a query. A column that a question
lacks needs no parameter: its feature matches nothing, and is missing.

A feature of the question (`question@...`) is the same for all documents: a query whose constant score is the given number.

Names in the plugin have letters, digits and `_` only: in Mustache, `objects.words` would be the `words` of `objects`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import ConfigurationError
from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.learning.features import QUESTION, FeatureSet
from ranking.plugin import trees

if TYPE_CHECKING:
    import lightgbm

Json = dict[str, Any]
TYPE = "model/xgboost+json"
MATCH_NONE = '{"match_none": {}}'


def name_of(feature: str) -> str:
    """A feature's name in the plugin: `objects.words` is `objects_words`."""
    return re.sub(r"\W", "_", feature, flags=re.ASCII)


def feature_set(name: str, columns: Sequence[str], constants: Sequence[str]) -> Json:
    """The body of `PUT _ltr/<store>/_featureset/<name>`; ConfigurationError where two features would have one name."""
    _names([*columns, *constants])
    features = [_column(name_of(column)) for column in columns] + [_constant(name_of(constant)) for constant in constants]
    return {"featureset": {"name": name, "features": features}}


def model_body(model_name: str, feature_names: Sequence[str], booster: "lightgbm.Booster") -> Json:
    """The body of `POST _ltr/<store>/_featureset/<name>/_createmodel`.

    `feature_names` are those of the feature set, as Omma names them. ConfigurationError where the trees read others (list-wise
    features, which the plugin cannot compute), or have no form in the plugin.
    """
    _check(booster, feature_names)
    _names(feature_names)
    definition = trees.definition(booster, [name_of(feature) for feature in booster.feature_name()])
    # As text, so that every digit stays as it was written.
    return {"model": {"name": model_name, "model": {"type": TYPE, "definition": json.dumps(definition)}}}


def lift(body: Json) -> float:
    """The constant that a model (the body of `model_body`) adds to every score; see ranking.plugin.trees."""
    return trees.lift(json.loads(body["model"]["model"]["definition"]))


def params(columns: Mapping[str, Json], constants: Mapping[str, float]) -> Json:
    """The parameters of a question: the `score` clauses of its columns, and all constants.

    ConfigurationError where a constant cannot be a score: below zero or not finite.
    """
    _names([*columns, *constants])
    wrong = [name for name, value in constants.items() if not (math.isfinite(value) and value >= 0)]
    if wrong:
        raise ConfigurationError(f"the score of a query cannot be negative or infinite: {', '.join(wrong)}")
    values = {name_of(name): float(value) for name, value in constants.items()}
    return {name_of(column): clause for column, clause in columns.items()} | values


def constants_of(query_features: QueryFeatures) -> dict[str, float]:
    """The `question@` features of a question."""
    row = FeatureSet(columns=(), listwise=False).of_values(
        np.empty((1, 0)), CandidateSet(table={}, query_features=query_features)
    )[0]
    return dict(zip(QUESTION, row.tolist(), strict=True))


def _column(name: str) -> Json:
    template = f"{{{{#toJson}}}}{name}{{{{/toJson}}}}{{{{^{name}}}}}{MATCH_NONE}{{{{/{name}}}}}"
    return {"name": name, "params": [], "template_language": "mustache", "template": template}


def _constant(name: str) -> Json:
    template = f'{{"constant_score": {{"filter": {{"match_all": {{}}}}, "boost": {{{{{name}}}}} }} }}'
    return {"name": name, "params": [name], "template_language": "mustache", "template": template}


def _names(features: Sequence[str]) -> None:
    """ConfigurationError where two features would have one name in the plugin."""
    names: dict[str, str] = {}
    for feature in features:
        other = names.setdefault(name_of(feature), feature)
        if other != feature:
            raise ConfigurationError(f"{other} and {feature} would both be called {name_of(feature)} in the plugin")


def _check(booster: "lightgbm.Booster", there: Sequence[str]) -> None:
    """ConfigurationError where the trees read features that the feature set lacks."""
    read = [name for name, splits in zip(booster.feature_name(), booster.feature_importance("split"), strict=True) if splits]
    extra = sorted(set(read) - set(there))
    if extra:
        shown = ", ".join(extra[:3]) + (", ..." if len(extra) > 3 else "")  # noqa: PLR2004
        raise ConfigurationError(
            f"the engine cannot compute {shown}: train a model without list context (`omma rank train --plain`)"
        )
