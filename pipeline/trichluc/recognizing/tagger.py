"""The trained recognizer: a convolutional tagger over syllables that also reads what the rules found.

Every syllable is the sum of the vectors of its word, of the word without diacritics, of its beginning and end, of its
shape and of the rules' spans around it; residual convolutions inside the sentence give each syllable a probability
for each tag (BIOES over organizations, campaigns, honours and award counts).
How it is trained is in ``models/``; here it only runs, on NumPy alone.

Sources: the architecture follows Collobert et al. 2011 (window networks), Strubell et al. 2017 (dilated convolutions
for sequence labelling) and spaCy's hashed sub-word embeddings; rule spans as features follow stacked tagging.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..annotations import Analysis, Syllables
from ..errors import ModelError
from ..knowledge import Knowledge
from ..preparing import DIGIT_DOT

FOLDER = Path(__file__).parents[1] / "model"
FORMAT: Final = 1
"""Which code a model is made for: raised whenever features, tags or network change."""

LABELS = ("ORG", "CAMP", "HONOUR", "COUNT")
BEGIN, INSIDE, END, SINGLE = range(4)
TAGS = 1 + 4 * len(LABELS)
HASHES = 2048
PORTION = 4096
SHAPES = {shape: i for i, shape in enumerate("XAxUdp")}
GAPS = {"": 0, " ": 1, "\n": 2}

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def first_tag(label: str) -> int:
    """The first of a label's four tags; BEGIN, INSIDE, END and SINGLE count from it.

    >>> first_tag("ORG"), first_tag("CAMP")
    (1, 5)
    """
    return 1 + 4 * LABELS.index(label)


def tag_of(label: str, offset: int, length: int) -> int:
    """The tag of the syllable ``offset`` of a span of ``length`` syllables; 0 is outside.

    >>> [tag_of("ORG", i, 3) for i in range(3)], tag_of("CAMP", 0, 1)
    ([1, 2, 3], 8)
    """
    place = SINGLE if length == 1 else BEGIN if offset == 0 else END if offset == length - 1 else INSIDE
    return first_tag(label) + place


def word_form(key: str) -> str:
    """The match key with numbers folded: all years are one word, other numbers are told apart by length only.

    >>> word_form("2017"), word_form("1451"), word_form("đoàn")
    ('2000', '0000', 'đoàn')
    """
    if key == DIGIT_DOT or not key[0].isdecimal():
        return key
    return "2000" if len(key) == 4 and key[:2] in ("19", "20") else "0" * min(len(key), 5)


def without_diacritics(word: str) -> str:
    """
    >>> without_diacritics("đồng")
    'dong'
    """
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word.replace("đ", "d")) if not unicodedata.combining(c))


class Vocabulary:
    """Rows of the embedding table for a word: itself, without diacritics, its first and its last three letters.

    What the table lacks gets the row ``absent``, whose vector is zero.
    """

    def __init__(self, words: list[str], bare: list[str]) -> None:
        self.words, self.bare = words, bare
        self._word = {w: i for i, w in enumerate(words)}
        self._bare = {w: len(words) + i for i, w in enumerate(bare)}
        self._prefix = len(words) + len(bare)
        self.absent = self._prefix + 2 * HASHES

    def rows(self, form: str) -> tuple[int, int, int, int]:
        """
        >>> Vocabulary(["đoàn"], ["doan"]).rows("đoàn")[:2]
        (0, 1)
        """
        bare = without_diacritics(form)
        return (
            self._word.get(form, self.absent),
            self._bare.get(bare, self.absent),
            self._prefix + zlib.crc32(b"<" + bare[:3].encode()) % HASHES,
            self._prefix + HASHES + zlib.crc32(b">" + bare[-3:].encode()) % HASHES,
        )


# What the rules say of a syllable, as columns of small codes; 0 is nothing. The numbers are the sizes of the columns.
RULE_COLUMNS = {"organization": 12, "campaign": 12, "organization_sure": 10, "campaign_sure": 10, "cue": 6, "award": 2}
_FAMILIES = {"organizations": 0, "names": 1, "campaign_words": 0, "campaign_names": 1}


def rule_features(knowledge: Knowledge, analysis: Analysis, sentences: list[tuple[int, int]]) -> npt.NDArray[np.int8]:
    """Codes of shape (syllables, columns): the rules' spans with family and confidence, campaign words, heads, counts.

    Words and heads are looked up in ``sentences`` only.
    """
    s = analysis.syllables
    codes = np.zeros((len(s), len(RULE_COLUMNS)), np.int8)
    for column, mentions in enumerate((analysis.organizations, analysis.campaigns)):
        for m in mentions:
            family = _FAMILIES.get(m.source.partition(":")[2].partition(".")[0], 2)
            codes[m.first : m.last, column] = 4 + family
            codes[m.first, column] = 1 + family
            codes[m.last - 1, column] = (10 if m.last - m.first == 1 else 7) + family
            codes[m.first : m.last, column + 2] = 1 + min(9, max(0, round((m.confidence - 0.5) * 20)))
    surnames = knowledge.cues["surname"]
    words, heads = knowledge.campaign_words.beginnings, knowledge.heads.beginnings
    names = surnames.beginnings
    for first, last in sentences:
        i = first
        while i < last:
            key, step = s.key[i], 1
            word = knowledge.campaign_words.at(s.key, i, last) if key in words else None
            head = knowledge.heads.at(s.key, i, last) if word is None and key in heads else None
            if word is not None:
                step = word[0] - i
                codes[i : word[0], 4] = 2
                codes[i, 4] = 3 if word[1].takes == "capital" else 1
            elif head is not None:
                step = head[0] - i
                codes[i : head[0], 4] = 5
                codes[i, 4] = 4
            elif key in names and s.shape[i] == "X" and surnames.at(s.key, i, last) is not None:
                codes[i, 4] = 6
            i += step
    for h in analysis.honours:
        codes[h.first : h.last, 5] = 1
    for q in analysis.quantities:
        codes[q.first : q.last, 5] = 2
    return codes


def shape_codes(s: Syllables) -> npt.NDArray[np.int8]:
    """Case and white space before each syllable as one code under 18."""
    return np.array([3 * SHAPES[shape] + GAPS[gap] for shape, gap in zip(s.shape, s.gap, strict=True)], np.int8)


def neighbours(sentence: Indices, distance: int) -> tuple[Indices, Indices]:
    """For each syllable the one ``distance`` before and after in its sentence; ``len(sentence)`` where none is.

    >>> left, right = neighbours(np.array([0, 0, 1]), 1)
    >>> left.tolist(), right.tolist()
    ([3, 0, 3], [1, 3, 3])
    """
    n = len(sentence)
    left, right = np.full(n, n), np.full(n, n)
    if n > distance:
        same = np.flatnonzero(sentence[distance:] == sentence[:-distance])
        left[same + distance] = same
        right[same] = same + distance
    return left, right


class Tagger:
    """The network with its weights.

    :meth:`scores` is the whole of it: everything that makes spans of its numbers is in :mod:`.joining`.
    """

    def __init__(self, weights: dict[str, Floats], meta: dict[str, Any]) -> None:
        self.meta = meta
        self.vocabulary = Vocabulary(meta["words"], meta["bare"])
        self._embedding = np.vstack([weights["embedding"], np.zeros((1, weights["embedding"].shape[1]), np.float32)])
        self._shape = weights["shape"]
        self._rules = [weights[f"rules_{column}"] for column in range(len(RULE_COLUMNS))]
        self._layers = [
            (distance, weights[f"layer_{n}"], weights[f"bias_{n}"]) for n, distance in enumerate(meta["distances"])
        ]
        self._heads, self._heads_bias = weights["heads"], weights["heads_bias"]
        self._vector = lru_cache(maxsize=32768)(self._vector_of)

    def _vector_of(self, key: str) -> Floats:
        vector: Floats = self._embedding[list(self.vocabulary.rows(word_form(key)))].sum(0)
        return vector

    def scores(self, s: Syllables, codes: npt.NDArray[np.int8], sentences: list[tuple[int, int]]) -> Floats:
        """Log probabilities of tags and raw scores of kinds (syllables of the sentences, tags + kinds), sentence after
        sentence. Memory is bounded: sentences go through the network a few thousand syllables at a time.
        """
        shapes = shape_codes(s)
        return np.vstack([self._scores(s, shapes, codes, part) for part in _portions(sentences)])

    def _scores(
        self, s: Syllables, shapes: npt.NDArray[np.int8], codes: npt.NDArray[np.int8], sentences: list[tuple[int, int]]
    ) -> Floats:
        at = np.concatenate([np.arange(first, last) for first, last in sentences])
        sentence = np.repeat(np.arange(len(sentences)), [last - first for first, last in sentences])
        h = np.array([self._vector(s.key[i]) for i in at])
        h += self._shape[shapes[at]]
        for column, table in enumerate(self._rules):
            said = codes[at, column]
            some = np.flatnonzero(said)
            h[some] += table[said[some]]
        n, width = h.shape
        around = {distance: neighbours(sentence, distance) for distance, _, _ in self._layers}
        padded = np.zeros((n + 1, width), np.float32)
        window = np.empty((n, 3 * width), np.float32)
        for distance, weights, bias in self._layers:
            left, right = around[distance]
            padded[:n] = h
            window[:, :width] = padded[left]
            window[:, width : 2 * width] = h
            window[:, 2 * width :] = padded[right]
            step = window @ weights
            step += bias
            h += np.maximum(step, 0, out=step)
        out = h @ self._heads
        out += self._heads_bias
        tags = out[:, :TAGS]
        tags -= tags.max(1, keepdims=True)
        tags -= np.log(np.exp(tags).sum(1, keepdims=True))
        return out


def _portions(sentences: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Sentences in order, in lists of at most ``PORTION`` syllables (or one longer sentence)."""
    part: list[tuple[int, int]] = []
    size = 0
    for first, last in sentences:
        if part and size + last - first > PORTION:
            yield part
            part, size = [], 0
        part.append((first, last))
        size += last - first
    if part:
        yield part


_ADVICE = "install trichluc again, or train it with `make model`; --rules-only needs no model"


def read_meta(folder: Path = FOLDER) -> dict[str, Any]:
    """Everything of a model but its weights: vocabulary, gate, policies, and the recipe it was made by.

    Raises :class:`~trichluc.errors.ModelError` when it is missing, damaged, or made for another version of the code.
    """
    try:
        meta: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
        made_for = meta["format"]
    except (OSError, ValueError, KeyError) as problem:
        raise ModelError(str(folder), f"the model cannot be read ({problem})", _ADVICE) from None
    if made_for != FORMAT:
        raise ModelError(
            str(folder), f"the model is of format {made_for}, this version of trichluc reads {FORMAT}", _ADVICE
        )
    return meta


def read_weights(folder: Path = FOLDER) -> dict[str, Floats]:
    """The weights of a model in single precision.

    Raises :class:`~trichluc.errors.ModelError` when they are missing or damaged.
    """
    try:
        with np.load(folder / "weights.npz", allow_pickle=False) as stored:
            return {name: stored[name].astype(np.float32) for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError) as problem:
        raise ModelError(str(folder), f"the model cannot be read ({problem})", _ADVICE) from None


def load_tagger(folder: Path = FOLDER) -> Tagger:
    """The shipped model, or another.

    Raises what :func:`read_meta` and :func:`read_weights` raise.
    """
    meta = read_meta(folder)
    return Tagger(read_weights(folder), meta)
