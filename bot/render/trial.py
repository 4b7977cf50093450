"""Templates tried on digests: whether they work, how much they weigh, and whether digests can come from fragments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Final

import jinja2
from jinja2 import Environment, nodes

from bot.errors import TemplateError
from bot.render.digest import Press
from bot.render.fit import HTML_LIMIT, smaller
from bot.render.fragments import FOLDER, PERSONAL
from bot.render.inline import inlined
from bot.render.languages import language
from bot.render.mime import Envelope
from bot.render.templates import build_environment, filled, packaged_templates
from bot.render.view import DigestView

#: Suffixes of templates; whatever else lies in the folder is none.
_SUFFIXES: Final = (".html", ".txt", ".css")
_BODY: Final = f"{FOLDER}/body.html"
#: What is the same in all digests of a site in one language, and what is theirs; fragments know no more of a digest.
_KNOWN: Final = frozenset({*PERSONAL, "brand", "language", "direction", "postal_address", "public_url", "rows"})
_BEYOND: Final = (
    {one.name for one in fields(DigestView)}
    | {name for name, value in vars(DigestView).items() if isinstance(value, property)}
) - _KNOWN


@dataclass(frozen=True, slots=True)
class Trial:
    """How templates did."""

    #: Bytes of the largest HTML part.
    size: int
    #: Whether digests are put together from fragments.
    fast: bool
    #: Own templates, by their paths in their folder.
    own: tuple[str, ...] = ()
    #: Those that no packaged one has the name of, and so are used only where another one includes them.
    beside: tuple[str, ...] = ()
    #: Where own templates look at what fragments do not know: `FILE:LINE looks at mail.sections`.
    looks: tuple[str, ...] = ()


def try_templates(own: Path | None, samples: Iterable[tuple[tuple[DigestView, Envelope], ...]]) -> Trial:
    """How templates do on digests.

    Args:
        own: a folder whose templates go before the packaged ones.
        samples: digests with where they go; of each language, those that are tried together.

    Raises:
        TemplateError: one cannot be rendered, or a digest comes to more than is sent; with the file, and the line where
            there is one.
        AddressError, HeaderError: the mails cannot be addressed.
    """
    if own is None:
        press = Press()
        done = [press.message(view, envelope) for alike in samples for view, envelope in alike]
        return Trial(max(len(message.html.encode()) for message in done), fast=True)
    names = tuple(_templates(own))
    looks = tuple(_looks(own, names))
    sizes, fast, press = [0], True, Press(own)
    environments = cache(lambda code: build_environment(own, language(code)))
    for alike in samples:
        for view, envelope in alike:
            sizes.append(_fitting(own, environments(view.language), view))
            press.message(view, envelope)
            fast = press.is_fast(view, envelope)
        # A press looks at its first digest, and languages may differ.
        press = Press(own) if fast else press
    beside = tuple(name for name in names if not (packaged_templates() / name).is_file())
    return Trial(max(sizes), fast, names, beside, () if fast else looks)


def shown(view: DigestView, own: Path | None) -> DigestView:
    """The part of a digest that has room in its mail.

    Raises:
        TemplateError: a template cannot be rendered.
    """
    environment = build_environment(own, language(view.language))
    while (size := _html_size(environment, view)) > HTML_LIMIT and (less := smaller(view, size)) is not None:
        view = less
    return view


def _templates(own: Path) -> Iterator[str]:
    for path in sorted(own.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            yield path.relative_to(own).as_posix()


def _looks(own: Path, names: Iterable[str]) -> Iterator[str]:
    """Where templates of digests look at what fragments do not know.

    Raises:
        TemplateError: one of them, whatever it is for, is not Jinja.
    """
    environment = build_environment(own)
    for name in names:
        path = own / name
        try:
            parsed = environment.parse(path.read_text("utf-8"), name, str(path))
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(str(path), error.lineno, str(error.message).rstrip(".")) from error
        except UnicodeDecodeError as error:
            raise TemplateError(str(path), None, "not UTF-8") from error
        except OSError as error:
            raise TemplateError(str(path), None, f"cannot be read: {error.strerror}") from error
        if name.startswith((f"{FOLDER}/", "email/_base/")):
            yield from (f"{path}:{line} looks at mail.{what}" for line, what in _beyond(parsed))


def _beyond(parsed: nodes.Template) -> Iterator[tuple[int, str]]:
    for found in parsed.find_all(nodes.Getattr):
        if found.attr in _BEYOND and isinstance(found.node, nodes.Name) and found.node.name == "mail":
            yield found.lineno, found.attr


def _fitting(own: Path, environment: Environment, view: DigestView) -> int:
    """Bytes of the whole digest's HTML.

    Raises:
        TemplateError: it cannot be rendered, or is more than is sent.
    """
    size = _html_size(environment, view)
    if size <= HTML_LIMIT:
        return size
    problem = f"a digest of {view.total} papers comes to {size:,} bytes of HTML; at most {HTML_LIMIT:,} are sent"
    weights = _weights(own)
    if not weights:
        raise TemplateError(_BODY, None, problem)
    heaviest = max(weights, key=lambda path: weights[path])
    raise TemplateError(str(heaviest), None, f"{problem}; of your templates this is the largest")


def _weights(own: Path) -> dict[Path, int]:
    """Bytes of own templates for mails."""
    return {own / name: (own / name).stat().st_size for name in _templates(own) if name.startswith("email/")}


def _html_size(environment: Environment, view: DigestView) -> int:
    html = filled(environment, _BODY, mail=view)
    try:
        return len(inlined(html).encode())
    except (AttributeError, LookupError, ValueError) as error:
        # What is empty, or has no elements.
        raise TemplateError(_BODY, None, "comes to no HTML document") from error
