"""From raw data to the shipped model: ``python models/recipe/make.py`` (or ``make model``).

Intermediate results lie in ``models/work`` and are used again when they are there; ``--fresh`` makes all anew.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import yaml
from damage import DAMAGES
from encoder import Encoder, export
from finetune import finetune
from gold import Reader, Report, Sentence, fold, holds_something, news, sentences, spans_gold
from policy import Judged, Weighed, fit_award_policy, fit_gate, fit_policy, judge, weigh_awards
from pretrain import Plain, build_vocabulary, pretrain, read_plain

import trichluc
from trichluc import __version__
from trichluc.recognizing.tagger import FORMAT, Tagger, Vocabulary, read_weights

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "models" / "work"
SHIPPED = ROOT / "models" / "recognizer"
_T = TypeVar("_T")


@dataclass(slots=True)
class Lesson:
    """A report with its sentences as numbers, and the sentences of its damaged copies."""

    report: Report
    newspaper: bool
    clean: list[Sentence]
    damaged: list[Sentence]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, default=ROOT / "models" / "recipe.yaml")
    parser.add_argument("--fresh", action="store_true", help="use nothing of an earlier run")
    options = parser.parse_args()
    recipe = yaml.safe_load(options.recipe.read_text("utf-8"))
    WORK.mkdir(exist_ok=True)
    if options.fresh:
        shutil.rmtree(WORK)
        WORK.mkdir()
    started = time.perf_counter()
    lessons, vocabulary = prepared(recipe)
    say(started, f"{len(lessons)} reports with gold")
    encoder_state = kept("encoder.pt", lambda: pretrained(recipe, vocabulary), torch.save, torch.load)
    say(started, "encoder pre-trained")
    judged = cross_validated(recipe, lessons, vocabulary, encoder_state)
    say(started, "cross-validated")
    train_once(WORK / "all", recipe, lessons, vocabulary, encoder_state)
    say(started, "trained on everything")
    gate = fit_gate([lesson.report for lesson in lessons], **recipe["gate"])
    SHIPPED.mkdir(exist_ok=True)
    shutil.copy(WORK / "all" / "weights.npz", SHIPPED)
    parts = range(recipe["folds"])
    policies = [names_policy([j for j in judged if fold(j.id, recipe["folds"]) != number]) for number in parts]
    for number in parts:
        write_meta(WORK / f"fold{number}", recipe, vocabulary, gate, policies[number])
    weighed = [w for number in parts for w in weighed_awards(lessons, recipe["folds"], number)]
    for number in parts:
        policies[number]["AWARD"] = fit_award_policy([w for w in weighed if fold(w.id, recipe["folds"]) != number])
        write_meta(WORK / f"fold{number}", recipe, vocabulary, gate, policies[number])
    policy = {**names_policy(judged), "AWARD": fit_award_policy(weighed)}
    write_meta(SHIPPED, recipe, vocabulary, gate, policy)
    say(started, f"written to {SHIPPED}")


def train_once(
    folder: Path, recipe: dict[str, Any], lessons: list[Lesson], vocabulary: Vocabulary, encoder_state: dict[str, Any]
) -> None:
    """Leave in a folder the weights of a network that has seen these reports, unless an earlier run has."""
    if (folder / "weights.npz").exists():
        return
    encoder = new_encoder(recipe, vocabulary, recipe["finetuning"]["dropout"])
    encoder.load_state_dict(encoder_state)
    clean = [sentence for lesson in lessons for sentence in lesson.clean]
    damaged = [sentence for lesson in lessons for sentence in lesson.damaged]
    network = finetune(encoder, clean, damaged, recipe["finetuning"], recipe["seed"]).cpu()
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "weights.npz", **export(network))


def names_policy(judged: list[Judged]) -> dict[str, Any]:
    """How rules and model are joined, for organizations and for campaigns."""
    return {label: fit_policy(judged, label) for label in ("ORG", "CAMP")}


def weighed_awards(lessons: list[Lesson], folds: int, number: int) -> Iterator[Weighed]:
    """Award statements of the reports that the network of this fold has not seen."""
    nlp = trichluc.load(model=WORK / f"fold{number}")
    for lesson in lessons:
        if fold(lesson.report.id, folds) == number:
            yield weigh_awards(lesson.report, nlp)


def write_meta(
    folder: Path, recipe: dict[str, Any], vocabulary: Vocabulary, gate: dict[str, Any], policy: dict[str, Any]
) -> None:
    """Everything but the weights."""
    meta = {
        "format": FORMAT,
        "made_by": f"trichluc {__version__}",
        "recipe": recipe,
        "distances": recipe["encoder"]["distances"],
        "policy": policy,
        "gate": gate,
        "words": vocabulary.words,
        "bare": vocabulary.bare,
    }
    (folder / "model.json").write_text(json.dumps(meta, ensure_ascii=False, indent=0) + "\n", "utf-8")


def say(started: float, what: str) -> None:
    """A line for whoever waits."""
    print(f"[{time.perf_counter() - started:6.0f} s] {what}", flush=True)


def kept(
    name: str,
    make: Callable[[], _T],
    save: Callable[[_T, Path], Any] | None = None,
    load: Callable[[Path], _T] | None = None,
) -> _T:
    """What an earlier run left, or made now. Only this recipe writes these files; none is shipped."""
    path = WORK / name
    if path.exists():
        return load(path) if load else pickle.loads(path.read_bytes())
    made = make()
    if save:
        save(made, path)
    else:
        path.write_bytes(pickle.dumps(made))
    return made


def prepared(recipe: dict[str, Any]) -> tuple[list[Lesson], Vocabulary]:
    """All gold with its damaged copies, and the vocabulary of the articles."""

    def vocabulary() -> tuple[list[str], list[str]]:
        made = build_vocabulary(plain_text(recipe), recipe["vocabulary"])
        return made.words, made.bare

    words = Vocabulary(*kept("vocabulary.pkl", vocabulary))
    return kept("lessons.pkl", lambda: list(read_lessons(recipe["data"], words, recipe["seed"]))), words


def plain_text(recipe: dict[str, Any]) -> Plain:
    """The unlabelled articles as numbers."""
    settings = recipe["pretraining"]
    texts = (text for _, text in news(ROOT / recipe["data"]["articles"]))
    return kept("plain.pkl", lambda: read_plain(texts, settings["shortest"], settings["longest"]))


def read_lessons(data: dict[str, Any], vocabulary: Vocabulary, seed: int) -> Iterator[Lesson]:
    """All gold there is: of newspapers, of our own reports, and our annotation of more articles."""
    reader, chance = Reader(), random.Random(seed)

    def lesson(report: Report, newspaper: bool) -> Lesson:
        copies = [reader.damaged(report, how, chance) for how in DAMAGES]
        damaged = [
            sentence
            for copy in copies
            if copy is not None
            for sentence in sentences(copy, reader.knowledge, vocabulary)
            if holds_something(sentence)
        ]
        return Lesson(report, newspaper, list(sentences(report, reader.knowledge, vocabulary)), damaged)

    for folder in data["gold"]:
        for report in reader.folder(ROOT / folder):
            yield lesson(report, newspaper=True)
    for folder in data["own"]:
        for report in reader.folder(ROOT / folder):
            yield lesson(report, newspaper=False)
    for name, text, gold in spans_gold(ROOT / data["spans"], ROOT / data["articles"]):
        yield lesson(reader.report(name, text, gold), newspaper=True)


def new_encoder(recipe: dict[str, Any], vocabulary: Vocabulary, dropout: float) -> Encoder:
    """An untrained encoder."""
    return Encoder(vocabulary.absent, recipe["encoder"]["width"], recipe["encoder"]["distances"], dropout)


def pretrained(recipe: dict[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """The state of an encoder that has read the unlabelled articles."""
    torch.manual_seed(recipe["seed"])
    encoder = new_encoder(recipe, vocabulary, dropout=0.0)
    pretrain(plain_text(recipe), vocabulary, encoder, recipe["pretraining"], recipe["seed"])
    return encoder.state_dict()


def cross_validated(
    recipe: dict[str, Any], lessons: list[Lesson], vocabulary: Vocabulary, encoder_state: dict[str, Any]
) -> list[Judged]:
    """Every report judged by a network that has not seen it; the networks stay in ``models/work/foldN``."""
    judged: list[Judged] = []
    for number in range(recipe["folds"]):
        folder = WORK / f"fold{number}"
        seen = [lesson for lesson in lessons if fold(lesson.report.id, recipe["folds"]) != number]
        train_once(folder, recipe, seen, vocabulary, encoder_state)
        meta = {"words": vocabulary.words, "bare": vocabulary.bare, "distances": recipe["encoder"]["distances"]}
        tagger = Tagger(read_weights(folder), meta)
        unseen = [lesson for lesson in lessons if fold(lesson.report.id, recipe["folds"]) == number]
        judged += [judge(lesson.report, lesson.newspaper, tagger) for lesson in unseen]
    return judged


if __name__ == "__main__":
    main()
