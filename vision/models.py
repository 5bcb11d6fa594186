"""Models as an operator sees them: what each sense looks with, what is missing, what is made at set-up."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.perceiver import get_perceiver
from vision.profiles import switched_off
from vision.sense import Sense


@dataclass(frozen=True, slots=True)
class Model:
    """A sense, the fingerprint of its weights, and where they are.

    `wrong` says what is missing, and the mend; `off` why it is switched off.
    """

    sense: str
    fingerprint: str
    files: tuple[Path, ...]
    wrong: str = ""
    off: str = ""


def listed(settings: Settings) -> list[Model]:
    """Every sense of the profile, those that are switched off last; loads nothing."""
    off = [Model(name, "", (), off=why) for name, why in switched_off(settings).items()]
    return [_model(sense) for sense in get_perceiver(settings).senses.values()] + off


def missing(settings: Settings) -> list[str]:
    """What is not there, each with its mend; empty when all is well."""
    return list(dict.fromkeys(model.wrong for model in listed(settings) if model.wrong))


def export_all(settings: Settings, *, force: bool = False) -> None:
    """Make what models need once per machine: networks as ONNX, the names of classes."""
    for sense in get_perceiver(settings).senses.values():
        sense.export(force=force)


def _model(sense: Sense) -> Model:
    try:
        files = sense.files()
        absent = [path.name for path in files if not path.exists()]
        wrong = f"{', '.join(absent)} is missing; check out the repository again" if absent else ""
        return Model(sense.name, "" if absent else sense.fingerprint, files, wrong)
    except ConfigurationError as error:
        return Model(sense.name, "", (), str(error))
