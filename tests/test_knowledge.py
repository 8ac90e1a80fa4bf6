"""Every entry of the knowledge yields what its examples say; a user's file adds to it or is refused."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import trichluc
from trichluc.errors import KnowledgeError, PatternTimeout
from trichluc.knowledge import (
    FOLDER,
    SECTIONS,
    Entry,
    Example,
    build_knowledge,
    read_knowledge_file,
    read_sections,
    validate,
)
from trichluc.preparing import phrase_keys
from trichluc.record import Award, Record

FILES = sorted(FOLDER.glob("*.yaml"))


def shipped() -> Iterator[tuple[str, str, Entry]]:
    """File, section and entry of all that is shipped."""
    for file in FILES:
        for section, entries in validate(read_sections(file.read_text("utf-8"), file.name), file.name).items():
            for entry in entries.values():
                yield file.name, section, entry


ENTRIES = list(shipped())


# --- examples ---------------------------------------------------------------------------------------------------


def key(text: str) -> str:
    text = unicodedata.normalize("NFC", text).casefold()
    return " ".join("".join(" " if c in "“”\"'‘’«»" else c for c in text).split())


def names_of(record: Record) -> list[str]:
    """Mentions of organizations in the order of the report."""
    mentions = sorted((m.start, m.text) for o in record.organizations for m in o.mentions)
    return [text for _, text in mentions]


def award_says(record: Record, award: Award, wanted: dict[str, Any]) -> bool:
    given = award.model_dump()
    for name, value in wanted.items():
        found = given[name]
        if name == "grantor" and found is not None:
            body = next(o for o in record.organizations if o.id == found)
            if key(str(value)) in {key(body.name), *(key(m.text) for m in body.mentions)}:
                continue
            return False
        if isinstance(value, str) and isinstance(found, str):
            if key(value) != key(found):
                return False
        elif value != found:
            return False
    return True


def differences(example: Example, record: Record) -> list[str]:
    """What a record says otherwise than an example, in words."""
    wrong = []
    if example.organizations is not None and [*map(key, example.organizations)] != [*map(key, names_of(record))]:
        wrong.append(f"organizations are {names_of(record)}, not {example.organizations}")
    if example.campaigns is not None:
        wanted = [c if isinstance(c, dict) else {"name": c} for c in example.campaigns]
        found = [{"name": c.name, "kind": c.kind, "year": c.year} for c in record.campaigns]
        agree = len(wanted) == len(found) and all(
            key(str(given[k])) == key(str(value))
            for w, given in zip(wanted, found, strict=True)
            for k, value in w.items()
        )
        if not agree:
            wrong.append(f"campaigns are {found}, not {wanted}")
    if example.awards is not None:
        free = list(record.awards)
        for wanted_award in example.awards:
            match = next((a for a in free if award_says(record, a, wanted_award)), None)
            if match is None:
                wrong.append(f"no award says {wanted_award}")
            else:
                free.remove(match)
        said = ("count", "approximate", "recipient", "form", "title", "grantor_text", "reason")
        wrong += [f"an award more: {a.model_dump(include=set(said))}" for a in free]
    return wrong


def check_entry(where: str, entry: Entry, knowledge: Path | None = None) -> None:
    """Run all examples of an entry; the failure names the file, the entry and the sentence."""
    wrong = [
        f"{where}: “{example.text}”: {what}"
        for example in entry.examples
        for what in differences(example, trichluc.extract(example.text, knowledge=knowledge, rules_only=True))
    ]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize(
    ("file", "section", "entry"), [pytest.param(f, s, e, id=f"{f}-{s}/{e.id}") for f, s, e in ENTRIES]
)
def test_examples_yield_what_they_say(file: str, section: str, entry: Entry) -> None:
    assert entry.examples, f"{file}: {section}/{entry.id} has no example"
    check_entry(f"{file}: {section}/{entry.id}", entry)


def mutations() -> Iterator[Any]:
    yield pytest.param({"organizations": ["Huyện đoàn"]}, "organizations are", id="wrong organization")
    yield pytest.param({"organizations": []}, "organizations are", id="organization more")
    yield pytest.param({"campaigns": ["Mùa hè xanh"]}, "campaigns are", id="missing campaign")
    yield pytest.param({"awards": []}, "an award more", id="award more")
    yield pytest.param({"awards": [{"count": 4}]}, "no award says", id="wrong count")
    yield pytest.param({"awards": [{"count": 3}, {"count": 3}]}, "no award says", id="award missing")
    yield pytest.param({"awards": [{"count": 3, "title": "x"}]}, "no award says", id="wrong title")
    yield pytest.param({"awards": [{"count": 3, "grantor": "Tỉnh đoàn"}]}, "no award says", id="wrong grantor")


@pytest.mark.parametrize(("says", "message"), list(mutations()))
def test_a_wrong_example_fails_with_its_entry(says: dict[str, Any], message: str) -> None:
    text = "Huyện đoàn Ba Tơ tặng giấy khen cho 03 tập thể."
    entry = Entry.model_validate({"id": "mutated", "examples": [{"text": text, **says}]})
    with pytest.raises(pytest.fail.Exception) as failure:
        check_entry("my.yaml: organizations/mutated", entry)
    assert "my.yaml: organizations/mutated" in str(failure.value)
    assert message in str(failure.value)
    right = {
        "organizations": ["Huyện đoàn Ba Tơ"],
        "campaigns": [],
        "awards": [{"count": 3, "grantor": "Huyện đoàn Ba Tơ"}],
    }
    check_entry("right", Entry.model_validate({"id": "right", "examples": [{"text": text, **right}]}))


# --- phrases ----------------------------------------------------------------------------------------------------

LISTS = {
    "organizations": "heads",
    "names": "names",
    "name_words": "words",
    "exclusions": "phrases",
    "campaign_words": "words",
    "campaign_names": "names",
    "honours": "honours",
    "recipients": "nouns",
    "cues": "words",
}


@pytest.mark.parametrize(
    "section", ["organizations", "names", "campaign_words", "campaign_names", "honours", "recipients"]
)
def test_no_phrase_stands_in_two_entries_that_differ(section: str) -> None:
    """Of a phrase that stands twice only the last entry counts; which one that is, nobody sees."""
    seen: dict[tuple[str, ...], Entry] = {}
    twice = []
    for file, where, entry in ENTRIES:
        if where != section:
            continue
        for phrase in getattr(entry, LISTS[section]):
            home = seen.setdefault(phrase_keys(phrase), entry)
            said = [e.model_dump(exclude={"id", "examples", "note", LISTS[section]}) for e in (home, entry)]
            if said[0] != said[1]:
                twice.append(f"{file}: {section}/{entry.id}: {phrase!r} stands in {home.id} too")
    assert twice == []


@pytest.mark.parametrize("section", sorted(LISTS))
def test_no_phrase_stands_twice_in_one_entry(section: str) -> None:
    twice = []
    for file, where, entry in ENTRIES:
        if where == section:
            phrases = getattr(entry, LISTS[section])
            twice += [
                f"{file}: {section}/{entry.id}: {p!r}" for p in sorted({p for p in phrases if phrases.count(p) > 1})
            ]
    assert twice == []


def test_number_words_and_short_forms_stand_once() -> None:
    knowledge = build_knowledge()
    words = [w for entry in knowledge.sections["numbers"].values() for w in entry.values]
    assert len(words) == len(set(words)) == len(knowledge.numbers)
    shorts = [phrase_keys(entry.short) for entry in knowledge.sections["abbreviations"].values()]
    assert len(shorts) == len(set(shorts))


def test_every_section_is_shipped() -> None:
    assert {section for _, section, _ in ENTRIES} == set(SECTIONS)


# --- a user's file ----------------------------------------------------------------------------------------------


def write(folder: Path, content: Any) -> Path:
    file = folder / "my.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return file


GUILD = {
    "id": "guild",
    "heads": ["gánh hát"],
    "kind": "association",
    "tail": ["name", "place"],
    "examples": [{"text": "Gánh hát Bông Lúa họp.", "organizations": ["Gánh hát Bông Lúa"]}],
}


def test_a_file_adds_a_head(tmp_path: Path) -> None:
    text = "Gánh hát Bông Lúa họp."
    assert trichluc.extract(text).organizations == []
    file = write(tmp_path, {"organizations": [GUILD]})
    (found,) = trichluc.extract(text, knowledge=file).organizations
    assert (found.name, found.kind) == ("Gánh hát Bông Lúa", "association")
    check_entry("my.yaml: organizations/guild", Entry.model_validate({"id": "g", "examples": GUILD["examples"]}), file)
    assert trichluc.extract(text).organizations == []


def test_a_file_overrides_an_entry(tmp_path: Path) -> None:
    entry = {
        "id": "work",
        "recipient": "collective",
        "nouns": ["tác phẩm"],
        "examples": [{"text": "Trao giải cho 12 tác phẩm.", "awards": [{"count": 12, "recipient": "collective"}]}],
    }
    file = write(tmp_path, {"recipients": [entry]})
    text = "Ban tổ chức trao giải cho 12 tác phẩm."
    assert [a.recipient for a in trichluc.extract(text).awards] == ["work"]
    assert [a.recipient for a in trichluc.extract(text, knowledge=file).awards] == ["collective"]
    other = "Ban tổ chức trao giải nhất cho 12 công trình."
    assert [a.recipient for a in trichluc.extract(other, knowledge=file).awards] != ["work"]


def test_a_file_disables_an_entry(tmp_path: Path) -> None:
    text = "UBND huyện Bình Sơn họp với Huyện đoàn Ba Tơ."
    assert [o.name for o in trichluc.extract(text).organizations] == ["UBND huyện Bình Sơn", "Huyện đoàn Ba Tơ"]
    raw = next(
        e
        for e in read_sections((FOLDER / "organizations.yaml").read_text("utf-8"), "")["organizations"]
        if e["id"] == "peoples-committee"
    )
    file = write(tmp_path, {"organizations": [{**raw, "disabled": True}]})
    assert [o.name for o in trichluc.extract(text, knowledge=file, rules_only=True).organizations] == [
        "Huyện đoàn Ba Tơ"
    ]


def test_id_and_disabled_are_enough_to_disable_an_entry(tmp_path: Path) -> None:
    file = write(tmp_path, "organizations:\n- {id: peoples-committee, disabled: true}\n")
    found = trichluc.extract(
        "UBND huyện Bình Sơn họp với Huyện đoàn Ba Tơ.", knowledge=file, rules_only=True
    ).organizations
    assert [o.name for o in found] == ["Huyện đoàn Ba Tơ"]


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    import os

    file = write(tmp_path, {"organizations": [GUILD]})
    assert trichluc.extract("Gánh hát Bông Lúa họp.", knowledge=file).organizations
    write(tmp_path, {"organizations": [{**GUILD, "heads": ["gánh xiếc"]}]})
    os.utime(file, (1, 1))
    assert trichluc.extract("Gánh hát Bông Lúa họp.", knowledge=file).organizations == []


def test_a_file_works_in_worker_processes(tmp_path: Path) -> None:
    file = write(tmp_path, {"organizations": [GUILD]})
    found = list(trichluc.extract_many(["Gánh hát Bông Lúa họp."] * 3, workers=2, knowledge=file))
    assert [o.name for record in found for o in record.organizations] == ["Gánh hát Bông Lúa"] * 3


PATTERN = {
    "id": "p",
    "pattern": "(?P<name>Tổ X[0-9]+)",
    "yields": "organization",
    "kind": "other",
    "examples": [{"text": "Tổ X12 họp.", "organizations": ["Tổ X12"]}],
}


def test_a_file_adds_a_pattern(tmp_path: Path) -> None:
    file = write(tmp_path, {"patterns": [PATTERN]})
    (found,) = trichluc.extract("Sáng nay, Tổ X12 họp.", knowledge=file).organizations
    assert found.name == "Tổ X12"


MALFORMED: list[Any] = [
    pytest.param("organizations: [", "", r"line \d+: not YAML", id="not YAML"),
    pytest.param("a: b: c", "", r"line 1: not YAML", id="not YAML, one line"),
    pytest.param("\x00\x01", "", "not YAML", id="control characters"),
    pytest.param("", "", "must map sections", id="empty file"),
    pytest.param("- a\n- b\n", "", "must map sections", id="a list"),
    pytest.param("just words", "", "must map sections", id="words"),
    pytest.param("!!python/object/apply:os.system [echo]", "", "not YAML", id="a python object"),
    pytest.param({"organisations": [GUILD]}, "", "no section 'organisations'", id="wrong section"),
    pytest.param({"organizations": GUILD}, "", "must be a list", id="section is no list"),
    pytest.param({"organizations": ["gánh hát"]}, "", "must be a list of entries", id="entry is no mapping"),
    pytest.param({"organizations": None}, "", "must be a list", id="section without entries"),
    pytest.param({"organizations": [{**GUILD, "head": "x"}]}, "organizations/guild", "head: ", id="unknown key"),
    pytest.param({"organizations": [{**GUILD, "kind": "guild"}]}, "organizations/guild", "kind: ", id="unknown kind"),
    pytest.param({"organizations": [{**GUILD, "tail": ["nam"]}]}, "organizations/guild", r"tail\.0", id="unknown step"),
    pytest.param(
        {"organizations": [{**GUILD, "examples": []}]}, "organizations/guild", "at least one example", id="no example"
    ),
    pytest.param(
        {"organizations": [{k: v for k, v in GUILD.items() if k != "examples"}]},
        "organizations/guild",
        "at least one example",
        id="no key for examples",
    ),
    pytest.param(
        {"organizations": [{**GUILD, "examples": [{"text": "Họp."}]}]},
        "organizations/guild",
        "must say what it yields",
        id="example says nothing",
    ),
    pytest.param(
        {"organizations": [{k: v for k, v in GUILD.items() if k != "id"}]}, "organizations/number 1", "id: ", id="no id"
    ),
    pytest.param({"organizations": [GUILD, GUILD]}, "organizations/guild", "stands twice", id="duplicate id"),
    pytest.param({"organizations": [{**GUILD, "heads": []}]}, "organizations/guild", "empty", id="no words"),
    pytest.param({"organizations": [{**GUILD, "heads": [" "]}]}, "organizations/guild", "empty", id="empty word"),
    pytest.param(
        {"organizations": [{**GUILD, "heads": ["\u200b"]}]}, "organizations/guild", "empty", id="invisible word"
    ),
    pytest.param(
        {"organizations": [{**GUILD, "heads": "gánh hát"}]}, "organizations/guild", "heads: ", id="words are no list"
    ),
    pytest.param(
        {"patterns": [{**PATTERN, "pattern": "(?P<name>Tổ"}]}, "patterns/p", "no regular expression", id="bad regex"
    ),
    pytest.param({"patterns": [{**PATTERN, "kind": "guild"}]}, "patterns/p", "kind", id="pattern of an unknown kind"),
    pytest.param({"patterns": [{**PATTERN, "pattern": ""}]}, "patterns/p", "pattern", id="empty pattern"),
    pytest.param(
        {"numbers": [{"id": "n", "role": "one", "values": {"": 3}, "examples": GUILD["examples"]}]},
        "numbers/n",
        "empty",
        id="empty number word",
    ),
    pytest.param(
        {"numbers": [{"id": "n", "role": "one", "values": {}, "examples": GUILD["examples"]}]},
        "numbers/n",
        "empty",
        id="no number words",
    ),
    pytest.param(
        {"abbreviations": [{"id": "a", "short": "", "long": "x", "examples": GUILD["examples"]}]},
        "abbreviations/a",
        "empty",
        id="empty short form",
    ),
    pytest.param(
        {"abbreviations": [{"id": "a", "short": "x", "long": "", "examples": GUILD["examples"]}]},
        "abbreviations/a",
        "empty",
        id="empty long form",
    ),
    pytest.param(
        {
            "campaign_words": [
                {"id": "c", "words": ["đợt"], "kind": "campaign", "modifiers": [""], "examples": GUILD["examples"]}
            ]
        },
        "campaign_words/c",
        "empty",
        id="empty modifier",
    ),
]


@pytest.mark.parametrize(("content", "entry", "problem"), MALFORMED)
def test_a_malformed_file_is_refused_with_file_entry_and_problem(
    tmp_path: Path, content: Any, entry: str, problem: str
) -> None:
    file = write(tmp_path, content)
    with pytest.raises(KnowledgeError, match=problem) as refused:
        trichluc.extract("Gánh hát họp.", knowledge=file)
    assert refused.value.entry == entry
    assert refused.value.source == str(file)
    assert str(file) in str(refused.value)
    assert "mend" in str(refused.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"none\.yaml.*cannot be read"):
        trichluc.extract("Họp.", knowledge=tmp_path / "none.yaml")


def test_a_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot be read"):
        trichluc.load(knowledge=tmp_path)


def test_a_file_that_is_not_utf8_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_bytes("organizations: [{id: ö}]".encode("latin-1"))
    with pytest.raises(KnowledgeError, match=r"my\.yaml.*cannot be read"):
        read_knowledge_file(tmp_path / "my.yaml")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + yaml.safe_dump({"organizations": [GUILD]}, allow_unicode=True).encode())
    assert read_knowledge_file(file)["organizations"][0]["id"] == "guild"


# --- patterns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["(?:x+x+)+y", "(?:x|xx)+y", "(?:[a-z]+)+[0-9]"])
def test_a_catastrophic_pattern_stops_in_time(tmp_path: Path, pattern: str) -> None:
    file = write(tmp_path, {"patterns": [{**PATTERN, "pattern": pattern}]})
    trichluc.extract("Họp.", knowledge=file)  # the pipeline is loaded before the clock starts
    begin = time.perf_counter()
    with pytest.raises(PatternTimeout, match=r"patterns/p.*make the pattern simpler"):
        trichluc.extract("x" * 3000 + " hết.", knowledge=file)
    assert time.perf_counter() - begin < 3


@pytest.mark.parametrize(
    "pattern", ["x*", "(?=,)", "(?P<name>)Tổ", r"\b", "(?P<name>Tổ)?họp", "(?P<name>ổ)", "(?s:.*)"]
)
def test_a_pattern_that_matches_nothing_or_half_a_word_makes_no_fact(tmp_path: Path, pattern: str) -> None:
    """A match that is empty or cuts a syllable names nothing, and never breaks the record."""
    text = "Ở xã, tổ dân phố họp, bàn."
    file = write(tmp_path, {"patterns": [{**PATTERN, "pattern": pattern}]})
    for organization in trichluc.extract(text, knowledge=file).organizations:
        for mention in organization.mentions:
            assert mention.text
            assert text[mention.start : mention.end] == mention.text
