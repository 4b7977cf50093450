"""Every page, in each of its states: small, whole without a script, and sound in what screen readers go by.

With a folder of outside judges in `BOT_TEST_JUDGES` (see docs/reference/site.md) they are asked as well:
`make tests PYTEST="tests/web/test_every_page.py -m long -s"` prints what they measure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from lxml import html

from tests.web.browser import PICTURES, Album, a_browser
from tests.web.every_page import Seen, every_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A folder with node_modules in it; read at once, because tests see no BOT_ variable of the machine.
JUDGES = os.environ.get("BOT_TEST_JUDGES")
#: Bytes of a page, and of the style sheet.
MOST, MOST_STYLE = 100_000, 15_000
#: Mails, which bring their own style along.
MAILS = ("a sample digest", "a digest in the browser")
#: Ways to look: colour scheme and width in pixels.
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 1100),
    ("dark", 1100),
    ("light", 320),
    ("dark", 320),
)

#: html-validate's recommended ones, but for those about how the source is written.
RULES = {
    "root": True,
    "extends": ["html-validate:recommended"],
    "rules": {"no-trailing-whitespace": "off", "long-title": "off"},
}

#: What mails must do otherwise, since some mail programs know neither style sheets nor elements of HTML 5.
OF_MAILS = ("no-deprecated-attr", "no-inline-style", "prefer-native-element")

Pages = tuple[str, list[Seen]]


@pytest.fixture(scope="module", params=["en", "ar"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with every_page(request.param, tmp_path_factory.mktemp("pages")) as found:
        yield found


def faults(seen: Seen) -> list[str]:
    """What is wrong with a page, as far as its text tells."""
    page = html.document_fromstring(seen.html)
    root = page.getroottree().getroot()
    found = []
    if not (root.get("lang") and root.get("dir") and (page.findtext(".//title") or "").strip()):
        found.append("no language, direction or title")
    if len(seen.html.encode()) > MOST:
        found.append("too large")
    ids: Counter[str] = Counter(page.xpath("//@id"))
    found += [f"id {name} twice" for name, times in ids.items() if times > 1]
    named = " ".join(page.xpath("//@aria-labelledby | //@aria-describedby | //label/@for | //@form | //@list"))
    found += [f"no such id: {name}" for name in set(named.split()) - set(ids)]
    levels = [int(str(heading.tag)[1]) for heading in page.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    if levels.count(1) != 1 or levels[0] != 1 or any(after > before + 1 for before, after in pairwise(levels)):
        found.append(f"headings: {levels}")
    if len(page.xpath("//main")) != 1:
        found.append("not one main part")
    for control in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        if not (page.xpath("//label[@for=$id]", id=control.get("id", "")) or control.get("aria-label")):
            found.append(f"no label: {control.get('name')}")
    found += [
        f"no name: {html.tostring(one)[:80]!r}"
        for one in page.xpath("//a[not(normalize-space()) and not(@aria-label)]")
    ]
    # A page paints before any script: there is none but those that wait until it is read.
    found += ["script in the way" for one in page.iter("script") if one.get("defer") is None or one.text]
    found += [f"{name} in the page" for name in page.xpath("//@*[starts-with(name(), 'on')]")]
    asked = page.xpath("//link[@rel='stylesheet']/@href | //@src")
    found += [f"asks for {one}" for one in asked if not re.match(r"/(style\.css|sign-up\.js|choosing\.js)\?v=", one)]
    if seen.name not in MAILS and page.xpath("//@style | //style"):
        found.append("styles in the page")
    return found


def test_every_page_is_small_sound_and_whole_without_a_script(pages: Pages) -> None:
    assert {seen.name: found for seen in pages[1] if (found := faults(seen))} == {}
    assert len({seen.name for seen in pages[1]}) == len(pages[1]) > 70
    assert len(httpx.get(f"{pages[0]}/style.css").content) <= MOST_STYLE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        yield found


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_pages_fit_a_small_telephone_and_are_whole_without_a_script(pages: Pages, browser: Browser) -> None:
    url, seen = pages
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    complaints: list[str] = []
    context.on("request", lambda request: None if request.url.startswith(url) else complaints.append(request.url))
    context.on("console", lambda message: complaints.append(message.text))
    page = context.new_page()
    # Half of them in each language, and of each only its plainest state: the judges look at all of them.
    first = 0 if page_language(seen) == "en" else 1
    for number in [number for number, one in enumerate(seen) if "," not in one.name][first::2]:
        page.goto(f"{url}/seen/{number}")
        if overflow(page) > 0:
            complaints.append(f"{seen[number].name}: {overflow(page)} pixels too wide")
        if not page.locator("h1").is_visible():
            complaints.append(f"{seen[number].name}: nothing to see")
    context.close()
    assert complaints == []


def page_language(seen: list[Seen]) -> str:
    return str(html.document_fromstring(seen[0].html).get("lang"))


@pytest.fixture(scope="module", params=["en", "de", "ar"])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    if JUDGES is None:
        pytest.skip("no judges: docs/reference/site.md says how to install them for BOT_TEST_JUDGES")
    with every_page(request.param, tmp_path_factory.mktemp("judged")) as found:
        yield found


@pytest.mark.long
def test_html_validate_finds_nothing(judged: Pages, tmp_path: Path) -> None:
    for number, one in enumerate(judged[1]):
        (tmp_path / f"{number:02}.html").write_text(one.html, "utf-8")
    (tmp_path / ".htmlvalidate.json").write_text(json.dumps(RULES))
    words = [f"{JUDGES}/node_modules/.bin/html-validate", "--formatter", "json", str(tmp_path)]
    # Not through a pipe, which it leaves before all is said.
    with (tmp_path / "said.json").open("w") as said:
        subprocess.run(words, stdout=said, check=False, timeout=300)
    told = json.loads((tmp_path / "said.json").read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for file in told:
        one = judged[1][int(Path(file["filePath"]).stem)]
        wrong = [fault for fault in file["messages"] if one.name not in MAILS or fault["ruleId"] not in OF_MAILS]
        if wrong:
            found[one.name] = {f"{fault['ruleId']}: {fault['message']}" for fault in wrong}
    assert found == {}


@pytest.mark.long
def test_axe_finds_nothing(judged: Pages, browser: Browser, tmp_path: Path) -> None:
    url, seen = judged
    axe = Path(f"{JUDGES}/node_modules/axe-core/axe.min.js").read_text("utf-8")
    language = page_language(seen)
    painted = first_paints(url, len(seen), browser)
    contrast: dict[str, list[float]] = {one.name: [] for one in seen}
    found: dict[str, set[str]] = {}
    album = Album(tmp_path / "pictures")
    for scheme, width in LOOKS:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        for number, one in enumerate(seen):
            page.goto(f"{url}/seen/{number}")
            page.evaluate(axe)
            result = page.evaluate("axe.run(document, {resultTypes: ['violations', 'passes']})")
            wrong = {f"{rule['id']}: {node['html'][:120]}" for rule in result["violations"] for node in rule["nodes"]}
            if overflow(page) > 0:
                wrong.add(f"{overflow(page)} pixels too wide")
            if wrong:
                found[f"{one.name}, {scheme}, {width}"] = wrong
            contrast[one.name].append(lowest_contrast(result))
            if PICTURES:
                album.take(page, f"{language} {one.name} {scheme} {width}")
        context.close()
    for one, after in zip(seen, painted, strict=True):
        requests = 1 + len(re.findall(r'<link rel="stylesheet"|<script src', one.html))
        row = (one.name, f"{len(one.html.encode()):,}", requests, after, min(contrast[one.name]))
        if "," not in one.name:
            print("|", " | ".join(map(str, row)), "|")  # noqa: T201 (for the document)
    assert found == {}


def first_paints(url: str, pages: int, browser: Browser) -> list[int]:
    """Milliseconds from asking for each page to its first text: nothing kept, no script, 320 pixels wide."""
    found = []
    for number in range(pages):
        context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{url}/seen/{number}")
        entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        while (after := page.evaluate(entry)) is None:
            page.wait_for_timeout(5)
        found.append(round(after))
        context.close()
    return found


def lowest_contrast(result: dict[str, Any]) -> float:
    """Of text to its ground on a page, as axe has measured it; 21 where it could not."""
    nodes = [node for rule in result["passes"] if rule["id"] == "color-contrast" for node in rule["nodes"]]
    found = [(check["data"] or {}).get("contrastRatio") for node in nodes for check in node["any"]]
    return min((float(one) for one in found if one), default=21.0)
