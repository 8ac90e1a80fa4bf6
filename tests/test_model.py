"""The trained model: how it is joined with the rules, refused when it does not fit, and the same every time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trichluc
from trichluc import weighing
from trichluc.annotations import Mention, analysis_of
from trichluc.errors import ModelError
from trichluc.recognizing.joining import FEATURES, Candidate, candidates, probabilities, proposed, selected
from trichluc.recognizing.tagger import FOLDER, LABELS, TAGS, load_tagger, rule_features, tag_of

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "corpus" / "samples").glob("*.txt"))


def chances(*rows: dict[int, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Tag probabilities: what a row does not name goes to the outside tag."""
    table = np.zeros((len(rows), TAGS), np.float32)
    for number, row in enumerate(rows):
        for tag, chance in row.items():
            table[number, tag] = chance
        table[number, 0] = 1 - sum(row.values())
    return table


BEGIN, INSIDE, END, SINGLE = (tag_of("ORG", *place) for place in ((0, 3), (1, 3), (2, 3), (0, 1)))


@pytest.mark.parametrize(
    ("rows", "sentence_ends", "spans"),
    [
        ([{BEGIN: 0.9}, {END: 0.9}], [2], [(0, 2)]),
        ([{BEGIN: 0.9}, {INSIDE: 0.5, END: 0.4}, {END: 0.6}], [3], [(0, 2), (0, 3)]),
        ([{SINGLE: 0.5, BEGIN: 0.4}, {END: 0.4}], [2], [(0, 1), (0, 2)]),
        ([{BEGIN: 0.9}, {END: 0.9}], [1, 2], []),  # a span never leaves its sentence
        ([{BEGIN: 0.9}, {INSIDE: 0.01, END: 0.01}, {END: 0.9}], [3], []),  # one unlikely step ends a path
        ([{INSIDE: 0.9}, {END: 0.9}], [2], []),  # no path begins inside
        ([{tag_of("CAMP", 0, 1): 0.9}], [1], []),  # another label's tag
    ],
)
def test_paths_through_the_tags(
    rows: list[dict[int, float]], sentence_ends: list[int], spans: list[tuple[int, int]]
) -> None:
    assert sorted(proposed(chances(*rows), "ORG", sentence_ends)) == spans


def test_every_span_of_the_rules_is_a_candidate_whatever_the_model_says() -> None:
    analysis = analysis_of(trichluc.load(rules_only=True)("Tỉnh đoàn Bình Định khen Huyện đoàn An Lão."))
    s = analysis.syllables
    scores = np.log(chances(*[{}] * len(s)) + 1e-6)
    found = candidates("ORG", scores, list(range(len(s))), [len(s)], s, analysis.organizations, 1.0)
    assert [(c.first, c.last) for c in found] == [(m.first, m.last) for m in analysis.organizations]
    assert all(c.rule is not None and len(c.features) == len(FEATURES) for c in found)


spans = st.builds(
    lambda first, length: Candidate(first, first + length, None),
    st.integers(0, 12), st.integers(1, 5),
)  # fmt: skip


@given(st.lists(st.tuples(spans, st.floats(0.01, 0.99)), max_size=9), st.sampled_from([0.3, 0.5, 0.6]))
def test_the_chosen_candidates_are_the_best_set_without_overlap(
    weighed: list[tuple[Candidate, float]], threshold: float
) -> None:
    def gain(chosen: tuple[tuple[Candidate, float], ...] | list[tuple[Candidate, float]]) -> float:
        return sum(log(p / (1 - p)) - log(threshold / (1 - threshold)) for _, p in chosen)

    def apart(chosen: tuple[tuple[Candidate, float], ...] | list[tuple[Candidate, float]]) -> bool:
        return all(a.last <= b.first or b.last <= a.first for (a, _), (b, _) in combinations(chosen, 2))

    found = selected([c for c, _ in weighed], [p for _, p in weighed], threshold)
    assert apart(found)
    assert all(p > threshold for _, p in found)
    able = [(c, p) for c, p in weighed if p > threshold]
    best = max((gain(s) for n in range(len(able) + 1) for s in combinations(able, n) if apart(s)), default=0.0)
    assert gain(found) == pytest.approx(best)


@pytest.mark.parametrize("label", ["ORG", "CAMP"])
def test_what_model_and_rules_both_say_is_likelier_than_what_one_says(label: str) -> None:
    """The shipped policy: agreement counts, a span that the model finds impossible goes, a sure one needs no rule."""
    weights = load_tagger().meta["policy"][label]["weights"]
    mention = Mention("other", 0, 3, "rule:organizations.x", 0.9)

    def chance(sure: float, rule: Mention | None) -> float:
        features = {"mean": sure, "worst": sure, "first": sure, "last": sure, "length": log(3), "capital": 1.0}
        features |= {"rule": 1.0, "rule_sure": 0.1} if rule else {}
        candidate = Candidate(0, 3, rule, tuple(features.get(name, 0.0) for name in FEATURES))
        return probabilities([candidate], weights)[0]

    threshold = load_tagger().meta["policy"][label]["threshold"]
    assert chance(-0.01, mention) > threshold
    assert chance(-0.01, mention) > chance(-3.0, mention) > chance(-8.0, mention)
    assert chance(-8.0, mention) < threshold
    assert chance(-0.01, None) > threshold > chance(-5.0, None)


def test_the_shipped_model_is_small_and_says_what_it_is() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 25_000_000
    meta = json.loads((FOLDER / "model.json").read_text("utf-8"))
    assert meta["policy"].keys() == {"ORG", "CAMP", "AWARD"}
    assert meta["policy"]["ORG"]["features"] == meta["policy"]["CAMP"]["features"] == list(FEATURES)
    assert meta["policy"]["AWARD"]["features"] == list(weighing.FEATURES)
    assert (ROOT / "models" / "README.md").exists()


def test_probabilities_of_a_syllable_sum_to_one() -> None:
    analysis = analysis_of(trichluc.load(rules_only=True)(SAMPLES[0].read_text("utf-8")))
    tagger = load_tagger()
    codes = rule_features(trichluc.knowledge.build_knowledge(), analysis, analysis.sentences)
    scores = tagger.scores(analysis.syllables, codes, analysis.sentences)
    assert scores.shape[0] == len(analysis.syllables)
    assert np.exp(scores[:, :TAGS]).sum(1) == pytest.approx(1, abs=1e-4)
    assert len(LABELS) * 4 + 1 == TAGS


def test_a_sentence_is_read_the_same_beside_any_other() -> None:
    analysis = analysis_of(trichluc.load(rules_only=True)(SAMPLES[0].read_text("utf-8")))
    tagger = load_tagger()
    codes = rule_features(trichluc.knowledge.build_knowledge(), analysis, analysis.sentences)
    whole = tagger.scores(analysis.syllables, codes, analysis.sentences)
    first, last = analysis.sentences[3]
    alone = tagger.scores(analysis.syllables, codes, [(first, last)])
    assert alone == pytest.approx(whole[first:last], abs=1e-3)


# --- refused with a sentence that says what to do ---------------------------------------------------------------


def copied(folder: Path) -> Path:
    shutil.copytree(FOLDER, folder)
    return folder


def test_a_model_for_another_version_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path / "model")
    meta = json.loads((folder / "model.json").read_text("utf-8"))
    (folder / "model.json").write_text(json.dumps({**meta, "format": 99}), "utf-8")
    with pytest.raises(ModelError, match=r"format 99.*make model.*--rules-only"):
        trichluc.load(model=folder)


@pytest.mark.parametrize("name", ["model.json", "weights.npz"])
def test_a_missing_or_damaged_model_is_refused(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path / "model")
    (folder / name).write_bytes(b"\x80damaged")
    with pytest.raises(ModelError, match="cannot be read"):
        trichluc.load(model=folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match="install trichluc again"):
        trichluc.load(model=folder)


def test_rules_only_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trichluc.recognizing.tagging.FOLDER", Path("/nonexistent"))
    nlp = trichluc.load(rules_only=True)
    assert "trichluc_tagging" not in nlp.pipe_names
    assert len(nlp("Tỉnh đoàn Bình Định tặng 03 giấy khen.")._.record.awards) == 1


def test_a_pipeline_keeps_its_model_on_disk(tmp_path: Path) -> None:
    import spacy

    text = SAMPLES[0].read_text("utf-8")
    nlp = trichluc.load()
    nlp.to_disk(tmp_path / "nlp")
    assert spacy.load(tmp_path / "nlp")(text)._.record == nlp(text)._.record


# --- the same every time ----------------------------------------------------------------------------------------


def test_the_same_result_with_any_number_of_threads() -> None:
    def run(threads: int) -> bytes:
        environment = {**os.environ, **{f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}}
        command = [sys.executable, "-m", "trichluc", "explain", str(SAMPLES[0])]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    assert run(1) == run(2) == run(1)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_same_result_on_every_run(path: Path) -> None:
    text = path.read_text("utf-8")
    assert trichluc.extract(text) == trichluc.extract(text)
    assert trichluc.load()(text)._.record.model_dump(exclude={"document"}) == trichluc.extract(text).model_dump(
        exclude={"document"}
    )
