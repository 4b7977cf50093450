"""Reports as mail servers and providers write them, for tests."""

from __future__ import annotations

from bot.subscribe.tokens import Tokens

TOKENS = Tokens(["a-key-of-the-tests", "an-older-key"])
MESSAGE_ID = "<4711.0123456789abcdef0123456789abcdef@papers.example.org>"


def dsn(
    to: str = "bounce@papers.example.org",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <zoe@reader.example>: no such user",
    final: str = "rfc822; zoe@reader.example",
    original: str = "rfc822;zoe@reader.example",
    envelope_id: str = "",
    message_id: str = "<dsn-1@mx.reader.example>",
    quoted: str = "",
    return_path: str = "<>",
    report_type: str = "; report-type=delivery-status",
    more: str = "",
) -> bytes:
    """A delivery status notification (RFC 3464), with LF between lines, as it lies in a Maildir."""
    envelope = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    own = f"Message-ID: {message_id}\n" if message_id else ""
    return f"""Return-Path: {return_path}
Delivered-To: {to}
From: MAILER-DAEMON@mx.reader.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
{own}Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report{report_type};
\tboundary="4fX=_?2.17/mx.reader.example"

This is a MIME-encapsulated message.

--4fX=_?2.17/mx.reader.example
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4fX=_?2.17/mx.reader.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.reader.example
{envelope}Arrival-Date: Mon, 23 Nov 2026 09:30:00 +0000 (UTC)

Final-Recipient: {final}
Original-Recipient: {original}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: {diagnostic}
{more}
--4fX=_?2.17/mx.reader.example
Content-Type: text/rfc822-headers

From: Concept Digest <digest@papers.example.org>
{quoted}
--4fX=_?2.17/mx.reader.example--
""".encode()


def arf(quoted: str, *, kind: str = "abuse") -> bytes:
    """A complaint (RFC 5965)."""
    return f"""From: complaints@provider.example
To: abuse@papers.example.org
Subject: FW: New papers
Message-ID: <arf-1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b 1"

--b 1
Content-Type: text/plain

This is an email abuse report.

--b 1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider-FBL/1.0
Version: 1

--b 1
Content-Type: message/rfc822

{quoted}From: Concept Digest <digest@papers.example.org>
Subject: New papers

Hello
--b 1--
""".encode()


def bounced(delivery_id: int, **changes: str) -> bytes:
    """A notification about a delivery, to the address with its token."""
    return dsn(f"bounce+{TOKENS.make_bounce(delivery_id)}@papers.example.org", **changes)


def reply(headers: str = "", to: str = "bounce@papers.example.org") -> bytes:
    """A mail of a person, or with `headers` of a program."""
    return f"Return-Path: <zoe@reader.example>\n{headers}From: Zoe\nTo: {to}\nSubject: Re: papers\n\nThanks!\n".encode()
