"""Models as an operator sees them: what each extractor looks with, what is missing, what is made at set-up."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.feature_extractor import get_feature_extractor
from vision.registry import EveryExtractor, switched_off


@dataclass(frozen=True, slots=True)
class Model:
    """An extractor, the fingerprint of its weights, and where they are.

    `wrong` says what is missing, and the mend; `off` why it is switched off.
    """

    extractor: str
    fingerprint: str
    files: tuple[Path, ...]
    wrong: str = ""
    off: str = ""


def listed(settings: Settings) -> list[Model]:
    """Every extractor of the profile, those that are switched off last; loads nothing."""
    off = [Model(name, "", (), off=why) for name, why in switched_off(settings).items()]
    return [_model(extractor) for extractor in get_feature_extractor(settings).extractors.values()] + off


def missing(settings: Settings) -> list[str]:
    """What is not there, each with its mend; empty when all is well."""
    return list(dict.fromkeys(model.wrong for model in listed(settings) if model.wrong))


def export_all(settings: Settings, *, force: bool = False) -> None:
    """Make what models need once per machine: networks as ONNX, the names of classes."""
    for extractor in get_feature_extractor(settings).extractors.values():
        extractor.export(force=force)


def _model(extractor: EveryExtractor) -> Model:
    try:
        files = extractor.files()
        absent = [path.name for path in files if not path.exists()]
        wrong = f"{', '.join(absent)} is missing; check out the repository again" if absent else ""
        return Model(extractor.name, "" if absent else extractor.fingerprint, files, wrong)
    except ConfigurationError as error:
        return Model(extractor.name, "", (), str(error))
