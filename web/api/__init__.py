"""The JSON twin of every page, described by OpenAPI at `/api/openapi.json`."""

from web.api.events import EVENTS_API
from web.api.ingest import INGEST_API
from web.api.judging import JUDGING_API
from web.api.search import SEARCH_API
from web.api.session import SESSION_API
from web.api.uploads import UPLOADS_API

__all__ = ["EVENTS_API", "INGEST_API", "JUDGING_API", "SEARCH_API", "SESSION_API", "UPLOADS_API"]
