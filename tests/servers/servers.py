#!/usr/bin/env python3
"""Starts the real servers that the tests and the demo talk to, runs a command, and ends the servers again.

    tests/servers/run.sh [--only NAME,NAME] COMMAND [ARGUMENT...]

Each server listens on a free port of 127.0.0.1 with a certificate of a CA made for this run, and writes
into a temporary folder that goes with it. Where it can be found stands in the command's environment (see
SERVERS). A server that cannot be had is an error, unless AZS3COPY_TEST_ALLOW_MISSING names it; then its
variables are not set and a line says so. Servers sit in sessions of their own, and the kernel ends them
should this program be killed.

Needs only Python's standard library and what `tools/deps.sh servers` installs. The exit code is the
command's.
"""

import argparse
import contextlib
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
READY_SECONDS_MAX = 60
START_ATTEMPTS_MAX = 3  # A free port may be taken by somebody else between our look and the server's bind.

# Published with the emulator: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
S3_ACCESS_KEY = "AKIDTESTSERVERS"
S3_SECRET_KEY = "not-a-secret/of+anything"
REGION = "us-east-1"


class Missing(Exception):
    """A server cannot be had on this machine; the text says why."""


class Setting:
    """What the start of a server is given: where the tools lie, the folder of the run, the certificates."""

    def __init__(self, folder):
        listing = subprocess.check_output([ROOT / "tools/deps.sh", "--paths"], text=True)
        self.tools = dict(line.split("=", 1) for line in listing.splitlines())
        self.folder = folder
        self.ca = folder / "ca.pem"
        self.cert = folder / "server.pem"
        self.key = folder / "server.key"

    def tool(self, name, *below):
        path = Path(self.tools[name], *below)
        if not path.exists():
            raise Missing(f"{path} does not exist; run tools/deps.sh servers")
        return str(path)


def make_certificates(setting):
    """A CA and one certificate for 127.0.0.1 and localhost, both for a few days only."""

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=setting.folder)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "7")
    openssl("req", "-x509", *new_key, "-subj", "/CN=azs3copy test CA", "-keyout", "ca.key",
            "-out", setting.ca, "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *new_key, "-subj", "/CN=localhost", "-keyout", setting.key,
            "-out", setting.cert, "-CA", setting.ca, "-CAkey", "ca.key",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "extendedKeyUsage=serverAuth")


# Each of these gives the command line of a server, and the environment that it wants.


def azurite(setting, port, tls=False):
    script = setting.tool("NODE_MODULES", "azurite/dist/src/blob/main.js")
    command = [setting.tool("NODE"), script, "--silent", "--inMemoryPersistence", "--disableTelemetry",
               "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    if tls:
        command += ["--oauth", "basic", "--cert", str(setting.cert), "--key", str(setting.key)]
    return command, {}


def entra(setting, port):
    environment = {"PORT": str(port), "CERT": str(setting.cert), "KEY": str(setting.key),
                   "TENANT": ENTRA["ENTRA_TENANT"], "CLIENT": ENTRA["ENTRA_CLIENT"],
                   "SHORT_LIVED_CLIENT": ENTRA["ENTRA_SHORT_LIVED_CLIENT"], "SECRET": ENTRA["ENTRA_SECRET"],
                   # The server's own key pair doubles as the application's, for client assertions.
                   "CLIENT_CERT": str(setting.cert)}
    # Node looks for packages beside the script, so the script goes to the packages.
    script = setting.folder / "entra.mjs"
    shutil.copy(HERE / "entra.mjs", script)
    with contextlib.suppress(FileExistsError):
        os.symlink(setting.tool("NODE_MODULES"), setting.folder / "node_modules")
    return [setting.tool("NODE"), str(script)], environment


def versitygw(setting, port, tls=False):
    data = setting.folder / ("versitygw-tls-data" if tls else "versitygw-data")
    data.mkdir(exist_ok=True)
    try:
        os.setxattr(data, "user.azs3copy", b"1")
    except OSError as error:
        raise Missing("versitygw keeps metadata in extended attributes, and the file system of "
                      f"{data} has none; set TMPDIR to a folder of another one") from error
    command = [setting.tool("VERSITYGW"), "--quiet", "--keep-alive", "--region", REGION,
               "--port", f"127.0.0.1:{port}"]
    if tls:
        command += ["--cert", str(setting.cert), "--key", str(setting.key)]
    environment = {"ROOT_ACCESS_KEY": S3_ACCESS_KEY, "ROOT_SECRET_KEY": S3_SECRET_KEY}
    return command + ["posix", str(data)], environment


def rclone(setting, port):
    """An S3 server that knows no CRC64NVME: its ETags are MD5s."""
    data = setting.folder / "rclone-data"
    data.mkdir(exist_ok=True)
    command = [setting.tool("RCLONE_SERVER"), "serve", "s3", str(data), "--addr", f"127.0.0.1:{port}",
               "--config", str(setting.folder / "rclone.conf"), "--vfs-cache-mode", "full",
               "--cache-dir", str(setting.folder / "rclone-cache")]
    return [*command, "--auth-key", f"{S3_ACCESS_KEY},{S3_SECRET_KEY}"], {}


def moto(setting, port):
    return [setting.tool("MOTO_SERVER"), "-H", "127.0.0.1", "-p", str(port)], {}


def moto_auth(setting, port):
    return [setting.tool("PYTHON"), str(HERE / "moto_auth.py"), "-H", "127.0.0.1", "-p", str(port)], {}


def toxiproxy(setting, port):
    return [setting.tool("TOXIPROXY"), "-host", "127.0.0.1", "-port", str(port)], {"LOG_LEVEL": "error"}


def moto_turn_authentication_on(url):
    """Makes a user who may do anything, then lets moto check every signature. Gives the user's keys."""

    def iam(**parameters):
        # moto routes by the service in the credential scope; no signature is checked yet.
        scope = f"any/20260101/{REGION}/iam/aws4_request"
        login = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        body = urllib.parse.urlencode({"Version": "2010-05-08", **parameters}).encode()
        request = urllib.request.Request(url, body, {"Authorization": login})
        with urllib.request.urlopen(request) as reply:
            return reply.read().decode()

    def between(text, tag):
        return text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]

    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam(Action="CreateUser", UserName="tester")
    keys = iam(Action="CreateAccessKey", UserName="tester")
    iam(Action="PutUserPolicy", UserName="tester", PolicyName="all", PolicyDocument=json.dumps(policy))
    # As a form the body would be parsed away before moto reads it.
    plain = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", plain)).close()
    return {"MOTO_AUTH_ACCESS_KEY": between(keys, "AccessKeyId"),
            "MOTO_AUTH_SECRET_KEY": between(keys, "SecretAccessKey")}


AZURITE = {"AZURITE_ACCOUNT": AZURITE_ACCOUNT, "AZURITE_KEY": AZURITE_KEY}
S3 = {"S3_ACCESS_KEY": S3_ACCESS_KEY, "S3_SECRET_KEY": S3_SECRET_KEY, "S3_REGION": REGION}
ENTRA = {"ENTRA_TENANT": "11111111-2222-3333-4444-555555555555",
         "ENTRA_CLIENT": "66666666-7777-8888-9999-000000000000",
         # Its tokens live two seconds, to test their renewal.
         "ENTRA_SHORT_LIVED_CLIENT": "66666666-7777-8888-9999-000000000002",
         "ENTRA_SECRET": "s3cret~of.nobody"}

# name: (start, scheme, variable with the URL, its path, further variables, what to do once it is ready).
# Every variable's name has AZS3COPY_TEST_ in front.
SERVERS = {
    "azurite": (azurite, "http", "AZURITE_URL", f"/{AZURITE_ACCOUNT}", AZURITE, None),
    "azurite-tls": (lambda setting, port: azurite(setting, port, tls=True), "https", "AZURITE_TLS_URL",
                    f"/{AZURITE_ACCOUNT}", AZURITE, None),
    "entra": (entra, "https", "ENTRA_URL", "", ENTRA, None),
    "versitygw": (versitygw, "http", "VERSITYGW_URL", "", S3, None),
    "versitygw-tls": (lambda setting, port: versitygw(setting, port, tls=True), "https",
                      "VERSITYGW_TLS_URL", "", S3, None),
    "rclone": (rclone, "http", "RCLONE_URL", "", S3, None),
    "moto": (moto, "http", "MOTO_URL", "", S3, None),
    "moto-auth": (moto_auth, "http", "MOTO_AUTH_URL", "", {}, moto_turn_authentication_on),
    "toxiproxy": (toxiproxy, "http", "TOXIPROXY_URL", "", {}, None),
}


class Server:
    """One running server."""

    def __init__(self, name, setting):
        self.name = name
        self.start, self.scheme, self.variable, self.path, self.variables, self.when_ready = SERVERS[name]
        self.setting = setting
        self.log = setting.folder / f"{name}.log"
        self.attempts = 0
        self.process = None
        self.launch()

    def launch(self):
        self.attempts += 1
        self.port = free_port()
        command, environment = self.start(self.setting, self.port)
        with open(self.log, "ab") as log:
            # A session of its own keeps the terminal's Ctrl-C away, so that the command ends before its
            # servers.
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.setting.folder,
                env={**os.environ, **environment}, start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL))

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.answers():
            if self.process.poll() is not None and self.attempts < START_ATTEMPTS_MAX:
                self.launch()
            elif self.process.poll() is not None or time.monotonic() > deadline:
                raise Missing("it did not come up; the end of its log:\n" + self.log_end())
            time.sleep(0.05)

    def answers(self):
        """Whether any HTTP reply comes."""
        if self.scheme == "https":
            context = ssl.create_default_context(cafile=self.setting.ca)
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def environment(self):
        url = f"{self.scheme}://127.0.0.1:{self.port}"
        extra = self.when_ready(url) if self.when_ready else {}
        variables = {self.variable: url + self.path, **self.variables, **extra}
        return {f"AZS3COPY_TEST_{name}": value for name, value in variables.items()}

    def log_end(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


LIBC = ctypes.CDLL(None)


def die_with_parent(signal_number):
    """Runs in the child: the kernel sends it the signal when this program ends, however that happens."""
    pr_set_pdeathsig = 1
    LIBC.prctl(pr_set_pdeathsig, signal_number)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"servers: {text}", file=sys.stderr, flush=True)


def start_all(names, setting, allowed_missing, running):
    """Starts them side by side; gives the variables of those that came up."""
    def left_out(name, why):
        if name not in allowed_missing:
            sys.exit(f"servers: {name} cannot be had: {why}\n"
                     f"servers: to go on without it set AZS3COPY_TEST_ALLOW_MISSING={name}")
        say(f"LEFT OUT, as AZS3COPY_TEST_ALLOW_MISSING says: {name} ({why})")

    for name in names:
        try:
            running[name] = Server(name, setting)
        except Missing as why:
            left_out(name, why)
    variables = {"AZS3COPY_TEST_CA": str(setting.ca)}
    for name, server in running.items():
        try:
            server.wait_until_ready()
            variables |= server.environment()
        except Missing as why:
            left_out(name, why)
    return variables


def run_command(command, variables):
    """Runs it in the foreground. Ctrl-C reaches it through the terminal; other ends are handed on to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, env={**os.environ, **variables}, preexec_fn=prepare_command)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    code = child.wait()
    return 128 - code if code < 0 else code


def prepare_command():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(SERVERS), help="start these: %(default)s")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    allowed_missing = [name for name in os.environ.get("AZS3COPY_TEST_ALLOW_MISSING", "").split(",") if name]
    for name in names + allowed_missing:
        if name not in SERVERS:
            parser.error(f"no server {name}; there are {', '.join(SERVERS)}")
    if not command:
        parser.error("no command to run")

    # An end while the servers start must pass through `finally`.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(128 + signal.SIGTERM))
    running = {}
    folder = Path(tempfile.mkdtemp(prefix="azs3copy-servers-"))
    try:
        setting = Setting(folder)
        make_certificates(setting)
        started = time.monotonic()
        variables = start_all(names, setting, allowed_missing, running)
        say(f"{', '.join(running)} up in {time.monotonic() - started:.1f} s")
        return run_command(command, variables)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        for server in running.values():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
