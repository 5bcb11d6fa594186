"""Open-ended tags of a picture, from the text linked to similar ones: `tags_of`."""

from answers.tags.answer import Tag, TagEvidence, Tags
from answers.tags.tagging import tags_of

__all__ = ["Tag", "TagEvidence", "Tags", "tags_of"]
