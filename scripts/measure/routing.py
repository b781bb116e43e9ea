"""User instructions per request for the last of many hosts, paths and expressions, ours to ours, counted by callgrind."""

import os
import re
import socket
import subprocess
import sys
import time

from . import servers as S

SIZES = (8, 256, 4096)
FEW, MANY = 100, 2100


def hosts(count, port):
    return "".join(f'http://site{number}.example:{port} {{\n\trespond "number {number}"\n}}\n' for number in range(count))


def paths(count, port):
    routes = "".join(f'\thandle /path{number}/* {{\n\t\trespond "number {number}"\n\t}}\n' for number in range(count))
    return f":{port} {{\n{routes}}}\n"


def expressions(count, port):
    routes = "".join(f'\t@item{number} path_regexp ^/item{number}/[0-9]+$\n'
                     f'\thandle @item{number} {{\n\t\trespond "number {number}"\n\t}}\n' for number in range(count))
    return f":{port} {{\n{routes}}}\n"


# What the last one is asked by: host and path.
KINDS = {"hosts": (hosts, "site{}.example", "/"), "paths": (paths, "localhost", "/path{}/x"),
         "expressions": (expressions, "localhost", "/item{}/42")}


def measure(run, port):
    for kind, (write, host, path) in KINDS.items():
        counted = {}
        for size in SIZES:
            text = "{\n\tadmin off\n\tauto_https off\n}\n" + write(size, port)
            site = run.build(run.write(f"{kind}{size}.caddy", text))
            last = size - 1
            request = f"GET {path.format(last)} HTTP/1.1\r\nHost: {host.format(last)}\r\n\r\n".encode()
            few, many = (instructions(run, site, port, request, f"number {last}", count) for count in (FEW, MANY))
            counted[size] = (many - few) / (MANY - FEW)
        base = counted[SIZES[0]]
        words = ", ".join(f"{size}: {count:.0f} ({count / base:.2f})" for size, count in counted.items())
        print(f"user instructions per request, the last of {kind}: {words}", flush=True)


def instructions(run, site, port, request, answer, count):
    out = os.path.join(run.work, "callgrind")
    server = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", site, "--workers=1",
                               "--io=epoll"], stderr=subprocess.DEVNULL)
    try:
        ask(port, request, answer, count)
    finally:
        S.stop(server)
    with open(out) as file:
        return int(re.search(r"^totals: (\d+)", file.read(), re.M)[1])


def ask(port, request, answer, count):
    for _ in range(600):
        try:
            connection = socket.create_connection(("127.0.0.1", port), 5)
            break
        except OSError:
            time.sleep(0.05)
    else:
        sys.exit("bench: the site does not start under valgrind")
    for _ in range(count):
        connection.sendall(request)
        got = connection.recv(65536)
        if not got.endswith(b"\r\n\r\n" + answer.encode()):
            sys.exit(f"bench: {got!r}")
    connection.close()
