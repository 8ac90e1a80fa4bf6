"""Stage 2: text → syllables, blocks, sentences, words.

Tokens of the spaCy ``Doc`` are syllables (tiếng), numbers and single signs, cut so that every offset is an offset of
the report as given, whatever its Unicode form: combining marks and zero-width characters stay inside their syllable.
Normalization happens syllable by syllable and so needs no map back. Words are underthesea's
(``doc._.words``): they are asked for sentence by sentence, where a stage needs them, because segmenting every
sentence would cost more than all the rules together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import regex
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from spacy.vocab import Vocab

from .annotations import KEY, Analysis, Block, Syllables, analysis_of

# Zero-width characters and the soft hyphen belong to the syllable they stand in.
_INVISIBLE = "\u200b-\u200d\u2060\ufeff\u00ad"
DIGIT_DOT = "0.0"
"""The match key of a dot between digits."""

# A sign keeps its combining marks (≠ decomposed), a syllable begins with a letter.
_TOKEN = regex.compile(rf"\p{{L}}[\p{{L}}\p{{M}}{_INVISIBLE}]*|\p{{N}}+|\s+|.\p{{M}}*", regex.DOTALL)
INVISIBLE = regex.compile(rf"[{_INVISIBLE}]")

# Old placement (hòa, úy) is the one form; the new one (hoà, uý) is folded into it at the end of a syllable.
# "qu" is a consonant: quý, quỳ stay.
_TONES = {
    new: old
    for vowels, olds in (
        ("oà oá oả oã oạ oè oé oẻ oẽ oẹ uỳ uý uỷ uỹ uỵ", "òa óa ỏa õa ọa òe óe ỏe õe ọe ùy úy ủy ũy ụy"),
        ("OÀ OÁ OẢ OÃ OẠ OÈ OÉ OẺ OẼ OẸ UỲ UÝ UỶ UỸ UỴ", "ÒA ÓA ỎA ÕA ỌA ÒE ÓE ỎE ÕE ỌE ÙY ÚY ỦY ŨY ỤY"),
        ("Oà Oá Oả Oã Oạ Oè Oé Oẻ Oẽ Oẹ Uỳ Uý Uỷ Uỹ Uỵ", "Òa Óa Ỏa Õa Ọa Òe Óe Ỏe Õe Ọe Ùy Úy Ủy Ũy Ụy"),
    )
    for new, old in zip(vowels.split(), olds.split(), strict=True)
}
_NEW_PLACEMENT = regex.compile("(?<![qQ])(?:" + "|".join(_TONES) + ")$")
_I_TO_Y = str.maketrans("iíìỉĩị", "yýỳỷỹỵ")
# One consonant and i: kĩ/kỹ, lí/lý, mĩ/mỹ, sĩ/sỹ, tỉ/tỷ, hi/hy are spelled both ways in names.
_SINGLE_I = regex.compile(r"^(?:qu|[hklmst])[iíìỉĩị]$")
_SIGNS = {"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"', "–": "-", "—": "-", "−": "-", "‒": "-",
          "‐": "-", "‑": "-", "‘": "'", "’": "'", "′": "'", "`": "'"}  # fmt: skip


def normalize(syllable: str) -> str:
    """One spelling for one syllable: NFC, nothing invisible, old tone placement.

    >>> normalize("uỷ"), normalize("hoà"), normalize("quý"), normalize("hoàn")
    ('ủy', 'hòa', 'quý', 'hoàn')
    """
    text = unicodedata.normalize("NFC", syllable)
    if not text.isascii():
        text = INVISIBLE.sub("", text)
        text = _NEW_PLACEMENT.sub(lambda m: _TONES[m.group()], text)
    return text


def match_key(norm: str) -> str:
    """The form in which knowledge is matched: lower case, i/y variants folded.

    >>> match_key("Kĩ") == match_key("Kỹ"), match_key("Ủy")
    (True, 'ủy')
    """
    low = norm.lower()
    return low.translate(_I_TO_Y) if _SINGLE_I.match(low) else low


@lru_cache(maxsize=65536)
def _read_token(text: str) -> tuple[str, str, str]:
    """Normal form, match key and shape of one token."""
    first = text[0]
    if first in _SIGNS:
        return _SIGNS[first], _SIGNS[first], "p"
    norm = normalize(text)
    if not norm or not (norm[0].isalpha() or norm[0].isnumeric()):
        return norm, norm, "p"
    if norm[0].isnumeric():
        return norm, norm, "d"
    if norm[0].isupper() or norm[0].istitle():
        return norm, match_key(norm), "A" if len(norm) > 1 and norm.isupper() else "X"
    # iPhone, eBay: a capital inside makes a name of it
    return norm, match_key(norm), "X" if not norm.islower() and any(c.isupper() for c in norm) else "x"


def phrase_keys(phrase: str) -> tuple[str, ...]:
    """A phrase of a knowledge file as match keys, cut the way reports are cut.

    >>> phrase_keys("Sở GD-ĐT")
    ('sở', 'gd', '-', 'đt')
    """
    return tuple(_read_token(t)[1] for t in _TOKEN.findall(phrase) if not t.isspace())


class SyllableTokenizer:
    """spaCy tokenizer: text → ``Doc`` whose tokens are syllables, numbers, signs.

    >>> from spacy.vocab import Vocab
    >>> [t.text for t in SyllableTokenizer(Vocab())("Trao 1.451 giấy khen.")]
    ['Trao', '1', '.', '451', 'giấy', 'khen', '.']
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        for piece in _TOKEN.findall(text):
            if piece[0] == " " and words and not spaces[-1] and not words[-1].isspace():
                spaces[-1] = True
                piece = piece[1:]
                if not piece:
                    continue
            words.append(piece)
            spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)

    def to_bytes(self, **kwargs: object) -> bytes:
        return b""

    def from_bytes(self, data: bytes, **kwargs: object) -> SyllableTokenizer:
        return self

    def to_disk(self, path: object, **kwargs: object) -> None:
        """Nothing to keep: the tokenizer has no state."""

    def from_disk(self, path: object, **kwargs: object) -> SyllableTokenizer:
        return self


@registry.tokenizers("trichluc.SyllableTokenizer.v1")
def create_tokenizer():  # type: ignore[no-untyped-def]  # spaCy's registry wants a bare factory
    """The tokenizer, as spaCy's configuration asks for it."""
    return lambda nlp: SyllableTokenizer(nlp.vocab)


def syllables_of(doc: Doc) -> tuple[Syllables, str]:
    """The syllables of a document without its white space, and its text.

    Both are read off one array of the document: making a ``Token`` of every token costs more than all else here.
    """
    found = Syllables([], [], [], [], [], [], [])
    texts: list[str] = []
    word_of = doc.vocab.strings
    gap = "\n"
    offset = 0
    tokens: Any = doc.to_array(["ORTH", "SPACY"])
    for index, (word, space) in enumerate(tokens.tolist()):
        text = word_of[word]
        texts.append(text)
        if text.isspace():
            gap = "\n" if "\n" in text or "\r" in text or "\u2028" in text or "\u2029" in text else (gap or " ")
        else:
            norm, key, shape = _read_token(text)
            if norm:
                found.norm.append(norm)
                found.key.append(key)
                found.shape.append(shape)
                found.start.append(offset)
                found.end.append(offset + len(text))
                found.token.append(index)
                found.gap.append(gap)
                gap = ""
        offset += len(text)
        if space:
            texts.append(" ")
            offset += 1
            gap = gap or " "
    for i in range(1, len(found) - 1):
        # the dot in 1.451 ends no sentence and no clause
        if (
            found.key[i] == "."
            and found.shape[i - 1] == "d" == found.shape[i + 1]
            and not found.gap[i]
            and not found.gap[i + 1]
        ):
            found.key[i] = DIGIT_DOT
    return found, "".join(texts)


_CITIES = {"hcm", "hồ", "hà", "đà", "cần", "hải", "huế", "thủ"}


def _lines(s: Syllables) -> Iterator[tuple[int, int]]:
    """Ranges of syllables between line breaks; a line that ends in ``TP.`` goes on in the next when a city follows."""
    first = 0
    for i in range(1, len(s)):
        if s.gap[i] == "\n":
            # a crawl breaks names after the abbreviation: "TP.⏎HCM"
            if s.key[i - 1] == "." and i > 1 and s.key[i - 2] == "tp" and s.key[i] in _CITIES:
                continue
            yield first, i
            first = i
    if len(s):
        yield first, len(s)


_ENDS = {".", "!", "?", "…"}
_ABBREVIATIONS = {
    "tp",
    "q",
    "p",
    "ts",
    "ths",
    "pgs",
    "gs",
    "bs",
    "st",
    "mr",
    "mrs",
    "ms",
    "dr",
    "tx",
    "tt",
    "th",
    "ks",
    "cn",
    "nsưt",
    "nsnd",
    "no",
    "vs",
    "v",
}
_CLOSERS = {'"', "'", ")", "]"}
# No sentence is longer: what follows reads it more than once, and a line may be the whole report.
_LONGEST_SENTENCE = 400


def _sentences(s: Syllables, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut a line after ``. ! ? …`` where what follows begins like a sentence, with or without a space."""
    begin = first
    for i in range(first, last - 1):
        if s.key[i] not in _ENDS or i == begin:
            continue
        j = i + 1
        while j < last and s.key[j] in _CLOSERS and s.gap[j] == "":
            j += 1
        if j >= last or s.key[j] in _ENDS:
            continue
        if s.key[i] == "." and s.key[i - 1] in _ABBREVIATIONS and s.gap[i] == "":
            continue
        if s.shape[j] == "x" or (s.gap[j] == "" and s.shape[j] != "X"):
            continue
        if s.key[i] == "." and s.gap[j] == "" and (len(s.norm[i - 1]) == 1 or s.shape[i - 1] == "A"):
            continue
        if s.key[i] == "." and len(s.norm[i - 1]) == 1 and s.shape[i - 1] in "XA":  # an initial: G. Washington
            continue
        if s.shape[j] == "p" and s.key[j] not in ('"', "'", "(", "-", "*", "•", "+"):
            continue
        yield from _pieces(s, begin, j)
        begin = j
    if begin < last:
        yield from _pieces(s, begin, last)


def _pieces(s: Syllables, first: int, last: int) -> Iterator[tuple[int, int]]:
    """A sentence, or pieces of an endless one, cut after a comma or semicolon where there is one."""
    while last - first > _LONGEST_SENTENCE:
        cut = next(
            (i + 1 for i in range(first + _LONGEST_SENTENCE - 1, first + 200, -1) if s.key[i] in (",", ";")),
            first + _LONGEST_SENTENCE,
        )
        yield first, cut
        first = cut
    yield first, last


_DATE = regex.compile(
    r"ngày\s+(?P<d>\d{1,2})\s+tháng\s+(?P<m>\d{1,2})\s+năm\s+(?P<y>(?:19|20)\d\d)"
    r"|(?<!\d)(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>(?:19|20)\d\d)(?!\d)",
    regex.IGNORECASE,
)


def _date(line: str) -> str | None:
    """ISO 8601 date of a dateline.

    >>> _date("Hà Nội, ngày 5 tháng 3 năm 2016"), _date("Thứ Hai, 31/02/2016")
    ('2016-03-05', None)
    """
    import datetime

    found = _DATE.search(line)
    if found is None:
        return None
    try:
        return datetime.date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
    except ValueError:
        return None


def _block_kind(s: Syllables, first: int, last: int, number: int, lines: int) -> str:
    line = s.text(first, min(last, first + 100))
    if len(line) <= 70 and (number < 6 or number >= lines - 3) and _date(line) is not None:
        return "dateline"
    if number == 0 and lines > 1 and s.key[last - 1] not in (".", ",", ";", ":") and last - first <= 80:
        return "title"
    if s.key[first] in ("-", "*", "•", "+"):
        return "item"
    if any(s.key[i] == "ảnh" and s.key[i + 1] == ":" for i in range(first, last - 1)) and last - first <= 60:
        return "caption"
    if last - first <= 25 and s.key[last - 1] not in (".", ":", ";", "…", "!", "?"):
        return "caption"
    return "paragraph"


def _mark_caps(s: Syllables, first: int, last: int) -> None:
    """In an all-caps line case tells nothing; its syllables get the shape ``U``."""
    words = [i for i in range(first, last) if s.shape[i] in "XAx"]
    if len(words) >= 4 and all(s.norm[i].isupper() for i in words):
        for i in words:
            s.shape[i] = "U"


def prepare(doc: Doc) -> Analysis:
    """Blocks and sentences of a tokenized document.

    >>> from spacy.vocab import Vocab
    >>> found = prepare(SyllableTokenizer(Vocab())("Tin vui\\nHọp xong.Dịp này, trao quà."))
    >>> [b.kind for b in found.blocks], found.sentences
    (['title', 'paragraph'], [(0, 2), (2, 5), (5, 11)])
    """
    analysis = Analysis(*syllables_of(doc))
    s = analysis.syllables
    lines = list(_lines(s))
    for number, (first, last) in enumerate(lines):
        _mark_caps(s, first, last)
        kind = _block_kind(s, first, last, number, len(lines))
        if kind == "dateline" and analysis.date is None:
            analysis.date = _date(s.text(first, last))
        analysis.blocks.append(Block(kind, first, last))
        analysis.sentences.extend(_sentences(s, first, last))
    return analysis


@Language.factory("trichluc_preparing", assigns=["doc.user_data", "token.is_sent_start", "doc.spans"])
def create_preparing(nlp: Language, name: str) -> Preparing:
    """The component, as spaCy asks for it."""
    return Preparing()


class Preparing:
    """spaCy component: blocks (``doc.spans["blocks"]``) and sentence starts (``doc.sents``)."""

    def __call__(self, doc: Doc) -> Doc:
        analysis = prepare(doc)
        doc.user_data[KEY] = analysis
        s = analysis.syllables
        # One array: setting token.is_sent_start scans the whole document each time.
        starts = np.full(len(doc), -1, dtype="int32")
        starts[[s.token[first] for first, _ in analysis.sentences]] = 1
        doc.from_array(["SENT_START"], starts.view("uint32").astype("uint64"))  # type: ignore[arg-type]
        doc.spans["blocks"] = [
            Span(doc, s.token[b.first], s.token[b.last - 1] + 1, label=b.kind) for b in analysis.blocks
        ]
        return doc


def segment(doc: Doc, first: int, last: int) -> list[tuple[int, int]]:
    """underthesea's words among the syllables ``first`` to ``last``, as ranges of syllables that leave none out.

    underthesea gets the normalized syllables and may give back text that differs from them (it normalizes too), so
    words are laid over syllables by the letters they use up, never searched for. Where the two cannot be made to agree
    every syllable is a word of its own.
    Source: underthesea 9.5 ``word_tokenize`` (CRF, VLSP 2013).
    """
    from underthesea import word_tokenize  # late: 0.4 s that a report without candidates never pays

    s = analysis_of(doc).syllables
    given = [s.norm[i] for i in range(first, last)]
    words = word_tokenize(s.text(first, last), use_token_normalize=False)
    sizes = [sum(1 for c in w if not c.isspace()) for w in words]
    if sum(sizes) != sum(len(g) for g in given):
        return [(i, i + 1) for i in range(first, last)]
    ranges: list[tuple[int, int]] = []
    begin, used, syllable = first, 0, first
    for size in sizes:
        used += size
        while syllable < last and used >= len(s.norm[syllable]):
            used -= len(s.norm[syllable])
            syllable += 1
        if used == 0 and syllable > begin:  # a word that ends inside a syllable waits for the syllable's end
            ranges.append((begin, syllable))
            begin = syllable
    return ranges


def words_of(doc: Doc) -> list[Span]:
    """All words of a prepared document by underthesea, as spans with their offsets in the report.

    >>> import trichluc
    >>> doc = trichluc.load()("Hội Phụ nữ hoà giải.")
    >>> [(w.text, w.start_char) for w in doc._.words][-3:]
    [('hoà', 11), ('giải', 15), ('.', 19)]
    """
    s = analysis_of(doc).syllables
    return [
        Span(doc, s.token[a], s.token[b - 1] + 1, label="word")
        for first, last in analysis_of(doc).sentences
        for a, b in segment(doc, first, last)
    ]


if not Doc.has_extension("words"):
    Doc.set_extension("words", getter=words_of)
