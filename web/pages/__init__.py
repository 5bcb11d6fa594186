"""Pages for people."""

from web.pages.consent import CONSENT
from web.pages.health import HEALTH
from web.pages.ingest import INGEST
from web.pages.judging import JUDGING
from web.pages.media import MEDIA
from web.pages.search import SEARCH
from web.pages.session import SESSION

__all__ = ["CONSENT", "HEALTH", "INGEST", "JUDGING", "MEDIA", "SEARCH", "SESSION"]
