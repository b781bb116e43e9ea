"""Resident memory per idle TLS connection."""

import resource
import socket
import ssl
import sys
import time

from . import servers as S

CONNECTIONS = 5000


def measure(run, port):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    words = []
    for who, start in (("ours", lambda: run.zeroserve("idle", "https", 'respond "hello"', port)),
                       ("nginx", lambda: run.nginx("https", 'return 200 "hello";', port + 1)),
                       ("Caddy", lambda: run.caddy("idle", "https", 'respond "hello"', port + 2))):
        server = start()
        if not server:
            continue
        try:
            before = S.resident(server)
            held = [connect(port + ("ours", "nginx", "Caddy").index(who)) for _ in range(CONNECTIONS)]
            time.sleep(1)
            after = S.resident(server)
            ask(held[0])
            for connection in held:
                connection.close()
        finally:
            S.stop(server)
        words.append(f"{who} {before:.1f} to {after:.1f} MiB, {(after - before) * 1024 / CONNECTIONS:.1f} KiB each")
    print(f"{CONNECTIONS} idle TLS connections: {'; '.join(words)}", flush=True)


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE


def connect(port):
    return CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname="localhost")


def ask(connection):
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
        sys.exit("bench: an idle connection is not answered")
