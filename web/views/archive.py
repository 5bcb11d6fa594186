"""Places and dates of one's archive: a map without tiles from outside, and a time line; both narrow the archive down."""

from query.archive import Archive
from query.request import SearchRequest
from web.access import search_rate
from web.parameters import SearchParameters
from web.services import get_services
from web.view import Page, Views

VIEWS = Views("archive")


@VIEWS.page("/archive", "archive.html", Page(variable="archive"), rate=search_rate)
def archive(query: SearchParameters) -> Archive:
    """Where and when pictures were taken.

    Tiles of the map and periods of time with their numbers of pictures, of those that meet the filters; the rest of a question
    does not count. The filters `tile` and `date` narrow both down, which are then shown finer.
    """
    return get_services().searcher.archive(SearchRequest(filters=query.filters()))
