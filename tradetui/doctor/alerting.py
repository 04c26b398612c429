"""Can this installation tell its operator anything: the credentials are there, and the sender is no toy.

Invariant: no credential is shown, not even in part.
"""

from __future__ import annotations

from collections.abc import Iterator

from tradetui.doctor.finding import Case, Finding, fail, ok, skip, warn

#: Twilio's shared sandbox number: each recipient's consent ends after three days.
SANDBOX = "+14155238886"


def check_alerting(case: Case) -> Iterator[Finding]:
    """Check the WhatsApp settings and the credentials."""
    from tradetui.config.secret import SecretError, load_twilio_secrets

    config = case.config
    if config is None:
        yield skip("alerts", "the configuration is refused")
        return
    alerts = config.alerts
    try:
        secrets = load_twilio_secrets(case.paths.env_file, case.environ)
    except SecretError as error:
        yield fail("alerts", str(error), "alerts stay off until this is mended")
        return
    if not alerts.whatsapp:
        there = "" if secrets is None else " although credentials are there"
        remedy = "set alerts.whatsapp = true, or look at the screen often"
        yield warn("alerts", f"off{there}: a kill or a lost link is told on the screen only", remedy)
    elif secrets is None:
        remedy = "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment or in .env"
        yield fail("alerts", "on, but there are no Twilio credentials", remedy)
    elif alerts.whatsapp_from is not None and alerts.whatsapp_from.removeprefix("whatsapp:") == SANDBOX:
        remedy = "register a WhatsApp sender of your own: the sandbox forgets recipients after three days"
        yield warn("alerts", "on, through Twilio's sandbox number", remedy)
    else:
        count = len(alerts.recipients)
        yield ok("alerts", f"on for {count} recipient{'s' * (count != 1)}; try: tradetui alerts test")
