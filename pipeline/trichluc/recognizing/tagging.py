"""The model's part of stage 3: the tagger beside the rules, and the two joined.

Rules-only pipelines leave this component out; what follows sees mentions either way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log
from pathlib import Path
from typing import get_args

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import Analysis, Mention, analysis_of
from ..knowledge import Knowledge, build_knowledge
from ..record import CampaignKind, OrganizationKind
from . import show_names
from .campaigns import year_of
from .gating import Gate
from .joining import SUREST, Candidate, candidates, local_share, probabilities, selected
from .tagger import FOLDER, TAGS, Floats, first_tag, load_tagger, rule_features

CAMPAIGN_KINDS: tuple[str, ...] = get_args(CampaignKind)
ORGANIZATION_KINDS: tuple[str, ...] = get_args(OrganizationKind)
SOURCE = "model:tagger"
_LEAST = 1e-3  # chances nearer to 0 or 1 say no more
_WORD_REACH = 6  # syllables between a campaign word and the name it introduces


@Language.factory(
    "trichluc_tagging",
    default_config={"knowledge": None, "model": None},
    requires=["doc.user_data"],
    assigns=["doc.spans"],
)
def create_tagging(nlp: Language, name: str, knowledge: dict | None, model: str | None) -> Tagging:  # type: ignore[type-arg]
    """The component, as spaCy asks for it; ``model`` is a folder, by default the shipped one.

    Raises :class:`~trichluc.errors.ModelError`.
    """
    return Tagging(build_knowledge(knowledge), Path(model) if model else FOLDER)


class Tagging:
    """spaCy component: weighs the rules' organizations and campaigns with the model's, adds what only it sees."""

    def __init__(self, knowledge: Knowledge, folder: Path) -> None:
        self.knowledge = knowledge
        self.tagger = load_tagger(folder)
        self.gate = Gate(self.tagger.meta["gate"])

    def __call__(self, doc: Doc) -> Doc:
        a = analysis_of(doc)
        opened = self.gate.open(a)
        if opened:
            self.join(a, opened)
            a.award_policy = self.tagger.meta["policy"].get("AWARD")
            show_names(doc, a)
        return doc

    def join(self, a: Analysis, opened: list[tuple[int, int]]) -> None:
        """Replace the rules' mentions by the joined ones. Every mention of the rules stands in an open sentence."""
        scores = self.tagger.scores(a.syllables, rule_features(self.knowledge, a, opened), opened)
        at = [i for first, last in opened for i in range(first, last)]
        ends = np.cumsum([last - first for first, last in opened]).tolist()
        row = {i: n for n, i in enumerate(at)}

        local = local_share(a.organizations)

        def joined(
            label: str, rules: list[Mention], found_by_model: Callable[[Analysis, Candidate, float, Floats], Mention]
        ) -> Iterator[Mention]:
            proposed = candidates(label, scores, at, ends, a.syllables, rules, local)
            found = [c for c in proposed if not self._excluded(a, c)]
            policy = self.tagger.meta["policy"][label]
            chances = probabilities(found, policy["weights"])
            for number, c in enumerate(found):
                if c.rule is not None and c.rule.source.removeprefix("rule:") in self.knowledge.own:
                    chances[number] = SUREST  # what a user's own file says is not weighed
            for c, chance in selected(found, chances, policy["threshold"]):
                sure = min(round(chance, 2), SUREST)
                if c.rule is not None:
                    yield replace(c.rule, confidence=sure)
                else:
                    yield found_by_model(a, c, sure, scores[row[c.first] : row[c.last - 1] + 1])

        a.organizations = list(joined("ORG", a.organizations, self._organization))
        a.campaigns = list(joined("CAMP", a.campaigns, self._campaign))
        self._odds(a, scores, row)

    def _odds(self, a: Analysis, scores: Floats, row: dict[int, int]) -> None:
        """What the model says of the rules' honours and counts; the stage that relates them weighs it."""

        def best(label: str, first: int, last: int) -> float:
            begin = first_tag(label)
            chance = float(np.exp(scores[row[first] : row[last - 1] + 1, begin : begin + 4]).sum(1).max())
            chance = min(max(chance, _LEAST), 1 - _LEAST)
            return log(chance / (1 - chance))

        for h in a.honours:
            h.odds, h.count_odds = best("HONOUR", h.first, h.last), best("COUNT", h.first, h.last)
        for q in a.quantities:
            q.odds = best("COUNT", q.first, q.last)

    def _excluded(self, a: Analysis, c: Candidate) -> bool:
        """Does an exclusion cover a span that only the model proposes?"""
        found = self.knowledge.exclusions.at(a.syllables.key, c.first) if c.rule is None else None
        return found is not None and found[0] >= c.last

    def _organization(self, a: Analysis, c: Candidate, chance: float, scores: Floats) -> Mention:
        """A span that only the model proposes, with its kind."""
        kind = _overlapping(a.organizations, c)
        if kind is None:
            head = self.knowledge.heads.at(a.syllables.key, c.first, c.last)
            classes = scores[:, TAGS + len(CAMPAIGN_KINDS) :].mean(0)
            kind = head[1].kind if head is not None else ORGANIZATION_KINDS[int(classes.argmax())]
        return Mention(kind, c.first, c.last, SOURCE, chance)

    def _campaign(self, a: Analysis, c: Candidate, chance: float, scores: Floats) -> Mention:
        """A span that only the model proposes, with its kind and year."""
        kind = _overlapping(a.campaigns, c) or self._introduced(a, c)
        if kind is None:
            classes = scores[:, TAGS : TAGS + len(CAMPAIGN_KINDS)].mean(0)
            kind = CAMPAIGN_KINDS[int(classes.argmax())]
        end = a.sentences[bisect_left(a.sentences, c.last, key=lambda sentence: sentence[1])][1]
        return Mention(kind, c.first, c.last, SOURCE, chance, year_of(a.syllables, c.first, c.last, end))

    def _introduced(self, a: Analysis, c: Candidate) -> str | None:
        """The kind of the campaign word that begins the name or stands before it."""
        key = a.syllables.key
        for i in range(c.first, max(-1, c.first - _WORD_REACH), -1):
            word = self.knowledge.campaign_words.at(key, i, c.last)
            if word is not None and word[1].takes == "capital":
                return str(word[1].kind)
            if i < c.first and key[i] in (".", ";", "!", "?"):
                return None
        return None


def _overlapping(rules: list[Mention], c: Candidate) -> str | None:
    return next((m.kind for m in rules if m.first < c.last and c.first < m.last), None)
