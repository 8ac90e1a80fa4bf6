"""The stages as spaCy components: by name, on disk, in batches, one by one; words and their offsets."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy
import underthesea
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry

import trichluc
from trichluc.pipeline import COMPONENTS
from trichluc.preparing import SyllableTokenizer
from trichluc.record import Record

TEXT = (
    "Tổng kết công tác Đoàn năm 2016\n\nDịp này, Ban Thường vụ Huyện đoàn Ba Tơ "
    "trao tặng giấy khen cho 03 tập thể và 05 cá nhân. "
    "Các chi đoàn tham gia Chiến dịch xuân biên giới, phong trào “Đồng hành với thanh niên”."
)
OTHER = "Hội LHPN xã Bình An tặng bằng khen cho hơn 200 hội viên."
KNOWLEDGE = """
organizations:
- id: test-guild
  heads: [gánh hát]
  kind: association
  tail: [name, place]
  examples: [{text: "Gánh hát Bông Lúa họp.", organizations: [Gánh hát Bông Lúa]}]
"""


@lru_cache(maxsize=1)
def pipeline() -> Language:
    return trichluc.load()


def records(nlp: Language, texts: list[str]) -> list[str]:
    return [doc._.record.to_yaml() for doc in nlp.pipe(texts)]


# --- found by name ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPONENTS)
def test_entry_point_of_every_component_resolves(name: str) -> None:
    (found,) = [point for point in entry_points(group="spacy_factories") if point.name == name]
    found.load()
    assert Language.has_factory(name)
    assert found.value.startswith("trichluc.")


def test_entry_point_of_the_tokenizer_resolves() -> None:
    (found,) = [p for p in entry_points(group="spacy_tokenizers") if p.name == "trichluc.SyllableTokenizer.v1"]
    tokenizer = found.load()()(pipeline())
    assert isinstance(tokenizer, SyllableTokenizer)
    assert registry.tokenizers.get("trichluc.SyllableTokenizer.v1") is not None


def test_components_stand_under_the_names_of_the_package() -> None:
    names = {point.name for point in entry_points(group="spacy_factories") if point.value.startswith("trichluc.")}
    assert names == set(COMPONENTS)


def test_load_gives_a_spacy_language() -> None:
    nlp = trichluc.load()
    assert isinstance(nlp, Language)
    assert nlp.lang == "vi"
    assert tuple(nlp.pipe_names) == COMPONENTS
    assert (nlp.analyze_pipes() or {})["problems"] == {name: [] for name in COMPONENTS}


def test_doc_carries_the_record_that_extract_gives() -> None:
    record = pipeline()(TEXT)._.record
    assert isinstance(record, Record)
    assert record == trichluc.extract(TEXT)


def test_doc_carries_the_id_it_was_given() -> None:
    nlp = pipeline()
    doc = nlp.make_doc(TEXT)
    doc.user_data["id"], doc.user_data["source"] = "a", "b.txt"
    record = nlp(doc)._.record
    assert (record.document.id, record.document.source) == ("a", "b.txt")


# --- kept on disk -----------------------------------------------------------------------------------------------


def test_pipeline_on_disk_gives_the_same_records(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    assert records(again, [TEXT, OTHER]) == records(pipeline(), [TEXT, OTHER])


def test_pipeline_in_bytes_gives_the_same_records() -> None:
    again = trichluc.load().from_bytes(pipeline().to_bytes())
    assert records(again, [TEXT, OTHER]) == records(pipeline(), [TEXT, OTHER])


def test_pipeline_on_disk_keeps_the_knowledge_file(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(KNOWLEDGE, "utf-8")
    nlp = trichluc.load(knowledge=file)
    nlp.to_disk(tmp_path / "model")
    file.unlink()
    again = spacy.load(tmp_path / "model")
    text = "Gánh hát Bông Lúa họp với Huyện đoàn Gia Lâm."
    assert [o.name for o in again(text)._.record.organizations] == ["Gánh hát Bông Lúa", "Huyện đoàn Gia Lâm"]
    assert records(again, [text, TEXT]) == records(nlp, [text, TEXT])
    assert [o.name for o in pipeline()(text)._.record.organizations] == ["Huyện đoàn Gia Lâm"]


# --- in batches -------------------------------------------------------------------------------------------------


def test_pipe_gives_records_in_order() -> None:
    texts = [TEXT, OTHER, "Không có gì.", TEXT]
    assert records(pipeline(), texts) == [trichluc.extract(text).to_yaml() for text in texts]


def test_pipe_in_two_processes_gives_the_same_documents() -> None:
    texts = [TEXT, OTHER] * 6
    docs = list(pipeline().pipe(texts, n_process=2, batch_size=3))
    assert [doc._.record.to_yaml() for doc in docs] == [trichluc.extract(text).to_yaml() for text in texts]
    alone = pipeline()(TEXT)
    for group in ("organizations", "campaigns", "honours", "quantities", "blocks"):
        expected = [(s.text, s.label_, s.id_) for s in alone.spans[group]]
        assert [(s.text, s.label_, s.id_) for s in docs[0].spans[group]] == expected


def test_pipe_as_tuples_keeps_the_context() -> None:
    found = list(pipeline().pipe([(TEXT, {"n": 1}), (OTHER, {"n": 2})], as_tuples=True))
    assert [context["n"] for _, context in found] == [1, 2]
    assert [doc._.record.awards[0].count for doc, _ in found] == [3, 200]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "."])
def test_a_text_without_words_has_an_empty_record(text: str) -> None:
    record = pipeline()(text)._.record
    assert (record.organizations, record.campaigns, record.awards) == ([], [], [])
    assert pipeline()(text)._.words is not None


# --- one by one -------------------------------------------------------------------------------------------------


def blank() -> Language:
    nlp = spacy.blank("xx")
    nlp.tokenizer = SyllableTokenizer(nlp.vocab)
    return nlp


def test_two_components_work_in_another_pipeline() -> None:
    nlp = blank()
    nlp.add_pipe("trichluc_preparing")
    nlp.add_pipe("trichluc_recognizing")
    doc = nlp(TEXT)
    assert [s.text for s in doc.spans["organizations"]] == ["Ban Thường vụ Huyện đoàn Ba Tơ"]
    assert [s.text for s in doc.spans["campaigns"]] == ["Chiến dịch xuân biên giới", "Đồng hành với thanh niên"]
    assert [s.label_ for s in doc.spans["quantities"]] == ["collective", "individual"]
    assert len(list(doc.sents)) >= 3


def test_components_work_beside_foreign_ones() -> None:
    nlp = blank()
    nlp.add_pipe("trichluc_preparing")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "X", "pattern": "giấy khen"}])  # type: ignore[attr-defined]
    for name in COMPONENTS[1:]:
        nlp.add_pipe(name)
    doc = nlp(TEXT)
    assert [e.text for e in doc.ents] == ["giấy khen"]
    assert doc._.record == trichluc.extract(TEXT)


def test_components_work_on_the_tokens_of_another_tokenizer() -> None:
    """Offsets stay right, or the error says which tokenizer is wanted; nothing in between."""
    nlp = spacy.blank("xx")
    for name in COMPONENTS:
        nlp.add_pipe(name)
    record = nlp(TEXT)._.record
    assert all(TEXT[m.start : m.end] == m.text for o in record.organizations for m in o.mentions)


@pytest.mark.parametrize("name", COMPONENTS[1:])
def test_a_missing_preparing_component_is_named(name: str) -> None:
    nlp = blank()
    nlp.add_pipe(name)
    with pytest.raises(ValueError, match="trichluc_preparing"):
        nlp(TEXT)


def test_a_missing_recording_component_is_named() -> None:
    nlp = blank()
    nlp.add_pipe("trichluc_preparing")
    with pytest.raises(ValueError, match="trichluc_recording"):
        _ = nlp(TEXT)._.record


def test_words_of_an_unprepared_document_name_the_missing_component() -> None:
    with pytest.raises(ValueError, match="trichluc_preparing"):
        _ = blank()(TEXT)._.words


# --- what stands on the document --------------------------------------------------------------------------------


def test_spans_are_set_and_say_which_rule_found_them() -> None:
    doc = pipeline()(TEXT)
    for group in ("organizations", "campaigns", "honours", "quantities"):
        spans = list(doc.spans[group])
        assert spans, group
        for span in spans:
            assert span.label_
            assert span.id_.startswith("rule:"), (group, span.text, span.id_)
            assert doc.text[span.start_char : span.end_char] == span.text
    assert [b.label_ for b in doc.spans["blocks"]] == ["title", "paragraph"]
    mentions = sorted((m.start, m.end) for o in doc._.record.organizations for m in o.mentions)
    assert [(s.start_char, s.end_char) for s in doc.spans["organizations"]] == mentions


def test_record_travels_with_the_bytes_of_the_document() -> None:
    nlp = pipeline()
    doc = nlp(TEXT)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert again._.record == doc._.record
    assert [(s.text, s.id_) for s in again.spans["organizations"]] == [
        (s.text, s.id_) for s in doc.spans["organizations"]
    ]
    assert [w.text for w in again._.words] == [w.text for w in doc._.words]


def test_a_document_cut_after_any_stage_goes_on_from_its_bytes() -> None:
    nlp = pipeline()
    doc = nlp.make_doc(TEXT)
    for _, component in nlp.pipeline:
        doc = component(Doc(nlp.vocab).from_bytes(doc.to_bytes()))
    assert doc._.record == trichluc.extract(TEXT)


def test_a_document_goes_through_twice_with_the_same_record() -> None:
    nlp = pipeline()
    doc = nlp(TEXT)
    first = doc._.record
    assert nlp(doc)._.record == first


# --- words ------------------------------------------------------------------------------------------------------

PLAIN_TEXTS = [
    "Ban Thường vụ Thành đoàn đã trao tặng giấy khen cho các tập thể đạt danh hiệu Đơn vị xuất sắc.",
    "Hội Liên hiệp Phụ nữ xã họp, bàn việc giúp nhau phát triển kinh tế; hội nghị thành công tốt đẹp.",
    "Học sinh học sinh học.",
    "Thanh niên tình nguyện tham gia xây dựng nông thôn mới, văn minh đô thị.",
    "Công tác ủy thác cho vay giữa Đoàn thanh niên và Ngân hàng Chính sách xã hội",
    "Ông Nguyễn Văn Bình phát biểu tại hội trường, sau đó chúc mừng các em học sinh giỏi!",
    "Phong trào “Đồng hành với thanh niên lập thân, lập nghiệp” lan rộng.",
    "Có ai đến không? Không ai cả.",
]
HARD_TEXTS = [
    "Trao 1.451 giấy khen, 03 tập thể, 12/15 chi đoàn, 3,5 triệu đồng năm 2016-2017.",
    "UBND TP.HCM và Sở GD-ĐT, KH&CN, T.Ư Đoàn họp ngày 12/3/2016.",
    "Xem http://www.doan.vn/tin?id=12&x=y hoặc gửi a.b@doan.com.vn nhé.",
    "Hội nghị hoà giải ở uỷ ban, hòa giải ở ủy ban, quý vị khoẻ khỏe.",
    "Tin vui 👨\u200d👩\u200d👧\u200d👦 cả nhà 🇻🇳 đến 👍🏽!!! :)",
    "Thanh\u200b niên tình\u200bnguyện\ufeff ra quân \u200d.",
    "Năm 2017.Dịp này,Ban Thường vụ tặng quà...Hết./.",
    "Nghành giáo dục, xử dụng, chi đoan, quí vị, kĩ sư.",
    "“Chưa đóng, ‘trong’ (ngoặc [vuông] «khác»",
    "a\u0301\u0323 \u0301b ½ ² Ⅻ ٣ ≠ x²+y² <b>đậm</b> &amp; #tag @ai ~ | \\ /",
    "TP.\nHCM\tđẹp\u00a0lắm \u3000 dòng\r\nmới\u2028nữa\x85rồi",
    "ĐẠI HỘI ĐOÀN TNCS HỒ CHÍ MINH XÃ HOÀ BÌNH",
    "iPhone của ông O'Brien giá $1,200.50 (khoảng 28%) – rẻ — quá…",
    "1. Một\n2) Hai\na/ Ba\n- Bốn\n* Năm",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 汉字 한국어 ไทย العربية",
]


def bare(text: str) -> str:
    return "".join(text.split())


def words(doc: Doc) -> list[Span]:
    found: list[Span] = doc._.words
    return found


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", PLAIN_TEXTS + HARD_TEXTS)
def test_words_cover_every_token_once(text: str, form: str) -> None:
    doc = pipeline()(unicodedata.normalize(form, text))  # type: ignore[arg-type]
    invisible = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
    covered = [token.i for word in words(doc) for token in word if not token.is_space and token.text.strip(invisible)]
    assert covered == [t.i for t in doc if not t.is_space and t.text.strip(invisible)]
    for word in words(doc):
        assert word.text == doc.text[word.start_char : word.end_char]
        assert word.text == word.text.strip()
        assert word.text


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_words_are_those_of_underthesea(text: str) -> None:
    expected = [bare(word) for word in underthesea.word_tokenize(text)]
    assert [bare(word.text) for word in words(pipeline()(text))] == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Trao 1.451 giấy khen.", "1.451"),
        ("Giá 3,5 triệu đồng.", "3,5"),
        ("Xem http://www.doan.vn/tin nhé.", "http://www.doan.vn/tin"),
        ("Ngày 12/3/2016 họp.", "12/3/2016"),
    ],
)
def test_numbers_addresses_and_abbreviations_are_words_where_underthesea_makes_one_of_them(
    text: str, word: str
) -> None:
    expected = [bare(w) for w in underthesea.word_tokenize(text)]
    assert [bare(w.text) for w in words(pipeline()(text))] == expected
    assert (word in expected) == (word in [w.text for w in words(pipeline()(text))])


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_words_of_decomposed_text_are_the_same(text: str) -> None:
    decomposed = pipeline()(unicodedata.normalize("NFD", text))
    composed = pipeline()(text)
    assert [unicodedata.normalize("NFC", w.text) for w in words(decomposed)] == [w.text for w in words(composed)]


@pytest.mark.parametrize(
    ("new", "old"),
    [("hoà giải", "hòa giải"), ("uỷ ban", "ủy ban"), ("khoẻ mạnh", "khỏe mạnh"), ("thuỷ lợi", "thủy lợi")],
)
def test_words_do_not_depend_on_where_the_tone_mark_stands(new: str, old: str) -> None:
    found = [
        [(w.start_char, w.end_char) for w in words(pipeline()(f"Họ bàn việc {form} ở xã."))] for form in (new, old)
    ]
    assert found[0] == found[1]
