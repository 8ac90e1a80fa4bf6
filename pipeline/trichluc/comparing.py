"""What two runs over the same documents found differently: facts gained, lost and changed.

A fact is what a reader would compare: of an organization each distinct mention text, of a campaign its name,
of an award its count, recipient, form, title and grantor. Ids, offsets, confidences and the rule that found
a fact are left out: they may move without a fact being another one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from trichluc.errors import MissingInput, RecordError
from trichluc.record import Quote, Record

FactKind = Literal["organization", "campaign", "award"]
ChangeKind = Literal["gained", "lost", "changed"]
FACT_KINDS: tuple[FactKind, ...] = ("organization", "campaign", "award")
CHANGE_KINDS: tuple[ChangeKind, ...] = ("gained", "lost", "changed")

# What a run over many documents writes beside its records.
_NOT_RECORDS = {"failed.jsonl"}
# Two awards out of one stretch of text are one award read differently when most of their fields agree.
_FIELDS_SHARED = 3


@dataclass(frozen=True)
class Fact:
    """One fact of one document: its fields (name → value), the text that shows it, and where that stands."""

    kind: FactKind
    fields: tuple[tuple[str, str | int | None], ...]
    evidence: str
    start: int
    end: int

    def describe(self) -> str:
        """The fields that hold something, in words.

        >>> from trichluc.comparing import Fact
        >>> Fact("campaign", (("name", "Xuân biên giới"), ("year", None)), "Xuân biên giới", 0, 14).describe()
        'name=Xuân biên giới'
        """
        return ", ".join(f"{name}={value}" for name, value in self.fields if value is not None)


@dataclass(frozen=True)
class Change:
    """A fact that only the new run holds (gained), only the old one (lost), or that both hold differently."""

    document: str
    kind: FactKind
    change: ChangeKind
    old: Fact | None
    new: Fact | None

    @property
    def evidence(self) -> str:
        """The stretch of the report that shows the fact, from the new run where it holds it."""
        fact = self.new or self.old
        return fact.evidence if fact else ""

    def describe(self) -> str:
        """The fact in words; of a changed one, only the fields that differ, old → new."""
        if self.old is None or self.new is None:
            fact = self.new or self.old
            return fact.describe() if fact else ""
        new = dict(self.new.fields)
        differing = [(name, old, new[name]) for name, old in self.old.fields if old != new[name]]
        return ", ".join(f"{name}: {_or_dash(before)} → {_or_dash(after)}" for name, before, after in differing)


def _or_dash(value: str | int | None) -> str:
    return "–" if value is None else str(value)


@dataclass(frozen=True)
class Comparison:
    """Two runs compared: documents in both, in one of them only, facts kept by kind, and every change."""

    documents: int
    only_old: list[str]
    only_new: list[str]
    kept: dict[FactKind, int]
    changes: list[Change]

    def count(self, kind: FactKind, change: ChangeKind) -> int:
        """How many facts of a kind were gained, lost or changed."""
        return sum(one.kind == kind and one.change == change for one in self.changes)


def compare(old_dir: str | Path, new_dir: str | Path) -> Comparison:
    """Compare two folders of records (``*.yaml``, or ``*.jsonl`` with a record a line), or two such files.

    Documents are matched by id; the facts of a document that only one of the runs holds are not counted.

    Raises :class:`~trichluc.errors.MissingInput` where a path does not exist, and
    :class:`~trichluc.errors.RecordError`, naming the file, for a folder without records, a file that is no
    record, and an id that stands twice.

    >>> import pathlib, tempfile
    >>> from trichluc.comparing import compare
    >>> from trichluc.record import Campaign, Document, Quote, Record
    >>> document = Document(id="a", sha256="", characters=14)
    >>> quote = Quote(text="Xuân biên giới", start=0, end=14)
    >>> with tempfile.TemporaryDirectory() as name:
    ...     files = [pathlib.Path(name, run + ".jsonl") for run in ("old", "new")]
    ...     for file, year in zip(files, (None, 2016)):
    ...         campaign = Campaign(id="campaign-1", name=quote.text, kind="campaign", year=year, mentions=[quote])
    ...         _ = file.write_text(Record(document=document, campaigns=[campaign]).to_json(), encoding="utf-8")
    ...     comparison = compare(*files)
    >>> [(change.change, change.describe()) for change in comparison.changes]
    [('changed', 'year: – → 2016')]
    """
    # Only the facts of the old run are held in memory; the new run is read past them.
    old = {id: _facts(record) for id, record in _read_records(Path(old_dir))}
    documents = 0
    only_new = []
    kept: Counter[FactKind] = Counter()
    changes: list[Change] = []
    for id, record in _read_records(Path(new_dir)):
        before = old.pop(id, None)
        if before is None:
            only_new.append(id)
            continue
        documents += 1
        changes += _compare_document(id, before, _facts(record), kept)
    return Comparison(documents, sorted(old), sorted(only_new), {kind: kept[kind] for kind in FACT_KINDS}, changes)


def _read_records(path: Path) -> Iterator[tuple[str, Record]]:
    if not path.exists():
        raise MissingInput(str(path))
    if path.is_dir():
        files = sorted(file for ending in ("*.yaml", "*.jsonl") for file in path.glob(ending))
        files = [file for file in files if file.name not in _NOT_RECORDS]
    else:
        files = [path]
    if not files:
        raise RecordError(str(path), "the folder holds no record (*.yaml, *.jsonl)", "give a folder of records")
    seen: set[str] = set()
    for file in files:
        for where, record in _read_file(file):
            id = record.document.id
            if id in seen:
                raise RecordError(where, f"there is a second record of document {id}", "keep one of them")
            seen.add(id)
            yield id, record


def _read_file(file: Path) -> Iterator[tuple[str, Record]]:
    """Every record of a file, each with the place to name in a message."""
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(str(file), f"not UTF-8 (byte {error.start})", "write the record again") from error
    if file.suffix != ".jsonl":
        yield str(file), _parse(Record.from_yaml, text, str(file))
        return
    # Not splitlines: JSON strings may hold U+2028 and other characters that it takes for line ends.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{file}, line {number}"
            yield where, _parse(Record.from_json, line, where)


def _parse(read: Callable[[str], Record], text: str, where: str) -> Record:
    advice = "give records that trichluc wrote"
    try:
        return read(text)
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise RecordError(where, f"cannot be read: {' '.join(str(error).split())}", advice) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordError(where, f"is no record: {place + ': ' if place else ''}{first['msg']}", advice) from error


def _facts(record: Record) -> list[Fact]:
    return [*_organization_facts(record), *_campaign_facts(record), *_award_facts(record)]


def _mentions(name: str, mentions: list[Quote]) -> list[Quote]:
    """A record that was mended by hand may name something without a mention; it is a fact all the same."""
    return mentions or [Quote(text=name, start=0, end=0)]


def _organization_facts(record: Record) -> Iterator[Fact]:
    seen = set()
    for body in record.organizations:
        for mention in _mentions(body.name, body.mentions):
            fields = (("text", mention.text), ("kind", body.kind), ("level", body.level), ("canonical", body.canonical))
            if fields not in seen:
                seen.add(fields)
                yield Fact("organization", fields, mention.text, mention.start, mention.end)


def _campaign_facts(record: Record) -> Iterator[Fact]:
    for campaign in record.campaigns:
        fields = (("name", campaign.name), ("kind", campaign.kind), ("year", campaign.year))
        first = _mentions(campaign.name, campaign.mentions)[0]
        yield Fact("campaign", fields, first.text, first.start, first.end)


def _award_facts(record: Record) -> Iterator[Fact]:
    for award in record.awards:
        fields = (
            ("count", award.count),
            ("recipient", award.recipient),
            ("form", award.form),
            ("title", award.title),
            ("grantor", award.grantor_text),
        )
        yield Fact("award", fields, award.evidence.text, award.evidence.start, award.evidence.end)


def _compare_document(id: str, old: list[Fact], new: list[Fact], kept: Counter[FactKind]) -> Iterator[Change]:
    """Yield the changes of one document and add its kept facts to ``kept``."""
    lost, gained = _without_equals(old, new), _without_equals(new, old)
    kept.update(fact.kind for fact in old)
    kept.subtract(fact.kind for fact in lost)
    # The closest pairs first; sorting is stable, so ties are settled by the order in the report.
    pairs = sorted(
        ((before, after) for before in lost for after in gained if _same_fact(before, after)),
        key=lambda pair: -_shared(*pair),
    )
    for before, after in pairs:
        if before in lost and after in gained:
            lost.remove(before)
            gained.remove(after)
            yield Change(id, before.kind, "changed", before, after)
    yield from (Change(id, fact.kind, "lost", fact, None) for fact in lost)
    yield from (Change(id, fact.kind, "gained", None, fact) for fact in gained)


def _without_equals(facts: Iterable[Fact], others: Iterable[Fact]) -> list[Fact]:
    """The facts whose kind and fields the others do not hold, or do not hold as often."""
    held = Counter((fact.kind, fact.fields) for fact in others)
    left = []
    for fact in facts:
        if held[fact.kind, fact.fields]:
            held[fact.kind, fact.fields] -= 1
        else:
            left.append(fact)
    return left


def _same_fact(old: Fact, new: Fact) -> bool:
    """Whether two facts that differ are one fact read differently."""
    if old.kind != new.kind:
        return False
    if old.kind == "award":
        return old.start < new.end and new.start < old.end and _shared(old, new) >= _FIELDS_SHARED
    return old.fields[0] == new.fields[0]  # the mention's text, the campaign's name


def _shared(old: Fact, new: Fact) -> int:
    return sum(before == after for before, after in zip(old.fields, new.fields, strict=True))


def render(comparison: Comparison, console: Console, *, samples: int = 5) -> None:
    """Print the counts by kind, then up to ``samples`` changes of each kind with the text that shows them.

    >>> from rich.console import Console
    >>> from trichluc.comparing import Comparison, render
    >>> kept = {"organization": 0, "campaign": 0, "award": 0}
    >>> render(Comparison(0, ["a"], [], kept, []), Console(width=100, no_color=True)) # doctest: +ELLIPSIS
    documents in both: 0; only in the old run: 1; only in the new run: 0
    ...
    """
    console.print(
        f"documents in both: {comparison.documents:,}; only in the old run: {len(comparison.only_old):,}; "
        f"only in the new run: {len(comparison.only_new):,}",
        highlight=False,
    )
    table = Table("fact", "kept", *CHANGE_KINDS)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in FACT_KINDS:
        counts = [comparison.count(kind, change) for change in CHANGE_KINDS]
        table.add_row(kind, f"{comparison.kept[kind]:,}", *(f"{count:,}" for count in counts))
    console.print(table)
    for heading, ids in (("only in the old run", comparison.only_old), ("only in the new run", comparison.only_new)):
        if ids and samples:
            _print_plainly(console, f"\n{heading}: {', '.join(ids[:samples])}{_more(len(ids), samples)}")
    for kind in FACT_KINDS:
        for change in CHANGE_KINDS:
            _render_samples(comparison, kind, change, console, samples)


def _render_samples(comparison: Comparison, kind: FactKind, change: ChangeKind, console: Console, samples: int) -> None:
    found = [one for one in comparison.changes if one.kind == kind and one.change == change]
    if not found or not samples:
        return
    _print_plainly(console, f"\n{kind}, {change}: {len(found):,}")
    for one in found[:samples]:
        _print_plainly(console, f"  {one.document}: {one.describe()}\n    “{' '.join(one.evidence.split())}”")
    if len(found) > samples:
        _print_plainly(console, f"  {_more(len(found), samples).strip()}")


def _more(count: int, samples: int) -> str:
    return f" … and {count - samples:,} more" if count > samples else ""


def _print_plainly(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)


def to_json(comparison: Comparison) -> str:
    """The comparison as JSON: documents, only_old, only_new, kept by kind, and every change with its evidence.

    >>> from trichluc.comparing import Comparison, to_json
    >>> to_json(Comparison(0, [], ["b"], {"award": 0}, []))
    '{"documents": 0, "only_old": [], "only_new": ["b"], "kept": {"award": 0}, "changes": []}'
    """
    content = {
        "documents": comparison.documents,
        "only_old": comparison.only_old,
        "only_new": comparison.only_new,
        "kept": comparison.kept,
        "changes": [_change_to_dict(change) for change in comparison.changes],
    }
    return json.dumps(content, ensure_ascii=False)


def _change_to_dict(change: Change) -> dict[str, Any]:
    return {
        "document": change.document,
        "kind": change.kind,
        "change": change.change,
        "old": dict(change.old.fields) if change.old else None,
        "new": dict(change.new.fields) if change.new else None,
        "evidence": change.evidence,
    }
