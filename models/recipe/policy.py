"""What is learned from networks that have not seen a report: how far to trust rules and model, and where to look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gold import Report
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from spacy.language import Language

from trichluc.annotations import analysis_of
from trichluc.evaluation import GoldReport, campaign_key, name_key, same_award
from trichluc.knowledge import build_knowledge
from trichluc.recognizing.gating import words_of
from trichluc.recognizing.joining import (
    FEATURES,
    Candidate,
    candidates,
    local_share,
    probabilities,
    probability,
    selected,
)
from trichluc.recognizing.tagger import Tagger, rule_features
from trichluc.weighing import FEATURES as AWARD_FEATURES

KEYS = {"ORG": name_key, "CAMP": campaign_key}
THRESHOLDS = [n / 100 for n in range(25, 76, 5)]
AS_GOOD = 0.002  # a difference in F1 that says nothing
AWARD_THRESHOLDS = [n / 100 for n in range(0, 61, 5)]


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
            found = candidates(label, scores, at, ends, s, rules, local_share(a.organizations))
            judged.candidates[label] = found
            judged.keys[label] = [KEYS[label](report.text[s.start[c.first] : s.end[c.last - 1]]) for c in found]
    return judged


def fit_policy(judged: list[Judged], label: str) -> dict[str, Any]:
    """Weights of the regression, and the lowest threshold at which F1 over all reports is as good as the highest."""
    features = np.array([c.features for j in judged for c in j.candidates[label]])
    right = np.array([key in j.gold[label] for j in judged for key in j.keys[label]])
    fitted = LogisticRegression(C=1.0, max_iter=5000).fit(features, right)
    weights = [round(float(w), 4) for w in (*fitted.coef_[0], fitted.intercept_[0])]
    scores = {t: f1(counts(judged, label, weights, t)) for t in THRESHOLDS}
    threshold = min(t for t, score in scores.items() if score >= max(scores.values()) - AS_GOOD)
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
    """Of right, wrong and missed."""
    right, wrong, missed = counted
    return 2 * right / max(1, 2 * right + wrong + missed)


def gold_of(report: Report) -> GoldReport:
    """The gold in the form that is scored."""
    return GoldReport(id=report.id, text=report.text, **{k: v for k, v in report.gold.items() if k != "doc"})


@dataclass(slots=True)
class Weighed:
    """The award statements found in one report: what is weighed of each, whether it is right; how many the gold has."""

    id: str
    features: list[tuple[float, ...]]
    right: list[bool]
    stated: int


def weigh_awards(report: Report, nlp: Language) -> Weighed:
    """Statements found by a pipeline whose model has not seen the report and whose awards are not yet weighed."""
    gold = gold_of(report)
    doc = nlp(report.text)
    open_gold = list(gold.awards)
    weighed = Weighed(report.id, [], [], len(gold.awards))
    for fact, award in zip(analysis_of(doc).awards, doc._.record.awards, strict=True):
        match = next((number for number, said in enumerate(open_gold) if same_award(said, award)), None)
        if match is not None:
            del open_gold[match]
        if fact.features is not None:
            weighed.features.append(fact.features)
            weighed.right.append(match is not None)
    return weighed


def fit_award_policy(weighed: list[Weighed]) -> dict[str, Any]:
    """Weights of the regression, and the lowest threshold at which F1 over all reports is as good as the highest."""
    features = np.array([f for w in weighed for f in w.features])
    right = np.array([r for w in weighed for r in w.right])
    stated = sum(w.stated for w in weighed)
    fitted = LogisticRegression(C=0.5, max_iter=5000).fit(features, right)
    weights = [round(float(w), 4) for w in (*fitted.coef_[0], fitted.intercept_[0])]
    chances = np.array([probability(tuple(f), weights) for f in features.tolist()])

    def score(threshold: float) -> float:
        kept = chances >= threshold
        return f1((int(right[kept].sum()), int((~right[kept]).sum()), stated - int(right[kept].sum())))

    scores = {t: score(t) for t in AWARD_THRESHOLDS}
    threshold = min(t for t, value in scores.items() if value >= max(scores.values()) - AS_GOOD)
    return {"features": list(AWARD_FEATURES), "weights": weights, "threshold": threshold}


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
