"""The HTTP client handed to the twilio package: short time limits, no logging, one connection per request.

Invariant: no request waits longer than its limits for a connection or for the next byte, and nothing about a request
(address, header, body) is ever logged. A pooled connection that the other side closed would turn a send that never
happened into an outcome nobody knows, so none is kept.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from requests import Session
from twilio.http import HttpClient
from twilio.http.response import Response

CONNECT_S = 3.0
READ_S = 7.0


class TimedHttpClient(HttpClient):  # type: ignore[misc]  # twilio ships no types
    """Sends what the twilio package built. `base_url` replaces scheme and host, for a server on this machine."""

    def __init__(self, *, base_url: str | None = None, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        super().__init__(logger=None, is_async=False, timeout=None)
        self._base_url = base_url
        self._limits = (connect_s, read_s)
        self.retry_after_s: float | None = None

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, str | int] | None = None,
        data: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Carry out one request.

        Raises:
            requests.RequestException: no answer; the type and its cause say whether anything was sent.
        """
        with Session() as session:
            session.trust_env = self._base_url is None  # a proxy is for the way out, not for this machine
            answer = session.request(
                method,
                self._address(uri),
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=self._limits,
                allow_redirects=allow_redirects,
            )
            wait = answer.headers.get("Retry-After", "")
            self.retry_after_s = float(wait) if wait.isdecimal() else None
            return Response(answer.status_code, answer.text, answer.headers)

    def _address(self, uri: str) -> str:
        if self._base_url is None:
            return uri
        base = urlsplit(self._base_url)
        return urlunsplit(urlsplit(uri)._replace(scheme=base.scheme, netloc=base.netloc))
