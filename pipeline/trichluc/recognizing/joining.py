"""Rules and model joined: every span that either proposes is a candidate, weighed by what both say of it.

The weights (a logistic regression) and the threshold are learned on reports that the network had not seen, so neither
side overwrites the other: a span of the rules that the model finds unlikely goes, one the model alone proposes has to
be more likely than one both see. Of candidates that overlap the set with the highest total log odds stays.
A span's confidence is its probability by that regression.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from typing import Final

import numpy as np
import numpy.typing as npt

from ..annotations import Mention, Syllables
from .tagger import BEGIN, END, INSIDE, SINGLE, TAGS, Floats, first_tag, tag_of

_UNLIKELY: Final = 0.05  # a path through the tags whose every step is likelier than this is a candidate
_LONGEST: Final = 40
SUREST: Final = 0.99  # nothing that is weighed is certain

FEATURES = (
    "mean",  # mean log probability of the span's tags
    "worst",  # the lowest of them
    "first",  # that of the first tag
    "last",  # that of the last tag
    "elsewhere",  # the best mean among the same words elsewhere in the report, above this one's
    "rule",  # the rules found just this span
    "rule_sure",  # and their confidence above 0.8
    "rule_name",  # as a name they know
    "rule_other",  # the rules found a span that overlaps it
    "length",  # log of the number of syllables
    "single",  # one syllable
    "capital",  # begins with a capital
    "quoted",  # stands in quotes from end to end
    "local",  # how much of the report is about local bodies (see local_share)
    "rule_local",  # the same where the rules found just this span
    "quoted_local",  # the same where it stands in quotes
)
# What reports of local bodies are full of and newspapers are not: there rules know most names, and the model less.
_LOCAL = frozenset({
    "youth_union", "women_union", "farmers_union", "veterans", "trade_union", "fatherland_front", "red_cross", "party",
})  # fmt: skip


def local_share(organizations: list[Mention]) -> float:
    """The share of the rules' organizations that are unions or party bodies, between 0 and 1.

    >>> local_share([Mention("youth_union", 0, 2, "rule:x", 0.9), Mention("company", 5, 7, "rule:x", 0.9)])
    0.5
    """
    return sum(m.kind in _LOCAL for m in organizations) / len(organizations) if organizations else 0.0


@dataclass(slots=True)
class Candidate:
    """A span that rules or model propose; ``rule`` is the rules' mention when they found just this span."""

    first: int
    last: int
    rule: Mention | None
    features: tuple[float, ...] = ()


def proposed(chances: npt.NDArray[np.float32], label: str, sentence_ends: list[int]) -> Iterator[tuple[int, int]]:
    """Flat ranges of every path of one label's tags whose steps are all likely enough.

    ``sentence_ends`` are the flat ends of the sentences, ascending.
    """
    begin = first_tag(label)
    opens, inside, closes, alone = (chances[:, begin + place] for place in (BEGIN, INSIDE, END, SINGLE))
    for i in np.flatnonzero(alone > _UNLIKELY).tolist():
        yield i, i + 1
    likely_inside, likely_close = inside > _UNLIKELY, closes > _UNLIKELY
    for i in np.flatnonzero(opens > _UNLIKELY).tolist():
        end = min(sentence_ends[bisect_right(sentence_ends, i)], i + _LONGEST)
        for j in range(i + 1, end):
            if likely_close[j]:
                yield i, j + 1
            if not likely_inside[j]:
                break


def candidates(
    label: str,
    scores: Floats,
    at: list[int],
    sentence_ends: list[int],
    s: Syllables,
    rules: list[Mention],
    local: float,
) -> list[Candidate]:
    """All spans of one label with their features.

    ``at`` gives the syllable of each row of ``scores``, ``local`` is the report's :func:`local_share`.
    """
    flat = {i: row for row, i in enumerate(at)}
    by_span = {(m.first, m.last): m for m in rules}
    ranges = {(at[i], at[j - 1] + 1) for i, j in proposed(np.exp(scores[:, :TAGS]), label, sentence_ends)}
    ranges = {(first, last) for first, last in ranges if _may_be_name(s, first, last)}
    ranges.update(by_span)
    owner: dict[int, int] = {}
    for number, m in enumerate(rules):
        owner.update(dict.fromkeys(range(m.first, m.last), number))
    found = [Candidate(first, last, by_span.get((first, last))) for first, last in sorted(ranges)]
    means = [_tag_scores(label, scores, flat[c.first], c.last - c.first) for c in found]
    best: dict[tuple[str, ...], float] = {}
    for c, tags in zip(found, means, strict=True):
        words = tuple(s.key[c.first : c.last])
        best[words] = max(best.get(words, float("-inf")), sum(tags) / len(tags))
    for c, tags in zip(found, means, strict=True):
        mean = sum(tags) / len(tags)
        others = [owner[i] for i in (c.first, c.last - 1) if i in owner]
        length = c.last - c.first
        quoted = s.key[c.first - 1 : c.first] == ['"'] == s.key[c.last : c.last + 1]
        c.features = (
            max(mean, -8.0),
            max(min(tags), -10.0),
            max(tags[0], -8.0),
            max(tags[-1], -8.0),
            min(best[tuple(s.key[c.first : c.last])] - mean, 8.0),
            float(c.rule is not None),
            c.rule.confidence - 0.8 if c.rule else 0.0,
            float(c.rule is not None and c.rule.source.partition(".")[0] in ("rule:names", "rule:campaign_names")),
            float(c.rule is None and bool(others)),
            log(length),
            float(length == 1),
            float(s.shape[c.first] in "XA"),
            float(quoted),
            local,
            local if c.rule is not None else 0.0,
            local if quoted else 0.0,
        )
    return found


def _may_be_name(s: Syllables, first: int, last: int) -> bool:
    """Is there a word in it, and does every quote and bracket that opens in it close there (H'leo has none)?"""
    keys = s.key[first:last]
    if not any(shape in "XAxU" for shape in s.shape[first:last]):
        return False
    single = sum(s.key[i] == "'" and (s.gap[i] != "" or s.gap[i + 1 : i + 2] != [""]) for i in range(first, last))
    return keys.count('"') % 2 == 0 == single % 2 and keys.count("(") == keys.count(")")


def _tag_scores(label: str, scores: Floats, row: int, length: int) -> list[float]:
    """Log probability of each tag of a span."""
    return [float(scores[row + i, tag_of(label, i, length)]) for i in range(length)]


def probability(features: tuple[float, ...], weights: list[float]) -> float:
    """The logistic regression by which names and awards are weighed; the last weight is its intercept.

    >>> probability((1.0, 0.0), [2.0, 0.5, -2.0])
    0.5
    """
    *slopes, intercept = weights
    return 1 / (1 + exp(-sum(w * x for w, x in zip(slopes, features, strict=True)) - intercept))


def probabilities(found: list[Candidate], weights: list[float]) -> list[float]:
    """The :func:`probability` of every candidate."""
    return [probability(c.features, weights) for c in found]


def selected(found: list[Candidate], chances: list[float], threshold: float) -> list[tuple[Candidate, float]]:
    """The candidates above the threshold, none over another, whose log odds above it sum up highest.

    Source: weighted interval scheduling (Kleinberg & Tardos 2005, 6.1).
    """
    zero = log(threshold / (1 - threshold))
    able = sorted(
        (
            (c, p, log(min(p, 1 - 1e-9) / (1 - min(p, 1 - 1e-9))) - zero)
            for c, p in zip(found, chances, strict=True)
            if p > threshold
        ),
        key=lambda e: (e[0].last, e[0].first),
    )
    ends = [c.last for c, _, _ in able]
    total, kept = [0.0], []
    for number, (c, _, gain) in enumerate(able):
        before = bisect_right(ends, c.first, 0, number)
        kept.append((total[before] + gain > total[number], before))
        total.append(max(total[number], total[before] + gain))
    chosen: list[tuple[Candidate, float]] = []
    number = len(able)
    while number:
        takes, before = kept[number - 1]
        if takes:
            chosen.append(able[number - 1][:2])
            number = before
        else:
            number -= 1
    return chosen[::-1]
