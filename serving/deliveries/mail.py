"""Sends a mail by SMTP, step by step, so that it is certain whether the server took it.

Until the server has answered DATA with 354 it has no mail: whatever fails before can be tried again. Its answer after
the mail says whether it took it. A connection that ends in between says nothing: the outcome is unknown.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import lru_cache
from typing import Any

from serving.deliveries.deadline import deadline
from serving.deliveries.message import Message, Outcome

POLICY = SMTP.clone(cte_type="7bit")
SECONDS_TO_ANSWER = 30.0
ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
LONGEST_REPLY = 200  # characters


def problem(server: Any) -> str:
    """Why no mail can be sent to an address that Apprise understands; empty where it can."""
    if server.pgp_mode != "no":
        return "Takings does not sign or encrypt mails: remove `pgp`"
    if not server.targets:
        return "it names nobody to send to"
    if not all(name.isascii() for name in (server.from_addr[1], *_recipients(server))):
        return "a mail address has a letter that is not ASCII"
    return ""


def send(server: Any, message: Message, message_id: str, date: datetime) -> Outcome:
    """Send a mail through the server of an Apprise address, with all its recipients in one transaction."""
    try:
        content = compose(server, message, message_id, date).as_bytes(policy=POLICY)
    except ValueError as error:
        return Outcome("failed", f"the mail cannot be written ({type(error).__name__}): see the headers in its address")
    smtp = _client(server)
    try:
        with deadline(lambda: smtp.sock):
            outcome = _delivered(smtp, server, content)
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    finally:
        smtp.close()
    return replace(outcome, detail=_without_names(outcome.detail, server))


def _delivered(smtp: smtplib.SMTP, server: Any, content: bytes) -> Outcome:
    try:
        _connect(smtp, server)
    except smtplib.SMTPNotSupportedError:
        return Outcome("failed", "the mail server does not offer the encryption or the login that the address asks for")
    except smtplib.SMTPResponseException as error:
        return _refused("the connection or the login", error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("later", f"no connection to the mail server ({_reason(error)})")
    return _submit(smtp, server.from_addr[1], _recipients(server), content)


def compose(server: Any, message: Message, message_id: str, date: datetime) -> EmailMessage:
    """The mail: text, HTML with its pictures, attachments. Equal arguments give equal bytes."""
    mail = EmailMessage(POLICY)
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = formataddr((server.from_addr[0] or " ".join(message.sender.split()), server.from_addr[1]))
    mail["To"] = ", ".join(formataddr((name or "", address)) for name, address in server.targets)
    for header, addresses in (("Cc", server.cc), ("Reply-To", server.reply_to)):
        if addresses:
            mail[header] = ", ".join(sorted(addresses))
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message_id}@{server.from_addr[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in server.headers.items():
        if name not in mail:
            mail[name] = " ".join(value.split())
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
        page = mail.get_body(("html",))
        for file in message.attachments:
            if page and file.inline:
                page.add_related(file.body, *_media(file.media_type), cid=f"<{file.name}>")
    for file in message.attachments:
        if not (file.inline and message.html):
            mail.add_attachment(file.body, *_media(file.media_type), filename=file.name)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"{message_id}-{number}")
    return mail


def _client(server: Any) -> smtplib.SMTP:
    """A client that is not connected yet."""
    if server.secure_mode == "ssl":
        return smtplib.SMTP_SSL(local_hostname=_own_name(), timeout=SECONDS_TO_ANSWER, context=_context(server))
    return smtplib.SMTP(local_hostname=_own_name(), timeout=SECONDS_TO_ANSWER)


@lru_cache(maxsize=1)
def _own_name() -> str:
    """How smtplib greets, which may ask a name server: once, not for each mail."""
    return smtplib.SMTP().local_hostname


def _context(server: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.verify_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _connect(smtp: smtplib.SMTP, server: Any) -> None:
    """Connect, greet, encrypt and log in as the address asks."""
    smtp._host = server.smtp_host  # type: ignore[attr-defined]  # what the certificate has to name
    code, reply = smtp.connect(server.smtp_host, server.port or 0)
    if code != 220:
        raise smtplib.SMTPConnectError(code, reply)
    smtp.ehlo_or_helo_if_needed()
    if server.secure_mode == "starttls":
        smtp.starttls(context=_context(server))
    if server.user and server.password:
        smtp.login(server.user, server.password)


def _submit(smtp: smtplib.SMTP, sender: str, recipients: list[str], content: bytes) -> Outcome:
    refused: list[tuple[int, bytes]] = []
    try:
        smtp.ehlo_or_helo_if_needed()
        answer = _envelope(smtp, sender, recipients, refused)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("later", f"the mail server ended the connection before it had the mail ({_reason(error)})")
    return answer or _body(smtp, content, refused, len(recipients))


def _envelope(
    smtp: smtplib.SMTP, sender: str, recipients: list[str], refused: list[tuple[int, bytes]]
) -> Outcome | None:
    """Sender, recipients and the word DATA: why the server does not want the mail; None where it does."""
    code, reply = smtp.mail(sender)
    if code != 250:
        return _refused("the sender", code, reply)
    for recipient in recipients:
        code, reply = smtp.rcpt(recipient)
        if code not in (250, 251):
            refused.append((code, reply))
    if len(refused) == len(recipients):
        return _refused("the recipient", *min(refused))  # a temporary refusal comes first: try again
    code, reply = smtp.docmd("DATA")
    return None if code == 354 else _refused("the mail", code, reply)


def _body(smtp: smtplib.SMTP, content: bytes, refused: list[tuple[int, bytes]], recipients: int) -> Outcome:
    """The mail itself: from its first byte on, only the server's answer says whether it has arrived."""
    try:
        smtp.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        code, reply = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Outcome("unknown", f"the connection ended before the server answered to the mail ({_reason(error)})")
    if 400 <= code < 600:
        return _refused("the mail", code, reply)
    if not 200 <= code < 300:
        return Outcome("unknown", f"the server's answer to the mail is no SMTP ({_shown(code, reply)})")
    if refused:
        why = f"{len(refused)} of {recipients} addresses were refused ({_shown(*refused[0])}); the others have it"
        return Outcome("unknown", why)
    return Outcome("sent", _shown(code, reply))


def _refused(what: str, code: int, reply: bytes | str) -> Outcome:
    """A refusal: 5xx is permanent, everything else is temporary."""
    return Outcome("failed" if 500 <= code < 600 else "later", f"{what} was refused: {_shown(code, reply)}")


def _shown(code: int, reply: bytes | str) -> str:
    """A server's reply without mail addresses, in one line."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    text = "".join(letter if letter.isprintable() else " " for letter in ADDRESS.sub("…", text))
    return f"{code} {' '.join(text.split())}"[:LONGEST_REPLY].rstrip()


def _reason(error: Exception) -> str:
    """An error's kind and the system's own words, which hold no address."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        cause = error.__context__
        return _reason(cause) if isinstance(cause, OSError) else "the connection was closed"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__


def _without_names(text: str, server: Any) -> str:
    """A text without the login and the names of mailboxes."""
    mailboxes = [address.partition("@")[0] for address in (server.from_addr[1], *_recipients(server))]
    for name in (server.user, server.password, *mailboxes):
        if name:
            text = re.sub(rf"\b{re.escape(name)}\b", "…", text)
    return text


def _recipients(server: Any) -> list[str]:
    return list(dict.fromkeys([*(address for _, address in server.targets), *sorted(server.cc | server.bcc)]))


def _media(media_type: str) -> tuple[str, str]:
    main, _, sub = media_type.partition(";")[0].partition("/")
    return main, sub
