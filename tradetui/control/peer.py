"""Who is at the other end of a Unix socket. The invariant: we never talk to a process of another user."""

from __future__ import annotations

import os
import socket
import struct

_UCRED = struct.Struct("3i")


def peer_pid_and_uid(sock: socket.socket) -> tuple[int, int] | None:
    """Return the process id and user id of the peer of a connected Unix socket, or None where the system has no way."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    pid, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _UCRED.size))
    return pid, uid


def is_own_process(sock: socket.socket) -> bool:
    """Return whether the peer runs under our user id; the socket's 0700 directory answers where the system cannot."""
    peer = peer_pid_and_uid(sock)
    return peer is None or peer[1] == os.getuid()
