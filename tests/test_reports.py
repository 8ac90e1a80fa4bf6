"""Whole reports against what a careful reader wrote down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import trichluc
from trichluc.evaluation import GoldReport, campaign_key, check_laws, load_gold, name_key
from trichluc.record import Record

FOLDER = Path(__file__).parent / "reports"
SEED = Path(__file__).resolve().parents[2] / "shared" / "gold" / "seed"
FLOOR = 0.8

REPORTS = {report.id: report for report in load_gold(FOLDER)}
needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason=f"the seed report is not at {SEED}")


@cache
def record_of(id: str) -> Record:
    return trichluc.extract(REPORTS[id].text, id=id)


def f1(gold: Iterable[Hashable], found: Iterable[Hashable]) -> tuple[float, str]:
    """F1 of two bags, and what is missing and what is too much in words."""
    wanted, given = Counter(gold), Counter(found)
    right = (wanted & given).total()
    both = wanted.total() + given.total()
    missing, extra = list((wanted - given).elements()), list((given - wanted).elements())
    return (2 * right / both if both else 1.0), f"missing {missing}, too much {extra}"


def awards_of_gold(gold: GoldReport) -> list[Hashable]:
    return [(a.count, a.recipient, name_key(a.form), name_key(a.title or "")) for a in gold.awards]


def awards_of(record: Record) -> list[Hashable]:
    return [(a.count, a.recipient, name_key(a.form), name_key(a.title or "")) for a in record.awards]


def organizations_of(record: Record) -> set[str]:
    return {name_key(m.text) for o in record.organizations for m in o.mentions}


def warnings_of_gold(folder: Path, id: str) -> list[dict[str, Any]]:
    content = yaml.safe_load((folder / f"{id}.gold.yaml").read_text("utf-8"))
    found: list[dict[str, Any]] = content.get("warnings") or []
    return found


# --- the reports of this project --------------------------------------------------------------------------------


def test_there_are_ten_reports() -> None:
    assert len(REPORTS) == 10


@pytest.mark.parametrize("id", REPORTS)
def test_gold_stands_in_its_report(id: str) -> None:
    """Every text of the gold is an exact stretch of the report (GUIDELINES)."""
    gold = REPORTS[id]
    quoted = [o.text for o in gold.organizations] + [c.text for c in gold.campaigns]
    for award in gold.awards:
        quoted += [text for text in (award.title, award.grantor, award.reason, award.evidence) if text]
    quoted += [flag["text"] for flag in warnings_of_gold(FOLDER, id)]
    assert [text for text in quoted if text not in gold.text] == []


@pytest.mark.parametrize("id", REPORTS)
def test_laws_hold(id: str) -> None:
    assert check_laws(record_of(id), REPORTS[id].text) == []


@pytest.mark.parametrize("id", REPORTS)
def test_awards(id: str) -> None:
    score, errors = f1(awards_of_gold(REPORTS[id]), awards_of(record_of(id)))
    assert score >= FLOOR, f"awards F1 {score:.2f}: {errors}"


@pytest.mark.parametrize("id", REPORTS)
def test_campaigns(id: str) -> None:
    gold = [campaign_key(c.text) for c in REPORTS[id].campaigns]
    score, errors = f1(gold, [campaign_key(c.name) for c in record_of(id).campaigns])
    assert score >= FLOOR, f"campaigns F1 {score:.2f}: {errors}"


@pytest.mark.parametrize("id", REPORTS)
def test_organizations(id: str) -> None:
    gold = {name_key(o.text) for o in REPORTS[id].organizations}
    score, errors = f1(gold, organizations_of(record_of(id)))
    assert score >= FLOOR, f"organizations F1 {score:.2f}: {errors}"


@pytest.mark.parametrize("id", REPORTS)
def test_warnings(id: str) -> None:
    found = [(w.code, w.text) for w in record_of(id).warnings]
    assert [w for w in warnings_of_gold(FOLDER, id) if (w["code"], w["text"]) not in found] == [], f"found {found}"


# --- the report that the project started from -------------------------------------------------------------------


@lru_cache(maxsize=1)
def seed() -> tuple[GoldReport, Record]:
    (gold,) = load_gold(SEED)
    return gold, trichluc.extract(gold.text, id=gold.id)


@needs_seed
def test_seed_awards() -> None:
    gold, record = seed()
    bodies = {o.id: o.name for o in record.organizations}
    found = [
        (a.count, a.recipient, a.form, a.title, bodies.get(a.grantor or ""), a.grantor_text, a.reason, a.year)
        for a in record.awards
    ]
    wanted = [(a.count, a.recipient, a.form, a.title, a.grantor, a.grantor, a.reason, a.year) for a in gold.awards]
    assert found == wanted
    assert len(found) == 6
    assert not any(a.approximate or a.part_of for a in record.awards)


@needs_seed
def test_seed_campaigns() -> None:
    gold, record = seed()
    assert [(c.name, c.kind) for c in record.campaigns] == [(c.text, c.kind) for c in gold.campaigns]
    assert len(record.campaigns) == 7
    for wanted, found in zip(gold.campaigns, record.campaigns, strict=True):
        if wanted.year is None:
            assert found.year_source in (None, "inferred"), found.name
        else:
            assert (found.year, found.year_source) == (wanted.year, "stated"), found.name


@needs_seed
def test_seed_organizations() -> None:
    gold, record = seed()
    wanted, found = {name_key(o.text) for o in gold.organizations}, organizations_of(record)
    assert len(wanted & found) >= 9, wanted - found
    assert len(found - wanted) <= 1, found - wanted


@needs_seed
def test_seed_totals() -> None:
    assert {(t.form, t.recipient): t.count for t in seed()[1].totals} == {
        ("giấy khen", "collective"): 26,
        ("giấy khen", "individual"): 25,
    }


@needs_seed
def test_seed_warnings_title_and_laws() -> None:
    gold, record = seed()
    flags = {w.code: w.text for w in record.warnings}
    assert flags["unclosed_quote"] == "“Chi đoàn cơ sở xuất sắc dẫn đầu cấp sơ sở"
    assert flags["missing_year"] == "Tháng thanh niên năm"
    assert record.document.title == gold.text.splitlines()[0]
    assert check_laws(record, gold.text) == []
