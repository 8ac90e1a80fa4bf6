"""What is learned from networks that have not seen a report: how far to trust rules and model, and where to look."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gold import Report
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from trichluc.evaluation import campaign_key, name_key
from trichluc.knowledge import build_knowledge
from trichluc.recognizing.gating import words_of
from trichluc.recognizing.joining import FEATURES, Candidate, candidates, probabilities, selected
from trichluc.recognizing.tagger import Floats, Tagger, rule_features

KEYS = {"ORG": name_key, "CAMP": campaign_key}
THRESHOLDS = [n / 100 for n in range(25, 76, 5)]


@dataclass(slots=True)
class Judged:
    """The candidates of one report with their names' keys, and the keys of its gold, by label."""

    id: str
    newspaper: bool
    candidates: dict[str, list[Candidate]]
    keys: dict[str, list[str]]
    gold: dict[str, set[str]]


def judge(report: Report, newspaper: bool, tagger: Tagger) -> Judged:
    """Candidates by a network that has not seen the report."""
    a, s = report.analysis, report.analysis.syllables
    judged = Judged(report.id, newspaper, {"ORG": [], "CAMP": []}, {"ORG": [], "CAMP": []}, {})
    judged.gold["ORG"] = {name_key(o["text"]) for o in report.gold.get("organizations") or []}
    judged.gold["CAMP"] = {campaign_key(c["text"]) for c in report.gold.get("campaigns") or []}
    if a.sentences:
        scores = tagger.scores(s, rule_features(build_knowledge(), a, a.sentences), a.sentences)
        at = [i for first, last in a.sentences for i in range(first, last)]
        ends = np.cumsum([last - first for first, last in a.sentences]).tolist()
        for label, rules in (("ORG", a.organizations), ("CAMP", a.campaigns)):
            found = candidates(label, scores, at, ends, s, rules)
            judged.candidates[label] = found
            judged.keys[label] = [KEYS[label](report.text[s.start[c.first] : s.end[c.last - 1]]) for c in found]
    return judged


def fit_policy(judged: list[Judged], label: str) -> dict[str, Any]:
    """Weights of the regression, and the threshold at which F1 over all reports is highest."""
    features = np.array([c.features for j in judged for c in j.candidates[label]])
    right = np.array([key in j.gold[label] for j in judged for key in j.keys[label]])
    fitted = LogisticRegression(C=1.0, max_iter=5000).fit(features, right)
    weights = [round(float(w), 4) for w in (*fitted.coef_[0], fitted.intercept_[0])]
    threshold = max(THRESHOLDS, key=lambda t: f1(counts(judged, label, weights, t)))
    return {"features": list(FEATURES), "weights": weights, "threshold": threshold}


def counts(judged: list[Judged], label: str, weights: list[float], threshold: float) -> tuple[int, int, int]:
    """Right, wrong and missed names."""
    right = wrong = missed = 0
    for j in judged:
        key_of = {id(c): key for c, key in zip(j.candidates[label], j.keys[label], strict=True)}
        chances = probabilities(j.candidates[label], weights)
        found = {key_of[id(c)] for c, _ in selected(j.candidates[label], chances, threshold)}
        right += len(found & j.gold[label])
        wrong += len(found - j.gold[label])
        missed += len(j.gold[label] - found)
    return right, wrong, missed


def f1(counted: tuple[int, int, int]) -> float:
    right, wrong, missed = counted
    return 2 * right / max(1, 2 * right + wrong + missed)


def fit_gate(reports: Iterable[Report], strength: float, threshold: float) -> dict[str, Any]:
    """Word weights that tell a sentence with a name from one without; ``threshold`` is a probability."""
    bags: list[set[str]] = []
    holds: list[bool] = []
    for report in reports:
        for first, last in report.analysis.sentences:
            bags.append(words_of(report.analysis.syllables, first, last))
            holds.append(any(report.tags[first:last]))
    counter = CountVectorizer(analyzer=lambda bag: bag)
    fitted = LogisticRegression(C=strength, max_iter=2000).fit(counter.fit_transform(bags), holds)
    weights = {
        word: round(float(weight), 2)
        for word, weight in zip(counter.get_feature_names_out().tolist(), fitted.coef_[0], strict=True)
        if abs(weight) >= 0.05
    }
    return {
        "weights": weights,
        "bias": round(float(fitted.intercept_[0]), 4),
        "threshold": round(float(np.log(threshold / (1 - threshold))), 4),
    }
