"""Floors of accuracy that only rise; `trichluc evaluate DIR --errors` shows which facts a change has lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from trichluc.evaluation import check_laws, evaluate, load_gold, systems

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "gold"

FLOORS = {
    ROOT / "corpus/blind": {"org": 0.92, "campaign": 0.89, "award_count": 0.89, "award": 0.88},
    ROOT / "corpus/dev": {"org": 0.95, "campaign": 0.82, "award_count": 0.87, "award": 0.84},
    ROOT / "tests/reports": {"org": 0.95, "campaign": 0.96, "award_count": 0.96, "award": 0.96},
    SHARED / "dev": {"org": 0.83, "campaign": 0.62, "award_count": 0.79, "award": 0.76},
}


@pytest.mark.parametrize("folder", FLOORS, ids=lambda f: f"{f.parent.name}-{f.name}")
def test_accuracy_does_not_fall(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: the annotated newspaper articles are not part of the repository")
    gold = load_gold(folder)
    records = list(systems["trichluc"]([(g.id, g.text) for g in gold]))
    assert [p for g, r in zip(gold, records, strict=True) for p in check_laws(r, g.text)] == []
    found = {kind: evaluate(gold, records).scores[kind].f1 for kind in FLOORS[folder]}
    assert {k: f for k, f in found.items() if f < FLOORS[folder][k]} == {}
