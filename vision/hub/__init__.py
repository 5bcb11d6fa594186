"""Extractors of the profile `hub`: strong public models, loaded from a model hub or from local files."""

from engine.errors import ConfigurationError


def unreachable(setting: str, model: str, local: str) -> ConfigurationError:
    """The error for a model that cannot be loaded: it names the model, the setting, and the remedies."""
    return ConfigurationError(
        f"model {model!r} could not be loaded: no model hub is in reach, or it has no such model; "
        f"set {setting} to {local}, or use OMMA_PROFILE=packaged"
    )
