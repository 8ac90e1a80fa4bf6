"""Which sentences the network reads: those where the rules found something, or whose words make one likely.

A logistic regression over the words of a sentence, each with or without a capital, costs a dictionary look-up a
syllable; the network costs a thousand times that. Weights and threshold come with the model.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from ..annotations import Analysis, Syllables
from .tagger import word_form


def words_of(s: Syllables, first: int, last: int) -> set[str]:
    """What the gate knows of a sentence: its words, those with a capital marked ``^`` unless they begin it."""
    return {("^" if i > first and s.shape[i] in "XAU" else "") + word_form(s.key[i]) for i in range(first, last)}


class Gate:
    """``meta["gate"]`` of a model: ``weights`` by word, ``bias``, ``threshold`` (all in log odds)."""

    def __init__(self, gate: dict[str, Any]) -> None:
        self.weights: dict[str, float] = gate["weights"]
        self.lowest: float = gate["threshold"] - gate["bias"]

    def open(self, analysis: Analysis) -> list[tuple[int, int]]:
        """The sentences to read."""
        s, get = analysis.syllables, self.weights.get
        firsts = [first for first, _ in analysis.sentences]
        begins = [m.first for m in (*analysis.organizations, *analysis.campaigns)]
        begins += [h.first for h in analysis.honours] + [q.first for q in analysis.quantities]
        named = {bisect_right(firsts, i) - 1 for i in begins}
        return [
            (first, last)
            for number, (first, last) in enumerate(analysis.sentences)
            if number in named or sum(get(word, 0.0) for word in words_of(s, first, last)) > self.lowest
        ]
