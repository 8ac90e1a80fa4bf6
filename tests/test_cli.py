"""The command line: what users type, what comes out where, and the sentences that help when it goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from trichluc.cli import app
from trichluc.record import Record

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "corpus" / "samples"
SAMPLE = SAMPLES / "huyen-doan-binh-lam.txt"
REPORT = "Huyện đoàn Bình Lâm tặng giấy khen cho 05 tập thể và 12 cá nhân có thành tích xuất sắc năm 2019."
NOTHING = "Hôm nay trời nắng đẹp, gió nhẹ. Lúa ngoài đồng đã chín vàng."

OTHER_LANGUAGES = {
    "english": "The weather was fine on Sunday. Three children played by the river until it was dark.",
    "chinese": "星期天天气很好。三个孩子在河边玩到天黑。",
    "arabic": "كان الطقس جميلاً يوم الأحد. لعب ثلاثة أطفال قرب النهر حتى حلول الظلام.",
}


def call(*arguments: object, input: bytes = b"") -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=input)


def process(*arguments: str | Path, input: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "trichluc", *map(str, arguments)],
        input=input,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "pipeline"), **environment},
        timeout=120,
        check=False,
    )


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_bytes(text.encode())
    return folder


def facts(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.to_dict().items() if key not in ("document", "schema")}


# --- what a process does ----------------------------------------------------------------------------------------


def test_help_waits_for_nothing_heavy() -> None:
    code = (
        "import sys\nimport trichluc.cli\ntry:\n    trichluc.cli.app(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'spacy', 'underthesea', 'pydantic', 'numpy', 'yaml', 'regex', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "pipeline")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    for command in ("extract", "evaluate", "explain", "diff", "schema"):
        assert command in done.stdout.decode()


def test_a_record_and_nothing_else_on_standard_output() -> None:
    done = process("extract", SAMPLE)
    assert (done.returncode, done.stderr) == (0, b"")
    record = Record.from_yaml(done.stdout.decode())
    assert done.stdout.decode() == record.to_yaml()
    assert yaml.safe_load(done.stdout)["schema"] == "trichluc/1"
    assert (record.document.id, record.document.source) == (SAMPLE.stem, str(SAMPLE))


def test_the_record_does_not_depend_on_the_process() -> None:
    # C locale, no UTF-8 mode, another hash seed: the bytes stay.
    plain = process("extract", SAMPLE, PYTHONHASHSEED="1")
    other = process("extract", SAMPLE, PYTHONHASHSEED="2", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert plain.stdout == other.stdout != b""


def test_standard_input() -> None:
    done = process("extract", "-", input=SAMPLE.read_bytes())
    record = Record.from_yaml(done.stdout.decode())
    assert (record.document.id, record.document.source) == ("stdin", None)
    assert facts(record) == facts(Record.from_yaml(call("extract", SAMPLE).stdout))


def test_twenty_megabytes_are_refused(tmp_path: Path) -> None:
    text = (REPORT + "\n") * (20_000_000 // len(REPORT.encode()))
    done = process("extract", write(tmp_path, long=text) / "long.txt")
    message = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert "long" in message
    assert f"the text has {len(text):,} characters, more than the limit of 5,000,000" in message
    assert "split it into single reports (one article each), or raise --max-characters" in message
    assert "Traceback" not in message


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the report holds no text; check that the right file was given"),
        (b"\xef\xbb\xbf", "the report holds no text; check that the right file was given"),
        (" \r\n\u00a0\t".encode(), "the report holds no text; check that the right file was given"),
        (bytes(range(256)), "this is a binary file, not text; save its text as a UTF-8 .txt file and give that"),
        (b"%PDF-1.4 ...", "this is a PDF, not text; save its text as a UTF-8 .txt file and give that"),
        ("Đoàn viên".encode("cp1258"), "the text is not valid UTF-8 (byte 0 of 9); convert it to UTF-8 first"),
    ],
)
@pytest.mark.parametrize("command", ["extract", "explain"])
def test_a_file_that_is_no_report(command: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    done = call(command, file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("trichluc: ")
    assert "bad" in done.stderr
    assert sentence in done.stderr


@pytest.mark.parametrize("command", ["extract", "explain"])
def test_paths_that_lead_nowhere(command: str, tmp_path: Path) -> None:
    missing = call(command, tmp_path / "nix.txt")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == f"trichluc: {tmp_path / 'nix.txt'}: there is no such file or folder; check the path\n"
    empty = call(command, tmp_path)
    assert (empty.exit_code, empty.stdout) == (2, "")
    assert "the folder holds no report (.txt); give a folder of reports, or a file" in empty.stderr


@pytest.mark.parametrize("text", [NOTHING, *OTHER_LANGUAGES.values()], ids=["nothing", *OTHER_LANGUAGES])
def test_a_text_without_such_facts_is_a_record_with_empty_lists(text: str, tmp_path: Path) -> None:
    done = call("extract", write(tmp_path, a=text) / "a.txt")
    assert done.exit_code == 0
    record = Record.from_yaml(done.stdout)
    assert record.document.characters == len(text)
    assert (record.organizations, record.campaigns, record.awards, record.totals) == ([], [], [], [])


def test_the_limit_can_be_set(tmp_path: Path) -> None:
    file = write(tmp_path, a=REPORT) / "a.txt"
    assert call("extract", file, "--max-characters", len(REPORT)).exit_code == 0
    done = call("extract", file, "--max-characters", len(REPORT) - 1)
    assert done.exit_code == 1
    assert f"more than the limit of {len(REPORT) - 1}" in done.stderr


@pytest.mark.parametrize("command", ["extract", "explain"])
def test_a_knowledge_file_that_cannot_be_used(command: str, tmp_path: Path) -> None:
    file = write(tmp_path, a=REPORT) / "a.txt"
    knowledge = tmp_path / "my.yaml"
    knowledge.write_text("nonsense: []", encoding="utf-8")
    done = call(command, file, "--knowledge", knowledge)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "my.yaml" in done.stderr
    assert "nonsense" in done.stderr
    assert call(command, file, "--knowledge", tmp_path / "nix.yaml").exit_code == 2


# --- many documents -----------------------------------------------------------------------------------------------


def test_a_folder_gets_one_file_each(tmp_path: Path) -> None:
    reports, out = write(tmp_path / "in", a=REPORT, b=NOTHING), tmp_path / "out" / "deeper"
    done = call("extract", reports, "--out", out)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert sorted(file.name for file in out.iterdir()) == ["a.yaml", "b.yaml", "failed.jsonl", "run.json"]
    assert (out / "a.yaml").read_bytes() == call("extract", reports / "a.txt").stdout_bytes
    assert (out / "failed.jsonl").read_bytes() == b""
    run = json.loads((out / "run.json").read_text("utf-8"))
    assert (run["counts"]["documents"], run["counts"]["done"], run["counts"]["failed"]) == (2, 2, 0)
    assert run["paths"] == [str(reports)]
    assert run["settings"] == {
        "format": "yaml",
        "knowledge": None,
        "rules_only": False,
        "max_characters": 5_000_000,
    }
    assert run["seconds"] >= 0
    assert run["version"]


def test_a_jsonl_file_gets_all(tmp_path: Path) -> None:
    reports, out = write(tmp_path / "in", a=REPORT, b=NOTHING), tmp_path / "out" / "all.jsonl"
    assert call("extract", reports, "--out", out).exit_code == 0
    records = [Record.from_json(line) for line in out.read_text("utf-8").splitlines()]
    assert [record.document.id for record in records] == ["a", "b"]
    assert records[0] == Record.from_yaml(call("extract", reports / "a.txt").stdout)
    assert sorted(file.name for file in out.parent.iterdir()) == ["all.jsonl", "failed.jsonl", "run.json"]


@pytest.mark.parametrize("ending", ["", ".jsonl"])
def test_a_bad_document_costs_no_other_anything(ending: str, tmp_path: Path) -> None:
    reports = write(tmp_path / "in", a=REPORT, b="", d=NOTHING)
    (reports / "c.txt").write_bytes(b"\0\xff")
    out = tmp_path / f"out{ending}"
    done = call("extract", reports, tmp_path / "nix", "--out", out)
    assert (done.exit_code, done.stdout) == (1, "")
    folder = tmp_path if ending else out
    failed = [json.loads(line) for line in (folder / "failed.jsonl").read_text("utf-8").splitlines()]
    assert [(line["id"], Path(line["source"]).name, line["code"]) for line in failed] == [
        ("", "nix", "missing_input"),
        ("b", "b.txt", "empty_report"),
        ("c", "c.txt", "unreadable_report"),
    ]
    assert all(f"trichluc: {line['error']}\n" in done.stderr for line in failed)
    if ending:
        assert [json.loads(line)["document"]["id"] for line in out.read_text("utf-8").splitlines()] == ["a", "d"]
    else:
        assert sorted(file.stem for file in out.glob("*.yaml")) == ["a", "d"]
    counts = json.loads((folder / "run.json").read_text("utf-8"))["counts"]
    assert (counts["documents"], counts["done"], counts["failed"]) == (5, 2, 3)


def test_a_fault_of_our_own_costs_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trichluc import pipeline

    extract: Callable[..., Record] = pipeline.extract

    def faulty(text: str, **options: Any) -> Record:
        if "nắng" in text:
            raise IndexError("list index out of range")
        return extract(text, **options)

    monkeypatch.setattr(pipeline, "extract", faulty)
    done = call("extract", write(tmp_path / "in", a=NOTHING, b=REPORT), "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "a.txt: a fault in trichluc (IndexError: list index out of range); please report it" in done.stderr
    assert (tmp_path / "out" / "b.yaml").exists()


def test_files_of_one_stem_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "in", a=REPORT)
    write(tmp_path / "in" / "2016", a=NOTHING)
    assert call("extract", tmp_path / "in", "--out", tmp_path / "out").exit_code == 0
    record = Record.from_yaml((tmp_path / "out" / "a-2.yaml").read_text("utf-8"))
    assert record.document.id == "a-2"
    assert record.document.source == str(tmp_path / "in" / "2016" / "a.txt")


def test_an_earlier_failure_is_not_told_twice(tmp_path: Path) -> None:
    reports = write(tmp_path / "in", a=REPORT, b="")
    assert call("extract", reports, "--out", tmp_path / "out").exit_code == 1
    write(reports, b=NOTHING)
    assert call("extract", reports, "--out", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "failed.jsonl").read_bytes() == b""


def test_one_report_as_a_line_of_json(tmp_path: Path) -> None:
    file = write(tmp_path, a=REPORT) / "a.txt"
    done = call("extract", file, "--format", "jsonl")
    assert done.stdout.count("\n") == 1
    assert Record.from_json(done.stdout) == Record.from_yaml(call("extract", file).stdout)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "2 reports cannot go to standard output; name a folder or a .jsonl file with --out"),
        (["--out", "a.yaml"], "a.yaml is a file, and yaml goes into a folder, one file each; name a folder"),
        (["--out", "a.jsonl", "--format", "yaml"], "a.jsonl is a file, and yaml goes into a folder"),
        (["--out", ".", "--format", "jsonl"], ". is a folder, and jsonl goes into one file; name a file, as all.jsonl"),
        (["--out", "failed.jsonl"], "failed.jsonl is where failures are listed; give the records another name"),
        (["--format", "xml"], "--format"),
        (["--max-characters", "0"], "--max-characters"),
    ],
)
def test_calls_that_are_wrong(
    options: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, a=REPORT, b=REPORT))
    done = call("extract", "a.txt", "b.txt", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in " ".join(done.stderr.split())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    reports = write(tmp_path / "in", a=REPORT)
    (tmp_path / "file").touch()
    done = call("extract", reports, "--out", tmp_path / "file" / "out")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr
    assert "name another place with --out" in done.stderr


# --- the other commands -------------------------------------------------------------------------------------------


def test_schema() -> None:
    done = call("schema")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["properties"].keys() >= {
        "schema",
        "document",
        "organizations",
        "campaigns",
        "awards",
    }


def test_explain_shows_each_award() -> None:
    done = call("explain", SAMPLE)
    assert done.exit_code == 0
    assert "giấy khen" in done.stdout
    assert "rule:" in done.stdout


def test_explain_wants_one_report() -> None:
    done = call("explain", SAMPLES)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "one is explained at a time; name one of them" in done.stderr


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    folder = write(tmp_path / "gold", a=REPORT, b=NOTHING)
    award = "{count: 5, recipient: collective, form: giấy khen}"
    (folder / "a.gold.yaml").write_text(f"organizations: [{{text: Huyện đoàn Bình Lâm}}]\nawards: [{award}]\n", "utf-8")
    (folder / "b.gold.yaml").write_text("organizations: []\n", "utf-8")
    return folder


def test_evaluate(gold: Path) -> None:
    done = call("evaluate", gold)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "documents: 2" in done.stdout


def test_evaluate_systems_side_by_side_as_json(gold: Path) -> None:
    done = call("evaluate", gold, "--system", "trichluc", "--system", "rules", "--json", "--errors")
    assert (done.exit_code, done.stderr) == (0, "")
    figures = json.loads(done.stdout)
    assert list(figures) == ["trichluc", "rules"]
    assert figures["trichluc"].keys() >= {"org", "award", "errors"}


def test_evaluate_says_which_law_a_record_breaks(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trichluc import evaluation
    from trichluc.record import Document

    def lying(reports: Any) -> list[Record]:
        return [Record(document=Document(id=id, sha256="0" * 64, characters=len(text))) for id, text in reports]

    monkeypatch.setitem(evaluation.systems, "lying", lying)
    done = call("evaluate", gold, "--system", "lying")
    assert done.exit_code == 1
    assert "trichluc: lying: a: document: sha256 is not that of the report\n" in done.stderr
    assert "documents: 2" in done.stdout


def test_evaluate_calls_that_are_wrong(gold: Path, tmp_path: Path) -> None:
    unknown = call("evaluate", gold, "--system", "gpt")
    assert unknown.exit_code == 2
    assert "there is no system 'gpt'; the systems are trichluc, rules, underthesea" in " ".join(unknown.stderr.split())
    missing = call("evaluate", tmp_path / "nix")
    assert missing.exit_code == 2
    assert "there is no such folder; give a folder that holds X.txt and X.gold.yaml" in missing.stderr


def test_diff(tmp_path: Path) -> None:
    for run, text in (("old", NOTHING), ("new", REPORT)):
        write(tmp_path / run, a=text)
        assert call("extract", tmp_path / run, "--out", tmp_path / f"{run}-records").exit_code == 0
    done = call("diff", tmp_path / "old-records", tmp_path / "new-records")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "documents in both: 1" in done.stdout
    as_json = call("diff", tmp_path / "old-records", tmp_path / "new-records", "--json")
    changes = json.loads(as_json.stdout)["changes"]
    assert ("award", "gained") in {(change["kind"], change["change"]) for change in changes}


def test_diff_of_what_is_no_run(tmp_path: Path) -> None:
    done = call("diff", tmp_path / "nix", tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nix: there is no such file or folder; check the path" in done.stderr
