"""The views, one file per subject; a file that is put here is served."""

import importlib
import pkgutil
from collections.abc import Iterator

from web.view import Views


def all_views() -> Iterator[Views]:
    """The `VIEWS` of every file of this folder, by name."""
    for module in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{module.name}").VIEWS
