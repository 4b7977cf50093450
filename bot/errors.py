"""Everything that Concept Digest raises on purpose.

A message is lower case, without a full stop, and reads *what: which*, with the mend where a person
can mend it. The thing that is wrong is also an attribute, so that callers need not parse the text.
An expected failure (a refused recipient, a source out of reach) is a value, not one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class BotError(Exception):
    """The root: whatever is raised on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # Python's way would call the class with the finished message, which is not what it takes.
        return _unpickled, (type(self), self.args, dict(self.__dict__))


def _unpickled(kind: type[BotError], args: tuple[object, ...], attributes: dict[str, object]) -> BotError:
    """An error as it was in another process, without what caused it there."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class SettingsError(BotError):
    """Settings that are wrong or missing; `problems` names every one of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("settings: " + "; ".join(self.problems))


class UnknownError(BotError):
    """A name that is not known: a feed, a source, a subscriber."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), mend: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        text = f"no such {kind}: '{name}'"
        if self.known:
            text += "; known: " + ", ".join(self.known)
        if mend:
            text += "; " + mend
        super().__init__(text)


class RefusedError(BotError):
    """Something that is known, and cannot be done with: a run that is closed, a delivery that was sent."""

    def __init__(self, kind: str, name: str, why: str) -> None:
        self.kind, self.name, self.why = kind, name, why
        super().__init__(f"{kind}: {name}: {why}")


class CatalogueError(BotError):
    """A catalogue that is refused whole; `problems` is every (line, text) found in it."""

    def __init__(self, name: str, problems: Sequence[tuple[int, str]]) -> None:
        self.name, self.problems = name, tuple(problems)
        lines = "\n".join(f"  {name}:{line}: {text}" for line, text in self.problems)
        super().__init__(f"catalogue refused, nothing changed: {name}\n{lines}")


class RosterError(BotError):
    """A roster file that cannot be read at all (single bad rows are reported, not raised)."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"roster: {name}: {problem}")


class VocabularyError(BotError):
    """A vocabulary file that is refused whole (single bad records are reported, not raised)."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"vocabulary: {name}: {problem}")


class AddressError(BotError):
    """An e-mail address that cannot be written to."""

    def __init__(self, address: str, problem: str) -> None:
        self.address, self.problem = address, problem
        super().__init__(f"address: '{address}': {problem}")


class WishError(BotError):
    """What a subscriber wishes for and cannot have: no such language, 0 papers in a digest."""

    def __init__(self, what: str, value: str, mend: str) -> None:
        self.what, self.value = what, value
        super().__init__(f"{what}: '{value}'; {mend}")


class CadenceError(WishError):
    """A wish for when to get digests that names no real time."""


class StoreError(BotError):
    """The database cannot be used: out of reach, locked, full, or of another version."""

    def __init__(self, url: str, problem: str) -> None:
        self.url, self.problem = url, problem
        super().__init__(f"database: {url}: {problem}")


class CopyError(StoreError):
    """The database is not the one that sends: a copy, one that was restored, or one that was moved."""

    def __init__(self, url: str, why: str) -> None:
        self.why = why
        super().__init__(
            url,
            f"{why}; nothing is sent, so that nobody is mailed twice; "
            "if this one is to send from now on, run `bot db adopt`",
        )


class BackupError(BotError):
    """A backup that cannot be made there, or in this way."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"backup: {file}: {problem}")


class LeadershipError(BotError):
    """What only the leader may do, by one who leads no more; `term` is the one that is over."""

    def __init__(self, leader: str, term: int) -> None:
        self.leader, self.term = leader, term
        super().__init__(f"leader: {leader}: term {term} is over, somebody else leads; nothing was written")


class WorkerError(BotError):
    """Work that cannot be shared: on this database, or of queues that there are not."""

    def __init__(self, what: str, problem: str) -> None:
        self.what, self.problem = what, problem
        super().__init__(f"worker: {what}: {problem}")


class FetchError(BotError):
    """A request to a source that gave no usable answer, after all tries; `wait`: seconds that the service asks for."""

    def __init__(self, url: str, problem: str, wait: float = 0.0) -> None:
        self.url, self.problem, self.wait = url, problem, wait
        super().__init__(f"source: {url}: {problem}")


class SourceError(BotError):
    """An answer that is not what the source promises: an error page, a short count, broken XML."""

    def __init__(self, source: str, problem: str) -> None:
        self.source, self.problem = source, problem
        super().__init__(f"source: {source}: {problem}")


class TemplateError(BotError):
    """A template that cannot be rendered, with the file and line."""

    def __init__(self, template: str, line: int | None, problem: str) -> None:
        self.template, self.line, self.problem = template, line, problem
        where = f"{template}:{line}" if line else template
        super().__init__(f"template: {where}: {problem}")


class NotRenderedError(BotError):
    """A digest that was not rendered, and is not to blame: the process that had it died."""

    def __init__(self) -> None:
        super().__init__("rendering: the process that had this digest died; it goes again, see that there is memory")


class HeaderError(BotError):
    """A mail header that cannot be written as its standard asks."""

    def __init__(self, header: str, value: str, mend: str) -> None:
        self.header, self.value = header, value
        super().__init__(f"header: {header}: '{value}'; {mend}")


class KeyFileError(BotError):
    """A key for signatures that is of no use, or a file for one that cannot be written; nothing of a key is told."""

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"dkim key: {where}: {problem}")


class MailServerError(BotError):
    """The mail server as a whole cannot be used: not one recipient's fault, so the round ends."""

    def __init__(self, server: str, problem: str, *, phase: str = "", passing: bool = False) -> None:
        #: How far the conversation had come, see `bot.models.deliveries.Phase`; empty where it is not told.
        self.server, self.problem, self.phase = server, problem, phase
        #: Whether it may be over soon by itself: not where it is our credentials or the server's certificate.
        self.passing = passing
        super().__init__(f"mail server: {server}: {problem}")


class MailboxError(BotError):
    """A mailbox of bounces that cannot be read; `mailbox` is its name without credentials."""

    def __init__(self, mailbox: str, problem: str) -> None:
        self.mailbox, self.problem = mailbox, problem
        super().__init__(f"bounces: {mailbox}: {problem}")


class StoppedError(BotError):
    """A step that was told to stop before it was done; nothing is lost by it."""

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(f"{step}: stopped when told to; the next round goes on from there")


class TokenError(BotError):
    """A link's token that is not ours, or not for this purpose."""

    def __init__(self) -> None:
        super().__init__("link: not valid; open the newest mail and use its link")


class ServeError(BotError):
    """An address that the page cannot be served at."""

    def __init__(self, address: str, problem: str) -> None:
        self.address, self.problem = address, problem
        super().__init__(f"page: {address}: {problem}")
