"""Scores that agree with the reference scorer, laws that are seen broken, gold that is refused with its name."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import underthesea
from rich.console import Console

import trichluc
from trichluc.errors import GoldError
from trichluc.evaluation import (
    FIELDS,
    KINDS,
    GoldReport,
    _word_spans,
    campaign_key,
    check_laws,
    evaluate,
    load_gold,
    name_key,
    render,
    systems,
    to_json,
)
from trichluc.record import Campaign, Document, Organization, Record

SHARED = Path(__file__).resolve().parents[2] / "shared"
REFERENCE = SHARED / "tools" / "score.py"
needs_reference = pytest.mark.skipif(
    not (REFERENCE.is_file() and (SHARED / "gold" / "dev").is_dir()),
    reason="needs ../shared (tools/score.py and gold/dev), which is not part of this repository",
)


def document_of(id: str, text: str) -> Document:
    return Document(id=id, sha256=hashlib.sha256(text.encode()).hexdigest(), characters=len(text))


# --- agreement with the reference scorer ------------------------------------------------------------------------


def perfect_record(report: GoldReport) -> Record:
    """The record of a reader who wrote down exactly the gold."""

    def quote(text: str) -> dict[str, Any]:
        start = report.text.index(text)
        return {"text": text, "start": start, "end": start + len(text)}

    organizations = [
        {"id": f"org-{number}", "name": body.text, "kind": "other", "mentions": [quote(body.text)]}
        for number, body in enumerate(report.organizations, 1)
    ]
    campaigns = [
        {
            **{"id": f"campaign-{number}", "name": campaign.text, "kind": campaign.kind, "year": campaign.year},
            "mentions": [quote(campaign.text)],
        }
        for number, campaign in enumerate(report.campaigns, 1)
    ]
    ids = {body["name"]: body["id"] for body in organizations}
    awards = [
        {
            **award.model_dump(include={"count", "recipient", "form", "title", "reason", "year"}),
            **{"id": f"award-{number}", "evidence": quote(award.evidence or ""), "source": "gold", "confidence": 1.0},
            # Half of the grantors by id, half as written: both ways must be scored.
            **({"grantor": ids.get(award.grantor or "")} if number % 2 else {"grantor_text": award.grantor}),
        }
        for number, award in enumerate(report.awards, 1)
    ]
    content = {"organizations": organizations, "campaigns": campaigns, "awards": awards}
    return Record.model_validate({"document": document_of(report.id, report.text).model_dump(), **content})


def half_dropped(record: Record, chance: random.Random) -> Record:
    return record.model_copy(
        update={
            kind: [fact for fact in getattr(record, kind) if chance.random() < 0.5]
            for kind in ("organizations", "campaigns", "awards")
        }
    )


def with_extras(record: Record, chance: random.Random) -> Record:
    """Facts said twice, and facts that gold does not hold, before and after those that it does."""
    extra = record.model_copy(deep=True)
    for body in extra.organizations:
        body.mentions = [mention.model_copy(update={"text": mention.text + " mới"}) for mention in body.mentions]
    for award in extra.awards:
        award.count += chance.choice((0, 0, 1))
        award.form = chance.choice((award.form + " của tỉnh", award.form.split()[0], ""))
    for campaign in extra.campaigns:
        campaign.name = f"phong trào “{campaign.name}” năm 2016"
        campaign.kind = "movement"
        campaign.year = chance.choice((None, 2016))
    return Record(
        document=record.document,
        organizations=extra.organizations + record.organizations,
        campaigns=record.campaigns + extra.campaigns,
        awards=extra.awards + record.awards[:1],
    )


def shifted(record: Record, chance: random.Random) -> Record:
    """Every name a word short or a word long, every award a little off, as a system that is nearly right."""
    off = record.model_copy(deep=True)
    entities: list[Organization | Campaign] = [*off.organizations, *off.campaigns]
    for entity in entities:
        words = entity.name.split()
        entity.name = " ".join(chance.choice((words[1:], words[:-1], [*words, "tỉnh"], words))) or "Đoàn"
        for mention in entity.mentions:
            mention.text = chance.choice((entity.name, mention.text.upper(), f"“{mention.text}”,"))
    for award in off.awards:
        award.recipient = chance.choice((award.recipient, "mixed"))
        award.title = chance.choice((None, award.title, f"danh hiệu {award.title}"))
        award.grantor_text = chance.choice((None, award.grantor_text))
    return off


def untouched(record: Record, chance: random.Random) -> Record:
    return record


@needs_reference
@pytest.mark.parametrize("spoil", [untouched, half_dropped, with_extras, shifted])
def test_agrees_with_the_reference_scorer(spoil: Callable[[Record, random.Random], Record], tmp_path: Path) -> None:
    folder = SHARED / "gold" / "dev"
    gold = load_gold(folder)
    chance = random.Random(7)
    # The first document has no record: that is scored as a record without facts.
    records = [spoil(perfect_record(report), chance) for report in gold[1:]]
    for record in records:
        (tmp_path / f"{record.document.id}.yaml").write_text(record.to_yaml(), encoding="utf-8")
    command = [sys.executable, str(REFERENCE), str(folder), str(tmp_path), "--json"]
    reference = json.loads(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout)
    evaluation = evaluate(gold, records)
    assert evaluation.summary() == reference
    assert evaluation.missing == [gold[0].id]
    for kind in KINDS:
        signs = [error.sign for error in evaluation.errors[kind]]
        assert (signs.count("+"), signs.count("-")) == (reference[kind]["fp"], reference[kind]["fn"])


@needs_reference
def test_qualities_are_told_apart() -> None:
    """The agreement above says something: the spoiled records are worse, and in their own ways."""
    gold = load_gold(SHARED / "gold" / "dev")
    perfect = [perfect_record(report) for report in gold]
    assert {score.f1 for score in evaluate(gold, perfect).scores.values()} == {1.0}
    chance = random.Random(7)
    halved = evaluate(gold, [half_dropped(record, chance) for record in perfect]).scores["org"]
    assert halved.precision == 1.0
    assert halved.recall_interval[0] < 0.5 < halved.recall_interval[1]


@needs_reference
def test_names_have_the_keys_of_the_reference() -> None:
    spec = importlib.util.spec_from_file_location("score", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    odd = ["", "“”", "„x“", "Hoà", "hòa", "TP.HCM", "TP. HCM", "Đoàn – Hội", "giải 2016", "Hội thi A B (2016-2017)"]
    for report in load_gold(SHARED / "gold" / "dev"):
        odd += [body.text for body in report.organizations] + [campaign.text for campaign in report.campaigns]
    for name in odd:
        assert name_key(name) == reference.key(name)
        assert campaign_key(name) == reference.ckey(name)


# --- evaluate on its own ----------------------------------------------------------------------------------------

TEXT = "Tỉnh đoàn tặng bằng khen cho 06 tập thể và 06 cá nhân; Huyện ủy dự."


def award(number: int, confidence: float = 0.9, **fields: Any) -> dict[str, Any]:
    start = TEXT.index("06 tập thể")
    evidence = {"text": "06 tập thể", "start": start, "end": start + 10}
    basis = {"id": f"award-{number}", "count": 6, "recipient": "collective", "form": "bằng khen", "source": "rule:x"}
    return {**basis, "evidence": evidence, "confidence": confidence, **fields}


def record_with(**content: Any) -> Record:
    return Record.model_validate({"document": document_of("a", TEXT).model_dump(), **content})


GOLD_AWARD = {"count": 6, "recipient": "collective", "form": "bằng khen"}


def test_reliability_counts_the_right_awards_of_each_bin() -> None:
    gold = GoldReport.model_validate({"id": "a", "text": TEXT, "awards": [GOLD_AWARD]})
    awards = [award(1, 0.72), award(2, 0.7, count=7), award(3, 1.0, form="cờ"), award(4, 0.05)]
    bins = evaluate([gold], [record_with(awards=awards)]).reliability
    assert [(row.low, row.high, row.awards, row.right) for row in bins] == [
        (0.0, 0.1, 1, 0),  # right, but the gold award is taken
        (0.7, 0.8, 2, 1),
        (0.9, 1.0, 1, 0),
    ]
    assert bins[1].share_right == 0.5
    assert bins[1].mean_confidence == pytest.approx(0.71)


def test_intervals_hold_the_figure_and_are_repeatable() -> None:
    gold = [
        GoldReport.model_validate({"id": f"{number}", "text": TEXT, "organizations": [{"text": "Tỉnh đoàn"}]})
        for number in range(20)
    ]
    mentions = [{"text": "Tỉnh đoàn", "start": 0, "end": 9}]
    body = {"id": "org-1", "name": "Tỉnh đoàn", "kind": "youth_union", "mentions": mentions}
    records = [
        Record.model_validate({"document": document_of(f"{number}", TEXT).model_dump(), "organizations": [body]})
        for number in range(12)
    ]
    evaluation = evaluate(gold, records)
    score = evaluation.scores["org"]
    assert (score.recall, score.precision_interval) == (0.6, (1.0, 1.0))
    low, high = score.recall_interval
    # A binomial share of 0.6 of 20 has a standard error of 0.11.
    assert low == pytest.approx(0.6 - 0.215, abs=0.06)
    assert high == pytest.approx(0.6 + 0.215, abs=0.06)
    assert evaluate(gold, records) == evaluation
    assert evaluation.fields["award_title"].interval is None


def test_records_of_other_documents_are_left_out() -> None:
    gold = GoldReport(id="b", text=TEXT)
    evaluation = evaluate([gold], [record_with(awards=[award(1)])])
    assert (evaluation.scores["award"].fp, evaluation.missing) == (0, ["b"])


def test_no_gold_report() -> None:
    with pytest.raises(GoldError, match="no report to score"):
        evaluate([], [])


def test_table_fits_100_columns_and_json_holds_the_figures() -> None:
    gold = GoldReport.model_validate({"id": "a", "text": TEXT, "awards": [GOLD_AWARD]})
    evaluation = evaluate([gold], [record_with(awards=[award(1), award(2, title="[/x]")])])
    evaluations = dict.fromkeys(systems, evaluation)
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        render(evaluations, console, errors=True)
    text = capture.get()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    assert text.count("0.500 1.000 0.667") == 6
    assert "[0.667, 0.667]" in text
    assert "a + 6 collective: bằng khen “[/x]” | 06 tập thể" in text
    figures = json.loads(to_json(evaluations, errors=True))
    assert set(figures) == set(systems)
    assert set(figures["rules"]) >= {*KINDS, *FIELDS}
    assert figures["rules"]["award"]["interval"]["f1"] == [0.667, 0.667]
    assert [error["sign"] for error in figures["rules"]["errors"]["award"]] == ["+"]


# --- systems ----------------------------------------------------------------------------------------------------


def test_trichluc_and_rules_are_the_package_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def extract_many(texts: Iterable[tuple[str, str]], rules_only: bool) -> Iterator[Record]:
        asked.append(rules_only)
        return (Record(document=document_of(id, text)) for id, text in texts)

    monkeypatch.setattr(trichluc, "extract_many", extract_many, raising=False)
    for name in ("trichluc", "rules"):
        assert [record.document.id for record in systems[name]([("a", TEXT), ("b", "Họp.")])] == ["a", "b"]
    assert asked == [False, True]


def test_underthesea_names_organizations() -> None:
    (record,) = systems["underthesea"]([("a", "Họp.\r\n\nBáo Tuổi Trẻ đưa tin. Theo báo Tuổi Trẻ.\n")])
    assert check_laws(record, "Họp.\r\n\nBáo Tuổi Trẻ đưa tin. Theo báo Tuổi Trẻ.\n") == []
    assert [(body.id, body.name, body.kind) for body in record.organizations] == [("org-1", "Tuổi Trẻ", "other")]
    assert (record.campaigns, record.awards) == ([], [])


def test_underthesea_entities_have_the_offsets_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities of several words, next to each other, at the end of a line, mended (Hoà, Nghành) and decomposed."""
    tags = {"Sở": "B-ORG", "Ngành": "B-ORG", "Y tế": "I-ORG", "y tế": "I-ORG", "Hòa Bình": "I-ORG", "họp": "I-ORG"}

    def ner(sentence: str) -> list[tuple[str, str, str, str]]:
        return [(word, "N", "B-NP", tags.get(word, "O")) for word in underthesea.word_tokenize(sentence)]

    monkeypatch.setattr(underthesea, "ner", ner)
    decomposed = unicodedata.normalize("NFD", "Sở Y tế")
    text = f"Nghành y tế Sở Y tế  Hoà Bình và cha\u0301u họp.\r\n\nTheo {decomposed}\nSở Y tế"
    (record,) = systems["underthesea"]([("a", text)])
    assert check_laws(record, text) == []
    # "họp" stands inside nothing: an I-ORG without its beginning is no entity.
    assert [body.name for body in record.organizations] == ["Nghành y tế", "Sở Y tế  Hoà Bình", decomposed, "Sở Y tế"]


def test_underthesea_words_are_found_where_tokens_were_mended() -> None:
    sentence = "Nghành  giáo dục tỉnh Hoà Bình và tổ chư\u0301c 가 \u200b họp."
    words = [word for word, *_ in underthesea.ner(sentence)]
    assert "Hòa Bình" in words
    pieces = [sentence[start:end] for start, end in _word_spans(sentence, words)]
    assert pieces[:3] == ["Nghành", "giáo dục", "tỉnh"]
    assert "Hoà Bình" in pieces
    assert "".join("".join(pieces).split()) == "".join(sentence.split())


# --- laws -------------------------------------------------------------------------------------------------------


def lawful() -> Record:
    def quote(text: str) -> dict[str, Any]:
        start = TEXT.index(text)
        return {"text": text, "start": start, "end": start + len(text)}

    def body(number: int, name: str, parent: str | None) -> dict[str, Any]:
        return {"id": f"org-{number}", "name": name, "kind": "party", "parent": parent, "mentions": [quote(name)]}

    whole = award(1, count=12, recipient="mixed", grantor="org-1")
    return record_with(
        organizations=[body(1, "Tỉnh đoàn", None), body(2, "Huyện ủy", "org-1")],
        campaigns=[{"id": "campaign-1", "name": "06", "kind": "drive", "mentions": [quote("06")]}],
        awards=[whole, award(2, recipient="mixed", part_of="award-1"), award(3), award(4, count=2)],
        totals=[
            {"form": "bằng khen", "recipient": "mixed", "count": 12},
            {"form": "bằng khen", "recipient": "collective", "count": 8},
        ],
        warnings=[{"code": "unclosed_quote", **quote("tập thể")}],
    )


def test_lawful_record_breaks_no_law() -> None:
    assert check_laws(lawful(), TEXT) == []


def set_(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A mutation of a record's content: the value at a dotted path is another one."""

    def mutate(content: Any) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in steps:
            content = content[step]
        content[last] = value

    return mutate


def swap_organizations(content: dict[str, Any]) -> None:
    first, second = content["organizations"]
    first["mentions"], second["mentions"] = second["mentions"], first["mentions"]


@pytest.mark.parametrize(
    ("mutate", "laws"),
    [
        (set_("document.characters", 3), [f"document: characters is 3, the report has {len(TEXT)}"]),
        (set_("document.sha256", "0" * 64), ["document: sha256 is not that of the report"]),
        (
            set_("organizations.0.mentions.0.text", "Tinh doan"),
            ["org-1 mention 1: the report holds 'Tỉnh đoàn' at 0-9, not 'Tinh doan'"],
        ),
        (
            set_("campaigns.0.mentions.0.start", -5),
            [f"campaign-1 mention 1: -5-{TEXT.index('06') + 2} is no stretch of a report of {len(TEXT)} characters"],
        ),
        (
            set_("awards.2.evidence.end", 10_000),
            ["award-3 evidence: 29-10000 is no stretch of a report of 67 characters"],
        ),
        (
            set_("warnings.0.start", TEXT.index("tập thể") + 1),
            ["warning 1 (unclosed_quote): the report holds 'ập thể' at 33-39, not 'tập thể'"],
        ),
        (set_("campaigns.0.mentions", []), ["campaign-1: no mention points at the report"]),
        (set_("campaigns.0.id", "campaign-2"), ["campaign-2: the id should be campaign-1"]),
        (
            set_("awards.3.id", "award-3"),
            ["award-3: the id should be award-4", "award-3: the id stands 2 times"],
        ),
        (swap_organizations, ["organizations: not in order of first mention"]),
        (set_("organizations.1.parent", "org-9"), ["org-2: parent org-9 does not exist"]),
        (set_("organizations.1.parent", "org-2"), ["org-2: parent is itself"]),
        (set_("awards.0.grantor", "award-1"), ["award-1: grantor award-1 does not exist"]),
        (set_("awards.1.part_of", "org-1"), ["award-2: part_of org-1 does not exist"]),
        (
            set_("awards.1.part_of", None),
            ["totals: bằng khen, mixed is 12, the awards add up to 18"],
        ),
        (set_("totals.1.count", 6), ["totals: bằng khen, collective is 6, the awards add up to 8"]),
        (
            set_("totals.0.form", "cờ"),
            [
                "totals: bằng khen, mixed is None, the awards add up to 12",
                "totals: cờ, mixed is 12, the awards add up to None",
            ],
        ),
        (
            set_("totals", [{"form": "bằng khen", "recipient": "mixed", "count": 12}] * 2),
            [
                "totals: a form and recipient stand twice",
                "totals: bằng khen, collective is None, the awards add up to 8",
            ],
        ),
    ],
)
def test_broken_law_is_named(mutate: Callable[[dict[str, Any]], None], laws: list[str]) -> None:
    content = lawful().to_dict()
    mutate(content)
    assert check_laws(Record.model_validate(content), TEXT) == laws


def test_content_that_does_not_survive_writing_is_named() -> None:
    record = lawful()
    # An unpaired surrogate cannot be written as UTF-8, and YAML has no such character.
    record.awards[0].reason = "\ud800"
    assert any(law.startswith("record: YAML written and read again") for law in check_laws(record, TEXT))
    record = lawful()
    record.awards[0].confidence = float("nan")  # equal to nothing, not even to itself
    assert "record: YAML written and read again holds other content" in check_laws(record, TEXT)


def test_offsets_count_code_points() -> None:
    text = "😀 Tổ chư\u0301c họp."
    mention = {"text": "Tổ chư\u0301c", "start": 2, "end": 10}
    body = {"id": "org-1", "name": "Tổ chức", "kind": "other", "mentions": [mention]}
    record = Record.model_validate({"document": document_of("a", text).model_dump(), "organizations": [body]})
    assert check_laws(record, text) == []


# --- gold -------------------------------------------------------------------------------------------------------


def test_gold_is_read_with_its_text_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffTỉnh đoàn\r\nhọp.".encode())
    (tmp_path / "a.gold.yaml").write_text("doc: a\norganizations: [{text: Tỉnh đoàn}]\nawards:\n", encoding="utf-8")
    (report,) = load_gold(tmp_path)
    assert (report.id, report.text) == ("a", "Tỉnh đoàn\r\nhọp.")
    assert [body.text for body in report.organizations] == ["Tỉnh đoàn"]
    assert report.awards == []


def test_folder_without_gold(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"holds no \*\.gold\.yaml"):
        load_gold(tmp_path)
    with pytest.raises(GoldError, match="nowhere: there is no such folder"):
        load_gold(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("gold", "text", "message"),
    [
        (b"doc: a", None, "its report a.txt is missing"),
        (b"awards: [", b"", "no readable YAML: "),
        (b"- a", b"", "not a mapping"),
        (b"organizations: [{name: x}]", b"", "organizations.0.text: Field required"),
        (b"organizations: text", b"", "organizations: Input should be a valid list"),
        (b"campaigns: [{text: x, kind: party}]", b"", "campaigns.0.kind: Input should be 'campaign'"),
        (b"awards: [{count: many, recipient: work, form: x}]", b"", "awards.0.count: Input should be a valid integer"),
        (b"doc: \xff", b"", "not UTF-8 (byte 5)"),
    ],
)
def test_malformed_gold_is_named(tmp_path: Path, gold: bytes, text: bytes | None, message: str) -> None:
    file = tmp_path / "a.gold.yaml"
    file.write_bytes(gold)
    if text is not None:
        (tmp_path / "a.txt").write_bytes(text)
    with pytest.raises(GoldError) as caught:
        load_gold(tmp_path)
    assert str(caught.value).startswith(f"{file}: {message}")
