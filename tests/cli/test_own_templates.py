"""`bot check` on templates of one's own: what is wrong with them, where, and what makes digests slow."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.context import now
from bot.errors import BotError, TemplateError
from bot.render.templates import packaged_templates
from bot.settings import Settings
from bot.wiring.samples import check_templates, preview_sample
from tests.cli.conftest import Ran

HOWTO = Path(__file__).resolve().parents[2] / "docs/howto/change-the-look.md"

Bot = Callable[..., Ran]

CARD, STYLE, MASTHEAD = "email/digest/card.html", "email/_base/style.css", "email/digest/masthead.html"


def packaged(name: str) -> str:
    return (packaged_templates() / name).read_text("utf-8")


def told(own: Path | None) -> str:
    return check_templates(Settings(templates=own), now())


def put(own: Path, name: str, text: str) -> Path:
    path = own / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def refused(own: Path) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        told(own)
    return caught.value


def test_ours_are_right() -> None:
    words = told(None)
    assert words.startswith("a sample digest is rendered in 7 languages, up to ")
    assert "whole" not in words


def test_a_card_that_is_not_jinja(tmp_path: Path) -> None:
    card = put(tmp_path, CARD, packaged(CARD) + "{% if row.title %}\n\n{% endfor %}")
    error = refused(tmp_path)
    assert (error.template, error.line) == (str(card), packaged(CARD).count("\n") + 3)
    assert "endfor" in error.problem


def test_a_card_that_uses_what_there_is_not(tmp_path: Path) -> None:
    card = put(tmp_path, CARD, "<tr>\n<td>\n{{ row.title }} {{ row.impact }}</td></tr>\n")
    error = refused(tmp_path)
    assert (error.template, error.line) == (str(card), 3)
    assert "impact" in error.problem


def test_what_is_used_for_some_readers_alone_is_tried(tmp_path: Path) -> None:
    masthead = put(tmp_path, MASTHEAD, packaged(MASTHEAD) + "\n{% if not mail.reader_name %}{{ nobody }}{% endif %}")
    assert refused(tmp_path).template == str(masthead)
    put(tmp_path, MASTHEAD, packaged(MASTHEAD) + '\n{% if mail.language == "ar" %}{{ nobody }}{% endif %}')
    assert refused(tmp_path).template == str(masthead)
    put(tmp_path, MASTHEAD, packaged(MASTHEAD))
    young = put(tmp_path, "email/digest/feed.txt", "{% if row.young %}{{ nobody }}{% endif %}\n")
    assert refused(tmp_path).template == str(young)


@pytest.mark.parametrize("name", ["web/home.html", "email/welcome/body.txt", "email/mine/odd.html"])
def test_templates_of_other_things_must_be_jinja_too(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, "\n{{ }}\n")
    error = refused(tmp_path)
    assert (error.template, error.line) == (str(path), 2)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    put(tmp_path, STYLE, "").write_bytes(b"p { content: '\xff' }")
    assert refused(tmp_path).problem == "not UTF-8"
    put(tmp_path, STYLE, packaged(STYLE))
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff")
    assert "logo.png" not in told(tmp_path)


def test_a_style_sheet_that_is_too_long(tmp_path: Path) -> None:
    rules = "@media (max-width: 480px) { .card { font-family: '" + "x" * 70_000 + "'; } }"
    style = put(tmp_path, STYLE, packaged(STYLE) + rules)
    put(tmp_path, CARD, packaged(CARD))
    error = refused(tmp_path)
    assert (error.template, error.line) == (str(style), None)
    assert error.problem.startswith("a digest of 5 papers comes to ")
    assert "; at most 90,000 are sent" in error.problem


def test_styles_that_make_every_card_heavy(tmp_path: Path) -> None:
    heavy = "".join(f"--sample-{n}: {n};" for n in range(500))
    style = put(tmp_path, STYLE, packaged(STYLE) + f".card, .title, .abstract, .authors {{ {heavy} }}")
    assert refused(tmp_path).template == str(style)


def test_a_body_that_is_empty(tmp_path: Path) -> None:
    put(tmp_path, "email/digest/body.html", "")
    error = refused(tmp_path)
    assert (error.template, error.problem) == ("email/digest/body.html", "comes to no HTML document")


@pytest.mark.parametrize("name", [CARD, MASTHEAD])
def test_a_template_that_looks_at_all_sections_is_right_and_slow(tmp_path: Path, name: str) -> None:
    looks = "<!-- {% for section in mail.sections %}{{ section.name }}{% endfor %} -->\n"
    path = put(tmp_path, name, looks + packaged(name))
    words = told(tmp_path)
    assert f"rendered as a whole: {path}:1 looks at mail.sections; that takes longer" in words
    assert f"yours are {name};" in words


def test_a_template_that_stands_for_none_of_ours_is_told(tmp_path: Path) -> None:
    put(tmp_path, "email/digest/cards.html", "<p>never seen</p>")
    words = "of use only where another one includes it, since it replaces none: email/digest/cards.html"
    assert words in told(tmp_path)


def test_the_finding_is_told_by_the_command(bot: Bot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.checks._mail_server", lambda _app: "not asked")
    monkeypatch.setenv("BOT_TEMPLATES", "own")
    card = put(folder / "own", CARD, "<tr>\n{% for %}")
    (finding,) = (one for one in bot("check", "--json").json["checks"] if one["check"] == "templates")
    assert finding["ok"] is False
    assert f"{card.relative_to(folder)}:2: " in finding["detail"]
    assert isinstance(refused(folder / "own"), BotError)
    put(folder / "own", CARD, packaged(CARD) + "<!-- {{ mail.total }} -->\n")
    ran = bot("check")
    assert "ok     templates: a sample digest is rendered in 7 languages" in ran.out
    assert "looks at mail.total" in ran.out


def test_what_the_howto_shows_works(tmp_path: Path) -> None:
    shown = re.findall(r"```(css|html|jinja)\n(.+?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in shown] == ["css", "html", "jinja", "html", "jinja"]
    rules, card, card_text, note, subject = (text for _, text in shown)
    put(tmp_path, STYLE, packaged(STYLE) + rules)
    put(tmp_path, CARD, card)
    put(tmp_path, "email/digest/card.txt", card_text)
    footer = "email/_base/footer.html"
    put(tmp_path, footer, packaged(footer).replace('<p class="note">', note + '<p class="note">', 1))
    put(tmp_path, "email/digest/subject.txt", subject)
    words = told(tmp_path)
    assert "looks at" not in words
    assert "of use only" not in words
    classes = set(re.findall(r"\.([a-z]+)\b(?=[^{}]*\{)", rules))
    assert classes <= set(re.findall(r"\.([a-z]+)\b(?=[^{}]*\{)", packaged(STYLE)))

    digest = preview_sample(Settings(templates=tmp_path), "en", now()).message
    assert digest.subject == "Sample Library: 5 new papers"
    assert "A service of the Sample Library." in digest.html
    assert "Ein Dienst" in preview_sample(Settings(templates=tmp_path), "de", now()).message.html
    for part in (digest.html, digest.text):
        assert "fails after mild exertion" in " ".join(part.split())
        assert "Whether the deficit lies" not in part
