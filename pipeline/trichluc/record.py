"""The record: what one report states, as data.

The models are the contract that every view, table and export reads. They follow ``trichluc/1``:
offsets are code points into the decoded report text, ids are local to the record, and nothing is
in a record that the report does not say (what is derived says so).
"""

from __future__ import annotations

import json
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "trichluc/1"

OrganizationKind = Literal[
    "youth_union", "women_union", "farmers_union", "veterans", "trade_union", "fatherland_front", "red_cross",
    "association", "party", "state", "police", "military", "school", "health", "media", "company", "sport",
    "religious", "foreign", "other",
]  # fmt: skip
Level = Literal["central", "province", "district", "commune", "unit"]
CampaignKind = Literal["campaign", "movement", "drive", "programme", "period", "contest", "project"]
Recipient = Literal["collective", "individual", "household", "work", "mixed", "unspecified"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Quote(_Strict):
    """A stretch of the report: ``report[start:end] == text``, offsets in code points, end exclusive."""

    text: str
    start: int
    end: int


class Document(_Strict):
    """Which report the record was made from. ``sha256`` is of the decoded text as UTF-8."""

    id: str
    source: str | None = None
    sha256: str
    characters: int
    title: str | None = None
    date: str | None = None


class Organization(_Strict):
    """A named body, with every place that names it."""

    id: str
    name: str
    canonical: str | None = None
    kind: OrganizationKind
    level: Level | None = None
    parent: str | None = None
    mentions: list[Quote]


class Campaign(_Strict):
    """A named collective action. ``year_source`` says whether the report states the year or it was inferred."""

    id: str
    name: str
    kind: CampaignKind
    year: int | None = None
    year_source: Literal["stated", "inferred"] | None = None
    mentions: list[Quote]


class Award(_Strict):
    """How many recipients received which honour, from whom; or how many honours were given."""

    id: str
    count: int
    approximate: bool = False
    recipient: Recipient
    recipient_text: str | None = None
    form: str
    title: str | None = None
    grantor: str | None = None
    grantor_text: str | None = None
    reason: str | None = None
    year: int | None = None
    part_of: str | None = None
    evidence: Quote
    source: str
    confidence: float


class Total(_Strict):
    """Award counts of one form and recipient added up; a total and its parts are counted once."""

    form: str
    recipient: Recipient
    count: int


class Flag(_Strict):
    """What a careful reader would flag, with the place."""

    code: str
    text: str
    start: int
    end: int


class Record(_Strict):
    """Everything one report states.

    >>> from trichluc.record import Document, Record
    >>> record = Record(document=Document(id="a", sha256="0" * 64, characters=0))
    >>> Record.from_yaml(record.to_yaml()) == record
    True
    """

    schema_: str = Field(default=SCHEMA, alias="schema")
    document: Document
    organizations: list[Organization] = []
    campaigns: list[Campaign] = []
    awards: list[Award] = []
    totals: list[Total] = []
    warnings: list[Flag] = []

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, keys in the order of the schema."""
        return self.model_dump(mode="json", by_alias=True)

    def to_yaml(self) -> str:
        """The record as YAML, readable by ``yaml.safe_load``; Vietnamese letters stand as they are."""
        return yaml.dump(self.to_dict(), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)

    def to_json(self) -> str:
        """The record as one line of JSON, the same content as :meth:`to_yaml`."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_yaml(cls, text: str) -> Record:
        """Read a record back. Raises ``yaml.YAMLError`` or ``pydantic.ValidationError`` on what is no record."""
        return cls.model_validate(yaml.load(text, Loader=_Loader))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read one JSON record back. Raises ``pydantic.ValidationError`` on what is no record."""
        return cls.model_validate(json.loads(text))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the record.

    >>> from trichluc.record import json_schema
    >>> sorted(json_schema()["required"])
    ['document']
    """
    return Record.model_json_schema(by_alias=True)


# libyaml's emitter and parser where PyYAML was built with them: the same text, ten times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Small leaves (mentions, totals, warnings) on one line, as RECORD shows them."""


def _represent_dict(dumper: Any, data: dict[str, Any]) -> Any:
    leaf = bool(data) and set(data) <= {"text", "start", "end", "code", "form", "recipient", "count"}
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=leaf)


_Dumper.add_representer(dict, _represent_dict)
