"""Full TLS handshakes, each on a connection of its own without a session to resume, with one request."""

import re
import statistics
import subprocess
import sys

from . import servers as S


def measure(run, port):
    # The client names no server, so that the sites are those of its address.
    asked = [run.zeroserve("handshakes", "https", 'respond "hello"', port, "127.0.0.1"),
             run.nginx("https", 'return 200 "hello";', port + 1),
             run.caddy("handshakes", "https", 'respond "hello"', port + 2, "127.0.0.1")]
    rounds = []
    try:
        for number in range(run.options.rounds + 1):
            results = [cost(run, server, port + place) if server else None for place, server in enumerate(asked)]
            if number:
                rounds.append(results)
    finally:
        S.stop(*asked)
    words = []
    for place, who in enumerate(("ours", "nginx", "Caddy")):
        costs = [of_round[place] for of_round in rounds if of_round[place]]
        if costs:
            ratio = statistics.median([of_round[0] / of_round[place] for of_round in rounds])
            words.append(f"{who} {statistics.median(costs):.0f} us (ratio {ratio:.2f})")
    print(f"full handshakes, TLS 1.3, P-256: CPU per connection with one request: {'; '.join(words)}", flush=True)


def cost(run, server, port):
    """CPU microseconds per connection."""
    before = S.cpu(server)
    said = subprocess.run(
        ["taskset", "-c", S.LOAD_CORE, "openssl", "s_time", "-new", "-connect", f"localhost:{port}", "-time",
         str(run.options.seconds), "-www", "/", "-CAfile", f"{run.work}/cert.pem"], capture_output=True, text=True)
    used = S.cpu(server) - before
    count = re.search(r"(\d+) connections in [\d.]+s", said.stdout)
    if not count or not int(count[1]):
        sys.exit(f"bench: no handshakes at {port}:\n{said.stdout}{said.stderr}")
    return used / 1000 / int(count[1])
