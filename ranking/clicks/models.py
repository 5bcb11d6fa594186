"""From logged clicks to judgements and examples: sessions without robots and floods, click models, grades."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from crawlerdetect import CrawlerDetect
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from engine.settings import Settings
from ranking.clicks.ubi import Behaviour, Done, Served
from ranking.judgements.judgement import Judgement, Topic, by_topic
from ranking.learning.examples import Example

HOUR, MINUTE = 3600, 60  # seconds
MAX_SEARCHES_PER_HOUR = 600  # of one client: more than a person asks
MAX_CLICKS_PER_MINUTE = 40
ALL_CLICKED = 0.9  # share of clicked results that no person reaches on a whole page
PAGE = 10  # results of a whole page
MAX_POSITIONS = 100  # positions beyond are taken together
PBM_ROUNDS, PBM_TOLERANCE = 200, 1e-6  # of expectation maximisation: at most so many, and the change that ends it
PRIOR = 1.0  # imagined impressions of each pair with the average attractiveness, so that few clicks prove little
# Grades by the share of the topic's best value: a document nearly as attractive as the best is as good.
GRADES_BY_SHARE = ((0.8, 4), (0.55, 3), (0.3, 2), (0.12, 1))
Vector = NDArray[np.float64]
Pair = tuple[str, str]  # topic and document


@dataclass(frozen=True, slots=True)
class Session:
    """One search of one person: results with an impression as (position, document), and those that were clicked."""

    query_id: str
    client: str
    topic: str
    shown: tuple[tuple[int, str], ...]
    clicked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clicks:
    """Impressions as columns of numbers: which pair of topic and document, where, and whether it was clicked."""

    pairs: list[Pair]
    pair: NDArray[np.int64]
    position: NDArray[np.int64]
    clicked: Vector

    @property
    def support(self) -> Vector:
        """Impressions of each pair."""
        return np.bincount(self.pair, minlength=len(self.pairs)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value for each pair, and how often each position is examined, as a share of the best position."""

    values: dict[Pair, float]
    examined: list[float]


def judged(client: OpenSearch, settings: Settings) -> tuple[list[Topic], list[Judgement]]:
    """Judgements from all logged clicks, and the topics that they are about."""
    behaviour = Behaviour(client, settings)
    served = list(behaviour.served())
    clicks = as_clicks(sessions(served, behaviour.done()))
    found = judgements(clicks, MODELS[settings.click_model](clicks), settings.click_model, settings.click_support)
    asked = {search.topic.id: search.topic for search in served}
    return [asked[topic] for topic in sorted({judgement.topic for judgement in found})], found


def clicked(client: OpenSearch, settings: Settings) -> list[Example]:
    """One example per topic: the table that was served last, with the grades from the clicks of all."""
    _, found = judged(client, settings)
    grades = by_topic(found)
    last: dict[str, Served] = {}
    for search in Behaviour(client, settings).served():
        if search.topic.id in grades and (search.topic.id not in last or search.time > last[search.topic.id].time):
            last[search.topic.id] = search
    return [_example(search, grades[topic]) for topic, search in sorted(last.items())]


def _example(search: Served, grades: dict[str, int]) -> Example:
    topic = search.topic
    family = topic.picture or topic.like or topic.id
    return Example(topic=f"clicks-{topic.id}", candidate_set=search.candidate_set, grades=grades, family=family, set="clicks")


@lru_cache(maxsize=4096)
def is_robot(user_agent: str) -> bool:
    """Whether a user agent is that of a known robot, or empty."""
    return not user_agent.strip() or bool(CrawlerDetect(user_agent=user_agent).isCrawler())


def sessions(served: Iterable[Served], done: Iterable[Done]) -> list[Session]:
    """Sessions without events of other clients, clicks without an impression, floods, and those that open everything."""
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
    return {client for (client, _), count in hours.items() if count > MAX_SEARCHES_PER_HOUR} | {
        client for (client, _), count in minutes.items() if count > MAX_CLICKS_PER_MINUTE
    }


def _session(search: Served, events: Sequence[Done]) -> Session:
    """The session of a search; a result counts once, however often it was seen or clicked."""
    seen = {event.document: event.position for event in events if event.action == "impression"}
    clicked = frozenset(event.document for event in events if event.action == "click" and event.document in seen)
    shown = tuple(sorted((position, document) for document, position in seen.items()))
    return Session(search.query_id, search.client, search.topic.id, shown, clicked)


def _opens_everything(session: Session) -> bool:
    return len(session.shown) >= PAGE and len(session.clicked) >= ALL_CLICKED * len(session.shown)


def as_clicks(sessions: Sequence[Session]) -> Clicks:
    """All impressions of all sessions; positions count from 0."""
    index: dict[Pair, int] = {}
    rows = [
        (
            index.setdefault((session.topic, document), len(index)),
            min(position - 1, MAX_POSITIONS - 1),
            document in session.clicked,
        )
        for session in sessions
        for position, document in session.shown
    ]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    return Clicks(list(index), table[:, 0], table[:, 1], table[:, 2].astype(np.float64))


def click_through(clicks: Clicks) -> Estimate:
    """Clicks per impression, without correction: the baseline."""
    rate = np.bincount(clicks.pair, clicks.clicked, len(clicks.pairs)) / np.maximum(clicks.support, 1)
    return Estimate(dict(zip(clicks.pairs, rate.tolist(), strict=True)), [])


def coec(clicks: Clicks) -> Estimate:
    """Clicks over expected clicks: the clicks of an average document in the same positions.

    Zhang, Jones: Comparing click logs and editorial labels for training query rewriting (WWW 2007 workshop).
    """
    if not clicks.pairs:
        return Estimate({}, [])
    by_position = _means(clicks.position, clicks.clicked)
    expected = np.bincount(clicks.pair, by_position[clicks.position], len(clicks.pairs))
    had = np.bincount(clicks.pair, clicks.clicked, len(clicks.pairs))
    average = float(by_position.mean())
    values = (had + PRIOR * average) / (expected + PRIOR * average)
    return Estimate(dict(zip(clicks.pairs, values.tolist(), strict=True)), _scaled(by_position))


def pbm(clicks: Clicks) -> Estimate:
    """The position-based model by expectation maximisation: clicked = examined (by position) and attractive (by pair).

    Craswell, Zoeter, Taylor, Ramsey: An experimental comparison of click position-bias models (WSDM 2008).
    """
    if not clicks.pairs:
        return Estimate({}, [])
    positions = int(clicks.position.max()) + 1
    attractive: Vector = np.full(len(clicks.pairs), 0.5)
    examined: Vector = 1.0 / (1.0 + np.arange(positions, dtype=np.float64))
    for _ in range(PBM_ROUNDS):
        estimated, examined = _pbm_round(clicks, attractive, examined)
        change, attractive = float(np.abs(estimated - attractive).max()), estimated
        if change < PBM_TOLERANCE:
            break
    return Estimate(dict(zip(clicks.pairs, attractive.tolist(), strict=True)), _scaled(examined))


def _pbm_round(clicks: Clicks, attractive: Vector, examined: Vector) -> tuple[Vector, Vector]:
    """One round of expectation and maximisation: attractiveness by pair, and examination by position."""
    a, e = attractive[clicks.pair], examined[clicks.position]
    unclicked = np.maximum(1 - a * e, 1e-12)
    # An impression without a click may have been attractive, or examined, but not both.
    was_attractive = clicks.clicked + (1 - clicks.clicked) * a * (1 - e) / unclicked
    was_examined = clicks.clicked + (1 - clicks.clicked) * e * (1 - a) / unclicked
    expected = np.bincount(clicks.pair, was_attractive, len(clicks.pairs))
    mean = float(clicks.clicked.mean())
    estimated: Vector = (expected + PRIOR * mean) / (clicks.support + PRIOR)
    return estimated, np.maximum(_means(clicks.position, was_examined), 1e-6)


MODELS: Mapping[str, Callable[[Clicks], Estimate]] = {"coec": coec, "pbm": pbm}


def judgements(clicks: Clicks, estimate: Estimate, name: str, least: int) -> list[Judgement]:
    """Grades 0..4 of pairs with at least so many impressions, by their share of the topic's best value."""
    support = dict(zip(clicks.pairs, clicks.support.tolist(), strict=True))
    kept = {pair: value for pair, value in estimate.values.items() if support[pair] >= least}
    clicked = {clicks.pairs[at][0] for at in clicks.pair[clicks.clicked > 0]}
    best: dict[str, float] = {}
    for (topic, _), value in kept.items():
        best[topic] = max(best.get(topic, 0.0), value)
    return [
        Judgement(topic=topic, document=document, grade=_grade(value / best[topic]), source="clicks", rater=name)
        for (topic, document), value in sorted(kept.items())
        if topic in clicked and best[topic] > 0  # a topic without any click says nothing
    ]


def _grade(share: float) -> int:
    return next((grade for least, grade in GRADES_BY_SHARE if share >= least), 0)


def _means(groups: NDArray[np.int64], values: Vector) -> Vector:
    """Mean of the values of each group; 0 for a group without any."""
    found: Vector = np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)
    return found


def _scaled(examined: Sequence[float] | NDArray[np.floating]) -> list[float]:
    best = float(max(examined)) or 1.0
    return [round(float(value) / best, 4) for value in examined]
