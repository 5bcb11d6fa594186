"""What to say when a model is not to be had."""

from engine.errors import ConfigurationError

# The models of profile `hub`, where no setting names others.
EMBEDDING = "google/siglip2-base-patch16-224"
DETECTOR = "yolo11n.pt"


def unreachable(setting: str, model: str, local: str) -> ConfigurationError:
    """Names the model, the setting, and what to do."""
    return ConfigurationError(
        f"model {model!r} could not be loaded: no model hub is in reach, or it has no such model; "
        f"set {setting} to {local}, or use OMMA_PROFILE=packaged"
    )
