"""docs/factors.md, written from the factors themselves: `omma docs` writes it, and a test holds it against the code."""

from collections.abc import Iterable, Sequence

from factors.base import Clause, Factor
from factors.registry import HERE, all_factors, load
from factors.sample import DIMENSION, question

INTRODUCTION = """\
# Factors

*Written by `omma docs` from the files in `factors/`; change those.*

A factor is one reason why a document answers a question. One file in `factors/` is one factor: its fields of the mapping, what
it keeps of a picture and of linked text, the way back, the columns of the factor table, the explanation and this page all come
from that file. Files in the folders that `OMMA_FACTOR_PATH` names take part in the same way.

A column *finds* when it proposes candidates of its own; every column *scores* any candidate exactly, but for those that are
*computed here*, for the best few candidates only, because no query can. A document without the field has no value in the
column, which is not the same as zero. The weight is the factor's share in rank fusion (`OMMA_FUSION_WEIGHTS` changes it).
"""


OUT = (
    "; not in the default set, because it does not help ([the model that ships](../ranking/packaged/README.md) has learned "
    "without it, [the last step here](ablation.md) with it); `OMMA_MORE_COLUMNS` adds it"
)


def page(factors: Sequence[Factor] | None = None) -> str:
    """The whole page, for these factors (by default those of Omma itself, whatever the settings add)."""
    chosen = load((HERE,)) if factors is None else factors
    return "\n".join([INTRODUCTION, *_table(chosen), "", *(line for factor in chosen for line in _section(factor))])


def here() -> str:
    """The page for every factor that takes part in this installation."""
    return page(all_factors())


def _table(factors: Iterable[Factor]) -> list[str]:
    head = ["| factor | asks | reads | columns | weight |", "|---|---|---|---|---|"]
    return head + [
        f"| [`{f.name}`](#{f.name}) | {f.title} | {_reads(f)} | {_listed(c.name for c in columns(f))} | {f.weight:g} |"
        for f in factors
    ]


def _section(factor: Factor) -> list[str]:
    fields = factor.fields(dict.fromkeys(factor.reads, DIMENSION))
    lines = [f"## {factor.name}", "", factor.about, ""]
    lines += [
        f"* column `{clause.name}`: {_does(clause)}, weight {factor.weight * clause.weight:g}{'' if clause.standard else OUT}"
        for clause in columns(factor)
    ]
    if fields:
        lines.append(f"* fields: {_listed(sorted(fields))}")
    if factor.facets():
        lines.append(f"* facets and filters: {_listed(sorted(factor.facets()))}")
    return [*lines, ""]


def columns(factor: Factor) -> list[Clause]:
    """Every column that the factor can add."""
    return factor.clauses(question())


def _does(clause: Clause) -> str:
    if clause.rescore:
        return "computed here for the best few candidates"
    kind = next(iter(clause.score))
    return f"finds and scores (`{kind}`)" if clause.retrieve else f"scores (`{kind}`)"


def _reads(factor: Factor) -> str:
    """Extractors, linked text, or what other factors keep."""
    if factor.reads:
        return _listed(factor.reads)
    return "fields of others" if type(factor).linked is Factor.linked else "linked text"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
