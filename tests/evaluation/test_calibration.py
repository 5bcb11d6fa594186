"""The packaged calibration fits the packaged weights."""

from pathlib import Path

from engine.settings import Settings
from factors.registry import own_factors
from ranking.calibrations import Calibrations
from ranking.learning.models import Models


def test_what_is_shipped_belongs_to_the_weights_that_are_shipped(models_home: Settings, tmp_path: Path) -> None:
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    shipped = models_home.model_copy(update={"ocr_languages": "eng+rus"})
    fingerprints = get_feature_extractor(shipped).fingerprints()
    found = Calibrations(Settings(home=tmp_path)).in_use(fingerprints)
    assert not found.stale, "run `omma calibrate --candidate-log FILE --packaged`"
    assert "similar" in found.evidence.kinds["picture"].curves and found.landmarks.columns
    models = Models(Settings(home=tmp_path))
    card = models.card(models.packaged())
    read = {extractor for factor in own_factors() for extractor in factor.reads}
    assert card.weights == {name: fingerprints[name] for name in read}, "run `omma rank train --packaged`"
