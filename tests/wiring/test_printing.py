"""The press is shared by all rounds, until own templates change."""

from __future__ import annotations

import os
from pathlib import Path

from bot.wiring.printing import Printers


def test_without_own_templates_there_is_one_press() -> None:
    printers = Printers(None, "https://papers.example.org")
    assert printers.current() is printers.current()


def test_a_template_that_is_changed_added_or_taken_away_wants_another_press(tmp_path: Path) -> None:
    style = tmp_path / "email/_base/style.css"
    style.parent.mkdir(parents=True)
    style.write_text(".headline { color: #123456 }")
    printers = Printers(tmp_path, "https://papers.example.org")
    first = printers.current()
    assert printers.current() is first
    os.utime(style, ns=(1, 1))
    changed = printers.current()
    assert changed is not first
    (tmp_path / "email/_base/footer.html").write_text("<tr><td>x</td></tr>")
    added = printers.current()
    assert added is not changed
    style.unlink()
    assert printers.current() is not added
