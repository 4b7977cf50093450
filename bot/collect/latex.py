r"""Text with LaTeX in it as readable text: `$\varepsilon_1$-close` becomes `ε₁-close`, `Erd\H{o}s` becomes `Erdős`.

arXiv ("Title and abstract fields") lets authors write TeX there, and shows it as they wrote it. This is no TeX: what is
known is reduced, everything else stays as it is written, and no letter is lost.
"""

from __future__ import annotations

import re
import unicodedata

from bot.collect.text import lowered, raised

#: What a command stands for. Names of functions stand for themselves.
_SYMBOLS = dict(
    pair.split(":")
    for pair in (
        "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ "
        "lambda:λ mu:μ nu:ν xi:ξ pi:π varpi:ϖ rho:ρ varrho:ϱ sigma:σ varsigma:ς tau:τ upsilon:υ phi:φ varphi:φ "
        "chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Upsilon:Υ Phi:Φ Psi:Ψ Omega:Ω "
        "le:≤ leq:≤ leqslant:≤ ge:≥ geq:≥ geqslant:≥ ne:≠ neq:≠ ll:≪ gg:≫ approx:≈ sim:∼ simeq:≃ cong:≅ equiv:≡ "
        "propto:∝ lesssim:≲ gtrsim:≳ to:→ rightarrow:→ longrightarrow:→ leftarrow:← leftrightarrow:↔ mapsto:↦ "
        "Rightarrow:⇒ Leftrightarrow:⇔ implies:⇒ iff:⇔ uparrow:↑ downarrow:↓ infty:∞ pm:± mp:∓ times:× cdot:· ast:∗ "
        "div:÷ circ:∘ bullet:• star:⋆ oplus:⊕ otimes:⊗ odot:⊙ wedge:∧ vee:∨ cap:∩ cup:∪ setminus:∖ in:∈ notin:∉ "
        "ni:∋ subset:⊂ subseteq:⊆ supset:⊃ supseteq:⊇ emptyset:∅ varnothing:∅ forall:∀ exists:∃ neg:¬ partial:∂ "
        "nabla:∇ sum:∑ prod:∏ int:∫ oint:∮ ell:ℓ hbar:ℏ Re:ℜ Im:ℑ aleph:ℵ prime:′ dagger:† ddagger:‡ perp:⊥ "
        "parallel:∥ mid:| vert:| Vert:‖ langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋ lceil:⌈ rceil:⌉ ldots:… dots:… cdots:⋯ "
        "textendash:– textemdash:— textmu:μ textdegree:° degree:° S:§ copyright:© pounds:£ euro:€ "
        "ss:ß ae:æ AE:Æ oe:œ OE:Œ aa:å AA:Å o:ø O:Ø l:ł L:Ł i:ı j:ȷ dh:ð th:þ"
    ).split()
)
_SYMBOLS |= {
    name: name
    for name in "log ln exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan max min sup inf lim limsup "
    "liminf arg det dim ker deg gcd hom Pr mod bmod".split()
}
_SYMBOLS |= {"colon": ":", "lbrace": "{", "rbrace": "}"}
#: Commands that only dress what follows them, or space it.
_DRESSES = frozenset(
    "text textrm textit textbf texttt textsf textsc textsl textup textnormal emph underline mbox hbox mathrm mathit "
    "mathbf mathtt mathsf mathcal mathbb mathfrak mathscr mathnormal operatorname boldsymbol bm pmb em it bf rm tt sc "
    "sl sf bfseries itshape displaystyle textstyle scriptstyle left right big Big bigg Bigg bigl bigr Bigl Bigr limits "
    "nolimits protect ensuremath url".split()
)
_SPACES = frozenset("quad qquad space".split())
#: Letters of a word: the blank after them only ends the command, `Stra\\ss e`.
_LETTERS = frozenset("ss ae AE oe OE aa AA o O l L i j dh th".split())
_FRACTIONS = frozenset("frac tfrac dfrac".split())
#: Combining characters (Unicode, Combining Diacritical Marks) by the names of accents.
_ACCENTS = dict(
    zip(
        ["'", "`", "^", '"', "~", "=", ".", "u", "v", "H", "c", "k", "d", "b", "r"],
        "\u0301\u0300\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0328\u0323\u0331\u030a",
        strict=True,
    )
)
_MATH_ACCENTS = {"tilde": "\u0303", "widetilde": "\u0303", "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304"}
_MATH_ACCENTS |= {"overline": "\u0304", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c"}
_ESCAPED = frozenset("%&$#_{}")
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)[ \t]*|(.))", re.DOTALL)
#: Dollars around mathematics, not before sums of money: nothing blank inside of them, no digit after.
_DOLLARS = re.compile(r"(?<!\\)(\$\$?)(?=[^\s$])((?:[^$\\]|\\.){0,2000}?)(?<!\s)\1(?!\d)", re.DOTALL)
_BRACKETS = re.compile(r"\\\(((?:[^\\]|\\[^()\[\]]){0,2000})\\\)|\\\[((?:[^\\]|\\[^()\[\]]){0,2000})\\\]", re.DOTALL)
#: A tie in place of a blank: `Fig.~2`; elsewhere `~` means about.
_TIE = re.compile(r"(?<=[A-Za-z.,)])~(?=[\w$\\(])")
#: Nesting that is deeper than any formula's stays as it is written.
_DEEPEST = 12


def readable_latex(text: str) -> str:
    """`text` without its LaTeX, where that can be read; text that has none is not changed."""
    if "$" not in text and "\\" not in text:
        return text
    text = _TIE.sub(" ", text)
    text = _DOLLARS.sub(lambda found: _formula(found[2]), text)
    text = _BRACKETS.sub(lambda found: _formula(found[1] or found[2] or ""), text)
    return _Reader(text, math=False).all()


def _formula(inner: str) -> str:
    return _Reader(inner, math=True).all()


class _Reader:
    """Reads from left to right, each character once at each depth."""

    def __init__(self, text: str, *, math: bool, depth: int = 0) -> None:
        self._text, self._math, self._depth = text, math, depth
        self._at = 0
        self._closings = _closings(text)

    def all(self) -> str:
        written: list[str] = []
        while self._at < len(self._text):
            written.append(self._next())
        return unicodedata.normalize("NFC", "".join(written))

    def _next(self) -> str:
        letter = self._text[self._at]
        if letter == "\\":
            return self._command()
        if letter == "{" and (self._math or self._text.startswith("\\", self._at + 1)):
            return self._group()
        self._at += 1
        if self._math and letter in "^_":
            inner = self._argument()
            if inner in {"∘", "°"} and letter == "^":
                return "°"
            return raised(inner) if letter == "^" else lowered(inner)
        return " " if self._math and letter == "~" else letter

    def _argument(self) -> str:
        """What a command or script applies to: a group, a command, or one character."""
        while self._at < len(self._text) and self._text[self._at] == " ":
            self._at += 1
        if self._at >= len(self._text):
            return ""
        letter = self._text[self._at]
        if letter == "{":
            return self._group()
        if letter == "\\" and self._depth < _DEEPEST:
            self._depth += 1
            inner = self._command()
            self._depth -= 1
            return inner
        self._at += 1
        return letter

    def _group(self) -> str:
        start, end = self._at + 1, self._closings.get(self._at, -1)
        if end < 0 or self._depth >= _DEEPEST:
            self._at = start
            return "{"
        self._at = end + 1
        return _Reader(self._text[start:end], math=self._math, depth=self._depth + 1).all()

    def _command(self) -> str:
        found = _COMMAND.match(self._text, self._at)
        if not found:
            self._at += 1
            return "\\"
        self._at = found.end()
        if found[2]:
            return self._sign(found[2])
        name = found[1]
        if name in _SYMBOLS:
            return _SYMBOLS[name] + (" " if found[0][-1].isspace() and name not in _LETTERS else "")
        return self._applied(name, found[0])

    def _applied(self, name: str, written: str) -> str:
        """A command with what it applies to."""
        if name in _DRESSES:
            return self._argument() if self._text.startswith("{", self._at) else ""
        if mark := _MATH_ACCENTS.get(name) or _ACCENTS.get(name):
            return _accented(self._argument(), mark)
        if name in _FRACTIONS:
            return f"{_grouped(self._argument())}/{_grouped(self._argument())}"
        if name == "sqrt" and not self._text.startswith("[", self._at):
            return f"√({self._argument()})"
        return " " if name in _SPACES else written

    def _sign(self, sign: str) -> str:
        if sign in _ESCAPED:
            return sign
        if sign in _ACCENTS:
            return _accented(self._argument(), _ACCENTS[sign])
        if sign in ",;:> \n\\":
            return " "
        return "" if sign in "!/-@" else "‖" if sign == "|" else "\\" + sign


def _accented(inner: str, mark: str) -> str:
    # A dotless letter gets its dot back under an accent.
    inner = {"ı": "i", "ȷ": "j"}.get(inner[:1], inner[:1]) + inner[1:]
    return inner[:1] + mark + inner[1:] if inner[:1].isalpha() else inner


def _grouped(part: str) -> str:
    return part if len(part) < 2 or part.isalnum() else f"({part})"


def _closings(text: str) -> dict[int, int]:
    """Where each group ends, by where it begins; groups without an end are not in it."""
    found, waiting, at = {}, [], 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            waiting.append(at)
        elif text[at] == "}" and waiting:
            found[waiting.pop()] = at
        at += 1
    return found
