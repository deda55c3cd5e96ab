"""A notice as an e-mail message (RFC 5322): plain text and HTML, with a stable Message-ID, threaded
by fault.
"""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from healthmon.notifications import text
from healthmon.notifications.notice import Notice


def letter(notice: Notice, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    """The message from `sender` to `receivers` (checked addresses, ASCII).

    The same notice gives the same Message-ID, by which mail systems drop what is delivered twice.
    All messages of one fault refer to one id that is never sent (RFC 5322 section 3.6.4 allows
    references to unknown messages), so that programs show them as one thread whichever of them
    arrive. RFC 3834: nobody's machine shall answer.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(receivers)
    message["Subject"] = text.subject(notice)
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = message_id(notice.estate, notice.id, sender)
    if notice.fault:
        message["References"] = message_id(notice.estate, notice.fault, sender)
        message["In-Reply-To"] = message_id(notice.estate, notice.fault, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if notice.priority == 1 and not notice.ended:
        message["Importance"] = "high"
    message.set_content(text.report(notice), cte="quoted-printable")
    message.add_alternative(text.report_html(notice), subtype="html", cte="quoted-printable")
    return message


def message_id(estate: str, what: str, sender: str) -> str:
    """``<HASH@domain of the sender>``: the hash holds nothing that could break out of the header
    field.
    """
    named = f"{estate}\0{what}".encode("utf-8", "replace")
    mark = hashlib.blake2b(named, digest_size=12, person=b"healthmon-mail").hexdigest()
    return f"<healthmon.{mark}@{sender.rpartition('@')[2]}>"
