"""Clicked questions as something to learn from: grades by a click model, on the factor table as it was served."""

from opensearchpy import OpenSearch

from engine.settings import Settings
from ranking.clicks.filter import sessions
from ranking.clicks.models import MODELS, as_clicks, judgements
from ranking.clicks.ubi import Behaviour, Served
from ranking.judgements.grades import by_topic
from ranking.judgements.judgement import Judgement, Topic
from ranking.learning.examples import Example


def judged(client: OpenSearch, settings: Settings) -> tuple[list[Topic], list[Judgement]]:
    """What clicks say of which documents, and the questions that they were asked with."""
    behaviour = Behaviour(client, settings)
    served = list(behaviour.served())
    clicks = as_clicks(sessions(served, behaviour.done()))
    said = judgements(clicks, MODELS[settings.click_model](clicks), settings.click_model, settings.click_support)
    asked = {search.topic.id: search.topic for search in served}
    return [asked[topic] for topic in sorted({judgement.topic for judgement in said})], said


def clicked(client: OpenSearch, settings: Settings) -> list[Example]:
    """One example per question: the table that was served last, with the grades of all who saw any."""
    _, said = judged(client, settings)
    grades = by_topic(said)
    last: dict[str, Served] = {}
    for search in Behaviour(client, settings).served():
        if search.topic.id in grades and (search.topic.id not in last or search.time > last[search.topic.id].time):
            last[search.topic.id] = search
    return [_example(search, grades[topic]) for topic, search in sorted(last.items())]


def _example(search: Served, grades: dict[str, int]) -> Example:
    topic = search.topic
    family = topic.picture or topic.like or topic.id
    return Example(topic=f"clicks-{topic.id}", candidate_set=search.candidate_set, grades=grades, family=family, set="clicks")
