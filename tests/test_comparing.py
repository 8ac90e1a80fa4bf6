"""Facts gained, lost and changed between two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from trichluc.comparing import Comparison, compare, render, to_json
from trichluc.errors import MissingInput, RecordError
from trichluc.record import Record

TEXT = "Tỉnh đoàn phát động Xuân biên giới, tặng bằng khen cho 06 tập thể và 06 cá nhân."


def quote(text: str) -> dict[str, Any]:
    start = TEXT.index(text)
    return {"text": text, "start": start, "end": start + len(text)}


def organization(text: str = "Tỉnh đoàn", kind: str = "youth_union") -> dict[str, Any]:
    return {"id": "org-1", "name": text, "kind": kind, "mentions": [quote("Tỉnh đoàn")]}


def campaign(year: int | None = None) -> dict[str, Any]:
    name = "Xuân biên giới"
    return {"id": "campaign-1", "name": name, "kind": "campaign", "year": year, "mentions": [quote(name)]}


def award(count: int, recipient: str, evidence: str, **fields: Any) -> dict[str, Any]:
    award = {"id": "award-1", "count": count, "recipient": recipient, "form": "bằng khen", "source": "rule:test"}
    return {**award, "evidence": quote(evidence), "confidence": 0.9, **fields}


def write(folder: Path, id: str, **facts: list[dict[str, Any]]) -> Record:
    folder.mkdir(exist_ok=True)
    document = {"id": id, "sha256": "0" * 64, "characters": len(TEXT)}
    record = Record.model_validate({"document": document, **facts})
    (folder / f"{id}.yaml").write_text(record.to_yaml(), encoding="utf-8")
    return record


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return tmp_path / "old"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new"


def changes(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(one.kind, one.change, one.describe()) for one in comparison.changes]


COLLECTIVES = award(6, "collective", "bằng khen cho 06 tập thể")
INDIVIDUALS = award(6, "individual", "06 cá nhân")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"organizations": [organization()]}, {"organizations": [organization()]}, [], id="the same"),
        pytest.param(
            {},
            {"organizations": [organization()]},
            [("organization", "gained", "text=Tỉnh đoàn, kind=youth_union")],
            id="organization gained",
        ),
        pytest.param(
            {"organizations": [organization(kind="other")]},
            {"organizations": [organization()]},
            [("organization", "changed", "kind: other → youth_union")],
            id="organization of another kind",
        ),
        pytest.param(
            {"organizations": [organization()]},
            {"organizations": [organization("Tỉnh đoàn Bắc Kạn")]},
            [],
            id="another name, the same mention",
        ),
        pytest.param(
            {"campaigns": [campaign()]},
            {"campaigns": [campaign(2016)]},
            [("campaign", "changed", "year: – → 2016")],
            id="campaign with a year now",
        ),
        pytest.param(
            {"campaigns": [campaign()]},
            {},
            [("campaign", "lost", "name=Xuân biên giới, kind=campaign")],
            id="campaign lost",
        ),
        pytest.param(
            {"awards": [COLLECTIVES, INDIVIDUALS]}, {"awards": [INDIVIDUALS, COLLECTIVES]}, [], id="another order"
        ),
        pytest.param(
            {"awards": [{**COLLECTIVES, "count": 5}, INDIVIDUALS]},
            {"awards": [COLLECTIVES, INDIVIDUALS]},
            [("award", "changed", "count: 5 → 6")],
            id="award with another count",
        ),
        pytest.param(
            {"awards": [COLLECTIVES]},
            {"awards": [INDIVIDUALS]},
            [
                ("award", "lost", "count=6, recipient=collective, form=bằng khen"),
                ("award", "gained", "count=6, recipient=individual, form=bằng khen"),
            ],
            id="awards of two places are two facts",
        ),
        pytest.param(
            {"awards": [COLLECTIVES]},
            {"awards": [COLLECTIVES, COLLECTIVES]},
            [("award", "gained", "count=6, recipient=collective, form=bằng khen")],
            id="said twice is counted twice",
        ),
        pytest.param(
            {"awards": [{**COLLECTIVES, "confidence": 0.1}]},
            {"awards": [{**COLLECTIVES, "confidence": 0.9, "source": "rule:other"}]},
            [],
            id="source and confidence are no facts",
        ),
    ],
)
def test_changes(
    old: Path, new: Path, before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    write(old, "a", **before)
    write(new, "a", **after)
    comparison = compare(old, new)
    assert changes(comparison) == expected
    assert comparison.documents == 1


def test_closest_award_is_paired(old: Path, new: Path) -> None:
    whole = "bằng khen cho 06 tập thể và 06 cá nhân"
    write(old, "a", awards=[award(6, "collective", whole), award(6, "individual", whole)])
    write(new, "a", awards=[award(6, "individual", whole, title="Giỏi"), award(6, "collective", whole, title="Tốt")])
    assert [one.describe() for one in compare(old, new).changes] == ["title: – → Tốt", "title: – → Giỏi"]


def test_kept_facts_are_counted(old: Path, new: Path) -> None:
    write(old, "a", organizations=[organization()], awards=[COLLECTIVES, INDIVIDUALS])
    write(new, "a", organizations=[organization()], awards=[COLLECTIVES])
    comparison = compare(old, new)
    assert comparison.kept == {"organization": 1, "campaign": 0, "award": 1}
    assert comparison.count("award", "lost") == 1


def test_documents_of_one_run_are_named_and_not_counted(old: Path, new: Path) -> None:
    write(old, "a")
    write(old, "b", organizations=[organization()])
    write(new, "a")
    write(new, "c", organizations=[organization()])
    comparison = compare(old, new)
    assert (comparison.only_old, comparison.only_new, comparison.changes) == (["b"], ["c"], [])


def test_jsonl_folder_file_and_yaml_are_the_same(old: Path, new: Path, tmp_path: Path) -> None:
    records = [write(old, id, organizations=[organization()]) for id in ("a", "b")]
    new.mkdir()
    lines = new / "records.jsonl"
    lines.write_text("".join(record.to_json() + "\n" for record in records) + "\n", encoding="utf-8")
    # What a run writes beside its records is no record.
    (new / "failed.jsonl").write_text('{"id": "x", "error": "empty"}\n', encoding="utf-8")
    (new / "run.json").write_text("{}", encoding="utf-8")
    for runs in ((old, new), (old, lines), (lines, old)):
        comparison = compare(*runs)
        assert (comparison.documents, comparison.changes) == (2, [])


def test_line_separator_inside_a_jsonl_record(tmp_path: Path) -> None:
    record = Record.model_validate({"document": {"id": "a\u2028b", "sha256": "", "characters": 0}})
    file = tmp_path / "records.jsonl"
    file.write_text(record.to_json() + "\n", encoding="utf-8")
    assert compare(file, file).documents == 1


def test_organization_without_a_mention_is_compared_by_name(old: Path, new: Path) -> None:
    write(old, "a", organizations=[{**organization(), "mentions": []}], campaigns=[{**campaign(), "mentions": []}])
    write(new, "a")
    assert [one.evidence for one in compare(old, new).changes] == ["Tỉnh đoàn", "Xuân biên giới"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", b"document: [", "a.yaml: cannot be read: "),
        ("a.yaml", b"just text", "a.yaml: is no record: Input should be"),
        ("a.yaml", b"document: {id: a, sha256: '', characters: many}", "a.yaml: is no record: document.characters: "),
        ("a.yaml", b"\xff\xfe", "a.yaml: not UTF-8 (byte 0)"),
        ("a.jsonl", b'\n{"document": ', "a.jsonl, line 2: cannot be read: "),
        ("a.jsonl", b'{"document": {}}', "a.jsonl, line 1: is no record: document.id: Field required"),
    ],
)
def test_file_that_is_no_record_is_named(old: Path, new: Path, name: str, content: bytes, message: str) -> None:
    write(old, "a")
    new.mkdir()
    (new / name).write_bytes(content)
    with pytest.raises(RecordError) as caught:
        compare(old, new)
    assert str(caught.value).startswith(str(new / message.split(":")[0].split(",")[0]))
    assert message in str(caught.value)


def test_id_that_stands_twice(old: Path) -> None:
    record = write(old, "a")
    (old / "copy.yaml").write_text(record.to_yaml(), encoding="utf-8")
    with pytest.raises(RecordError, match=r"copy\.yaml: there is a second record of document a"):
        compare(old, old)


def test_folders_that_cannot_be_compared(old: Path, tmp_path: Path) -> None:
    old.mkdir()
    with pytest.raises(RecordError, match="holds no record"):
        compare(old, old)
    with pytest.raises(MissingInput, match="nowhere"):
        compare(tmp_path / "nowhere", old)


def shown(comparison: Comparison, **options: int) -> str:
    console = Console(width=100, no_color=True, force_terminal=False)
    with console.capture() as capture:
        render(comparison, console, **options)
    return capture.get()


def test_render_shows_counts_samples_and_evidence(old: Path, new: Path) -> None:
    for id in ("a", "b", "c"):
        write(old, id, awards=[COLLECTIVES])
        write(new, id, awards=[{**COLLECTIVES, "title": "[Giỏi]"}])
    write(new, "d")
    text = shown(compare(old, new), samples=2)
    assert "documents in both: 3; only in the old run: 0; only in the new run: 1" in text
    assert "award, changed: 3" in text
    assert "  b: title: – → [Giỏi]\n    “bằng khen cho 06 tập thể”\n" in text
    assert "… and 1 more" in text
    assert "only in the new run: d" in text
    assert "award, changed" not in shown(compare(old, new), samples=0)


def test_json_holds_every_change(old: Path, new: Path) -> None:
    write(old, "a", awards=[COLLECTIVES])
    write(new, "a", campaigns=[campaign()])
    content = json.loads(to_json(compare(old, new)))
    assert [(one["kind"], one["change"], one["evidence"]) for one in content["changes"]] == [
        ("award", "lost", "bằng khen cho 06 tập thể"),
        ("campaign", "gained", "Xuân biên giới"),
    ]
    assert content["changes"][0]["old"]["count"] == 6
    assert content["changes"][0]["new"] is None
