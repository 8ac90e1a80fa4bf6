"""How likely an award statement is right: what the rules see of it and what the model says of its number and honour.

The weights are a logistic regression learned on reports whose statements no rule was written from; without a model
nothing is weighed, and the share that was right among statements of its kind stands as the confidence.
"""

from __future__ import annotations

from math import log, log1p

from .annotations import Honour, Quantity

FEATURES = (
    "sure",  # log odds of the share that was right among statements of this rule and this kind of honour
    "count",  # log odds, by the model, that the number counts an award
    "honour",  # the same for the honour
    "gap",  # log of the syllables between number and honour, plus one
    "counted",  # the number counts the honour itself
    "received",  # the recipients stand before the honour
    "part",  # a part of a total named before
    "verb",
    "prize",
    "title",
    "one",  # the number is 1
    "large",  # the number has four digits or more
    "local",  # how much of the report is about local bodies (joining.local_share)
    "sure_local",  # sure times local
)


def features(
    share: float, rule: str, h: Honour, q: Quantity | None, count: int, local: float
) -> tuple[float, ...] | None:
    """What is weighed of a statement, by the names of ``FEATURES``; ``None`` where the model has not read it."""
    count_odds = q.odds if q is not None else h.count_odds
    if count_odds is None or h.odds is None:
        return None
    gap = 0 if q is None else max(0, q.first - h.end, h.first - q.last)
    sure = log(share / (1 - share))
    return (
        sure,
        count_odds,
        h.odds,
        log1p(gap),
        float(rule.startswith("awards.counted")),
        float(rule == "awards.received"),
        float(rule in ("awards.part", "awards.counted_part")),
        float(h.kind == "verb"),
        float(h.kind == "prize"),
        float(h.kind == "title"),
        float(count == 1),
        float(count >= 1000),
        local,
        sure * local,
    )
