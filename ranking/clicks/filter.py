"""Whose events count: no robots, no floods, nothing twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawlerdetect import CrawlerDetect

from ranking.clicks.ubi import Done, Served

MOST_SEARCHES = 600  # of one client in an hour: more than a person asks
MOST_CLICKS_A_MINUTE = 40
ALL_CLICKED = 0.9  # share of a page's results, of at least so many, that nobody opens by hand
PAGE = 10
HOUR, MINUTE = 3600, 60


@lru_cache(maxsize=4096)
def is_robot(user_agent: str) -> bool:
    """Whether a user agent names itself as a robot, or says nothing at all."""
    return not user_agent.strip() or bool(CrawlerDetect(user_agent=user_agent).isCrawler())


@dataclass(frozen=True, slots=True)
class Session:
    """One search as one person saw it: results that were seen, in order of position, and those that were clicked."""

    query_id: str
    client: str
    topic: str
    shown: tuple[tuple[int, str], ...]
    clicked: frozenset[str]


def sessions(served: Iterable[Served], done: Iterable[Done]) -> list[Session]:
    """Cleaned: clicks without an impression, of other clients than the one that asked, and of floods are left out."""
    asked = {search.query_id: search for search in served}
    events: dict[str, list[Done]] = defaultdict(list)
    for event in done:
        if event.query_id in asked and event.client == asked[event.query_id].client:
            events[event.query_id].append(event)
    flooding = floods(list(asked.values()), [event for found in events.values() for event in found])
    made = (_session(asked[query], found) for query, found in events.items() if asked[query].client not in flooding)
    return [session for session in made if session.shown and not _opens_everything(session)]


def floods(served: Sequence[Served], done: Sequence[Done]) -> set[str]:
    """Clients that ask or click faster than people do."""
    hours = Counter((search.client, int(search.time.timestamp() // HOUR)) for search in served)
    clicks = {(event.client, event.query_id, event.document, event.time) for event in done if event.action == "click"}
    minutes = Counter((client, int(time.timestamp() // MINUTE)) for client, _, _, time in clicks)
    return {client for (client, _), count in hours.items() if count > MOST_SEARCHES} | {
        client for (client, _), count in minutes.items() if count > MOST_CLICKS_A_MINUTE
    }


def _session(search: Served, events: Sequence[Done]) -> Session:
    """A result counts once, however often it was seen or clicked."""
    seen = {event.document: event.position for event in events if event.action == "impression"}
    clicked = frozenset(event.document for event in events if event.action == "click" and event.document in seen)
    shown = tuple(sorted((position, document) for document, position in seen.items()))
    return Session(search.query_id, search.client, search.topic.id, shown, clicked)


def _opens_everything(session: Session) -> bool:
    return len(session.shown) >= PAGE and len(session.clicked) >= ALL_CLICKED * len(session.shown)
