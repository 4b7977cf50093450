"""LaTeX in titles and abstracts: readable where it can be, untouched where it cannot, never a letter lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.latex import readable_latex


@pytest.mark.parametrize(
    ("written", "readable"),
    [
        (r"$\varepsilon_1$-close to $p$", "ε₁-close to p"),
        (r"Erd\H{o}s, G\"odel, {\'E}t\'e and na\"{\i}ve \v{S}koda", "Erdős, Gödel, Été and naïve Škoda"),
        (r"Stra\ss e in \L\'od\'z and \AA ngstr\"om", "Straße in Łódź and Ångström"),
        (r"$\tilde{O}(\sqrt{n}/\varepsilon^{-2})$ queries", "Õ(√(n)/ε⁻²) queries"),
        (r"$^{12}$CO, H$_2$O and $10^{-3}\,$m at $90^\circ$", "¹²CO, H₂O and 10⁻³ m at 90°"),
        (r"\[\frac{1}{a+b} \le \max\left\{x, y\right\}\]", "1/(a+b) ≤ max{x, y}"),
        (r"\(x \in \mathbb{R}^n\)", "x ∈ Rⁿ"),
        (r"the \emph{oracle problem} in {\bf bold} and {\em soft}", "the oracle problem in bold and soft"),
        (r"25\% of R\&D for \$5 and x\_1", "25% of R&D for $5 and x_1"),
        (r"$25\%$ of~$X$, see Fig.~2", "25% of X, see Fig. 2"),
        ("$\\alpha$ or\u00a0\\beta now", "α or\u00a0β now"),
        # What is no LaTeX, or is not known, stays.
        ("between $5 and $10, or $35,000 in total", "between $5 and $10, or $35,000 in total"),
        ("about ~50 samples, see example.org/~gould", "about ~50 samples, see example.org/~gould"),
        ("snake_case {x} 2^10 a < b", "snake_case {x} 2^10 a < b"),
        (r"\cite{doe99} and \foo{bar}", r"\cite{doe99} and \foo{bar}"),
        (r"$\frac{1}$", "1/"),
        ("a \\", "a \\"),
        ("", ""),
    ],
)
def test_latex_is_read(written: str, readable: str) -> None:
    assert readable_latex(written) == readable


_WORDS = st.text(st.sampled_from("abcdefgh XYZ0123<>&;,.é中"), min_size=1, max_size=12)
_MARKUP = st.sampled_from(
    [*r"$ $$ \ { } \alpha \frac \emph{ ^ _ ~ \[ \] \( \) \" \' \left \sqrt \text{ \foo \\ \,".split(), "\\alpha "]
)


@given(st.lists(_WORDS | _MARKUP, max_size=40))
def test_it_never_fails(pieces: list[str]) -> None:
    readable_latex("".join(pieces))


@given(st.text())
def test_text_without_latex_is_not_changed(text: str) -> None:
    plain = text.replace("\\", "").replace("$", "")
    assert readable_latex(plain) == plain


_WHOLE = st.sampled_from(["$x$", r"\emph{y}", r"{\bf z}", r"$\alpha_{1}$", r"\%", r"\(w\)", "$", "\\", "}", "~"])


@given(st.lists(st.tuples(st.text(st.sampled_from("QRSTUVW"), min_size=1, max_size=6), _WHOLE), max_size=12))
def test_the_words_around_it_stay_in_their_order(parts: list[tuple[str, str]]) -> None:
    read = readable_latex(" ".join(f"{word} {markup} " for word, markup in parts))
    assert "".join(letter for letter in read if letter in "QRSTUVW") == "".join(word for word, _ in parts)


@pytest.mark.parametrize("piece", ["{", "{\\a", "\\frac", '\\"', "$", "$a{", "\\(", "\\[", "\\text{", "_{", "}", "$^"])
def test_hostile_nesting_takes_no_time(piece: str) -> None:
    started = time.monotonic()
    readable_latex(piece * 20_000 + "$\\")
    assert time.monotonic() - started < 2
