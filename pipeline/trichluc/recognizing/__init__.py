"""Stage 3: candidates as spans: organizations, campaigns, honours, counts with their nouns.

One module a kind of span; all knowledge they match comes from :mod:`trichluc.knowledge`. Every span carries in its
``id_`` which rule found it.
"""

from __future__ import annotations

from bisect import bisect_left

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..annotations import Analysis, Mention, Syllables, analysis_of
from ..errors import PatternTimeout
from ..knowledge import PATTERN_SECONDS, Knowledge, build_knowledge
from ..preparing import segment
from .campaigns import campaigns
from .honours import honours
from .organizations import Words, organizations
from .quantities import quantities


def span(doc: Doc, s: Syllables, first: int, last: int, label: str, rule: str) -> Span:
    """Syllables ``first`` to ``last`` as a spaCy span whose ``id_`` names the rule."""
    return Span(doc, s.token[first], s.token[last - 1] + 1, label=label, span_id=rule)


def show_names(doc: Doc, a: Analysis) -> None:
    """Organizations and campaigns of the analysis as ``doc.spans``."""
    for name, mentions in (("organizations", a.organizations), ("campaigns", a.campaigns)):
        doc.spans[name] = [span(doc, a.syllables, m.first, m.last, m.kind, m.source) for m in mentions]


def _by_pattern(knowledge: Knowledge, analysis: Analysis, yields: str) -> list[Mention]:
    """What the regular expressions of the knowledge files find. Each runs under a time limit."""
    found: list[Mention] = []
    s, text = analysis.syllables, analysis.text
    for entry, pattern in knowledge.patterns:
        if entry.yields != yields:
            continue
        try:
            for match in pattern.finditer(text, timeout=PATTERN_SECONDS):
                a, b = match.span("name" if "name" in pattern.groupindex else 0)
                first, last = bisect_left(s.start, a), bisect_left(s.end, b)
                if a < b and s.start[first : first + 1] == [a] and s.end[last : last + 1] == [b]:
                    found.append(Mention(entry.kind, first, last + 1, f"rule:patterns.{entry.id}", 0.8))
        except TimeoutError:
            raise PatternTimeout(f"patterns/{entry.id}", PATTERN_SECONDS) from None
    return found


def _joined(first: list[Mention], more: list[Mention]) -> list[Mention]:
    """Both lists in order; of two that overlap the longer one stays, of equals the first."""
    kept: list[Mention] = []
    taken: set[int] = set()
    for m in sorted([*first, *more], key=lambda m: (-(m.last - m.first), m.first)):
        if taken.isdisjoint(range(m.first, m.last)):
            kept.append(m)
            taken.update(range(m.first, m.last))
    return sorted(kept, key=lambda m: m.first)


def recognize(knowledge: Knowledge, doc: Doc) -> Analysis:
    """Fill in the spans of a prepared document."""
    analysis = analysis_of(doc)
    s, sentences = analysis.syllables, analysis.sentences
    words = Words(s, sentences, lambda first, last: segment(doc, first, last))
    bodies = list(organizations(knowledge, s, sentences, words))
    analysis.organizations = _joined(_by_pattern(knowledge, analysis, "organization"), bodies)
    named, remarks = campaigns(knowledge, s, sentences, words, analysis.organizations)
    analysis.campaigns = _joined(_by_pattern(knowledge, analysis, "campaign"), named)
    analysis.honours = list(honours(knowledge, s, sentences))
    analysis.quantities = list(quantities(knowledge, s, sentences)) if analysis.honours else []
    analysis.remarks.extend(remarks)
    return analysis


@Language.factory(
    "trichluc_recognizing", default_config={"knowledge": None}, requires=["doc.user_data"], assigns=["doc.spans"]
)
def create_recognizing(nlp: Language, name: str, knowledge: dict | None) -> Recognizing:  # type: ignore[type-arg]
    """The component, as spaCy asks for it."""
    return Recognizing(build_knowledge(knowledge))


class Recognizing:
    """spaCy component: ``doc.spans["organizations"]``, ``["campaigns"]``, ``["honours"]``, ``["quantities"]``."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def __call__(self, doc: Doc) -> Doc:
        a = recognize(self.knowledge, doc)
        s = a.syllables
        show_names(doc, a)
        doc.spans["honours"] = [span(doc, s, h.first, h.last, h.kind, h.rule) for h in a.honours]
        doc.spans["quantities"] = [span(doc, s, q.first, q.last, q.recipient, q.rule) for q in a.quantities]
        return doc


__all__ = ["Recognizing", "recognize", "show_names", "span"]
