"""Time from exec to the first answer, memory of an idle site, sizes, and how long a build takes."""

import os
import socket
import statistics
import subprocess
import sys
import time

from . import servers as S

SITES = {"redirector": "http:// {\n\tredir https://{host}{uri}\n}\n",
         "https-proxy": "https://localhost:8443 {\n\ttls internal\n\treverse_proxy 127.0.0.1:9000\n}\n"}


def measure(run, port):
    site = run.build(run.caddyfile("start", "http", 'respond "hello"', port))
    times = [first_answer(site, port) for _ in range(21)]
    print(f"exec to first 200, with the time to spawn: median {statistics.median(times):.2f} ms, best {min(times):.2f} ms")
    server = run.zeroserve("idle", "https", 'respond "hello"', port + 1)
    time.sleep(0.5)
    print(f"idle HTTPS site, one worker: {S.resident(server):.2f} MiB resident")
    S.stop(server)
    for name, text in SITES.items():
        caddyfile = run.write(f"{name}.caddy", text)
        begin = time.perf_counter()
        site = run.build(caddyfile)
        took = (time.perf_counter() - begin) * 1e3
        print(f"{name}: {os.path.getsize(site) / 1e6:.3f} MB stripped, built in {took:.0f} ms")


def first_answer(site, port):
    begin = time.perf_counter()
    server = subprocess.Popen([site, "--workers=1"], stderr=subprocess.DEVNULL)
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as stream:
                stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = stream.recv(4096)
            break
        except OSError:
            if time.perf_counter() - begin > 10:
                sys.exit("bench: the site does not start")
    took = (time.perf_counter() - begin) * 1e3
    S.stop(server)
    if not answer.startswith(b"HTTP/1.1 200"):
        sys.exit(f"bench: {answer!r}")
    return took
