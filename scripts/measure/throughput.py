"""CPU time per request under as much load as the generator gives, in interleaved rounds; every answer is checked."""

import os
import re
import statistics
import subprocess
import sys

from . import servers as S

CONNECTIONS = 64
BODY = "hello from upstream\n"

# name: (scheme, directives of the site, nginx location, expected body or length of a file, nginx log)
WORKLOADS = {
    "respond-http": ("http", 'respond "hello"', 'return 200 "hello";', "hello", "off"),
    "respond-https": ("https", 'respond "hello"', 'return 200 "hello";', "hello", "off"),
    "respond-log": ("http", 'respond "hello"\n\tlog {{\n\t\toutput file {work}/access.log\n\t}}', 'return 200 "hello";', "hello",
                    "{work}/nginx-access.log combined"),
    "proxy-http": ("http", "reverse_proxy 127.0.0.1:19000", "proxy", BODY, "off"),
    "proxy-https": ("https", "reverse_proxy 127.0.0.1:19000", "proxy", BODY, "off"),
    "file-1k": ("http", "file_server", "files", 1000, "off"),
    "file-1k-https": ("https", "file_server", "files", 1000, "off"),
    "file-100k": ("http", "file_server", "files", 100_000, "off"),
    "file-10m": ("http", "file_server", "files", 10_000_000, "off"),
}

DIGITS = "0123456789"

CHECK = """
local expected = {body}
local bad = 0
function response(status, headers, body)
  if status ~= 200 or (#body > 1000 and #body ~= {length}) or (#body <= 1000 and body ~= expected) then bad = bad + 1 end
end
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function done()
  local all = 0
  for _, thread in ipairs(threads) do all = all + (thread:get("bad") or 0) end
  print("wrong answers: " .. all)
end
"""


def start(run, name, port):
    """The three servers of a workload, each with the address that is asked; and the body that is expected."""
    scheme, directives, location, body, log = WORKLOADS[name]
    path = ""
    if location == "files":
        os.makedirs(f"{run.work}/files", exist_ok=True)
        path = f"{body}.txt"
        directives = f"root * {run.work}/files\n\t{directives}"
        location = f"root {run.work}/files; sendfile on; tcp_nopush on;"
        body = DIGITS * (body // 10)
        run.write(f"files/{path}", body)
    directives, log = (directives.format(work=run.work) if "{work}" in directives else directives), log.format(work=run.work)
    all_of = [run.zeroserve(name, scheme, directives, port),
              run.nginx(scheme, location, port + 1, log),
              run.caddy(name, scheme, directives, port + 2)]
    return [(server, f"{scheme}://localhost:{port + number}/{path}") for number, server in enumerate(all_of)], body


def header(options):
    print(f"{options.rounds} rounds of {options.seconds} s, {CONNECTIONS} keep-alive connections; us of CPU per request")
    print(f"{'workload':<15}{'ours':>9}{'nginx':>9}{'ratio':>7}{'spread':>14}{'Caddy':>9}{'ratio':>7}"
          f"{'req/s':>9}{'nginx':>9}{'Caddy':>9}{'MiB':>7}{'nginx':>7}{'Caddy':>7}")


def measure(run, name, port):
    asked, body = start(run, name, port)
    try:
        rounds = []
        for number in range(run.options.rounds + 1):
            order = asked if number % 2 else asked[::-1]
            results = {url: load(run, server, url, body) for server, url in order if server}
            if number:  # the first round warms up
                rounds.append([results.get(url) for _, url in asked])
        memory = [S.resident(server) if server else None for server, _ in asked]
    finally:
        S.stop(*(server for server, _ in asked))

    def median(server, figure):
        values = [of_round[server][figure] for of_round in rounds if of_round[server]]
        return statistics.median(values) if values else float("nan")

    def ratios(server):
        return [of_round[0][0] / of_round[server][0] for of_round in rounds if of_round[server]] or [float("nan")]
    nginx, caddy = ratios(1), ratios(2)
    print(f"{name:<15}{median(0, 0):>9.2f}{median(1, 0):>9.2f}{statistics.median(nginx):>7.2f}"
          f"{min(nginx):>8.2f}-{max(nginx):<5.2f}{median(2, 0):>9.2f}{statistics.median(caddy):>7.2f}"
          + "".join(f"{median(server, 1):>9.0f}" for server in range(3))
          + "".join(f"{value or float('nan'):>7.1f}" for value in memory), flush=True)


def load(run, server, url, body):
    """CPU microseconds per request, and requests per second."""
    quoted = '"' + body[:1000].replace("\n", "\\n") + '"'
    script = run.write("check.lua", CHECK.format(body=quoted, length=len(body)))
    before = S.cpu(server)
    said = subprocess.run(
        ["taskset", "-c", S.LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{run.options.seconds}s", "-s", script, url],
        capture_output=True, text=True)
    used = S.cpu(server) - before
    count = re.search(r"(\d+) requests in", said.stdout)
    wrong = re.search(r"wrong answers: (\d+)", said.stdout)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", said.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said.stdout)
    if not (count and wrong and rate) or int(wrong[1]) or (errors and any(map(int, errors.groups()))) or not int(count[1]):
        sys.exit(f"bench: wrong answers from {url}:\n{said.stdout}{said.stderr}")
    return used / 1000 / int(count[1]), float(rate[1])
