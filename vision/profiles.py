"""Which senses look at pictures, by profile."""

from engine.settings import Settings
from vision.runtime import limit_threads
from vision.sense import Sense
from vision.senses.backbone import BackboneSense
from vision.senses.colours import ColoursSense
from vision.senses.detector import ObjectsSense
from vision.senses.embedding import EmbeddingSense
from vision.senses.joint import JointSense
from vision.senses.labels import LabelsSense
from vision.senses.phash import PhashSense
from vision.senses.text import TextSense
from vision.senses.text_presence import TextPresenceSense

PACKAGED = "packaged"  # of OMMA_HUB_TEXT: the joint space that needs no hub


def senses_of(settings: Settings) -> list[Sense]:
    """All senses of the profile that the settings choose; no model is loaded yet."""
    limit_threads(settings)
    backbone = BackboneSense(settings)
    kinds: tuple[type[Sense], ...] = (LabelsSense, TextPresenceSense, TextSense, ColoursSense, PhashSense)
    similar = _hub(settings) if settings.profile == "hub" else _packaged(settings, backbone)
    return [backbone, *similar, *(kind(settings) for kind in kinds)]


def _packaged(settings: Settings, backbone: BackboneSense) -> list[Sense]:
    embedding = EmbeddingSense(settings, backbone)
    return [embedding, ObjectsSense(settings, embedding), JointSense(settings)]


def _hub(settings: Settings) -> list[Sense]:
    from vision.hub.detector import HubObjects  # noqa: PLC0415  (imports large model libraries)
    from vision.hub.embedding import HubEmbedding  # noqa: PLC0415
    from vision.hub.joint import HubJoint  # noqa: PLC0415

    embedding = HubEmbedding(settings)
    joint = JointSense(settings) if settings.hub_text == PACKAGED else HubJoint(settings, embedding)
    return [embedding, HubObjects(settings, embedding), joint]
