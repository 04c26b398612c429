"""A venue after a restart: saved as JSON and restored, with no quote known."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.gateway.venue.floorplan import CALENDAR, DETAILS
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.venue.venue import Venue


def restarted(
    venue: Venue, config: VenueConfig | None = None, instruments: Sequence[ContractDetails] = DETAILS
) -> Venue:
    """The same venue in a new process."""
    state = json.loads(json.dumps(venue.to_state()))
    return Venue(config=config or VenueConfig(), calendar=CALENDAR, instruments=instruments, state=state)
