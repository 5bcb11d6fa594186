"""The page of one picture of the collection."""

from pydantic import BaseModel, Field

from query.document import DocumentView
from web.services import get_services
from web.view import Page, Views

VIEWS = Views("picture")


class PicturePath(BaseModel):
    """Names a picture of the collection."""

    document_id: str = Field(max_length=64, description="sha256 of the original, or the first letters of it, at least 6")


@VIEWS.page("/picture/<document_id>", "picture.html", Page(variable="view"))
def picture(path: PicturePath) -> DocumentView:
    """Everything known about one picture."""
    return get_services().show(path.document_id)
