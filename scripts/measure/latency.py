"""Latencies at a load that all servers bear: percentiles of what h2load writes down of each request."""

import statistics
import subprocess
import sys

from . import servers as S
from . import throughput

CLIENTS = 64
REQUESTS_PER_SECOND = 20_000


def measure(run, name, port):
    asked, _ = throughput.start(run, name, port)
    shown = []
    try:
        for number in range(run.options.rounds + 1):
            order = asked if number % 2 else asked[::-1]
            results = {url: percentiles(run, url) for server, url in order if server}
            if number:
                shown.append([results.get(url) for _, url in asked])
    finally:
        S.stop(*(server for server, _ in asked))
    words = []
    for server, who in enumerate(("ours", "nginx", "Caddy")):
        of_rounds = [of_round[server] for of_round in shown if of_round[server]]
        if of_rounds:
            p50, p99 = (statistics.median(values) for values in zip(*of_rounds))
            words.append(f"{who} p50 {p50:.0f} us, p99 {p99:.0f} us")
    print(f"{name:<15}at {REQUESTS_PER_SECOND} requests/s: {'; '.join(words)}", flush=True)


def percentiles(run, url):
    log = f"{run.work}/latency.log"
    open(log, "w").close()
    rate = REQUESTS_PER_SECOND // CLIENTS
    count = REQUESTS_PER_SECOND * run.options.seconds
    said = subprocess.run(
        ["taskset", "-c", S.LOAD_CORE, "h2load", "--h1", f"-c{CLIENTS}", "-t1", f"-n{count}", f"--rps={rate}",
         f"--log-file={log}", url], capture_output=True, text=True)
    with open(log) as file:
        rows = [line.split("\t") for line in file]
    if said.returncode or any(row[1] != "200" for row in rows) or len(rows) != count:
        sys.exit(f"bench: wrong answers from {url}:\n{said.stdout}{said.stderr}")
    times = sorted(int(row[2]) for row in rows)
    return times[len(times) // 2], times[len(times) * 99 // 100]
