"""Open-ended tags of a picture, from the text linked to similar ones: `tags_of` an answer, `tags_for` a request."""

from answers.tag import Tag, TagEvidence, Tags
from answers.tags.tagging import tags_for, tags_of

__all__ = ["Tag", "TagEvidence", "Tags", "tags_for", "tags_of"]
