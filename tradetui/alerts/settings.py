"""What the watcher must know about one installation, apart from the credentials.

Invariant: no secret is in here, so the settings may travel over the pipe from the core; telephone numbers and the ping
address are left out of `repr`, because settings end up in logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tradetui.alerts.delivery import DeliveryPolicy
from tradetui.domain.errors import OperatorError

TWILIO_URL = "https://api.twilio.com"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Times are seconds. `label` names the installation in every message (LIVE, PAPER, DEMO)."""

    label: str
    enabled: bool = False
    content_sid: str | None = None
    sender: str | None = field(default=None, repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    api_url: str = TWILIO_URL
    include_figures: bool = False
    incident_window_s: float = 300.0
    max_messages_per_hour: int = 20
    validity_s: int = 600
    connect_s: float = 3.0
    read_s: float = 7.0
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    ping_url: str | None = field(default=None, repr=False)
    ping_every_s: float = 60.0
    heartbeat_timeout_s: float = 10.0
    grace_s: float = 15.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.api_url)
        # Credentials travel to this address.
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise OperatorError("alerts.api_url must be https: credentials travel to it")

    @property
    def base_url(self) -> str | None:
        """The address to use instead of Twilio's own, None for Twilio's."""
        return None if self.api_url == TWILIO_URL else self.api_url

    @property
    def call_limit_s(self) -> float:
        """How long one question to the carrier may take in all."""
        return self.connect_s + self.read_s

    def off_reason(self, *, has_credentials: bool) -> str | None:
        """Return one line that says why no alert can be sent, None when all is there."""
        if not self.enabled:
            return "alerts off: alerts.whatsapp is false"
        if not has_credentials:
            return "alerts off: no Twilio credentials (set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN)"
        wanted = {
            "alerts.content_sid": self.content_sid,
            "alerts.whatsapp_from": self.sender,
            "alerts.recipients": self.recipients,
        }
        missing = [name for name, value in wanted.items() if not value]
        return f"alerts off: {', '.join(missing)} not set" if missing else None


def whatsapp_address(number: str) -> str:
    """Return a telephone number in the form the carrier asks for: whatsapp:+14155550123."""
    return number if number.startswith("whatsapp:") else f"whatsapp:{number}"
