"""Everything that can go wrong, in one place: a code, what was wrong, with which input, and what to do.

Every error that trichluc raises on purpose is a :class:`TrichlucError`; a caller that runs over many
documents catches that one class and goes on.
"""

from __future__ import annotations


class TrichlucError(Exception):
    """What went wrong, in one sentence that names the input and says what to do.

    >>> from trichluc.errors import EmptyReport
    >>> print(EmptyReport("a.txt"))
    a.txt: the report holds no text; check that the right file was given
    """

    code = "error"

    def __init__(self, source: str, problem: str = "failed", advice: str = "") -> None:
        self.source = source
        self.problem = problem
        self.advice = advice
        super().__init__(f"{source}: {problem}" + (f"; {advice}" if advice else ""))


class MissingInput(TrichlucError):
    """The path does not exist, or cannot be opened."""

    code = "missing_input"

    def __init__(self, source: str, reason: str = "there is no such file or folder") -> None:
        super().__init__(source, reason, "check the path")


class NoReports(TrichlucError):
    """A folder without a file that trichluc reads."""

    code = "no_reports"

    def __init__(self, source: str, endings: str) -> None:
        super().__init__(source, f"the folder holds no report ({endings})", "give a folder of reports, or a file")


class EmptyReport(TrichlucError):
    """Nothing but white space."""

    code = "empty_report"

    def __init__(self, source: str) -> None:
        super().__init__(source, "the report holds no text", "check that the right file was given")


class UnreadableReport(TrichlucError):
    """Bytes that are not text, or text in an encoding that cannot be told."""

    code = "unreadable_report"


class ReportTooLong(TrichlucError):
    """More characters than the limit (see ``max_characters``)."""

    code = "report_too_long"

    def __init__(self, source: str, characters: int, limit: int) -> None:
        super().__init__(
            source,
            f"the text has {characters:,} characters, more than the limit of {limit:,}",
            "split it into single reports (one article each), or raise --max-characters",
        )


class KnowledgeError(TrichlucError):
    """A knowledge file that cannot be used: which file, which entry, what is wrong."""

    code = "knowledge"

    def __init__(
        self, source: str, entry: str, problem: str, advice: str = "mend the entry (see CONTRIBUTING.md)"
    ) -> None:
        self.entry = entry
        super().__init__(source, f"entry {entry}: {problem}" if entry else problem, advice)


class PatternTimeout(TrichlucError):
    """A regular expression out of a knowledge file ran past its time limit."""

    code = "pattern_timeout"

    def __init__(self, entry: str, seconds: float) -> None:
        super().__init__(entry, f"its pattern ran longer than {seconds:g} s on one report", "make the pattern simpler")


class ModelError(TrichlucError):
    """The trained model is missing, damaged, or made for another version."""

    code = "model"


class GoldError(TrichlucError):
    """A gold folder or gold file that cannot be used."""

    code = "gold"


class RecordError(TrichlucError):
    """A record that breaks a law of the record, or a file that is no record."""

    code = "record"
