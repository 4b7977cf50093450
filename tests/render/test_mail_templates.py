"""Where templates are found, how they are filled, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html as lxml_html

from bot.errors import TemplateError
from bot.render.inline import inlined
from bot.render.templates import build_environment, filled, is_markup, packaged_templates


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("body.html", True),
        ("body.html.j2", True),
        ("body.xml", True),
        (None, True),
        ("odd", True),
        ("body.txt", False),
        ("body.txt.j2", False),
        ("style.css", False),
    ],
)
def test_all_but_text_is_escaped(name: str | None, escaped: bool) -> None:
    assert is_markup(name) is escaped


@pytest.mark.parametrize("name", ["mail.html", "mail.html.j2"])
def test_a_hostile_title_is_escaped_in_every_page(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("<p>{{ title }}</p>")
    assert filled(build_environment(tmp_path), name, title="<script>&") == "<p>&lt;script&gt;&amp;</p>"


def test_own_templates_go_before_the_packaged_ones(tmp_path: Path) -> None:
    own = tmp_path / "email" / "digest"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Ours: {{ subject }}")
    environment = build_environment(tmp_path)
    assert filled(environment, "email/digest/subject.txt", subject="x") == "Ours: x"
    assert environment.get_template("email/digest/body.html").filename == str(
        packaged_templates() / "email/digest/body.html"
    )


def test_packaged_templates_are_there() -> None:
    assert (packaged_templates() / "email" / "_base" / "style.css").is_file()


def broken(tmp_path: Path, text: str) -> TemplateError:
    (tmp_path / "inner.html").write_text(text)
    (tmp_path / "outer.html").write_text("\n{% include 'inner.html' %}")
    with pytest.raises(TemplateError) as caught:
        filled(build_environment(tmp_path), "outer.html", number=1)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\n{% if %}", 2, "Expected an expression, got 'end of statement block'"),
        ("a\n\n{{ nobody }}", 3, "'nobody' is undefined"),
        ("{{ number.nothing }}", 1, "'int object' has no attribute 'nothing'"),
        ("\n{{ number + 'x' }}", 2, "unsupported operand type(s) for +: 'int' and 'str'"),
        ("{{ number / 0 }}", 1, "division by zero"),
        ("\n{{ number | nofilter }}", 2, "No filter named 'nofilter'"),
        ("\n\n{% include 'gone.html' %}", 3, "no such template: gone.html"),
    ],
)
def test_errors_name_the_innermost_file_and_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    error = broken(tmp_path, text)
    assert (error.template, error.line, error.problem) == (str(tmp_path / "inner.html"), line, problem)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"template: none\.html: no such template: none\.html"):
        filled(build_environment(tmp_path), "none.html")


PAGE = """<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>a</title><style>
.x { color: red; background-color: #fff; width: 100%; vertical-align: top }
.x:hover { color: blue }
@media (max-width: 480px) { .x { color: green } }
</style><link rel="stylesheet" href="https://127.0.0.1:1/never.css"></head>
<body><table role="presentation" width="600" class="x"><tbody><tr><td>x&lt;y &amp; α 慢&nbsp;😀 {{ 1 }}
<a href="https://e.org/?a=1&amp;b=%20&quot;">q</a><br></td></tr></tbody></table></body></html>"""


def test_rules_are_inlined_and_media_rules_stay() -> None:
    html = inlined(PAGE)
    assert 'style="color:red; background-color:#fff; width:100%; vertical-align:top"' in html
    style = html[html.index("<style>") : html.index("</style>")]
    assert "@media (max-width: 480px)" in style
    assert "color: green !important" in style
    assert "red" not in style


def test_inlining_leaves_the_markup_as_it_is() -> None:
    html = inlined(PAGE)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr">')
    assert '<table role="presentation" width="600" class="x" style=' in html
    assert "bgcolor" not in html
    assert "x&lt;y &amp; α 慢\u00a0😀 {{ 1 }}" in html
    assert lxml_html.document_fromstring(html).xpath("//a/@href") == ['https://e.org/?a=1&b=%20"']
    assert "<br>" in html
