"""A page that shows mails side by side, for a browser that opens a folder."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from bot.demo.mailbox import Mail

#: Nothing is loaded from elsewhere, whatever a mail asks for; mails bring their styles with them.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self' file:; img-src data:"

_STYLE = """
:root { color-scheme: light dark; --page: #f3f4f1; --card: #fff; --ink: #1c2321; --soft: #56605c; --line: #d9ddd8;
  --link: #0b5d57; --bar: #fafbf9; }
@media (prefers-color-scheme: dark) { :root { --page: #121615; --card: #1b211f; --ink: #e8ecea; --soft: #a3aeaa;
  --line: #323b38; --link: #7fd1c7; --bar: #202725; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem clamp(1rem, 3vw, 3rem) 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, iframe:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
header { max-width: 48rem; margin: 0 0 2rem; }
h1 { margin: 0; font-size: clamp(1.6rem, 1.2rem + 1.5vw, 2.2rem); line-height: 1.2; letter-spacing: -.015em; }
header p { margin: .5rem 0 0; color: var(--soft); }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); }
li { display: flex; flex-direction: column; min-width: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow: hidden; }
li > div { padding: 1rem 1.25rem; background: var(--bar); border-bottom: 1px solid var(--line); flex: 1 0 auto; }
h2 { margin: 0; font-size: 1.05rem; line-height: 1.35; overflow-wrap: anywhere; }
li p { margin: .35rem 0 0; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.files a { display: inline-block; padding: .25rem 0; margin-right: 1.1rem; }
iframe { display: block; width: 100%; height: 46rem; border: 0; background: #fff; color-scheme: normal; }
.none { padding: 1.25rem; color: var(--soft); }
""".strip()


def write_album(folder: Path, mails: Sequence[Mail]) -> Path:
    """The path of `index.html` in `folder`, which shows all `mails`; their files lie in `folder` too."""
    path = folder / "index.html"
    path.write_text(album_page(mails), encoding="utf-8", newline="\n")
    return path


def album_page(mails: Sequence[Mail]) -> str:
    """The page itself, with links relative to the mails' folder; everything that a mail says is escaped."""
    count = f"{len(mails)} mail{'' if len(mails) == 1 else 's'}"
    listed = "\n".join(_entry(mail) for mail in mails)
    body = f"<ol>\n{listed}\n</ol>" if mails else '<p class="none">No mail came.</p>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<title>Concept Digest demo: {count}</title>
<style>
{_STYLE}
</style>
</head>
<body>
<header>
<h1>Concept Digest demo</h1>
<p>{count}, as sent over SMTP on this machine. All papers and readers are invented.</p>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _entry(mail: Mail) -> str:
    subject = escape(mail.subject or "(no subject)")
    files = [("HTML", mail.html), ("Text", mail.text), ("Mail as sent (.eml)", mail.path)]
    links = "\n".join(f'<a href="{_link(path)}">{label}</a>' for label, path in files if path)
    shown = mail.html or mail.text
    title = escape(f"Mail to {mail.recipient}")
    frame = (
        f'<iframe src="{_link(shown)}" title="{title}" sandbox="" loading="lazy"></iframe>'
        if shown
        else '<p class="none">A mail without a text that can be shown.</p>'
    )
    return f"""<li>
<div>
<h2>{subject}</h2>
<p>to {escape(mail.recipient)}</p>
<p class="files">{links}</p>
</div>
{frame}
</li>"""


def _link(path: Path) -> str:
    return escape(quote(path.name))
