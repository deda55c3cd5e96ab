"""TLS 1.2 without secure renegotiation (RFC 5746), as libraries of before 2010 speak it, in front of a
plain server: GnuTLS can still be told to.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.support import library, need

PRIORITY = b"NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"
_SERVER, _CERTIFICATE, _PEM, _STEP = 1, 1, 1, 0.05


class Front:
    """Hands on to 127.0.0.1:`plain` what comes by TLS, with the certificate and key in `pair`."""

    def __init__(self, pair: Path, plain: int) -> None:
        path = library("libgnutls.so.30")
        need(path)
        self.plain, self.ended = plain, threading.Event()
        self.gnutls: Any = ctypes.CDLL(path)
        self.gnutls.gnutls_record_recv.restype = ctypes.c_ssize_t
        self.gnutls.gnutls_record_send.restype = ctypes.c_ssize_t
        self.credentials, name = ctypes.c_void_p(), str(pair).encode()
        self.gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(self.credentials))
        loaded = self.gnutls.gnutls_certificate_set_x509_key_file(
            self.credentials, name, name, _PEM
        )
        assert loaded == 0

    def accept(self, listening: socket.socket) -> None:
        """Serve until the end, each connection in a thread."""
        threads: list[threading.Thread] = []
        while not self.ended.is_set():
            if select.select([listening], [], [], _STEP)[0]:
                client, _ = listening.accept()
                threads.append(threading.Thread(target=self._talk, args=(client,)))
                threads[-1].start()
        for thread in threads:
            thread.join()
        self.gnutls.gnutls_certificate_free_credentials(self.credentials)

    def _talk(self, client: socket.socket) -> None:
        session = ctypes.c_void_p()
        self.gnutls.gnutls_init(ctypes.byref(session), _SERVER)
        assert self.gnutls.gnutls_priority_set_direct(session, PRIORITY, None) == 0
        self.gnutls.gnutls_credentials_set(session, _CERTIFICATE, self.credentials)
        self.gnutls.gnutls_transport_set_int2(session, client.fileno(), client.fileno())
        with client, contextlib.suppress(OSError):
            if self.gnutls.gnutls_handshake(session) == 0:
                with socket.create_connection(("127.0.0.1", self.plain)) as server:
                    while not self.ended.is_set() and self._handed_on(session, client, server):
                        pass
        self.gnutls.gnutls_deinit(session)

    def _handed_on(
        self, session: ctypes.c_void_p, client: socket.socket, server: socket.socket
    ) -> bool:
        """Hand on what has come, both ways; False where one of them has hung up."""
        ready = select.select([client, server], [], [], _STEP)[0]
        if client in ready or self.gnutls.gnutls_record_check_pending(session):
            buffer = ctypes.create_string_buffer(16384)
            size = self.gnutls.gnutls_record_recv(session, buffer, len(buffer))
            if size <= 0:
                return False
            server.sendall(buffer.raw[:size])
        if server in ready:
            data = server.recv(16384)
            if not data or self.gnutls.gnutls_record_send(session, data, len(data)) < 0:
                return False
        return True


@contextlib.contextmanager
def before_5746(pair: Path, plain: int, host: str) -> Iterator[int]:
    """The port at `host` of a front."""
    front = Front(pair, plain)
    with socket.create_server((host, 0)) as listening:
        serving = threading.Thread(target=front.accept, args=(listening,))
        serving.start()
        try:
            yield listening.getsockname()[1]
        finally:
            front.ended.set()
            serving.join()
