"""The entry point of Celery's processes (`celery -A workers.app`): the application, and the runtime of one process."""

from functools import lru_cache
from typing import TYPE_CHECKING

from celery.signals import worker_process_init

from engine.settings import get_settings
from workers.celery_config import make_app

if TYPE_CHECKING:
    from workers.runtime import Runtime

app = make_app(get_settings())


@lru_cache(maxsize=1)
def get_runtime() -> "Runtime":
    """The runtime of this process: connections, and the models, which load once."""
    from workers.runtime import make_runtime  # noqa: PLC0415  (`celery inspect` and the like load no model library)

    return make_runtime(app.settings)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def warm_up(**_: object) -> None:
    """Load the models before the first batch."""
    get_runtime().warm_up()
