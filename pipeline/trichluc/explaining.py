"""Why a fact was found: the rule or model behind every fact of a report, and the words that show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .knowledge import Entry, Knowledge, build_knowledge, read_knowledge_file
from .pipeline import analyse
from .recognizing.tagging import SOURCE as MODEL
from .record import Award, Campaign, Organization, Record

_CONTEXT = 40

# What the rules of relating.py look for; their data are the entries of honours.yaml, recipients.yaml, cues.yaml.
AWARD_RULES = {
    "awards.given": "an honour that is given governs the counted recipients after it",
    "awards.received": "counted recipients, a word of receiving, then the honour",
    "awards.counted": "a number counts the honour itself",
    "awards.counted_part": "a number counts the honour itself, inside a total that was named before",
    "awards.part": "counted recipients that break down the total named before",
}


def _entry_of(knowledge: Knowledge, source: str) -> Entry | None:
    section, _, name = source.removeprefix("rule:").partition(".")
    return knowledge.sections.get(section, {}).get(name)


def _reason(knowledge: Knowledge, source: str) -> str:
    """What a rule says, in words: its description, or the entry's first example."""
    if source == MODEL:
        return "the trained model reads this as a name (confidence: how often it is right when it is this sure)"
    told = AWARD_RULES.get(source.removeprefix("rule:"))
    if told is not None:
        return told
    entry = _entry_of(knowledge, source)
    if entry is None:
        return ""
    return entry.note or f"as in: {entry.examples[0].text}"


def _in_context(text: str, start: int, end: int) -> str:
    before = " ".join(text[max(0, start - _CONTEXT) : start].split(" "))
    after = text[end : end + _CONTEXT]
    return f"…{before}[{text[start:end]}]{after}…".replace("\n", " ")


def _award_line(award: Award) -> str:
    parts = [f"{award.count} {award.recipient}", award.form]
    parts += [f"title: {award.title}"] if award.title else []
    parts += [f"from: {award.grantor_text}"] if award.grantor_text else []
    parts += [f"for: {award.reason}"] if award.reason else []
    parts += [f"year: {award.year}"] if award.year else []
    parts += [f"part of {award.part_of}"] if award.part_of else []
    return " | ".join(parts)


def explain(text: str, id: str = "report", knowledge: str | Path | None = None, rules_only: bool = False) -> str:
    """Every fact of a report with the rule that found it, how sure it is, and the words that led to it.

    >>> print(explain("Huyện đoàn Ba Tơ tặng giấy khen cho 03 tập thể."))  # doctest: +ELLIPSIS
    report: organizations 1, campaigns 0, awards 1
    ...
    award-1 3 collective | giấy khen | from: Huyện đoàn Ba Tơ
        rule:awards.given (0.9...): an honour that is given governs the counted recipients after it
            22-46 …Huyện đoàn Ba Tơ tặng [giấy khen cho 03 tập thể].…
            honour “giấy khen”: rule:honours.certificates-local

    Raises what :func:`trichluc.extract` raises.
    """
    doc = analyse(text, id=id, knowledge=knowledge, rules_only=rules_only)
    record: Record = doc._.record
    known = build_knowledge(read_knowledge_file(knowledge) if knowledge is not None else None)
    analysis = doc.user_data["trichluc"]
    found_by = {
        (analysis.syllables.start[m.first], analysis.syllables.end[m.last - 1]): m
        for m in [*analysis.organizations, *analysis.campaigns]
    }

    def lines() -> Iterator[str]:
        yield (
            f"{record.document.id}: organizations {len(record.organizations)}, campaigns {len(record.campaigns)}, "
            f"awards {len(record.awards)}"
        )
        facts: list[Organization | Campaign] = [*record.organizations, *record.campaigns]
        for fact in facts:
            yield f"{fact.id} {fact.name} ({fact.kind})"
            for mention in fact.mentions:
                m = found_by[mention.start, mention.end]
                yield f"    {m.source} ({m.confidence:.2f}): {_reason(known, m.source)}"
                yield f"        {mention.start}-{mention.end} {_in_context(text, mention.start, mention.end)}"
        for award in record.awards:
            yield f"{award.id} {_award_line(award)}"
            yield f"    {award.source} ({award.confidence:.2f}): {_reason(known, award.source)}"
            e = award.evidence
            yield f"        {e.start}-{e.end} {_in_context(text, e.start, e.end)}"
            for honour in analysis.honours:
                if (
                    analysis.syllables.start[honour.first] >= e.start
                    and analysis.syllables.end[honour.last - 1] <= e.end
                ):
                    yield f"        honour “{honour.form}”: {honour.rule}"
        for flag in record.warnings:
            yield f"warning {flag.code}: {flag.start}-{flag.end} {_in_context(text, flag.start, flag.end)}"

    return "\n".join(lines())
