"""A mail that came to the bounce address, read: what it is, what it reports, and which tokens are in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.models.bounces import DIAGNOSTIC_LENGTH, BounceKind
from bot.suppress.parts import Headers, Part, blocks, leaves, take_apart
from bot.suppress.statuses import Action, RecipientStatus, kind_of, read_recipient

#: Octets of a mail that are read. Reports come before the mail that they quote, so more is not needed.
READ_AT_MOST: Final = 1 << 20

#: Where whoever delivered the mail wrote whom it was for, the most trustworthy first.
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To", "Cc")
#: The envelope sender of the mail that is reported: in the report's own fields, and in what is quoted.
_REPORTED = ("X-Postfix-Sender", "Original-Mail-From")
_QUOTED = ("Return-Path", "X-Return-Path", "X-Envelope-From")
_BOUNCE_TOKEN = re.compile(r"\+(l?\d{1,20}[-.][A-Za-z0-9_-]{8,64})(?=[@=])", re.IGNORECASE)
_LEAVE_TOKEN = re.compile(r"/unsubscribe/(\d{1,20}\.[A-Za-z0-9_-]{8,64})(?![A-Za-z0-9_-])")
#: As mail programs write it whose button follows the mailto link of List-Unsubscribe (RFC 2369 section 3.2).
_LEAVING = re.compile(r"\s*unsubscribe\s+(\d{1,20}\.[A-Za-z0-9_-]{8,64})\s*", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"[^\s<>@]{1,200}@[^\s<>@]{1,255}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
#: Types of complaints (RFC 5965 section 7.3); others report viruses, or that a mail was no nuisance after all.
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
_QUOTES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_STATUSES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_GRAVEST = (BounceKind.GONE, BounceKind.SOFT, BounceKind.REFUSED)


class Sort(StrEnum):
    """What a mail is."""

    REPORT = "report"
    """It says that a mail did not arrive, or was unwelcome."""
    DELAYED = "delayed"
    """A mail has not arrived yet; the server goes on trying."""
    DELIVERED = "delivered"
    """It arrived, or went on to where nobody reports."""
    OTHER = "other"
    """A report of something else: read, a virus, no nuisance after all."""
    AUTOMATIC = "automatic"
    """A program's answer: on holiday, say."""
    LEAVING = "leaving"
    """It asks to be unsubscribed, with the token of a link to leave."""
    PERSON = "person"
    """For a person to read."""
    UNREADABLE = "unreadable"
    """It says that it is a report, and has none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is in a mail."""

    sort: Sort
    #: Of a report.
    kind: BounceKind | None = None
    status: str = ""
    diagnostic: str = ""
    #: What looks like tokens of bounce addresses, and of links to leave, the most trustworthy first; not verified.
    tokens: tuple[str, ...] = ()
    leave_tokens: tuple[str, ...] = ()
    #: What the mail that is reported was called: Original-Envelope-Id and Message-ID.
    message_ids: tuple[str, ...] = ()
    #: The same for the same mail, whichever way it is read.
    identity: str = ""


def is_told_by_header(header: bytes) -> bool:
    """Whether `read_mail` needs no more of a mail than its header: of all but reports, and what comes from nobody."""
    headers = take_apart(header).headers
    return headers.content_type[0] != "multipart/report" and not _is_from_nobody(headers)


def read_mail(content: bytes) -> Reading:
    """What a mail is and says, looking at `READ_AT_MOST` octets of it. It raises nothing, whatever it is given."""
    mail = take_apart(content[:READ_AT_MOST])
    kind, named = mail.headers.content_type
    report_type = named.get("report-type", "").lower()
    from_nobody = _is_from_nobody(mail.headers)
    parts = leaves(mail) if kind.startswith("multipart/") else [mail]
    told = [part for part in parts if part.type in _STATUSES]
    if kind == "multipart/report" and report_type == "feedback-report":
        return _complaint(mail, parts)
    if told and (from_nobody or (kind == "multipart/report" and report_type in {"delivery-status", ""})):
        return _delivery_report(mail, parts, told)
    if kind == "multipart/report" and report_type == "delivery-status":
        return Reading(Sort.UNREADABLE)
    if kind == "multipart/report":
        return Reading(Sort.OTHER)
    if from_nobody or _is_automatic(mail.headers):
        return Reading(Sort.AUTOMATIC)
    leaving = _LEAVING.fullmatch(mail.headers.first("Subject"))
    return Reading(Sort.LEAVING, leave_tokens=(leaving[1],)) if leaving else Reading(Sort.PERSON)


def _delivery_report(mail: Part, parts: Sequence[Part], told: Sequence[Part]) -> Reading:
    groups = [group for part in told for group in blocks(part.content)]
    each = [said for group in groups if (said := _recipient(group)) is not None]
    if not each:
        return Reading(Sort.UNREADABLE)
    failed = [(kind_of(said), said) for said in each if said.action is Action.FAILED]
    if not failed:
        late = any(said.action is Action.DELAYED for said in each)
        return Reading(Sort.DELAYED if late else Sort.DELIVERED)
    # One mail has one recipient of ours; if there are several in a report, they are what the other side made of it.
    kind, said = min(failed, key=lambda one: _GRAVEST.index(one[0]))
    if kind is BounceKind.GONE and len(each) > len(failed):
        kind = BounceKind.SOFT
    return _reading(mail, groups, parts, kind, said.status, said.diagnostic)


def _complaint(mail: Part, parts: Sequence[Part]) -> Reading:
    groups = [group for part in parts if part.type == "message/feedback-report" for group in blocks(part.content)]
    kinds = [value.strip().lower() for group in groups for value in group.all("Feedback-Type")]
    if not kinds:
        return Reading(Sort.UNREADABLE)
    if kinds[0] not in _COMPLAINTS:
        return Reading(Sort.OTHER)
    by = " ".join(value for group in groups for value in group.all("User-Agent")[:1])
    return _reading(mail, groups, parts, BounceKind.COMPLAINT, kinds[0], f"by {by}" if by else "")


def _reading(
    mail: Part, groups: Sequence[Headers], parts: Sequence[Part], kind: BounceKind, status: str, diagnostic: str
) -> Reading:
    quoted = [take_apart(part.content).headers for part in parts if part.type in _QUOTES]
    paths = [
        *mail.headers.all(*_ADDRESSED),
        *(value for group in groups for value in group.all(*_REPORTED)),
        *(value for one in quoted for value in one.all(*_QUOTED)),
    ]
    names = [
        *(value for group in groups for value in group.all("Original-Envelope-Id")),
        *(value for one in quoted for value in one.all("Message-ID")),
    ]
    leaving = (value for one in quoted for value in one.all("List-Unsubscribe"))
    said = " ".join("".join(c if c.isprintable() else " " for c in diagnostic).split())
    return Reading(
        Sort.REPORT,
        kind,
        status,
        said[:DIAGNOSTIC_LENGTH],
        _each_once(found for path in paths for found in _BOUNCE_TOKEN.findall(path)),
        _each_once(found for link in leaving for found in _LEAVE_TOKEN.findall("".join(link.split()))),
        _each_once(found for name in names for found in _MESSAGE_ID.findall(_without_xtext(name))),
        _identity(mail),
    )


def _recipient(group: Headers) -> RecipientStatus | None:
    return read_recipient(
        group.first("Action"),
        group.first("Status"),
        group.first("Diagnostic-Code"),
        group.first("Original-Recipient"),
        group.first("Final-Recipient"),
    )


def _is_from_nobody(headers: Headers) -> bool:
    """RFC 5321 section 4.5.5: reports, and answers of programs, have a null sender."""
    return any(not path.strip(" <>") for path in headers.all("Return-Path"))


def _is_automatic(headers: Headers) -> bool:
    """RFC 3834 section 5, and what programs wrote before it."""
    said = headers.first("Auto-Submitted").partition(";")[0].strip().lower()
    old = ("X-Autoreply", "X-Autorespond", "X-Autogenerated", "List-Id", "Feedback-ID")
    bulk = headers.first("Precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}
    return bool(said and said != "no") or bulk or any(name in headers for name in old)


def _identity(mail: Part) -> str:
    """By its Message-ID, which stays on all ways; where it has none, by its bytes."""
    name = mail.headers.first("Message-ID").encode("utf-8")
    return hashlib.sha256(name or mail.body).hexdigest()


def _without_xtext(value: str) -> str:
    """An envelope id as it was before it became a parameter (RFC 3461 section 4); not all programs undo that."""
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), value)


def _each_once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:20]
