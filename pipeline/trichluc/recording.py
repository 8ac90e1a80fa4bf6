"""Stage 6: the analysis → the :class:`~trichluc.record.Record`."""

from __future__ import annotations

import hashlib
import unicodedata
from bisect import bisect_left
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from .annotations import Analysis, AwardFact, Entity, Remark, Syllables, analysis_of
from .preparing import INVISIBLE
from .recognizing.honours import quoted
from .record import Award, Campaign, Document, Flag, Organization, Quote, Record, Total


class Recorder:
    """Builds the record of one analysed document."""

    def __init__(self, analysis: Analysis) -> None:
        self.text = analysis.text
        self.a = analysis
        self.s = analysis.syllables
        self.organization_of = {
            m: f"org-{n}" for n, e in enumerate(analysis.organization_entities, 1) for m in e.mentions
        }

    def record(self, id: str, source: str | None) -> Record:
        """The record; ``id`` and ``source`` as they were given."""
        awards = [self._award(n, fact) for n, fact in enumerate(self.a.awards, 1)]
        return Record(
            document=Document(
                id=id,
                source=source,
                sha256=hashlib.sha256(self.text.encode("utf-8")).hexdigest(),
                characters=len(self.text),
                title=self._title(),
                date=self.a.date,
            ),
            organizations=[self._organization(n, e) for n, e in enumerate(self.a.organization_entities, 1)],
            campaigns=[self._campaign(n, e) for n, e in enumerate(self.a.campaign_entities, 1)],
            awards=awards,
            totals=totals(awards),
            warnings=self._warnings(),
        )

    def _slice(self, first: int, last: int) -> tuple[int, int]:
        return self.s.start[first], self.s.end[last - 1]

    def _quote(self, first: int, last: int) -> Quote:
        start, end = self._slice(first, last)
        return Quote(text=self.text[start:end], start=start, end=end)

    def _words(self, found: tuple[int, int] | None) -> str | None:
        if found is None:
            return None
        start, end = self._slice(*found)
        return self.text[start:end]

    def _title(self) -> str | None:
        title = next((b for b in self.a.blocks if b.kind == "title"), None)
        return None if title is None else self._words((title.first, title.last))

    def _organization(self, number: int, e: Entity) -> Organization:
        mentions = [self.a.organizations[m] for m in e.mentions]
        named = self.a.organizations[e.name]
        return Organization(
            id=f"org-{number}",
            name=_spoken(self._quote(named.first, named.last).text),
            canonical=e.canonical,
            kind=e.kind,
            level=e.level,
            parent=None if e.parent is None else f"org-{e.parent + 1}",
            mentions=[self._quote(m.first, m.last) for m in mentions],
        )

    def _campaign(self, number: int, e: Entity) -> Campaign:
        mentions = [self.a.campaigns[m] for m in e.mentions]
        named = self.a.campaigns[e.name]
        return Campaign(
            id=f"campaign-{number}",
            name=_spoken(self._quote(named.first, named.last).text),
            kind=e.kind,
            year=e.year,
            year_source=e.year_source,
            mentions=[self._quote(m.first, m.last) for m in mentions],
        )

    def _award(self, number: int, fact: AwardFact) -> Award:
        return Award(
            id=f"award-{number}",
            count=fact.count,
            approximate=fact.approximate,
            recipient=fact.recipient,
            recipient_text=self._words(fact.recipient_range),
            form=fact.form,
            title=self._words(fact.title),
            grantor=self._grantor_id(fact.grantor),
            grantor_text=self._words(fact.grantor),
            reason=self._words(fact.reason),
            year=fact.year,
            part_of=None if fact.part_of is None else f"award-{fact.part_of + 1}",
            evidence=self._quote(fact.first, fact.last),
            source=fact.source,
            confidence=round(fact.confidence, 2),
        )

    def _grantor_id(self, found: tuple[int, int] | None) -> str | None:
        if found is None:
            return None
        bodies = self.a.organizations
        number = bisect_left(bodies, found[0], key=lambda m: m.first)
        if number < len(bodies) and bodies[number].last <= found[1]:
            return self.organization_of.get(number)
        return None

    def _warnings(self) -> list[Flag]:
        found = [*self.a.remarks, *unclosed_quotes(self.s, self.a)]
        flags = [Flag(code=r.code, **self._quote(r.first, r.last).model_dump()) for r in found]
        return sorted(flags, key=lambda f: (f.start, f.end, f.code))


def _spoken(written: str) -> str:
    """A name as the report writes it, Unicode composed and in one line."""
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", written)).split())


def totals(awards: list[Award]) -> list[Total]:
    """Counts by form and recipient; a part is in its total already."""
    sums: dict[tuple[str, Any], int] = {}
    for award in awards:
        if award.part_of is None:
            key = (award.form, award.recipient)
            sums[key] = sums.get(key, 0) + award.count
    return [Total(form=form, recipient=recipient, count=count) for (form, recipient), count in sums.items()]


def unclosed_quotes(s: Syllables, analysis: Analysis) -> list[Remark]:
    """Quotes that open and never close in their paragraph, up to the next comma or the end of the sentence."""
    found = []
    for block in analysis.blocks:
        signs = [i for i in range(block.first, block.last) if s.key[i] == '"']
        opened: int | None = None
        for i in signs:
            opens = (
                i + 1 < block.last
                and s.gap[i + 1] == ""
                and (i == block.first or s.gap[i] != "" or s.key[i - 1] == "(")
            )
            if not opens:
                opened = None
            elif opened is not None:
                found.append(_unclosed(s, opened, i))
                opened = i
            else:
                opened = i
        if opened is not None:
            found.append(_unclosed(s, opened, block.last))
    return found


def _unclosed(s: Syllables, opened: int, limit: int) -> Remark:
    last = quoted(s, opened, limit)[1]
    return Remark("unclosed_quote", opened, max(last, opened + 1))


def record_of(doc: Doc) -> Record:
    """The record of a document that went through the pipeline."""
    data = doc.user_data.get("trichluc.record")
    if data is None:
        raise ValueError("the document has no record: the pipeline lacks 'trichluc_recording'")
    return Record.model_validate(data)


if not Doc.has_extension("record"):
    Doc.set_extension("record", getter=record_of)


@Language.factory("trichluc_recording", requires=["doc.user_data"], assigns=["doc._.record"])
def create_recording(nlp: Language, name: str) -> Recording:
    """The component, as spaCy asks for it."""
    return Recording()


class Recording:
    """spaCy component: ``doc._.record``. ``doc.user_data["id"]`` and ``["source"]`` name the document when set."""

    def __call__(self, doc: Doc) -> Doc:
        record = Recorder(analysis_of(doc)).record(str(doc.user_data.get("id", "report")), doc.user_data.get("source"))
        doc.user_data["trichluc.record"] = record.to_dict()
        return doc
