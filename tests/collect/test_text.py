"""Text of sources: what is kept, what goes, and that nothing hostile takes long or leaves markup behind."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bot.collect.text import clean, element_text, lowered, plain_markup, raised


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  two\n words\t", "two words"),
        ("e\u0301tude", "étude"),
        ("a\x00b\x07c\x7f", "abc"),
        ("safe\u202eevil\u2066x\u2069", "safeevilx"),
        ("zero\u200bwidth\ufeff soft\xadhyphen", "zerowidth softhyphen"),
        ("no\u00a0break thin\u2009space line\u2028end", "no break thin space line end"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("", ""),
    ],
)
def test_clean(text: str, kept: str) -> None:
    assert clean(text) == kept


@given(st.text())
def test_clean_is_normal_and_stays_so(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in kept)
    assert "  " not in kept
    assert kept == kept.strip()


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        ("2+", "²⁺", "₂₊"),
        ("−3", "⁻³", "₋₃"),
        ("2.5", "².⁵", "₂.₅"),
        ("®", "®", "®"),
        ("th", "ᵗʰ", "ₜₕ"),
        ("reg", "ʳᵉᵍ", "_reg"),
        ("G12V", "^G12V", "_G12V"),
        ("a b", "^(a b)", "_(a b)"),
        (" ", "", ""),
    ],
)
def test_raised_and_lowered(text: str, up: str, down: str) -> None:
    assert raised(text) == up
    assert lowered(text) == down


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("x<y and p < 0.05", "x<y and p < 0.05"),
        ("for a <b and c> d", "for a <b and c> d"),
        ("mail <someone@example.org>", "mail <someone@example.org>"),
        ("<i>E. coli</i> in H<sub>2</sub>O", "E. coli in H₂O"),
        ("10<sup>&#8722;3</sup> mol", "10⁻³ mol"),
        ("T<SUB>reg</SUB> cells", "T_reg cells"),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("a<br/>b", "a b"),
        ("fish &amp; chips &lt; 3", "fish & chips < 3"),
        ("&lt;i&gt;Vibrio&lt;/i&gt; and &lt;sub&gt;2&lt;/sub&gt;", "Vibrio and ₂"),
        ("<jats:p>Some <jats:italic>text</jats:italic></jats:p>", "Some text"),
        ("before<script>alert(1)</script> after", "before after"),
        ("before<style type='text/css'>p {}</style> after", "before after"),
        ("a <!-- secret --> b", "a b"),
        ('<a href="https://x.example.org/?a=1&amp;b=2">link</a>', "link"),
        ("<sub>never closed", "never closed"),
        ("stray </sup> end", "stray end"),
        ("<div", "<div"),
        ("<m:math><m:msup><m:mi>R</m:mi><m:mn>2</m:mn></m:msup></m:math> rose", "R² rose"),
        ("<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mi>c</mi></mrow></mfrac></math>", "a/(b+c)"),
        ("<math><mi>x</math> broken", "x broken"),
    ],
)
def test_plain_markup(text: str, plain: str) -> None:
    assert plain_markup(text) == plain


@given(st.text(alphabet=st.characters(blacklist_characters="<>&", blacklist_categories=["Cs"])))
def test_text_without_markup_is_only_cleaned(text: str) -> None:
    assert plain_markup(text) == clean(text)


@given(st.text(alphabet="xyz <>=.05&;/ip\"'", max_size=80))
def test_comparisons_survive(text: str) -> None:
    assert plain_markup(f"p {html.escape('<')} 0.05 {text}").startswith("p < 0.05")


_TAGS = [
    "<i>",
    "</i>",
    "<sub>",
    "</sub>",
    "<sup>",
    "</sup>",
    "<p>",
    "</p>",
    "<script>",
    "<!--",
    "-->",
    "<math>",
    "<a x='",
]


@given(st.lists(st.one_of(st.sampled_from(_TAGS), st.text(max_size=8)), max_size=40).map("".join))
def test_whatever_comes_the_result_is_clean(text: str) -> None:
    plain = plain_markup(text)
    assert clean(plain) == plain


@pytest.mark.parametrize("piece", ["<", "<a ", "<a x='", "<!--", "<math>", "<sub>", "<script>", "<math><mi>", "&amp;"])
def test_a_long_hostile_text_takes_no_time(piece: str) -> None:
    plain_markup(piece * 20_000)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<T>Plain.</T>", "Plain."),
        ("<T>In <i>E. coli</i>, <b>bold</b></T>", "In E. coli, bold"),
        ("<T>Ca<sup>2+</sup> and I<sub>Ks</sub></T>", "Ca²⁺ and I_Ks"),
        ("<T>p &lt; 0.05, &lt;script&gt;</T>", "p < 0.05, <script>"),
        ("<T>x<sub><i>n</i></sub></T>", "xₙ"),
        (
            '<T>of <m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:msubsup><m:mi>T</m:mi> <m:mn>2</m:mn> '
            "<m:mo>∗</m:mo></m:msubsup> </m:math> maps</T>",
            "of T₂∗ maps",
        ),
        ("<T><math><msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt></math></T>", "√(x+1)"),
        ("<T><math><mroot><mi>x</mi><mn>3</mn></mroot></math></T>", "³√(x)"),
        ("<T><math><semantics><mi>y</mi><annotation>tex</annotation></semantics></math></T>", "y"),
    ],
)
def test_element_text(xml: str, text: str) -> None:
    assert element_text(etree.fromstring(xml)) == text


def test_markup_nested_without_end_is_still_read() -> None:
    deep = etree.fromstring("<T>" + "<i>" * 200 + "text" + "</i>" * 200 + "</T>")
    assert element_text(deep) == "text"


def test_runs_of_combining_marks_end_after_thirty() -> None:
    marks = "\u0301\u0323" * 20_000
    assert len(clean(f"a{marks} b")) <= 40
