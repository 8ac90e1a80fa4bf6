"""The command line: ``trichluc extract``, ``evaluate``, ``explain``, ``diff`` and ``schema``.

Standard output carries the result and nothing else; messages go to standard error and say what was
wrong, with which input, and what to do. Exit status: 0 all done, 1 some documents failed (the others
are done), 2 the call was wrong.

Every command imports what it needs when it runs: ``trichluc --help`` is not to wait for spaCy.
"""

from __future__ import annotations

import enum
import json
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from trichluc.errors import KnowledgeError, ModelError, TrichlucError

if TYPE_CHECKING:
    from trichluc.record import Record

app = typer.Typer(
    help="Campaigns, organizations and awards out of Vietnamese reports, as YAML records.",
    no_args_is_help=True,
    add_completion=False,
    # Plain messages: boxes drawn around them break the sentences up, and drawing them costs half the start.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(str, enum.Enum):
    """How records are written: one YAML document each, or one line of JSON each."""

    yaml = "yaml"
    jsonl = "jsonl"


@dataclass(frozen=True)
class Input:
    """One document of a run: a file (``None`` is standard input), its id, and the error met on the way to it."""

    path: Path | None
    id: str
    source: str
    error: TrichlucError | None = None


_Knowledge = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Your own entries, added to what is known."),
]

_RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Leave the trained model out: faster, finds less.")]


def main() -> None:
    """Run the command line; the ``trichluc`` script and ``python -m trichluc`` call this."""
    app(prog_name="trichluc")


def _version() -> str:
    try:
        return version("trichluc")
    except PackageNotFoundError:
        return "not installed"


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"trichluc {_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def extract(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Reports: files, folders (searched for .txt), - for standard input."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where records go: a folder (one <id>.yaml each), or a .jsonl file (all of them)."),
    ] = None,
    format: Annotated[Format | None, typer.Option(help="Default: what --out ends in, else yaml.")] = None,
    knowledge: _Knowledge = None,
    rules_only: _RulesOnly = False,
    max_characters: Annotated[int, typer.Option(min=1, help="Longer texts are refused.")] = 5_000_000,
) -> None:
    """Write down what reports state: one record for each.

    One report without --out is printed on standard output. The id of a record is its file's stem; files of
    one stem get -2, -3, … in the order in which they come. A run into a folder or a .jsonl file also writes
    run.json (counts, seconds, settings) and failed.jsonl (what failed, and why) beside the records.
    """
    inputs = _inputs(paths)
    if all(input.error for input in inputs):
        for input in inputs:
            _say(input.error)
        raise typer.Exit(2)
    format = _format(format, out)
    if out is None and len(inputs) > 1:
        raise typer.BadParameter(
            f"{len(inputs):,} reports cannot go to standard output; name a folder or a .jsonl file with --out"
        )
    _check_setup(knowledge, rules_only)
    started = time.monotonic()
    settings = {"knowledge": knowledge and str(knowledge), "rules_only": rules_only, "max_characters": max_characters}
    outcomes = _outcomes(inputs, settings)
    if out is None:
        failed = _print_one(outcomes, format)
    else:
        run = {"version": _version(), "paths": paths, "settings": {"format": format.value, **settings}}
        try:
            failed = _write_all(_watched(outcomes, len(inputs)), out, format, run, started)
        except OSError as error:
            _stop(f"{error.filename or out}: cannot be written ({error.strerror}); name another place with --out")
    raise typer.Exit(1 if failed else 0)


def _inputs(paths: list[str]) -> list[Input]:
    from trichluc.reading import find_reports, report_ids

    found: dict[Path | None, None] = {}
    wrong: list[Input] = []
    for path in paths:
        try:
            found.update(dict.fromkeys([None] if path == "-" else find_reports([path])))
        except TrichlucError as error:
            wrong.append(Input(Path(path), "", error.source, error))
    ids = report_ids(path or Path("stdin") for path in found)
    return wrong + [Input(path, id, str(path or "-")) for path, id in zip(found, ids, strict=True)]


def _check_setup(knowledge: Path | None, rules_only: bool) -> None:
    """Stop before any work: what is wrong with the knowledge or the model is wrong for every document."""
    from trichluc import pipeline

    try:
        pipeline.loaded(knowledge=knowledge, rules_only=rules_only)
    except (KnowledgeError, ModelError) as error:
        _stop(str(error))


def _format(format: Format | None, out: Path | None) -> Format:
    """The format that was asked for, checked against where the records are to go."""
    named = Format.jsonl if out is not None and out.suffix.lower() == ".jsonl" else None
    format = format or named or Format.yaml
    if out is None:
        return format
    if format is Format.jsonl and out.is_dir():
        raise typer.BadParameter(
            f"{out} is a folder, and jsonl goes into one file; name a file, as {out / 'all.jsonl'}"
        )
    if format is Format.jsonl and out.name == "failed.jsonl":
        raise typer.BadParameter(f"{out} is where failures are listed; give the records another name")
    if format is Format.yaml and (named or out.suffix.lower() in (".yaml", ".yml") or out.is_file()):
        raise typer.BadParameter(f"{out} is a file, and yaml goes into a folder, one file each; name a folder")
    return format


def _outcomes(inputs: list[Input], settings: dict[str, Any]) -> Iterator[tuple[Input, Record | TrichlucError]]:
    """Each input with its record, or with what kept it from one: no document costs another anything."""
    from trichluc import pipeline

    for input in inputs:
        outcome: Record | TrichlucError
        try:
            source, text = _read(input)
            outcome = pipeline.extract(text, id=input.id, source=source, **settings)
        except TrichlucError as error:
            outcome = error
        except Exception as error:
            problem = f"a fault in trichluc ({type(error).__name__}: {error})"
            outcome = TrichlucError(input.source, problem, "please report it, with the text if you may share it")
        yield input, outcome


def _read(input: Input) -> tuple[str | None, str]:
    from trichluc.reading import read_bytes, read_report

    if input.error:
        raise input.error
    if input.path is None:
        return None, read_bytes(sys.stdin.buffer.read(), "standard input")
    report = read_report(input.path)
    return report.source, report.text


def _print_one(outcomes: Iterator[tuple[Input, Record | TrichlucError]], format: Format) -> bool:
    """Print the record of the only input; whether it failed."""
    _, outcome = next(outcomes)
    if isinstance(outcome, TrichlucError):
        _say(outcome)
        return True
    _print(_written(outcome, format))
    return False


def _write_all(
    outcomes: Iterator[tuple[Input, Record | TrichlucError]],
    out: Path,
    format: Format,
    run: dict[str, Any],
    started: float,
) -> bool:
    """Write every record, failed.jsonl and run.json; whether some document failed."""
    folder = out if format is Format.yaml else out.parent
    folder.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(("documents", "done", "failed", "organizations", "campaigns", "awards"), 0)
    # A file appears under its own name only when it is whole: who sees it may read it.
    whole = out.with_name(out.name + ".part")
    together = whole.open("w", encoding="utf-8", newline="\n") if format is Format.jsonl else nullcontext()
    with together as lines, (folder / "failed.jsonl").open("w", encoding="utf-8", newline="\n") as failed:
        for input, outcome in outcomes:
            counts["documents"] += 1
            if isinstance(outcome, TrichlucError):
                _say(outcome)
                counts["failed"] += 1
                line = {"id": input.id, "source": input.source, "code": outcome.code, "error": str(outcome)}
                failed.write(_json(line) + "\n")
                failed.flush()
                continue
            counts["done"] += 1
            for what in ("organizations", "campaigns", "awards"):
                counts[what] += len(getattr(outcome, what))
            if lines is not None:
                lines.write(_written(outcome, format))
            else:
                _write(folder / f"{input.id}.yaml", _written(outcome, format))
    if format is Format.jsonl:
        whole.replace(out)
    run |= {"counts": counts, "seconds": round(time.monotonic() - started, 3)}
    _write(folder / "run.json", json.dumps(run, ensure_ascii=False, indent=2) + "\n")
    return counts["failed"] > 0


def _watched(
    outcomes: Iterator[tuple[Input, Record | TrichlucError]], total: int
) -> Iterator[tuple[Input, Record | TrichlucError]]:
    """The same, with a progress bar on a terminal and a line a minute elsewhere, both on standard error."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(outcomes, "extracting", total, console=Console(stderr=True), transient=True)
        return
    said = time.monotonic()
    for number, outcome in enumerate(outcomes, 1):
        yield outcome
        if time.monotonic() - said >= 60:
            said = time.monotonic()
            typer.echo(f"{number:,} of {total:,} documents", err=True)


def _written(record: Record, format: Format) -> str:
    return record.to_yaml() if format is Format.yaml else record.to_json() + "\n"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace").decode()


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(text.encode())
    part.replace(path)


def _print(text: str) -> None:
    # Bytes: UTF-8 and plain line ends, whatever the terminal's own settings.
    typer.echo(text.encode(), nl=False)


def _say(message: object) -> None:
    typer.echo(f"trichluc: {message}", err=True)


def _stop(message: str) -> NoReturn:
    _say(message)
    raise typer.Exit(2)


@app.command()
def evaluate(
    gold_dir: Annotated[Path, typer.Argument(metavar="GOLD_DIR", help="A folder of X.txt and X.gold.yaml.")],
    system: Annotated[
        list[str] | None, typer.Option(help="trichluc (default), rules or underthesea; give it again to compare.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="List every fact that is missing or wrong.")] = False,
) -> None:
    """Score systems against gold.

    Records that break a law of the record are listed on standard error, and the exit status is 1.
    """
    from trichluc import evaluation

    names = list(dict.fromkeys(system or ["trichluc"]))
    for name in names:
        if name not in evaluation.systems:
            known = ", ".join(evaluation.systems)
            raise typer.BadParameter(f"there is no system {name!r}; the systems are {known}", param_hint="--system")
    try:
        gold = evaluation.load_gold(gold_dir)
    except TrichlucError as error:
        _stop(str(error))
    texts = {report.id: report.text for report in gold}
    evaluations = {}
    broken = False
    for name in names:
        try:
            records = list(evaluation.systems[name](texts.items()))
        except TrichlucError as error:
            _say(f"{name}: {error}")
            raise typer.Exit(1) from None
        for record in records:
            for law in evaluation.check_laws(record, texts[record.document.id]):
                broken = True
                _say(f"{name}: {record.document.id}: {law}")
        evaluations[name] = evaluation.evaluate(gold, records)
    if as_json:
        _print(evaluation.to_json(evaluations, errors=errors) + "\n")
    else:
        from rich.console import Console

        evaluation.render(evaluations, Console(), errors=errors)
    raise typer.Exit(1 if broken else 0)


@app.command()
def explain(
    path: Annotated[str, typer.Argument(metavar="PATH", help="One report: a file, or - for standard input.")],
    knowledge: _Knowledge = None,
    rules_only: _RulesOnly = False,
) -> None:
    """Show every fact with what found it.

    That is the rule or model, and the text that shows the fact.
    """
    (input, *others) = _inputs([path])
    if input.error:
        _stop(str(input.error))
    if others:
        _stop(f"{path}: the folder holds {len(others) + 1:,} reports, and one is explained at a time; name one of them")
    _check_setup(knowledge, rules_only)
    from trichluc import explaining

    try:
        _, text = _read(input)
        shown = explaining.explain(text, input.id, knowledge, rules_only)
    except TrichlucError as error:
        _say(error)
        raise typer.Exit(1) from None
    _render(shown)


def _render(shown: Any) -> None:
    if isinstance(shown, str):
        _print(shown.removesuffix("\n") + "\n")
        return
    from rich.console import Console

    Console().print(shown)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Records: a folder, or a file.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Records of the same documents, made later.")],
    samples: Annotated[int, typer.Option(min=0, help="How many changes of each kind are shown.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print every change as JSON.")] = False,
) -> None:
    """List the facts gained and lost between two runs."""
    from trichluc import comparing

    try:
        comparison = comparing.compare(old, new)
    except TrichlucError as error:
        _stop(str(error))
    if as_json:
        _print(comparing.to_json(comparison) + "\n")
    else:
        from rich.console import Console

        comparing.render(comparison, Console(), samples=samples)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the record."""
    from trichluc.record import json_schema

    _print(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
