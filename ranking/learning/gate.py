"""Who may follow whom: a new model takes over only where it is not worse, on questions that neither learned from."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from ranking.learning.examples import Example
from ranking.learning.measures import compare, ndcg
from ranking.order import Ranker

FEWEST = 8  # questions of a slice that say anything


class Slice(BaseModel):
    """NDCG@10 of one kind of question."""

    model_config = ConfigDict(frozen=True)

    name: str
    questions: int
    before: float
    after: float


class Verdict(BaseModel):
    """Whether the new one may take over, and what was measured."""

    model_config = ConfigDict(frozen=True)

    passed: bool
    against: str
    questions: int
    before: float
    after: float
    p: float
    interval: tuple[float, float]
    slices: list[Slice]
    reasons: list[str]


def judge(new: Ranker, current: Ranker, examples: Sequence[Example], slice_fall: float) -> Verdict:
    """Compare by NDCG@10 on held-out questions; `slice_fall` is how much a slice may lose."""
    old, fresh = ndcg(examples, current), ndcg(examples, new)
    whole = compare(old, fresh)
    slices = [_slice(name, chosen, old, fresh) for name, chosen in _by_slice(examples).items()]
    reasons = [] if whole.questions else ["there are no held-out questions to compare by"]
    if whole.change < 0:
        reasons.append(f"NDCG@10 falls from {whole.before:.4f} to {whole.after:.4f} (paired t-test, p = {whole.p:.2g})")
    reasons += [
        f"{s.name} falls from {s.before:.3f} to {s.after:.3f} over {s.questions} questions (at most {slice_fall:g} is allowed)"
        for s in slices
        if s.questions >= FEWEST and s.before - s.after > slice_fall
    ]
    return Verdict(
        passed=not reasons, against=current.name, questions=whole.questions, before=round(whole.before, 4),
        after=round(whole.after, 4), p=whole.p, interval=(round(whole.low, 4), round(whole.high, 4)),
        slices=slices, reasons=reasons,
    )  # fmt: skip


def _by_slice(examples: Sequence[Example]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for example in examples:
        for name in example.slices():
            found.setdefault(name, []).append(example.topic)
    return dict(sorted(found.items()))


def _slice(name: str, topics: Sequence[str], old: dict[str, float], fresh: dict[str, float]) -> Slice:
    before, after = (float(np.mean([values[topic] for topic in topics])) for values in (old, fresh))
    return Slice(name=name, questions=len(topics), before=round(before, 4), after=round(after, 4))
