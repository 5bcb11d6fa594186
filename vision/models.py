"""Models as an operator sees them: what each sense looks with, what is missing, what is made at set-up."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.perceiver import get_perceiver
from vision.senses import backbone, detector, embedding, text_presence
from vision.wordnet import classes, dictionary


@dataclass(frozen=True, slots=True)
class Model:
    """A sense and the fingerprint of its weights."""

    sense: str
    fingerprint: str


def listed(settings: Settings) -> list[Model]:
    """Every sense of the profile; loads nothing."""
    return [Model(sense, mark) for sense, mark in get_perceiver(settings).fingerprints().items()]


def missing(settings: Settings) -> list[str]:
    """What is not there, each with its mend; empty when all is well."""
    checks: list[Callable[[], object]] = [backbone.weights, detector.files, dictionary]
    wrong = []
    for check in checks:
        try:
            check()
        except ConfigurationError as error:
            wrong.append(str(error))
    shipped = (embedding.PROJECTION, text_presence.WEIGHTS)
    return wrong + [f"{path.name} is missing from the checkout" for path in shipped if not path.exists()]


def export_all(settings: Settings, *, force: bool = False) -> None:
    """Make what models need once per machine: the network as ONNX, the names of its classes."""
    backbone.BackboneSense(settings).export(force=force)
    classes(settings)
