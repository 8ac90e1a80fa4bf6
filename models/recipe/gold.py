"""Gold files → tagged syllables.

A gold file names strings, not places: every occurrence of an organization's string, and every occurrence of a
campaign's in any case, is a span; of an award the number and the honour inside its evidence. Where two overlap the
longer one stays.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import yaml
from damage import DAMAGES, damaged_text
from spacy.vocab import Vocab

from trichluc.annotations import KEY, Analysis
from trichluc.knowledge import Knowledge, build_knowledge
from trichluc.preparing import SyllableTokenizer, prepare
from trichluc.recognizing import recognize
from trichluc.recognizing.tagger import Vocabulary, rule_features, shape_codes, tag_of, word_form
from trichluc.record import CampaignKind, OrganizationKind

CAMPAIGN_KINDS: tuple[str, ...] = get_args(CampaignKind)
ORGANIZATION_KINDS: tuple[str, ...] = get_args(OrganizationKind)
UNKNOWN = -100  # the class index that PyTorch's cross entropy leaves out
_NUMBER = re.compile(r"\d+(?:[.,]\d{3})*")


@dataclass(slots=True)
class Report:
    """A report with its gold, as the rules see it and with the tag of every syllable.

    ``lost`` counts gold strings that begin or end inside a syllable.
    """

    id: str
    text: str
    gold: dict[str, Any]
    analysis: Analysis
    tags: list[int]
    campaign_kinds: list[int]
    organization_kinds: list[int]
    lost: int = 0


class Reader:
    """Runs the rules over texts; the tokenizer and the knowledge are loaded once."""

    def __init__(self, knowledge: Knowledge | None = None) -> None:
        self.knowledge = knowledge or build_knowledge()
        self.tokenize = SyllableTokenizer(Vocab())

    def analyse(self, text: str) -> Analysis:
        """The analysis of a text with the rules' spans."""
        doc = self.tokenize(text)
        doc.user_data[KEY] = prepare(doc)
        return recognize(self.knowledge, doc)

    def report(self, name: str, text: str, gold: dict[str, Any]) -> Report:
        """One report with the gold laid over its syllables."""
        analysis = self.analyse(text)
        return lay(Report(name, text, gold, analysis, [], [], []))

    def folder(self, folder: Path) -> Iterator[Report]:
        """Every ``X.txt`` with its ``X.gold.yaml``, by name."""
        for path in sorted(folder.glob("*.gold.yaml")):
            name = path.name.removesuffix(".gold.yaml")
            text = (folder / f"{name}.txt").read_text(encoding="utf-8")
            yield self.report(name, text, yaml.safe_load(path.read_text(encoding="utf-8")))

    def damaged(self, report: Report, how: str, chance: random.Random) -> Report | None:
        """The report after one kind of damage; ``None`` when its syllables are no longer the same in number."""
        words = DAMAGES[how](report.text, report.analysis, report.tags, chance)
        text = damaged_text(report.text, report.analysis.syllables, words)
        analysis = self.analyse(text)
        if len(analysis.syllables) != len(report.tags):
            return None
        return Report(f"{report.id}, {how}", text, {}, analysis, report.tags, report.campaign_kinds,
                      report.organization_kinds)  # fmt: skip


def places(text: str, gold: dict[str, Any]) -> Iterator[tuple[int, int, str, str]]:
    """Character ranges of everything the gold names with label and campaign kind, overlaps included."""
    for organization in gold.get("organizations") or []:
        for found in re.finditer(re.escape(organization["text"]), text):
            yield *found.span(), "ORG", ""
    for campaign in gold.get("campaigns") or []:
        for found in re.finditer(re.escape(campaign["text"]), text, re.IGNORECASE):
            yield *found.span(), "CAMP", campaign["kind"]
    for award in gold.get("awards") or []:
        for evidence in re.finditer(re.escape(award["evidence"]), text):
            for number in _NUMBER.finditer(evidence.group()):
                if int(re.sub(r"[.,]", "", number.group())) == award["count"]:
                    yield evidence.start() + number.start(), evidence.start() + number.end(), "COUNT", ""
            for honour in re.finditer(re.escape(award["form"]), evidence.group(), re.IGNORECASE):
                yield evidence.start() + honour.start(), evidence.start() + honour.end(), "HONOUR", ""


def lay(report: Report) -> Report:
    """Fill in the tags. The kind of an organization is the rules' where they found the same span."""
    s = report.analysis.syllables
    first_at = {start: i for i, start in enumerate(s.start)}
    last_at = {end: i + 1 for i, end in enumerate(s.end)}
    by_rules = {(m.first, m.last): m.kind for m in report.analysis.organizations}
    report.tags, report.lost = [0] * len(s), 0
    report.campaign_kinds, report.organization_kinds = [UNKNOWN] * len(s), [UNKNOWN] * len(s)
    taken = bytearray(len(report.text))
    for start, end, label, kind in sorted(places(report.text, report.gold), key=lambda p: (p[0] - p[1], p[2], p[0])):
        if any(taken[start:end]):
            continue
        first, last = first_at.get(start), last_at.get(end)
        if first is None or last is None:
            report.lost += 1
            continue
        taken[start:end] = b"\1" * (end - start)
        for i in range(first, last):
            report.tags[i] = tag_of(label, i - first, last - first)
            if kind:
                report.campaign_kinds[i] = CAMPAIGN_KINDS.index(kind)
            elif label == "ORG" and (first, last) in by_rules:
                report.organization_kinds[i] = ORGANIZATION_KINDS.index(by_rules[first, last])
    return report


Sentence = tuple[npt.NDArray[Any], ...]
"""Rows (n, 4), shapes, rule codes (n, columns), tags, campaign kinds and organization kinds of one sentence."""


def sentences(report: Report, knowledge: Knowledge, vocabulary: Vocabulary) -> Iterator[Sentence]:
    """A report as the network reads it."""
    s = report.analysis.syllables
    columns = (
        np.array([vocabulary.rows(word_form(key)) for key in s.key], np.int32).reshape(-1, 4),
        shape_codes(s),
        rule_features(knowledge, report.analysis, report.analysis.sentences),
        np.array(report.tags),
        np.array(report.campaign_kinds),
        np.array(report.organization_kinds),
    )
    for first, last in report.analysis.sentences:
        yield tuple(column[first:last] for column in columns)


def holds_something(sentence: Sentence) -> bool:
    """Has it a tag, or did the rules find a name in it?"""
    return bool(sentence[3].any() or sentence[2][:, :2].any())


def news(path: Path) -> Iterator[tuple[str, str]]:
    """Id and text of the unlabelled articles."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            yield article["id"], article["text"]


def spans_gold(path: Path, articles: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Gold kept as offsets into articles whose texts are not ours: id, text and gold in the usual form."""
    wanted = {entry["id"]: entry for entry in map(json.loads, path.read_text("utf-8").splitlines())}
    for name, text in news(articles):
        entry = wanted.get(name)
        if entry is None:
            continue

        def said(span: list[int] | None, text: str = text) -> str | None:
            return None if span is None else text[span[0] : span[1]]

        yield (
            name,
            text,
            {
                "organizations": [{"text": said(span)} for span in entry["organizations"]],
                "campaigns": [{**c, "text": said(c["text"])} for c in entry["campaigns"]],
                "awards": [
                    {**a, **{name: said(a[name]) for name in ("title", "grantor", "reason", "evidence")}}
                    for a in entry["awards"]
                ],
            },
        )


def fold(name: str, number: int) -> int:
    """The fold of a document by its name alone, so that it stays where it is when documents are added."""
    return zlib.crc32(name.encode()) % number
