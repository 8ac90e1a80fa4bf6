"""Accuracy of the rules on every annotated set at hand, one column each, as a Markdown table.

python benchmarks/accuracy.py [--gold ../shared/gold]

The newspaper articles are split by document in ``corpus/gold_split.json``: *work* was read while the rules were
written, *held* was only ever scored. ``corpus/blind`` holds reports of local bodies whose writers never saw the rules;
they are only scored, too. The shipped model has seen the newspapers: ``models/recipe/assess.py`` judges it there by
networks that have not. Figures are F1 (or accuracy) with 95 % bootstrap intervals by document.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from trichluc.evaluation import Evaluation, GoldReport, evaluate, load_gold, systems

ROOT = Path(__file__).resolve().parent.parent


def parts(gold: Path) -> dict[str, list[GoldReport]]:
    """The annotated sets by name; those whose texts are not at hand are left out."""
    found: dict[str, list[GoldReport]] = {}
    if (gold / "dev").is_dir():
        split = json.loads((ROOT / "corpus/gold_split.json").read_text("utf-8"))
        articles = {g.id: g for folder in ("dev", "train") for g in load_gold(gold / folder)}
        found["newspapers, dev"] = load_gold(gold / "dev")
        found["newspapers, work"] = [articles[i] for i in split["work"]]
        found["newspapers, held"] = [articles[i] for i in split["held"]]
    found["local reports, blind"] = load_gold(ROOT / "corpus/blind")
    found["local reports, seen"] = load_gold(ROOT / "tests/reports")
    return found


def score(gold: list[GoldReport]) -> Evaluation:
    """Score what the rules find in one set."""
    return evaluate(gold, list(systems["rules"]([(g.id, g.text) for g in gold])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, default=ROOT.parent / "shared/gold")
    evaluations = {name: score(gold) for name, gold in parts(parser.parse_args().gold).items()}
    print("| | " + " | ".join(evaluations) + " |")
    print("|---" * (len(evaluations) + 1) + "|")
    for kind in ("org", "org_partial", "campaign", "award_count", "award"):
        scores = [e.scores[kind] for e in evaluations.values()]
        shown = (f"{x.f1:.3f} [{x.f1_interval[0]:.2f}, {x.f1_interval[1]:.2f}]" for x in scores)
        print(f"| {kind}, F1 | " + " | ".join(shown) + " |")
    for name in ("campaign_kind", "campaign_year", "award_grantor", "award_title"):
        fields = [e.fields[name] for e in evaluations.values()]
        print(
            f"| {name}, right | "
            + " | ".join("" if x.value is None else f"{x.value:.3f} (n={x.n})" for x in fields)
            + " |"
        )
    print("| documents | " + " | ".join(str(e.documents) for e in evaluations.values()) + " |")


if __name__ == "__main__":
    main()
