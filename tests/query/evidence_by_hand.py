"""Evidence that a test states by hand."""

from ranking.evidence import Curve, Evidences


def proves(evidences: Evidences, **limits: float | None) -> None:
    """Every kind of question: a feature proves enough from a limit on, or nothing (None)."""
    for evidence in evidences.kinds.values():
        for name, limit in limits.items():
            curve = Curve(limits=[], log_odds=[0.0]) if limit is None else Curve(limits=[limit], log_odds=[0.0, 6.0])
            evidence.curves[name.replace("__", ".")] = curve
