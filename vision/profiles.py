"""Which senses look at pictures, by profile."""

from engine.settings import Settings
from vision.sense import Sense
from vision.senses.backbone import BackboneSense
from vision.senses.colours import ColoursSense
from vision.senses.detector import ObjectsSense
from vision.senses.embedding import EmbeddingSense
from vision.senses.labels import LabelsSense
from vision.senses.phash import PhashSense
from vision.senses.text import TextSense
from vision.senses.text_presence import TextPresenceSense


def senses_of(settings: Settings) -> list[Sense]:
    """All senses of the profile that the settings choose; no model is loaded yet."""
    backbone = BackboneSense(settings)
    kinds: tuple[type[Sense], ...] = (LabelsSense, TextPresenceSense, TextSense, ColoursSense, PhashSense)
    common = [kind(settings) for kind in kinds]
    if settings.profile == "hub":
        from vision.hub.senses import hub_senses  # noqa: PLC0415  (imports large model libraries)

        return [backbone, *hub_senses(settings), *common]
    embedding = EmbeddingSense(settings, backbone)
    return [backbone, embedding, ObjectsSense(settings, embedding.embed, embedding.fingerprint), *common]
