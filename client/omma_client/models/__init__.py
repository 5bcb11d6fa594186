"""Answers of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from omma_client.models.ingest import (
    Failure,
    IngestOptions,
    Omission,
    Progress,
    Started,
)
from omma_client.models.picture import (
    DescribedItem,
    DescribedPart,
    DocumentView,
    LinkedSnippet,
    Source,
)
from omma_client.models.quarantine import (
    Counted,
    Refused,
    RefusedList,
)
from omma_client.models.search import (
    Answer,
    AnswerPart,
    AskedQuestion,
    Cutoff,
    Difference,
    Facet,
    FoundObject,
    Intent,
    KeptPicture,
    Landmark,
    Matched,
    Overview,
    PartItem,
    PictureRow,
    PictureRows,
    Refinement,
    Result,
    ResultComparison,
    Sample,
    Status,
    Why,
)
from omma_client.models.tags import (
    Tag,
    TagEvidence,
    Tags,
)

__all__ = [
    "Answer",
    "AnswerPart",
    "AskedQuestion",
    "Counted",
    "Cutoff",
    "DescribedItem",
    "DescribedPart",
    "Difference",
    "DocumentView",
    "Facet",
    "Failure",
    "FoundObject",
    "IngestOptions",
    "Intent",
    "KeptPicture",
    "Landmark",
    "LinkedSnippet",
    "Matched",
    "Omission",
    "Overview",
    "PartItem",
    "PictureRow",
    "PictureRows",
    "Progress",
    "Refinement",
    "Refused",
    "RefusedList",
    "Result",
    "ResultComparison",
    "Sample",
    "Source",
    "Started",
    "Status",
    "Tag",
    "TagEvidence",
    "Tags",
    "Why",
]
