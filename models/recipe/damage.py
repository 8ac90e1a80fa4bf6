"""Damage as real copy has it, syllable by syllable, so that gold tags stay where they are."""

from __future__ import annotations

import random
from collections.abc import Callable

from trichluc.annotations import Analysis, Syllables
from trichluc.recognizing.tagger import without_diacritics

Damage = Callable[[str, Analysis, list[int], random.Random], list[str]]
_LETTERS = "abcdefghiklmnopqrstuvxy"


def _bare(word: str) -> str:
    return "".join(without_diacritics(c.lower()).upper() if c.isupper() else without_diacritics(c) for c in word)


def _words(text: str, s: Syllables) -> list[str]:
    return [text[a:b] for a, b in zip(s.start, s.end, strict=True)]


def diacritics_lost(text: str, analysis: Analysis, tags: list[int], chance: random.Random) -> list[str]:
    """In a third of the sentences every syllable loses its diacritics, elsewhere one in ten."""
    words = _words(text, analysis.syllables)
    for first, last in analysis.sentences:
        share = 1.0 if chance.random() < 1 / 3 else 0.1
        for i in range(first, last):
            if chance.random() < share:
                words[i] = _bare(words[i])
    return words


def typos(text: str, analysis: Analysis, tags: list[int], chance: random.Random) -> list[str]:
    """Two letters in a hundred are dropped, doubled, swapped with the next or replaced."""
    words = _words(text, analysis.syllables)
    for i, word in enumerate(words):
        if not word.isalpha():
            continue
        letters = list(word)
        for k in range(len(letters)):
            if chance.random() >= 0.02:
                continue
            how = chance.randrange(4)
            if how == 0 and len(letters) > 1:
                letters[k] = ""
            elif how == 1:
                letters[k] = letters[k] * 2
            elif how == 2 and k + 1 < len(letters):
                letters[k], letters[k + 1] = letters[k + 1], letters[k]
            else:
                letters[k] = chance.choice(_LETTERS)
        words[i] = "".join(letters) or word
    return words


def capitals(text: str, analysis: Analysis, tags: list[int], chance: random.Random) -> list[str]:
    """A third of the sentences stand in capitals."""
    words = _words(text, analysis.syllables)
    for first, last in analysis.sentences:
        if chance.random() < 1 / 3:
            words[first:last] = [word.upper() for word in words[first:last]]
    return words


def names_lowered(text: str, analysis: Analysis, tags: list[int], chance: random.Random) -> list[str]:
    """Half of the names are written in lower case."""
    words = _words(text, analysis.syllables)
    low = False
    for i, tag in enumerate(tags):
        if tag and (tag - 1) % 4 in (0, 3):
            low = chance.random() < 0.5
        if tag and low:
            words[i] = words[i].lower()
    return words


DAMAGES: dict[str, Damage] = {
    "diacritics": diacritics_lost,
    "typos": typos,
    "capitals": capitals,
    "lower case": names_lowered,
}


def damaged_text(text: str, s: Syllables, words: list[str]) -> str:
    """The report with other syllables in the places of its own."""
    parts, end = [], 0
    for start, stop, word in zip(s.start, s.end, words, strict=True):
        parts += [text[end:start], word]
        end = stop
    return "".join([*parts, text[end:]])
