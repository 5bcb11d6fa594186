"""A page's main text, by trafilatura: what its readers came for, without what stands around it."""

import logging

from trafilatura import bare_extraction

from ingest.web.markup import Element, one_line

logger = logging.getLogger(__name__)
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it tells of every page that has no main text

ENOUGH = 200  # characters from which it is believed to be the main text
MOST_ELEMENTS = 50_000  # of a page on which it is looked for; on larger ones it takes minutes


def main_text(root: Element) -> str:
    """In one line; empty where there is none, or too little to go by."""
    if sum(1 for _ in zip(root.iter(), range(MOST_ELEMENTS + 1), strict=False)) > MOST_ELEMENTS:
        return ""
    try:
        found = bare_extraction(root, favor_recall=True, include_comments=False, include_tables=True, include_images=False)
    except Exception as error:  # a page that it cannot read is filtered without it
        logger.debug("no main text: %s", error)
        return ""
    text = getattr(found, "text", "") or ""
    return one_line(text) if len(text) >= ENOUGH else ""
