"""Twilio's error codes that an operator can act on: what each means and what to do.

Invariant: a code decides only what cannot be decided otherwise (retry, give up, stop); an unknown code is shown with
its number and treated like the HTTP status it came with.
"""

from __future__ import annotations

REMEDIES: dict[int, str] = {
    20003: "Twilio refused the credentials, or the account has no balance: check both at Twilio",
    20404: "Twilio knows no such account or message: check TWILIO_ACCOUNT_SID",
    20429: "Twilio's request limit is reached",
    21211: "the recipient's number is not valid: check TWILIO_WHATSAPP_TO, such as +14155550123",
    21608: "a trial account may only write to verified numbers: verify TWILIO_WHATSAPP_TO at Twilio",
    21655: "Twilio knows no such template: check TWILIO_CONTENT_SID",
    21656: "Twilio refused the template's variables: the template needs {{1}}, {{2}} and {{3}}",
    30001: "Twilio's queue of this sender is full",
    30002: "the Twilio account is suspended: check its balance",
    30008: "the carrier gave no reason",
    30036: "the message was not delivered before it became too old: the phone was off or unreachable",
    63003: "the recipient has no WhatsApp at this number: check TWILIO_WHATSAPP_TO",
    63007: "the sender is no WhatsApp sender of this account: check TWILIO_WHATSAPP_FROM",
    63010: "an internal error at Twilio",
    63012: "an internal error at WhatsApp",
    63013: "WhatsApp refused the message for a breach of its policy",
    63015: "the recipient has not joined the sandbox, or the three days ended: join again, or use a real sender",
    63016: "free text outside the 24 h window: TWILIO_CONTENT_SID must name a template that WhatsApp approved",
    63018: "the sender's rate limit at WhatsApp is reached",
    63021: "the message is too long or holds invalid content",
    63024: "the recipient's number is not valid for WhatsApp: check TWILIO_WHATSAPP_TO",
}

# Delivery failures after which the same message may well arrive.
MAY_PASS = frozenset({30001, 30008, 63010, 63012, 63018})

CREDENTIALS_REFUSED = 20003


def explain(code: int | None, otherwise: str) -> str:
    """Return one line for the operator: the code with its meaning and remedy, or with `otherwise`."""
    if code is None:
        return otherwise
    return f"{code}: {REMEDIES.get(code, otherwise)}"
