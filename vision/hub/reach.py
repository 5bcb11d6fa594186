"""What to say when a model is not to be had."""

from engine.errors import ConfigurationError


def unreachable(setting: str, model: str, local: str) -> ConfigurationError:
    """Names the model, the setting, and what to do."""
    return ConfigurationError(
        f"model {model!r} could not be loaded: no model hub is in reach, or it has no such model; "
        f"set {setting} to {local}, or use OMMA_PROFILE=packaged"
    )
