"""Sending a picture once and asking with it often."""

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from engine.errors import BadQuestion
from web.api.problems import PROBLEMS
from web.api.reply import reply
from web.asking import keep, keep_address
from web.forms import Form, OptionalFile, no_file
from web.limits import limiter, upload_rate
from web.models import KeptPicture

UPLOADS_API = APIBlueprint("uploads_api", __name__, url_prefix="/api", abp_tags=[Tag(name="search")], abp_responses=PROBLEMS)


class UploadForm(Form):
    """A picture, or where it is."""

    image: OptionalFile = Field(default_factory=no_file, description="The bytes of a picture.")
    address: str = Field("", max_length=2000, description="Instead: the http(s) address of a picture.")


@UPLOADS_API.post("/uploads", responses={201: KeptPicture})
@limiter.limit(upload_rate)
def upload(form: UploadForm) -> Response:
    """Keep a picture for a while, to ask with its id.
    Cropping, adding words and paging then send the id alone.
    """
    if form.image:
        kept = keep(form.image.read())
    elif form.address:
        kept = keep_address(form.address)
    else:
        raise BadQuestion("send a picture as `image`, or its address as `address`")
    return reply(kept, HTTPStatus.CREATED)
