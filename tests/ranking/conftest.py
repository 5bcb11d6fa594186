"""Models are made from nothing here: the one that Omma comes with is another's measure."""

from pathlib import Path

import pytest

from ranking.learning import models


@pytest.fixture(autouse=True)
def no_packaged_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model is in use before a test makes one."""
    monkeypatch.setattr(models, "PACKAGED", tmp_path / "none")
