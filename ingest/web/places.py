"""In which part of a page an element stands: its content, or what every page of a site has around it."""

import re

from ingest.web.markup import Element, tag_of

TAGS = {"nav": "navigation", "footer": "footer", "aside": "sidebar", "form": "form", "menu": "navigation", "dialog": "dialog"}
ROLES = {
    "navigation": "navigation", "menubar": "navigation", "menu": "navigation", "banner": "header", "contentinfo": "footer",
    "complementary": "sidebar", "search": "form", "dialog": "dialog", "alertdialog": "dialog",
}  # fmt: skip
# Words of class and id by the part that they name, as templates of shops, blogs and forums use them.
NAMES = {
    "cookie notice": r"cookies?|consent|gdpr|ccpa|privacy-?(?:notice|banner|popup)|cc-window",
    "navigation": r"nav(?:bar|igation)?|(?:main|top|sub|site)-?(?:nav|menu)|menu|breadcrumbs?|pagination|pager|tabs?|toc",
    "footer": r"(?:page|site|main)?-?footer|colophon|impressum|copyright|bottom-?bar|legal",
    "header": r"(?:page|site|main|top)-?header|masthead|top-?bar|branding",
    "sidebar": r"side-?bar|widgets?|aside|right-?col(?:umn)?|left-?col(?:umn)?",
    "share buttons": r"shar(?:e|ing)(?:-?(?:bar|buttons?|links?))?|social(?:-?(?:media|links?|icons?))?|follow-?us|addthis",
    "newsletter form": r"newsletter|subscri(?:be|ption)|sign-?up|mailing-?list",
    "advertisement": r"ads?|advert(?:s|isement)?|sponsor(?:ed|s)?|promo(?:tion)?s?|ad-?(?:slot|unit|box)|werbung",
    "links to other pages": r"related(?:-?(?:posts?|products?|articles?|items?))?|recommend(?:ed|ations?)?|you-?may|also-?like|"
    r"upsells?|cross-?sells?|read-?more|more-?(?:news|stories|from)|most-?read|trending|popular",
}
BEGIN, END = r"(?:^|[\s_])(?:[a-z0-9]+[-_]{1,2})?", r"(?:$|[\s_-])"
NAMED = {part: re.compile(f"{BEGIN}(?:{words}){END}", re.IGNORECASE) for part, words in NAMES.items()}
CONTENT = frozenset({"main", "article"})
LONGEST = 300  # characters of class and id that are looked at


def part_of(element: Element, around: str, *, in_content: bool) -> str:
    """The part that begins with this element, or `around`, the part that it stands in; empty: content.

    A page's `header` is around its content, an article's own header is content.
    """
    tag = tag_of(element)
    if tag in ("body", "html"):
        return ""
    role = ROLES.get((element.get("role") or "").strip().lower(), "")
    part = role or TAGS.get(tag, "") or ("header" if tag == "header" and not in_content else "")
    return part or _named(element) or around


def _named(element: Element) -> str:
    names = f"{element.get('class') or ''} {element.get('id') or ''}"[:LONGEST].strip()
    if not names:
        return ""
    return next((part for part, pattern in NAMED.items() if pattern.search(names)), "")
