"""What the model is worth: every report judged by a network that has not seen it (after ``make.py``).

    python models/recipe/assess.py [--json FILE]

Prints the tables of the model card: rules against rules and model, with and without the gate, the loss under damage.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from damage import DAMAGES
from gold import Reader, Report, fold
from make import ROOT, WORK, Lesson, prepared
from policy import gold_of
from rich.console import Console
from rich.table import Table
from spacy.language import Language

import trichluc
from trichluc.evaluation import Evaluation, GoldReport, evaluate
from trichluc.recognizing.tagger import LABELS
from trichluc.record import Record

KINDS = ("org", "org_partial", "campaign", "campaign_partial", "award_count", "award")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    recipe = yaml.safe_load((ROOT / "models" / "recipe.yaml").read_text("utf-8"))
    lessons, _ = prepared(recipe)
    split = json.loads((ROOT / "corpus" / "gold_split.json").read_text("utf-8"))
    sets = {
        "newspapers, gold (561)": [x for x in lessons if x.report.id in {*split["work"], *split["held"]}],
        "newspapers, held third (187)": [x for x in lessons if x.report.id in set(split["held"])],
        "newspapers, our annotation": [
            x for x in lessons if x.newspaper and x.report.id not in {*split["work"], *split["held"]}
        ],
        "reports of local bodies": [x for x in lessons if not x.newspaper],
    }
    pipelines = {
        "rules": [trichluc.load(rules_only=True)] * recipe["folds"],
        "rules + model": [trichluc.load(model=WORK / f"fold{n}") for n in range(recipe["folds"])],
        "without the gate": [ungated(WORK / f"fold{n}") for n in range(recipe["folds"])],
    }
    console, figures = Console(width=140), {}
    for name, chosen in sets.items():
        found = {system: assessed(chosen, nlps) for system, nlps in pipelines.items()}
        console.print(scores_table(name, {system: e for system, (e, _) in found.items()}))
        console.print({system: f"{seconds:.1f} s" for system, (_, seconds) in found.items()})
        figures[name] = {system: as_dict(e) for system, (e, _) in found.items()}
    console.print(damage_table(sets["newspapers, gold (561)"], pipelines["rules + model"], figures))
    if options.json:
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")


def ungated(folder: Path) -> Language:
    """The same pipeline with the network reading every sentence."""
    nlp = trichluc.load(model=folder)
    nlp.get_pipe("trichluc_tagging").gate.lowest = float("-inf")  # type: ignore[attr-defined]
    return nlp


def record_of(text: str, name: str, nlp: Language) -> Record:
    """The record of one text by one pipeline."""
    doc = nlp.make_doc(text)
    doc.user_data["id"] = name
    for _, component in nlp.pipeline:
        doc = component(doc)
    record: Record = doc._.record
    return record


def assessed(lessons: list[Lesson], nlps: list[Language]) -> tuple[Evaluation, float]:
    """Scores, and the seconds that extraction took."""
    started = time.perf_counter()
    reports = [lesson.report for lesson in lessons]
    records = [record_of(r.text, r.id, nlps[fold(r.id, len(nlps))]) for r in reports]
    seconds = time.perf_counter() - started
    return evaluate([gold_of(r) for r in reports], records), seconds


def scores_table(name: str, found: dict[str, Evaluation]) -> Table:
    """Systems side by side."""
    table = Table("P R F1 [95 %]", title=name)
    for system in found:
        table.add_column(system)
    for kind in KINDS:
        cells = []
        for e in found.values():
            s = e.scores[kind]
            low, high = s.f1_interval
            cells.append(f"{s.precision:.3f} {s.recall:.3f} {s.f1:.3f} [{low:.3f}, {high:.3f}]")
        table.add_row(kind, *cells)
    for field in next(iter(found.values())).fields:
        table.add_row(field, *(f"{e.fields[field].value or 0:.3f} (n {e.fields[field].n})" for e in found.values()))
    table.add_row("awards with confidence ≥ 0.9", *(sure(e) for e in found.values()))
    return table


def sure(e: Evaluation) -> str:
    """How many awards are surest, and the share of them that is right."""
    bins = [b for b in e.reliability if b.low >= 0.9]
    awards, right = sum(b.awards for b in bins), sum(b.right for b in bins)
    return f"{right / awards:.3f} right (n {awards})" if awards else "none"


def as_dict(e: Evaluation) -> dict[str, Any]:
    """Precision, recall and F1 by kind."""
    return {kind: [round(s.precision, 4), round(s.recall, 4), round(s.f1, 4)] for kind, s in e.scores.items()}


def tagged_gold(report: Report) -> GoldReport:
    """The names that stand in the tags of a report: damage changes how they are spelled."""
    s = report.analysis.syllables
    names: dict[str, dict[str, None]] = {"ORG": {}, "CAMP": {}}
    for first, last, label in tagged_spans(report.tags):
        if label in names:
            names[label][report.text[s.start[first] : s.end[last - 1]]] = None
    return GoldReport.model_validate(
        {
            "id": report.id,
            "text": report.text,
            "organizations": [{"text": name} for name in names["ORG"]],
            "campaigns": [{"text": name, "kind": "campaign", "year": None} for name in names["CAMP"]],
        }
    )


def tagged_spans(tags: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    """Ranges of syllables with their label."""
    first = 0
    for i, tag in enumerate(tags):
        if tag and (tag - 1) % 4 in (0, 3):
            first = i
        if tag and (tag - 1) % 4 in (2, 3):
            yield first, i + 1, LABELS[(tag - 1) // 4]


def damage_table(lessons: list[Lesson], nlps: list[Language], figures: dict[str, Any]) -> Table:
    """F1 of names on damaged copies of the reports; each copy judged by a network that has not seen the report."""
    reader, chance = Reader(), random.Random(0)
    table = Table("damage", "organizations", "campaigns", title="F1 under damage, names as they stand in the copy")
    figures["damage"] = {}
    for how in ("none", *DAMAGES):
        copies = [x.report if how == "none" else reader.damaged(x.report, how, chance) for x in lessons]
        kept = [copy for copy in copies if copy is not None]
        records = [record_of(r.text, r.id, nlps[fold(r.id.partition(",")[0], len(nlps))]) for r in kept]
        e = evaluate([tagged_gold(r) for r in kept], records)
        figures["damage"][how] = [round(e.scores[kind].f1, 4) for kind in ("org", "campaign")]
        table.add_row(f"{how} ({len(kept)})", *(f"{e.scores[kind].f1:.3f}" for kind in ("org", "campaign")))
    return table


if __name__ == "__main__":
    main()
