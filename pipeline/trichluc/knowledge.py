"""What a Vietnamese reader knows, as data: heads of body names, honours, recipients, campaign words, numbers.

The shipped knowledge stands in ``knowledge/*.yaml``; a user's file has the same form. A file maps sections to lists of
entries; every entry has an ``id`` and at least one example with what it must yield, and the test suite runs them all.
An entry of a user's file replaces the shipped entry of the same section and id, or adds one; ``disabled: true`` takes
it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args

import regex
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import KnowledgeError
from .preparing import phrase_keys
from .record import CampaignKind, Level, OrganizationKind, Recipient

FOLDER = Path(__file__).parent / "knowledge"
PATTERN_SECONDS = 1.0

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Example(_Strict):
    """A sentence and what it must yield. What is not named is not checked; an empty list means: none."""

    text: str
    organizations: list[str] | None = None
    campaigns: list[str | dict[str, Any]] | None = None
    awards: list[dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Example:
        if self.organizations is None and self.campaigns is None and self.awards is None:
            raise ValueError("the example must say what it yields: organizations, campaigns or awards")
        return self


class Entry(_Strict):
    """What every entry has."""

    id: str
    examples: list[Example] = Field(default_factory=list)
    disabled: bool = False
    note: str | None = None

    @model_validator(mode="after")
    def _has_example(self) -> Entry:
        if not self.examples and not self.disabled:
            raise ValueError("an entry needs at least one example: what must this sentence yield?")
        return self


TailStep = Literal["unit", "place", "country", "name", "field", "organ", "quote", "number"]


class OrganizationHead(Entry):
    """The head of a body's name and how the name goes on after it (see ``recognizing/organizations.py``).

    ``alone``: may the head be a name by itself: ``never``, when ``capital``, or ``always`` (lower case too).
    ``lower``: may a lower-case head open a name: ``never``, when a ``capital`` or number follows, or with ``any`` tail.
    ``generic``: a common noun; without a proper name after it, it names nothing.
    """

    heads: list[str]
    kind: OrganizationKind
    level: Level | None = None
    tail: list[TailStep] = Field(default_factory=list)
    alone: Literal["never", "capital", "always"] = "never"
    lower: Literal["never", "capital", "any"] = "capital"
    generic: bool = False


class OrganizationName(Entry):
    """Bodies known by a fixed name.

    ``cased``: only in this case (``Tuổi Trẻ`` is a newspaper, ``tuổi trẻ`` is youth).
    """

    names: list[str]
    kind: OrganizationKind
    level: Level | None = None
    cased: bool = True


class NameWords(Entry):
    """Words that may stand in lower case inside a body's name."""

    words: list[str]


class Exclusion(Entry):
    """Phrases that look like a name and are none (``Hội nghị``, ``Bộ luật``)."""

    phrases: list[str]


class CampaignWord(Entry):
    """A kind word before a campaign's name. ``modifiers`` may stand between the word and the name.

    ``takes``: how the name is shown: only in ``quotes``, or by a ``capital`` as well.
    """

    words: list[str]
    kind: CampaignKind
    modifiers: list[str] = Field(default_factory=list)
    takes: Literal["quotes", "capital"] = "capital"


class CampaignName(Entry):
    """Campaigns known by name whether or not their kind word stands beside them."""

    names: list[str]
    kind: CampaignKind
    cased: bool = True
    needs_word: bool = False


class HonourEntry(Entry):
    """A noun or verb of commendation.

    ``role``: ``noun`` (giấy khen), ``prize`` (giải nhất: may be counted itself), ``title`` (danh hiệu, followed by a
    name), ``verb`` (tuyên dương). ``rank`` orders two honours in one breath: the more formal one is recorded.
    """

    honours: list[str]
    role: Literal["noun", "prize", "title", "verb"]
    form: str | None = None
    rank: int = 5
    named: bool = False


class RecipientNoun(Entry):
    """Nouns for those who are honoured."""

    nouns: list[str]
    recipient: Recipient


class CueWords(Entry):
    """Small words with one job in award sentences (see ``relating.py``)."""

    role: Literal[
        "give", "receive", "propose", "withdraw", "gift", "participate", "part", "career", "approximate",
        "reason", "office", "unit", "boundary", "surname", "plural", "adjective", "lottery",
        "military", "sales", "country",
    ]  # fmt: skip
    words: list[str]


class NumberWords(Entry):
    """Number words by their part in a number.

    ``one`` (hai), ``ten`` (mười), ``multiplier`` (mươi, trăm), ``filler`` (lẻ).
    """

    role: Literal["one", "ten", "multiplier", "filler"]
    values: dict[str, int]


class Abbreviation(Entry):
    """A short form and what it stands for."""

    short: str
    long: str


class Pattern(Entry):
    """A regular expression whose group ``name`` (or whole match) is a fact. Runs under a time limit."""

    pattern: str = Field(min_length=1)
    yields: Literal["organization", "campaign"]
    kind: str

    @model_validator(mode="after")
    def _compiles(self) -> Pattern:
        kinds = get_args(OrganizationKind if self.yields == "organization" else CampaignKind)
        if self.kind not in kinds:
            raise ValueError(f"kind: {self.kind!r} is not one of {', '.join(kinds)}")
        try:
            regex.compile(self.pattern)
        except regex.error as problem:
            raise ValueError(f"the pattern is no regular expression: {problem}") from None
        return self


SECTIONS: dict[str, type[Entry]] = {
    "organizations": OrganizationHead,
    "names": OrganizationName,
    "name_words": NameWords,
    "exclusions": Exclusion,
    "campaign_words": CampaignWord,
    "campaign_names": CampaignName,
    "honours": HonourEntry,
    "recipients": RecipientNoun,
    "cues": CueWords,
    "numbers": NumberWords,
    "abbreviations": Abbreviation,
    "patterns": Pattern,
}

V = TypeVar("V")


class Phrases(Generic[V]):
    """Phrases by their match keys; the longest one that stands at a place wins.

    >>> found = Phrases([("Ban Thường vụ", 1), ("ban", 2)])
    >>> found.at(["ban", "thường", "vụ", "tỉnh"], 0)
    (3, 1)
    """

    def __init__(self, entries: Iterable[tuple[str, V]]) -> None:
        # A phrase that stands twice belongs to its last entry, so that a user's entry wins over a shipped one.
        by_keys = {phrase_keys(phrase): value for phrase, value in entries}
        self._by_first: dict[str, list[tuple[tuple[str, ...], V]]] = {}
        for keys, value in by_keys.items():
            self._by_first.setdefault(keys[0], []).append((keys, value))
        for options in self._by_first.values():
            options.sort(key=lambda option: -len(option[0]))

    def at(self, keys: list[str], i: int, end: int | None = None) -> tuple[int, V] | None:
        """Where the longest phrase that begins at ``i`` ends, and its value; ``None`` when none does."""
        options = self._by_first.get(keys[i])
        if options is None:
            return None
        last = len(keys) if end is None else end
        for phrase, value in options:
            n = len(phrase)
            if n == 1 or (i + n <= last and tuple(keys[i : i + n]) == phrase):
                return i + n, value
        return None

    def first_in(self, keys: list[str], first: int, last: int) -> int | None:
        """Where the first phrase that lies between two places begins; ``None`` when none does.

        >>> Phrases([("trong đó", 1)]).first_in(["72", "gương", "trong", "đó"], 0, 4)
        2
        """
        begins = self._by_first
        return next((i for i in range(first, last) if keys[i] in begins and self.at(keys, i, last) is not None), None)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """The first keys of all phrases: where none of them stands no phrase begins."""
        return frozenset(self._by_first)

    def all_at(self, keys: list[str], i: int, end: int) -> Iterator[tuple[int, V]]:
        """Every phrase that begins at ``i``, the longest first."""
        for phrase, value in self._by_first.get(keys[i], ()):
            n = len(phrase)
            if i + n <= end and tuple(keys[i : i + n]) == phrase:
                yield i + n, value

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], V]]:
        for options in self._by_first.values():
            yield from options


@dataclass
class Knowledge:
    """All entries, indexed for the stages; ``own`` names those of a user's file (``organizations.my-id``)."""

    sections: dict[str, dict[str, Any]]
    own: frozenset[str] = frozenset()
    heads: Phrases[OrganizationHead] = field(init=False)
    names: Phrases[tuple[OrganizationName, frozenset[str]]] = field(init=False)
    name_words: Phrases[str] = field(init=False)
    exclusions: Phrases[str] = field(init=False)
    campaign_words: Phrases[CampaignWord] = field(init=False)
    campaign_names: Phrases[tuple[CampaignName, str]] = field(init=False)
    honours: Phrases[HonourEntry] = field(init=False)
    recipients: Phrases[RecipientNoun] = field(init=False)
    cues: dict[str, Phrases[str]] = field(init=False)
    numbers: dict[str, tuple[str, int]] = field(init=False)
    patterns: list[tuple[Pattern, Any]] = field(init=False)
    abbreviations: dict[tuple[str, ...], str] = field(init=False)
    organization_beginnings: frozenset[str] = field(init=False)
    campaign_beginnings: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        of = self.sections
        self.heads = Phrases((h, e) for e in of["organizations"].values() for h in e.heads)
        spellings: dict[tuple[str, ...], set[str]] = {}
        for e in of["names"].values():
            for n in e.names:
                spellings.setdefault(phrase_keys(n), set()).add(n)
        self.names = Phrases(
            (n, (e, frozenset(spellings[phrase_keys(n)]))) for e in of["names"].values() for n in e.names
        )
        self.name_words = Phrases((w, e.id) for e in of["name_words"].values() for w in e.words)
        self.exclusions = Phrases((p, e.id) for e in of["exclusions"].values() for p in e.phrases)
        self.campaign_words = Phrases((w, e) for e in of["campaign_words"].values() for w in e.words)
        self.campaign_names = Phrases((n, (e, n)) for e in of["campaign_names"].values() for n in e.names)
        self.honours = Phrases((h, e) for e in of["honours"].values() for h in e.honours)
        self.organization_beginnings = self.heads.beginnings | self.names.beginnings | self.exclusions.beginnings
        self.campaign_beginnings = (
            self.campaign_words.beginnings | self.campaign_names.beginnings | self.exclusions.beginnings
        )
        self.recipients = Phrases((n, e) for e in of["recipients"].values() for n in e.nouns)
        roles: dict[str, list[tuple[str, str]]] = {r: [] for r in CueWords.model_fields["role"].annotation.__args__}  # type: ignore[union-attr]
        for e in of["cues"].values():
            roles[e.role].extend((w, e.id) for w in e.words)
        self.cues = {role: Phrases(words) for role, words in roles.items()}
        self.numbers = {phrase_keys(w)[0]: (e.role, v) for e in of["numbers"].values() for w, v in e.values.items()}
        self.patterns = [(e, regex.compile(e.pattern)) for e in of["patterns"].values()]
        self.abbreviations = {phrase_keys(e.short): e.long for e in of["abbreviations"].values()}

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Every entry with the name of its section."""
        for section, entries in self.sections.items():
            for entry in entries.values():
                yield section, entry


def read_sections(text: str, source: str) -> dict[str, list[dict[str, Any]]]:
    """Parse one knowledge file into sections of raw entries.

    Raises :class:`KnowledgeError` that names the file and what is wrong when it is not YAML of the right form.
    """
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise KnowledgeError(source, "", f"{where}not YAML: {getattr(problem, 'problem', problem)}") from None
    if not isinstance(data, dict):
        raise KnowledgeError(source, "", f"must map sections ({', '.join(SECTIONS)}) to lists of entries")
    for section, entries in data.items():
        if section not in SECTIONS:
            raise KnowledgeError(source, "", f"there is no section {section!r}; the sections are {', '.join(SECTIONS)}")
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise KnowledgeError(source, "", f"section {section!r} must be a list of entries")
    return data


def validate(sections: dict[str, list[dict[str, Any]]], source: str) -> dict[str, dict[str, Entry]]:
    """Raw entries → checked ones by section and id.

    Raises :class:`KnowledgeError` naming file, entry and what is wrong with it.
    """
    checked: dict[str, dict[str, Entry]] = {name: {} for name in SECTIONS}
    for section, entries in sections.items():
        for number, raw in enumerate(entries, 1):
            name = f"{section}/{raw.get('id', f'number {number}')}"
            # To take an entry away its id is enough.
            model = (
                Entry
                if raw.get("disabled") is True and not raw.keys() - Entry.model_fields.keys()
                else SECTIONS[section]
            )
            try:
                entry = model.model_validate(raw)
            except ValidationError as problem:
                first = problem.errors()[0]
                where = ".".join(str(p) for p in first["loc"])
                told = first["msg"].removeprefix("Value error, ")
                raise KnowledgeError(source, name, f"{where + ': ' if where else ''}{told}") from None
            if entry.id in checked[section]:
                raise KnowledgeError(source, name, "the id stands twice in this file")
            if not all(_words_of(entry)):
                raise KnowledgeError(source, name, "its list of words is empty or holds an empty one")
            checked[section][entry.id] = entry
    return checked


def _words_of(entry: Entry) -> Iterator[bool]:
    """For every phrase of an entry whether there is anything in it to match."""
    for attribute in ("heads", "names", "words", "phrases", "honours", "nouns", "modifiers", "values"):
        words = getattr(entry, attribute, None)
        if words is not None:
            yield bool(words) or attribute == "modifiers"
            yield from (any(c.isalnum() or c == "%" for k in phrase_keys(str(w)) for c in k) for w in words)
    if isinstance(entry, Abbreviation):
        yield bool(phrase_keys(entry.short)) and bool(entry.long.strip())


@lru_cache(maxsize=1)
def _shipped() -> dict[str, dict[str, Entry]]:
    merged: dict[str, dict[str, Entry]] = {name: {} for name in SECTIONS}
    for path in sorted(FOLDER.glob("*.yaml")):
        for section, entries in validate(read_sections(path.read_text("utf-8"), path.name), path.name).items():
            twice = merged[section].keys() & entries.keys()
            if twice:
                raise KnowledgeError(path.name, f"{section}/{min(twice)}", "the id stands in another shipped file too")
            merged[section].update(entries)
    return merged


def read_knowledge_file(path: str | Path) -> dict[str, list[dict[str, Any]]]:
    """The checked raw sections of a user's file.

    Raises :class:`KnowledgeError` when the file cannot be read or used.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise KnowledgeError(
            str(path), "", f"cannot be read ({problem})", "check the path and that it is UTF-8"
        ) from None
    sections = read_sections(text, str(path))
    validate(sections, str(path))
    return sections


def build_knowledge(extra: dict[str, list[dict[str, Any]]] | None = None) -> Knowledge:
    """The shipped knowledge with ``extra`` sections laid over it.

    >>> build_knowledge().heads.at(["tỉnh", "đoàn"], 0)[0]
    2
    """
    if not extra:
        return _shipped_knowledge()
    merged = {name: dict(entries) for name, entries in _shipped().items()}
    for section, entries in validate(extra, "knowledge").items():
        for key, entry in entries.items():
            if entry.disabled:
                merged[section].pop(key, None)
            else:
                merged[section][key] = entry
    return Knowledge(merged, frozenset(f"{section}.{entry['id']}" for section in extra for entry in extra[section]))


@lru_cache(maxsize=1)
def _shipped_knowledge() -> Knowledge:
    return Knowledge({name: dict(entries) for name, entries in _shipped().items()})
