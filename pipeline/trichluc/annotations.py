"""What the stages leave on a spaCy ``Doc`` for the stages after them.

A stage knows the stages before it only through these. All of them are plain dataclasses that travel
with the document (``Doc.to_bytes``, ``nlp.pipe(n_process=2)``), so a pipeline can be cut anywhere.
Positions called ``first`` and ``last`` count syllables (``last`` exclusive): entries of :class:`Syllables`,
which knows the code-point offsets of each in the report as it was given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import srsly
from spacy.tokens import Doc

_T = TypeVar("_T")
_CLASSES: dict[str, type[Any]] = {}


def _travels(cls: type[_T]) -> type[_T]:
    """Register a dataclass with spaCy's serializer."""
    _CLASSES[cls.__name__] = cls
    return cls


@_travels
@dataclass(slots=True)
class Syllables:
    """The report's syllables, numbers and signs without white space, as parallel lists.

    ``norm`` is the Unicode-normalized form (NFC, one tone placement, one form of dash and quote); ``key`` is ``norm``
    lower-cased with i/y variants folded, the form in which all knowledge is matched; ``shape`` is one of
    ``X`` capitalized, ``A`` all capitals, ``x`` lower case, ``U`` case says nothing (all-caps line), ``d`` digits,
    ``p`` sign.
    ``start`` and ``end`` are code-point offsets into the report; ``token`` the index of the spaCy token;
    ``gap`` what stands before it: ``""``, ``" "`` or ``"\\n"``.
    """

    norm: list[str]
    key: list[str]
    shape: list[str]
    start: list[int]
    end: list[int]
    token: list[int]
    gap: list[str]

    def __len__(self) -> int:
        return len(self.key)

    def is_year(self, i: int) -> bool:
        """Is syllable ``i`` a year of 1900 to 2099?"""
        norm = self.norm[i]
        return self.shape[i] == "d" and len(norm) == 4 and norm.isdecimal() and norm[:2] in ("19", "20")

    def text(self, first: int, last: int) -> str:
        """The normal forms of syllables ``first`` to ``last``, with one space where the report has white space."""
        return "".join((" " if self.gap[i] and i > first else "") + self.norm[i] for i in range(first, last))


@_travels
@dataclass(slots=True)
class Block:
    """A line of the report with what it is: ``title``, ``dateline``, ``caption``, ``item`` or ``paragraph``."""

    kind: str
    first: int
    last: int


@_travels
@dataclass(slots=True)
class Mention:
    """A place that names an organization or a campaign."""

    kind: str
    first: int
    last: int
    source: str
    confidence: float
    year: int | None = None


@_travels
@dataclass(slots=True)
class Quantity:
    """A number with what it counts; ``odds`` are the model's log odds that it counts an award."""

    value: int
    approximate: bool
    first: int
    last: int
    recipient: str
    text_first: int
    text_last: int
    rule: str
    odds: float | None = None


@_travels
@dataclass(slots=True)
class Honour:
    """A word of commendation: the noun (``giấy khen``) or the verb (``tuyên dương``) with its rank and name.

    ``odds`` and ``count_odds`` are the model's log odds that it is given, and that its own number counts it.
    """

    form: str
    kind: str
    first: int
    last: int
    rule: str
    title_first: int = -1
    title_last: int = -1
    count: int | None = None
    approximate: bool = False
    odds: float | None = None
    count_odds: float | None = None

    @property
    def title(self) -> tuple[int, int] | None:
        """The range of its name, if it has one."""
        return (self.title_first, self.title_last) if self.title_first >= 0 else None

    @property
    def end(self) -> int:
        """Where the honour ends together with its name."""
        return max(self.last, self.title_last)


@_travels
@dataclass(slots=True)
class AwardFact:
    """One (count, recipient, honour) statement. Grantor, title and reason are ranges of syllables or ``None``.

    ``features`` is what :mod:`trichluc.weighing` weighs of it.
    """

    count: int
    approximate: bool
    recipient: str
    recipient_range: tuple[int, int] | None
    form: str
    first: int
    last: int
    source: str
    confidence: float
    title: tuple[int, int] | None = None
    grantor: tuple[int, int] | None = None
    reason: tuple[int, int] | None = None
    year: int | None = None
    part_of: int | None = None
    features: tuple[float, ...] | None = None


@_travels
@dataclass(slots=True)
class Entity:
    """Mentions that name one organization or campaign (indices into ``Analysis.organizations`` or ``.campaigns``)."""

    kind: str
    mentions: list[int]
    name: int
    canonical: str | None = None
    level: str | None = None
    parent: int | None = None
    year: int | None = None
    year_source: str | None = None


@_travels
@dataclass(slots=True)
class Remark:
    """What a careful reader would flag."""

    code: str
    first: int
    last: int


@_travels
@dataclass(slots=True)
class Analysis:
    """All that the stages have found in one report so far, each stage adding its own part.

    ``text`` is the report as given; ``doc.text`` would put it together anew each time. ``award_policy`` is how the
    model that read the report weighs award statements (see :mod:`trichluc.weighing`); ``None`` where none did.
    """

    syllables: Syllables
    text: str
    blocks: list[Block] = field(default_factory=list)
    sentences: list[tuple[int, int]] = field(default_factory=list)
    date: str | None = None
    organizations: list[Mention] = field(default_factory=list)
    campaigns: list[Mention] = field(default_factory=list)
    honours: list[Honour] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    awards: list[AwardFact] = field(default_factory=list)
    organization_entities: list[Entity] = field(default_factory=list)
    campaign_entities: list[Entity] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    award_policy: dict[str, Any] | None = None


KEY = "trichluc"


def analysis_of(doc: Doc) -> Analysis:
    """The analysis on a document.

    Raises ``ValueError`` when no trichluc stage has seen the document: the pipeline lacks ``trichluc_preparing``.
    """
    found = doc.user_data.get(KEY)
    if not isinstance(found, Analysis):
        raise ValueError("the document was not prepared: put the component 'trichluc_preparing' first in the pipeline")
    return found


@srsly.msgpack_encoders("trichluc")
def _encode(obj: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    name = type(obj).__name__
    if _CLASSES.get(name) is type(obj):
        return {"__trichluc__": name, "values": [getattr(obj, f.name) for f in dataclasses.fields(obj)]}
    return obj if chain is None else chain(obj)


@srsly.msgpack_decoders("trichluc")
def _decode(obj: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    if isinstance(obj, dict) and "__trichluc__" in obj:
        return _CLASSES[obj["__trichluc__"]](*obj["values"])
    return obj if chain is None else chain(obj)
