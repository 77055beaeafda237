"""Ports that the system gives and keeps for one stack."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass, field


@dataclass
class Ports:
    """Loopback ports of one stack, held until `close`, also while their service is stopped.

    On Linux a socket that is bound with SO_REUSEADDR and does not listen keeps a port from everyone who asks
    the system for one, while a server that names it can listen on it; a client is refused until then.
    Elsewhere the port is only looked up.
    """

    _held: list[socket.socket] = field(default_factory=list, repr=False)

    def take(self) -> int:
        """One more port."""
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform == "linux":
            self._held.append(holder)
        else:
            holder.close()
        return port

    def close(self) -> None:
        """Give all of them back."""
        while self._held:
            self._held.pop().close()
