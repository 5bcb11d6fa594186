"""The views, one file per subject; a file that is put here is served."""

import importlib
import pkgutil
from collections.abc import Iterator

from web.view import Views


def all_views() -> Iterator[Views]:
    """Every `Views` that a file of this folder defines, by the file's name."""
    for module in pkgutil.iter_modules(__path__):
        defined = vars(importlib.import_module(f"{__name__}.{module.name}")).values()
        yield from (views for views in defined if isinstance(views, Views))
