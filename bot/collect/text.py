"""Text of a source as plain text: one normal form, no markup, no characters that only a screen obeys."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

from lxml import etree

from bot.concepts.words import few_marks

#: Controls, bidirectional marks and overrides, invisible separators, surrogates, tags: nothing of a text's meaning.
#: White space is left to `str.split`; the joiners U+200C and U+200D stay, since Persian and Indic words need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

#: Characters from which on a run of combining marks could cost time to speak of.
_LONG = 1000

_RAISED = dict(
    zip("0123456789+-=()−–abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁻⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True)
)
_LOWERED = dict(zip("0123456789+-=()−–aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎₋₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))


def clean(text: str) -> str:
    """`text` in NFC on one line: white space collapsed, control, bidirectional and invisible characters gone."""
    if len(text) > _LONG and not text.isascii():
        text = few_marks(text)
    if _is_clean(text) and text.strip() == text:
        return text
    # Thin blanks and fixed ones are all that is wrong with most texts that are not.
    text = text.replace("\u2009", " ").replace("\xa0", " ").replace("\u202f", " ")
    if not (_is_clean(text) and text.strip() == text):
        text = " ".join(text.split())
        if not text.isprintable():
            text = " ".join(_UNWANTED.sub("", text).split())
    return unicodedata.normalize("NFC", text)


def cleaned(texts: list[str]) -> list[str]:
    """Each of `texts`, cleaned; for many short ones, which mostly are clean already."""
    whole = "|".join(texts)
    if _is_clean(whole) and " |" not in whole and "| " not in whole and whole.strip() == whole:
        return texts
    return [clean(text) for text in texts]


def _is_clean(text: str) -> bool:
    """Whether nothing is to be cleaned within it; blanks at its ends are not looked at."""
    # What Python calls printable has nothing unwanted in it, and no white space but blanks.
    return text.isprintable() and "  " not in text and (text.isascii() or unicodedata.is_normalized("NFC", text))


def raised(text: str) -> str:
    """`text` as a superscript: Unicode's own where all letters and digits have one (`Ca²⁺`), otherwise `^text`."""
    return _shifted(text, _RAISED, "^")


def lowered(text: str) -> str:
    """`text` as a subscript: Unicode's own where all letters and digits have one (`PM₂.₅`), otherwise `_text`."""
    return _shifted(text, _LOWERED, "_")


def _shifted(text: str, forms: dict[str, str], mark: str) -> str:
    text = text.strip()
    if not text:
        return ""
    if all(letter in forms or not letter.isalnum() for letter in text) and " " not in text:
        return "".join(forms.get(letter, letter) for letter in text)
    return f"{mark}({text})" if " " in text else mark + text


# --- element trees --------------------------------------------------------------------------------------------------


def element_text(element: etree._Element) -> str:
    """The readable text of an XML element: sub- and superscripts and MathML reduced, all other markup dropped."""
    return clean(marked_text(element) if len(element) else element.text or "")


#: Markup nested deeper than this is hostile; its text is still taken, without a look at its markup.
_DEEPEST = 60


def marked_text(element: etree._Element, depth: int = 0) -> str:
    """As `element_text`, but not yet clean."""
    pieces = [element.text or ""]
    for child in element:
        name = child.tag
        if isinstance(name, str):
            pieces.append(_marked(name.rpartition("}")[2], child, depth))
        elif isinstance(child, etree._Entity):
            pieces.append(html.unescape(child.text or ""))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _marked(name: str, element: etree._Element, depth: int) -> str:
    if depth >= _DEEPEST:
        return "".join(element.itertext())
    if name == "math":
        return _math(element, depth)
    inner = marked_text(element, depth + 1) if len(element) else element.text or ""
    if name in {"sub", "inf"}:
        return lowered(inner)
    if name == "sup":
        return raised(inner)
    return f" {inner} " if name in _BLOCKS else inner


def _math(element: etree._Element, depth: int) -> str:
    """MathML in one line: `T₂^∗`, `a/(b+c)`, `√(x)`. Presentation elements of MathML 3, section 3."""
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if not name or name.startswith("annotation"):
        return ""
    if depth >= _DEEPEST:
        return "".join(element.itertext())
    parts = [_math(child, depth + 1) for child in element if isinstance(child.tag, str)]
    if not parts:
        return " " if name == "mspace" else " ".join((element.text or "").split())
    wanted, written = _LAYOUTS.get(name, (0, "".join))
    return written(parts) if wanted in {0, len(parts)} else "".join(parts)


def _grouped(part: str) -> str:
    return part if len(part) == 1 or part.isalnum() else f"({part})"


#: How many parts an element of MathML has (0: any number), and how they are written in one line.
_LAYOUTS: dict[str, tuple[int, Callable[[list[str]], str]]] = {
    "msub": (2, lambda parts: parts[0] + lowered(parts[1])),
    "munder": (2, lambda parts: parts[0] + lowered(parts[1])),
    "msup": (2, lambda parts: parts[0] + raised(parts[1])),
    "mover": (2, lambda parts: parts[0] + raised(parts[1])),
    "msubsup": (3, lambda parts: parts[0] + lowered(parts[1]) + raised(parts[2])),
    "munderover": (3, lambda parts: parts[0] + lowered(parts[1]) + raised(parts[2])),
    "mfrac": (2, lambda parts: f"{_grouped(parts[0])}/{_grouped(parts[1])}"),
    "msqrt": (0, lambda parts: f"√({''.join(parts)})"),
    "mroot": (2, lambda parts: f"{raised(parts[1])}√({parts[0]})"),
    "semantics": (0, lambda parts: parts[0]),
    "mtr": (0, " ".join),
    "mtable": (0, "; ".join),
}


# --- HTML in a string -----------------------------------------------------------------------------------------------

_BLOCKS = frozenset(
    "address article aside blockquote br caption dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li "
    "list list-item main nav ol p pre sec section table tbody td tfoot th thead title tr ul".split()
)
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big bold button center cite code data del dfn em email ext-link font i inf ins italic "
    "kbd label mark monospace named-content q s sc samp small span strike strong styled-content sub sup time tt u "
    "underline uri var wbr xref".split()
)
_OBJECTS = frozenset(
    "area audio base body col colgroup embed fieldset form frame frameset head html img input link map meta noscript "
    "object option param picture select source svg template textarea track video".split()
)
#: Elements whose content is not text.
_UNREAD = frozenset("iframe script style".split())
_MATH = frozenset(
    "math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup "
    "msubsup munder mover munderover mtable mtr mtd semantics annotation inline-formula disp-formula".split()
)
_KNOWN = _BLOCKS | _INLINE | _OBJECTS | _UNREAD | _MATH

#: A tag as HTML writes it. Attributes must have a value, so that `a <b and c> d` stays text.
_TAG = re.compile(
    r"<(?:(/?)(?:[a-z]+:)?([a-z][a-z0-9-]{0,30})"
    r"(?:\s+[a-z_:][-\w:.]{0,60}\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?|!doctype[^<>]*)>",
    re.IGNORECASE,
)
_MATH_PART = re.compile(r"<((?:[a-z]+:)?math)\b[^<>]*>(?:(?!<\1\b).){0,20000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PREFIX = re.compile(r"(</?)[a-z]+:", re.IGNORECASE)
#: Inline markup that was escaped once too often.
_TWICE = re.compile(r"<(i|b|em|strong|sub|sup)>[^<>]{0,300}</\1>", re.IGNORECASE)


def plain_markup(text: str) -> str:
    """The readable text of a string that may hold HTML or JATS: `x<y` and `p < 0.05` survive, tags do not.

    Only what is spelt like a known element is taken for markup; whatever else stands in angle brackets is text.
    The result is text, never markup: whoever shows it escapes it.
    """
    plain = _plain_once(text)
    return _plain_once(plain) if _TWICE.search(plain) else plain


def _plain_once(text: str) -> str:
    if "<" not in text:
        return clean(html.unescape(text)) if "&" in text else clean(text)
    if "math" in text.lower():
        text = _MATH_PART.sub(lambda found: html.escape(_math_markup(found[0]), quote=False), text)
    return clean(_without_tags(_without_comments(text)))


def _math_markup(markup: str) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.fromstring(_PREFIX.sub(r"\1", html.unescape(markup)), parser)
    except (etree.XMLSyntaxError, ValueError):
        return _without_tags(markup)
    return _math(tree, 0)


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    parts = (part.partition("-->") for part in rest)
    return first + "".join(after if end else "<!--" + inside for inside, end, after in parts)


def _without_tags(text: str) -> str:
    #: Text of each open sub- or superscript, the whole at the bottom.
    open_parts: list[tuple[str, list[str]]] = [("", [])]
    unread, at = "", 0
    for tag in _TAG.finditer(text):
        name = (tag[2] or "").lower()
        if name and name not in _KNOWN:
            continue
        if not unread:
            open_parts[-1][1].append(html.unescape(text[at : tag.start()]))
        at = tag.end()
        if unread:
            unread = "" if tag[1] and name == unread else unread
        elif name in _UNREAD:
            unread = "" if tag[1] or tag[0].endswith("/>") else name
        elif name in {"sub", "sup", "inf"}:
            _shift(open_parts, name, closing=bool(tag[1]))
        elif name in _BLOCKS:
            open_parts[-1][1].append(" ")
    if not unread:
        open_parts[-1][1].append(html.unescape(text[at:]))
    return "".join(piece for _, pieces in open_parts for piece in pieces)


def _shift(open_parts: list[tuple[str, list[str]]], name: str, *, closing: bool) -> None:
    if not closing:
        if len(open_parts) < _DEEPEST:
            open_parts.append((name, []))
    elif open_parts[-1][0] == name:
        inner = "".join(open_parts.pop()[1])
        open_parts[-1][1].append(raised(inner) if name == "sup" else lowered(inner))
