"""The laws of the record, on texts that nobody would write and on those that everybody writes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from spacy.language import Language

import trichluc
from trichluc.errors import EmptyReport, ReportTooLong, UnreadableReport
from trichluc.evaluation import check_laws
from trichluc.record import Record, json_schema

PHASES = (Phase.explicit, Phase.generate, Phase.shrink)  # what explains a failure costs minutes
FEW = settings(max_examples=25, deadline=None, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=60)

# --- texts ------------------------------------------------------------------------------------------------------

GRANTORS = [
    "Ban Thường vụ Thành đoàn",
    "Hội LHPN xã Bình An",
    "UBND huyện Quế Sơn",
    "Chủ tịch UBND tỉnh",
    "Trung ương Đoàn",
    "Huyện uỷ",
    "Sở GD-ĐT Hà Nam",
    "LĐLĐ huyện Krông Búk",
    "BAN CHẤP HÀNH TỈNH ĐOÀN",
]
HONOURS = ["giấy khen", "Bằng khen", "Cờ thi đua", "kỷ niệm chương “Vì thế hệ trẻ”", "giấy chứng nhận"]
RECIPIENTS = {
    "tập thể": "collective",
    "cá nhân": "individual",
    "chi đoàn": "collective",
    "hộ gia đình": "household",
    "học sinh": "individual",
    "tác phẩm": "work",
    "đơn vị": "collective",
    "đoàn viên": "individual",
}
TAILS = ["", " đạt danh hiệu “Đơn vị xuất sắc”", " đạt danh hiệu “Chi đoàn mạnh", " có thành tích xuất sắc năm 2016"]
CAMPAIGNS = [
    "phong trào “Đồng hành với thanh niên”",
    "Chiến dịch xuân biên giới",
    "Tháng thanh niên năm",
    'cuộc vận động "Mỗi ngày một việc tốt',
    "Mùa hè xanh năm 2017",
    "hội thi ‘Tin học trẻ’ năm 2018",
    "các phong trào thi đua",
    "chương trình «Nâng bước em tới trường»",
]
ODD = [
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u2060",
    "\u00ad",
    "\u00a0",
    "\u202f",
    "\u3000",
    "\u2028",
    "\x85",
    "\x0b",
    "\x1c",
    "👨\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "👍🏽",
    "🇻🇳",
    "\u0301",
    "a\u0323\u0302",
    "“",
    "”",
    '"',
    "‘",
    "’",
    "«",
    "(",
    ")",
    "[",
    "…",
    "...",
    "./.",
    "–",
    "—",
    "%",
    "½",
    "²",
    "Ⅻ",
    "٣",
    "१२",
    "𝟛",
    "\x00",
    "\x1b[31m",
    "\x7f",
    "\ud7ff",
    "\ufffd",
    "\ufffe",
    "\U0010ffff",
    "---",
    "- ",
    ": ",
    "#",
    "&x",
    "*x",
    "!x",
    "null",
    "2016-01-01",
    "0",
    "00",
    "999999999999",
    "1.451",
    "3,5",
    "12/15",
    "05/CT-TW",
    "http://a.vn/b?c=1&d=2",
    "a@b.vn",
    "TP.HCM",
    "\t",
    "≠",
    "İ",
    "ß",
    "ﬁ",
]


@st.composite
def award_sentences(draw: st.DrawFn) -> str:
    items = [
        f"{draw(st.sampled_from(['', '0', 'hơn ', 'gần ']))}{draw(st.integers(0, 3000))} "
        f"{draw(st.sampled_from(sorted(RECIPIENTS)))}{draw(st.sampled_from(TAILS))}"
        for _ in range(draw(st.integers(1, 4)))
    ]
    joined = draw(st.sampled_from([", ", " và ", "; ", " ", ",\n", " cùng "])).join(items)
    verb = draw(st.sampled_from(["trao tặng", "đã tặng", "sẽ trao", "đề nghị tặng", "TẶNG", "quyết định tặng thưởng"]))
    return (
        f"{draw(st.sampled_from(['', 'Dịp này, ', 'Năm 2016, ', '- ']))}{draw(st.sampled_from(GRANTORS))} {verb} "
        f"{draw(st.sampled_from(HONOURS))} cho {joined}{draw(st.sampled_from(['.', '', ' năm 2016.', '…', '!']))}"
    )


@st.composite
def campaign_lists(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(CAMPAIGNS), min_size=1, max_size=5))
    return "Tham gia " + draw(st.sampled_from([", ", " và ", "; "])).join(names) + "."


SENTENCES = st.one_of(
    award_sentences(),
    campaign_lists(),
    st.sampled_from(GRANTORS).map(lambda name: f"Đại diện {name} dự."),
    st.sampled_from(
        ["Tuyên dương 72 gương, trong đó có 40 học sinh và 32 công nhân.", "27.235 hộ đạt danh hiệu gia đình văn hóa."]
    ),
)
PLAIN = st.lists(st.tuples(SENTENCES, st.sampled_from([" ", "\n", "\n\n", "\r\n", ""])), min_size=1, max_size=4).map(
    lambda parts: "".join(sentence + end for sentence, end in parts)
)


@st.composite
def scrambled(draw: st.DrawFn) -> str:
    """Sentences with anything at all put between and into them, in some Unicode form."""
    text = draw(
        st.lists(st.one_of(SENTENCES, st.sampled_from(ODD), st.text(max_size=12)), min_size=1, max_size=6).map("".join)
    )
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.one_of(st.sampled_from(ODD), st.text(min_size=1, max_size=3))) + text[place:]
    form = draw(st.sampled_from(["", "NFC", "NFD", "NFKD", "UPPER", "CRLF"]))
    if form == "UPPER":
        return text.upper()
    if form == "CRLF":
        return text.replace("\n", "\r\n")
    return unicodedata.normalize(form, text) if form.startswith("NF") else text  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def pipeline() -> Language:
    return trichluc.load()


def quoted(record: Record) -> list[str]:
    """Everything that the record says the report says."""
    found = [m.text for o in record.organizations for m in o.mentions]
    found += [m.text for c in record.campaigns for m in c.mentions]
    for award in record.awards:
        words = [award.evidence.text, award.recipient_text, award.title, award.grantor_text, award.reason]
        found += [word for word in words if word is not None]
    found += [flag.text for flag in record.warnings]
    return found + ([record.document.title] if record.document.title is not None else [])


def facts(record: Record) -> object:
    """What a record states, without where: the same for all Unicode forms of a report."""

    def same(text: str | None) -> str | None:
        return (
            None
            if text is None
            else re.sub("[\u200b\u200c\u200d\u2060\ufeff\u00ad]", "", unicodedata.normalize("NFC", text))
        )

    return {
        "title": same(record.document.title),
        "date": record.document.date,
        "organizations": [
            (o.id, same(o.name), same(o.canonical), o.kind, o.level, o.parent, [same(m.text) for m in o.mentions])
            for o in record.organizations
        ],
        "campaigns": [
            (c.id, same(c.name), c.kind, c.year, c.year_source, [same(m.text) for m in c.mentions])
            for c in record.campaigns
        ],
        "awards": [
            [a.count, a.approximate, a.recipient, a.grantor, a.year, a.part_of, a.source, a.confidence]
            + [same(t) for t in (a.recipient_text, a.form, a.title, a.grantor_text, a.reason, a.evidence.text)]
            for a in record.awards
        ],
        "totals": [(same(t.form), t.recipient, t.count) for t in record.totals],
        "warnings": [(w.code, same(w.text)) for w in record.warnings],
    }


@contextmanager
def seconds(limit: float) -> Iterator[None]:
    """Stop what runs longer, so that a pattern of cost beyond all bounds fails and does not hang."""

    def stop(number: int, frame: object) -> None:
        raise AssertionError(f"it ran longer than {limit:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- laws 1, 3, 4, 5 --------------------------------------------------------------------------------------------


def laws(text: str) -> None:
    record = trichluc.extract(text)
    assert check_laws(record, text) == []
    assert [words for words in quoted(record) if words not in text] == []
    assert all(name.strip() for name in [o.name for o in record.organizations] + [c.name for c in record.campaigns])
    for award in record.awards:
        assert award.count > 0
        assert 0 <= award.confidence <= 1


@MANY
@given(scrambled())
@example("\u200b")
@example("\x00")
@example("\ufeff\u200d\u00ad")
@example("“")
@example("số")
@example("…\u2028…")
@example("Tặng giấy khen cho 03 tập thể\x85 và \x0b05 cá nhân.")
@example("Huyện đoàn Ba Tơ: 'yes' # no\n- - tặng giấy khen cho 03 tập thể \x1b[0m đạt danh hiệu “null”.")
@example("Tặng giấy khen cho " + "9" * 5000 + " tập thể.")
@example("Tặng giấy khen cho " + "1.000." * 500 + " tập thể.")
@example("Tặng giấy khen cho ²³ tập thể, ½ tập thể, ٣ tập thể, Ⅻ cá nhân.")
@example("Tặng giấy khen cho một " + "triệu " * 300 + "tập thể.")
@example("Tặng giấy khen cho 5 " + "triệu " * 300 + "tập thể.")
def test_laws_hold_on_any_text(text: str) -> None:
    try:
        laws(text)
    except EmptyReport:
        assert not text.strip()


@MANY
@given(PLAIN)
def test_laws_hold_on_reports(text: str) -> None:
    laws(text)


AWARD = "Dịp này, Ban Thường vụ Thành đoàn trao tặng giấy khen cho 03 tập thể và 05 cá nhân có thành tích năm 2016. "


@pytest.mark.parametrize(
    "line",
    [
        pytest.param((AWARD * 2000)[:200_000], id="awards"),
        pytest.param("a" * 200_000, id="one word"),
        pytest.param("“" * 200_000, id="open quotes"),
        pytest.param("(" * 200_000, id="open brackets"),
        pytest.param(("1." * 100_000), id="dotted numbers"),
        pytest.param(("một " * 50_000), id="number words"),
        pytest.param(("Huyện đoàn, " * 17_000)[:200_000], id="one organization without end"),
        pytest.param("Tặng giấy khen cho " + "3 tập thể, " * 18_000, id="one list without end"),
        pytest.param("phong trào “" + "xanh " * 40_000, id="one campaign without end"),
        pytest.param("\u0301" * 200_000, id="combining marks"),
        pytest.param("\u200b" * 200_000, id="zero-width"),
        pytest.param("Hội Nông dân " * 15_400, id="no punctuation"),
    ],
)
def test_laws_hold_on_a_line_of_200000_characters(line: str) -> None:
    with seconds(30):  # what the laws themselves cost on 17,000 mentions is most of it
        laws(line)


@pytest.mark.parametrize(
    "piece", ["Hội Nông dân ", "Ban Thường vụ ", "Huyện đoàn ", "Công ty Cổ phần ", "Trường Đại học ", "Sở Y tế và "]
)
@pytest.mark.parametrize("times", [10, 40, 400])
def test_names_in_a_row_without_a_sign_cost_little(piece: str, times: int) -> None:
    with seconds(2):
        laws(piece * times)


def test_a_record_grows_with_its_report() -> None:
    """Evidence is the shortest stretch that shows the award, not all of the list before it."""
    sizes = []
    for items in (50, 400):
        text = "Tặng giấy khen cho " + ", ".join(f"{number} tập thể" for number in range(1, items)) + "."
        record = trichluc.extract(text)
        assert [a.count for a in record.awards] == list(range(1, items))
        sizes.append(max(len(a.evidence.text) for a in record.awards))
    assert sizes[1] < 60


@MANY
@given(scrambled())
def test_json_schema_admits_every_record(text: str) -> None:
    """The published schema names every key that a record has, and no other."""
    if not text.strip():
        return
    schema = json_schema()
    written = json.loads(trichluc.extract(text).to_json())
    names = {"document": "Document", "organizations": "Organization", "campaigns": "Campaign", "awards": "Award"}
    assert set(written) == set(schema["properties"])
    for key, model in names.items():
        for entry in written[key] if isinstance(written[key], list) else [written[key]]:
            assert set(entry) == set(schema["$defs"][model]["properties"])


# --- law 2 ------------------------------------------------------------------------------------------------------

FIXED = [
    AWARD * 3,
    "Thành phố Bắc Kạn tổng kết\n\nPhong trào “Xung kích”, “Đồng hành với thanh niên”. "
    "UBND tỉnh, UBND huyện Quế Sơn, Tỉnh đoàn dự.",
    "Hội LHPN xã Bình An, Hội Liên hiệp Phụ nữ xã Bình An và Hội CCB xã Bình An "
    "tặng bằng khen cho 72 gương, trong đó có 40 "
    "học sinh và 32 công nhân; Chiến dịch xuân biên giới, Tháng thanh niên năm, Mùa hè xanh năm 2017.",
    "Công ty TNHH MTV Xổ số kiến thiết Long An, "
    "Sở Lao động - Thương binh và Xã hội tỉnh Bình Thuận trao 2 giải nhất, 4 giải nhì.",
    "\ufeffKhông có gì ở đây 👨\u200d👩\u200d👧.",
    unicodedata.normalize("NFD", AWARD),
]


@FEW
@given(PLAIN, st.lists(PLAIN, max_size=3))
def test_what_ran_before_changes_nothing(text: str, others: list[str]) -> None:
    first = trichluc.extract(text).to_yaml()
    for other in others:
        trichluc.extract(other)
    assert trichluc.extract(text).to_yaml() == first
    assert trichluc.load()(text)._.record.to_yaml() == first


@FEW
@given(st.lists(scrambled().filter(lambda text: bool(text.strip())), min_size=1, max_size=5), st.integers(1, 4))
def test_batches_change_nothing(texts: list[str], batch: int) -> None:
    alone = [trichluc.extract(text).to_yaml() for text in texts]
    piped = [doc._.record.to_yaml() for doc in pipeline().pipe(texts, batch_size=batch)]
    assert piped == alone
    pairs = [("report", text) for text in texts]
    assert [record.to_yaml() for record in trichluc.extract_many(pairs)] == alone


def test_workers_change_nothing() -> None:
    pairs = [(f"r{number}", text) for number, text in enumerate(FIXED * 4)]
    alone = [trichluc.extract(text, id=name).to_yaml() for name, text in pairs]
    for workers in (1, 2):
        assert [record.to_yaml() for record in trichluc.extract_many(pairs, workers=workers)] == alone


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_a_fresh_process_changes_nothing(seed: str) -> None:
    code = (
        "import json, sys, trichluc\n"
        "texts = json.load(sys.stdin)\n"
        "json.dump([trichluc.extract(text).to_yaml() for text in reversed(texts)], sys.stdout)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(FIXED),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
    )
    assert json.loads(done.stdout)[::-1] == [trichluc.extract(text).to_yaml() for text in FIXED]


# --- forms of one text ------------------------------------------------------------------------------------------


@MANY
@given(PLAIN)
def test_composed_and_decomposed_text_give_the_same_facts(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    first, second = trichluc.extract(composed), trichluc.extract(decomposed)
    assert facts(first) == facts(second)
    assert check_laws(first, composed) == check_laws(second, decomposed) == []


@MANY
@given(scrambled())
def test_composed_and_decomposed_odd_text_give_the_same_facts(text: str) -> None:
    if not text.strip():
        return
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert facts(trichluc.extract(composed)) == facts(trichluc.extract(decomposed))


@MANY
@given(PLAIN, st.data())
def test_zero_width_characters_inside_words_change_no_fact(text: str, data: st.DataObject) -> None:
    clean = re.sub("[\u200b-\u200d\u2060\ufeff\u00ad]", "", text)
    inside = [m.start() + 1 for m in re.finditer(r"[^\W\d_](?=[^\W\d_])", clean)]
    odd = clean
    for place in sorted(data.draw(st.sets(st.sampled_from(inside), max_size=12)), reverse=True):
        odd = odd[:place] + data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad")) + odd[place:]
    assert facts(trichluc.extract(odd)) == facts(trichluc.extract(clean))


@FEW
@given(PLAIN)
def test_line_ends_change_no_fact(text: str) -> None:
    unix = text.replace("\r\n", "\n")
    found = [trichluc.extract(unix.replace("\n", end)) for end in ("\n", "\r\n", "\r")]
    one_line = [json.loads(json.dumps(facts(record)).replace(r"\r\n", r"\n").replace(r"\r", r"\n")) for record in found]
    assert one_line[0] == one_line[1] == one_line[2]


@FEW
@given(PLAIN)
def test_no_break_spaces_change_no_fact(text: str) -> None:
    odd = text.replace(" ", "\u00a0")
    found = json.loads(json.dumps(facts(trichluc.extract(odd)), ensure_ascii=False).replace("\u00a0", " "))
    assert found == json.loads(json.dumps(facts(trichluc.extract(text)), ensure_ascii=False))


@FEW
@given(PLAIN)
def test_yaml_is_one_line_of_text_for_every_reader(text: str) -> None:
    record = trichluc.extract(text, id="b: #1", source="a\n“b”.txt")
    assert yaml.safe_load(record.to_yaml()) == json.loads(record.to_json())
    assert "\n" not in record.to_json()


# --- what is stated is found ------------------------------------------------------------------------------------


@MANY
@given(
    st.sampled_from(GRANTORS[:-1]),
    st.sampled_from(["trao tặng", "tặng", "đã trao"]),
    st.sampled_from(["giấy khen", "bằng khen", "cờ thi đua"]),
    st.lists(st.tuples(st.integers(1, 999_999), st.sampled_from(sorted(RECIPIENTS))), min_size=1, max_size=4),
    st.booleans(),
)
def test_stated_awards_are_found(
    grantor: str, verb: str, honour: str, items: list[tuple[int, str]], dots: bool
) -> None:
    written = [(f"{count:,}".replace(",", ".") if dots else f"{count:02d}") + f" {noun}" for count, noun in items]
    listed = ", ".join(written[:-1]) + " và " + written[-1] if len(written) > 1 else written[0]
    record = trichluc.extract(f"Dịp này, {grantor} {verb} {honour} cho {listed}.")
    found = [(a.count, a.recipient, a.form, a.grantor_text, a.approximate) for a in record.awards]
    assert found == [(count, RECIPIENTS[noun], honour, grantor, False) for count, noun in dict.fromkeys(items)]


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t", "\u00a0\u3000\u2028"])
def test_a_report_without_text_is_refused(text: str) -> None:
    with pytest.raises(EmptyReport, match=r"a\.txt"):
        trichluc.extract(text, source="a.txt")


def test_half_a_surrogate_pair_is_refused_with_its_place() -> None:
    with pytest.raises(UnreadableReport, match="character 4 is half of a surrogate pair"):
        trichluc.extract("Họp \ud800.")


def test_a_report_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ReportTooLong, match=r"11 characters, more than the limit of 10"):
        trichluc.extract("x" * 11, max_characters=10)
    assert trichluc.extract("x" * 10, max_characters=10).document.characters == 10
