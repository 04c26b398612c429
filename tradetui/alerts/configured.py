"""Turn the operator's configuration into the watcher's settings, in one place.

Invariant: every alert key of the configuration has an effect here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradetui.alerts.settings import AlertSettings

if TYPE_CHECKING:
    from tradetui.config import Config


def settings_of(config: Config) -> AlertSettings:
    """Return the watcher's settings for `config`."""
    alerts = config.alerts
    return AlertSettings(
        label=config.profile.upper(),
        enabled=alerts.whatsapp,
        content_sid=alerts.content_sid,
        sender=alerts.whatsapp_from,
        recipients=alerts.recipients,
        api_url=alerts.api_url.rstrip("/"),
        incident_window_s=alerts.incident_window_s,
        max_messages_per_hour=int(alerts.max_messages_per_hour),
        ping_url=alerts.heartbeat_url,
        ping_every_s=alerts.heartbeat_every_s,
    )
