"""Models for the operator: files and fingerprint of each extractor, problems, files made at set-up, speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.feature_extractor import FeatureExtractor, get_feature_extractor
from vision.picture import Picture
from vision.registry import EveryExtractor, extractors_of, switched_off


@dataclass(frozen=True, slots=True)
class Model:
    """An extractor, the fingerprint of its model, and the installed files.

    `wrong` says what is missing, and the remedy; `off` why the extractor is switched off.
    """

    extractor: str
    fingerprint: str
    files: tuple[Path, ...]
    wrong: str = ""
    off: str = ""


def listed(settings: Settings) -> list[Model]:
    """Every extractor of the profile; those that are switched off come last. Loads no model."""
    off = [Model(name, "", (), off=why) for name, why in switched_off(settings).items()]
    return [_model(extractor) for extractor in get_feature_extractor(settings).extractors.values()] + off


def missing(settings: Settings) -> list[str]:
    """What is missing, each with its remedy; empty if nothing is."""
    return list(dict.fromkeys(model.wrong for model in listed(settings) if model.wrong))


def export_all(settings: Settings, *, force: bool = False) -> None:
    """Write what models need once per machine: networks as ONNX, names of classes."""
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


def pictures_per_second(pictures: Sequence[Picture], settings: Settings) -> dict[str, float]:
    """Throughput of each extractor alone, models loaded, in batches of the settings; `all` runs them one after another."""
    feature_extractor = FeatureExtractor(extractors_of(settings))
    feature_extractor.warm_up()
    for start in range(0, len(pictures), settings.batch_size):
        feature_extractor.extract(pictures[start : start + settings.batch_size])
    seconds = feature_extractor.timings | {"all": sum(feature_extractor.timings.values())}
    return {name: round(len(pictures) / max(taken, 1e-9), 1) for name, taken in seconds.items()}
