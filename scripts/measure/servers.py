"""The servers that are measured: a built site, nginx and Caddy, one worker each on core 0, and what is counted of them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SERVER_CORE, LOAD_CORE = "0", "1"

NGINX = """
worker_processes 1;
error_log {work}/error.log crit;
pid {work}/nginx-{port}.pid;
daemon off;
master_process off;
events {{ worker_connections 16384; multi_accept on; use epoll; }}
http {{
    access_log {log};
    default_type text/plain;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
    uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
    ssl_session_cache shared:s:10m;
    ssl_protocols TLSv1.2 TLSv1.3;
    upstream up {{ server 127.0.0.1:19000; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} {ssl};
        {certificate}
        location / {{ {location} }}
    }}
}}
"""

PROXY = """proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
 proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
 proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;"""


class Servers:
    """What is built and started for one run, in a folder of its own."""

    def __init__(self, options, work):
        self.options, self.work = options, work
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", f"{work}/key.pem", "-out", f"{work}/cert.pem"],
            check=True, capture_output=True)

    def caddyfile(self, name, scheme, directives, port, host="localhost"):
        """Writes the Caddyfile of a site; its path."""
        tls = f"tls {self.work}/cert.pem {self.work}/key.pem" if scheme == "https" else ""
        text = (f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n"
                f"{scheme}://{host}:{port} {{\n\t{tls}\n\t{directives}\n}}\n")
        return self.write(f"{name}-{port}.caddy", text)

    def write(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def build(self, caddyfile):
        site = caddyfile.removesuffix(".caddy")
        subprocess.run([self.options.zeroserve, "build", caddyfile, "-o", site, "--strip"], check=True)
        return site

    def zeroserve(self, name, scheme, directives, port, host="localhost"):
        site = self.build(self.caddyfile(name, scheme, directives, port, host))
        return started([site, "--workers=1", f"--io={self.options.io}"], port, SERVER_CORE)

    def nginx(self, scheme, location, port, log="off", core=SERVER_CORE):
        location = PROXY if location == "proxy" else location
        tls = scheme == "https"
        certificate = f"ssl_certificate {self.work}/cert.pem; ssl_certificate_key {self.work}/key.pem;" if tls else ""
        config = self.write(f"nginx-{port}.conf", NGINX.format(
            work=self.work, port=port, ssl="ssl" if tls else "", certificate=certificate, location=location, log=log))
        return started(["nginx", "-c", config, "-p", self.work, "-e", f"{self.work}/error.log"], port, core)

    def caddy(self, name, scheme, directives, port, host="localhost"):
        """The real Caddy with the same Caddyfile, on one processor; None where there is none."""
        if not self.options.caddy:
            return None
        caddyfile = self.caddyfile(f"{name}-caddy", scheme, directives, port, host)
        home = {"HOME": self.work, "XDG_DATA_HOME": self.work, "XDG_CONFIG_HOME": self.work, "GOMAXPROCS": "1"}
        command = [self.options.caddy, "run", "--adapter", "caddyfile", "--config", caddyfile]
        return started(command, port, SERVER_CORE, home)


def find_caddy():
    """The Caddy that ZS_CADDY names or that lies in the path."""
    return os.environ.get("ZS_CADDY") or shutil.which("caddy")


def started(command, port, core, environment=None):
    server = subprocess.Popen(["taskset", "-c", core, *command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              env={**os.environ, **(environment or {})})
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            time.sleep(0.02)
    server.kill()
    sys.exit(f"bench: nothing listens on port {port}: {command}")


def stop(*servers):
    for server in filter(None, servers):
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()


def cpu(server):
    """CPU time of all threads of a process, in nanoseconds."""
    total = 0
    for task in os.listdir(f"/proc/{server.pid}/task"):
        with open(f"/proc/{server.pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def resident(server):
    """Resident memory in MiB."""
    with open(f"/proc/{server.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) / 1024
