"""The whole answer to a picture question: results, goal and parts; those that take longer are made afterwards.

`begin` gives what is there at once. `waiting` makes the other parts, one by one, from the same results: they are kept for a
while by the id of the search, so that a page that shows parts as they are ready searches once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from cachetools import TTLCache

from answers.intent.classifier import guess
from answers.intent.features import features_of
from answers.intent.goals import chosen
from answers.intent.prompts import Prompts
from answers.part import Found, Part, in_order, parts_of, surest_first, tried
from engine.connections import Context
from query.answer import Answer, AnswerPart, Goal, Intent
from query.engine_calls import Calls
from query.pipeline import Values
from query.question import Understood
from query.request import SearchRequest
from query.search import Searcher

MAX_KEPT, KEPT_SECONDS = 32, 120.0  # searches whose parts may still be asked for


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: the goal that was chosen for this question, the one chosen last in the session, the reader's languages."""

    goal: Goal | None = None
    last: Goal | None = None
    languages: tuple[str, ...] = ("en",)


class Answering:
    """Answers picture questions with all parts; safe to share between threads."""

    def __init__(self, context: Context, searcher: Searcher) -> None:
        """`searcher` finds the results."""
        self._context, self._searcher, self._prompts = context, searcher, Prompts(searcher)
        self._parts = list(parts_of(context.settings).values())
        self._kept: TTLCache[str, Found] = TTLCache(MAX_KEPT, KEPT_SECONDS)
        self._lock = Lock()

    def warm_up(self) -> None:
        """Load what the first question would wait for."""
        self._searcher.warm_up()
        self._prompts.vectors()

    def ask(self, request: SearchRequest, asking: Asking = Asking()) -> Answer:
        """The answer with every part; the errors of `Searcher.search`."""
        answer = self.begin(request, asking)
        ready = {part.name: part for part in self.waiting(answer.query_id, request, asking)} if answer.intent else {}
        parts = [ready.get(part.name) if part.pending else part for part in answer.parts]
        return answer.model_copy(update={"parts": [part for part in parts if part is not None]})

    def begin(self, request: SearchRequest, asking: Asking = Asking()) -> Answer:
        """The answer with the parts that are made at once, and the names of the others; the errors of `Searcher.search`.

        A question without a picture, and a further page, have no goal and no parts.
        """
        found = self._searcher.find(request)
        if found.values is None or not request.has_picture or request.page > 1:
            return found.answer
        whole = self._found(found.answer, found.values, asking)
        with self._lock:
            self._kept[found.answer.query_id] = whole
        made = (_awaited(part) if part.waits else tried(part, whole) for part in in_order(self._parts, whole.intent))
        parts = surest_first(part for part in made if part is not None)
        return found.answer.model_copy(update={"intent": whole.intent, "parts": parts})

    def waiting(self, query_id: str, request: SearchRequest, asking: Asking = Asking()) -> Iterator[AnswerPart]:
        """The parts that take longer, each as soon as it is made, in the order of the goal; an empty one has no items.

        The search of that id is used where it is still kept; else the question is asked again.
        """
        with self._lock:
            whole = self._kept.get(query_id)
        if whole is None:
            again = self._searcher.find(request)
            if again.values is None:
                return
            whole = self._found(again.answer, again.values, asking)
        for part in in_order([one for one in self._parts if one.waits], whole.intent):
            made = tried(part, whole)
            if made is not None:
                yield made

    def _found(self, answer: Answer, values: Values, asking: Asking) -> Found:
        features = features_of(values[Understood], answer.results, self._prompts.vectors())
        guessed = guess(features, self._searcher.fingerprints(), asking.last)
        intent: Intent = chosen(asking.goal, guessed) if asking.goal else guessed
        values = values.plus(values[Calls].fresh())  # parts have time and warnings of their own
        return Found(self._context, self._searcher, answer, values, intent, asking.languages)


def _awaited(part: Part) -> AnswerPart:
    return AnswerPart(name=part.name, title=part.title, reason=part.awaits, pending=True)
