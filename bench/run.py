"""The measuring part of bench/run.sh: starts the servers, runs every contender in turn, writes results.md.

CPU, wall and memory are those of the contender's process alone (wait4); the servers' share of a core is
measured beside it. Each case is run in rounds, one contender after the other, so that a machine that slows
down slows all of them.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build/bench")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "azs3copy")
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
GIB = 1 << 30


class Server:
    """One of bench/servers, on ports of its own choice."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "bench/servers", name), "--stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = json.loads(self.process.stdout.readline())
        self.url, self.ca_path = told["https"], told["ca_path"]
        self.port = self.url.rsplit(":", 1)[1]

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.wait()
        return rest


class Bench:
    def __init__(self, rounds, catalogs, work):
        self.rounds, self.work = rounds, work
        arguments = [
            word for name, count, size in catalogs for word in ("--catalog", f"{name}:{count}:{size}")
        ]
        self.azure = Server("bench_azure", *arguments)
        self.s3 = Server("bench_s3")
        self.ca = os.path.join(work, "ca.pem")
        with open(self.ca, "w", encoding="ascii") as bundle:
            for path in (self.azure.ca_path, self.s3.ca_path):
                with open(path, encoding="ascii") as one:
                    bundle.write(one.read())
        self.runs = 0

    def ours(self, container, target, *flags):
        return (
            [
                os.path.join(BUILD, "src/hosts/azs3copy"),
                "copy",
                f"{self.azure.url}/bench/{container}",
                f"s3://bucket/{target}",
                "--endpoint-url",
                self.s3.url,
                "--region",
                "us-east-1",
                "--ca-bundle",
                self.ca,
                "-q",
                *flags,
            ],
            {
                "AZURE_STORAGE_ACCOUNT": "bench",
                "AZURE_STORAGE_KEY": KEY,
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AZS3COPY_STATE_DIR": os.path.join(self.work, f"state-{target}"),
            },
        )

    def rclone(self, container, target, *flags):
        return (
            [
                os.path.join(CACHE, "rclone-1.76.0/rclone"),
                "copy",
                f"az:{container}",
                f"s3:bucket/{target}",
                "--ca-cert",
                self.ca,
                "-q",
                *flags,
            ],
            {
                "RCLONE_CONFIG": "/dev/null",
                "RCLONE_CONFIG_AZ_TYPE": "azureblob",
                "RCLONE_CONFIG_AZ_ACCOUNT": "bench",
                "RCLONE_CONFIG_AZ_KEY": KEY,
                "RCLONE_CONFIG_AZ_ENDPOINT": f"{self.azure.url}/bench",
                "RCLONE_CONFIG_S3_TYPE": "s3",
                "RCLONE_CONFIG_S3_PROVIDER": "Other",
                "RCLONE_CONFIG_S3_ENDPOINT": self.s3.url,
                "RCLONE_CONFIG_S3_ACCESS_KEY_ID": "a",
                "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": "b",
                "RCLONE_CONFIG_S3_FORCE_PATH_STYLE": "true",
            },
        )

    def relay(self, times):
        return (
            [
                os.path.join(BUILD, "bench/bench_relay"),
                self.azure.port,
                "/bench/big/d00000/f00000000.bin",
                self.s3.port,
                str(GIB),
                str(times),
                self.ca,
            ],
            {},
        )

    def measure(self, command, environment):
        """One run: wall and CPU seconds, peak memory in MiB, the servers' largest share of a core."""
        servers = (self.azure, self.s3)
        before = [server.cpu() for server in servers]
        started = time.monotonic()
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        if process.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)} ended with {process.returncode}: {said[-2000:]}")
        shares = [(server.cpu() - cpu) / wall for server, cpu in zip(servers, before)]
        return {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "rss": usage.ru_maxrss / 1024,
            "share": max(shares),
        }

    def requests_per_blob(self, container, blobs):
        """Requests for blobs and objects (not listings) of one copy, counted by the program itself."""
        command, environment = self.ours(container, "counted", "--json")
        command.remove("-q")
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        summary = next(event for event in events if event["event"] == "summary")
        # Looks at both ends, pages of the source, one of the empty destination.
        listings = 2 + blobs / 5000 + 1
        return (summary["azure_reads"] + summary["s3_reads"] + summary["s3_writes"] - listings) / blobs

    def interleaved(self, contenders):
        """Contenders are {name: target -> (command, environment)}; gives {name: [run, ...]}."""
        results = {name: [] for name in contenders}
        for _ in range(self.rounds):
            for name, make in contenders.items():
                self.runs += 1
                results[name].append(self.measure(*make(f"run{self.runs}")))
        return results


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def table(results, unit, per_cpu, ours, digits=2):
    """Rows of one case. `per_cpu(cpu)` is the figure of merit; `unit` its name."""
    lines = [
        f"| | {unit} | ratio to azs3copy | wall, s | peak RSS, MiB | busiest server, cores |",
        "|---|---|---|---|---|---|",
    ]
    base = statistics.median(per_cpu(run["cpu"]) for run in results[ours])
    for name, runs in results.items():
        merit = [per_cpu(run["cpu"]) for run in runs]
        lines.append(
            f"| {name} | {spread(merit, digits)} | {statistics.median(merit) / base:.2f} | "
            f"{spread([run['wall'] for run in runs])} | {spread([run['rss'] for run in runs], 0)} | "
            f"{max(run['share'] for run in runs):.2f} |"
        )
    return lines


def median_of(results, name, field):
    return statistics.median(run[field] for run in results[name])


def goals(big, small, unchanged_keys_per_cpu, growth_mib, requests_per_blob, small_count):
    """Issue 3's table, each row with what this run reached."""

    def per_gib(name):
        return median_of(big, name, "cpu") / 3

    def per_cpu(name):
        return small_count / median_of(small, name, "cpu")

    rss_ours = max(median_of(kind, "azs3copy", "rss") for kind in (big, small))
    rclones = ("rclone", "rclone tuned")
    rss_theirs = [median_of(kind, name, "rss") for kind in (big, small) for name in rclones]
    rows = [
        ("1 GiB: at most 1/3.5 of rclone's CPU-s/GiB, default and tuned",
         " and ".join(f"1/{per_gib(name) / per_gib('azs3copy'):.2f}" for name in ("rclone", "rclone tuned"))),
        ("1 GiB: at most 1.1 x the relay", f"{per_gib('azs3copy') / per_gib('relay (the floor)'):.2f} x"),
        ("1 GiB: about 0.75 CPU-s/GiB", f"{per_gib('azs3copy'):.2f}"),
        ("10 KiB: at least 12 x rclone tuned", f"{per_cpu('azs3copy') / per_cpu('rclone tuned'):.1f} x"),
        ("10 KiB: at least 12,000 objects per CPU-second", f"{per_cpu('azs3copy'):,.0f}"),
        ("peak RSS, 64 transfers: at most 48 MiB", f"{rss_ours:.0f} MiB"),
        ("peak RSS: at most 1/6 of rclone's", " to ".join(
            f"1/{theirs / rss_ours:.1f}" for theirs in (min(rss_theirs), max(rss_theirs)))),
        ("RSS from 10 thousand to 10 million listed keys grows at most 8 MiB", f"{growth_mib:.1f} MiB"),
        ("listing and planning: at least 300,000 keys per CPU-second", f"{unchanged_keys_per_cpu:,.0f}"),
        ("requests per small blob: 2 plus listing", f"{requests_per_blob:.3f}"),
    ]
    return ["## Read against the goals", "", "| goal | reached |", "|---|---|",
            *(f"| {goal} | {reached} |" for goal, reached in rows)]


# What a sampled function belongs to; the first that matches.
KINDS_OF_WORK = [
    ("the kernel: sockets, epoll, copying", r"\[kernel|\[vdso"),
    ("AES-GCM", r"aes_gcm|gcm_|_gcm|aesni|vaes"),
    ("SHA-256 and HMAC: two signatures an object", r"sha256|hmac|HMAC"),
    ("malloc and free", r"malloc|free|unlink_chunk|calloc|operator (new|delete)"),
    ("moving memory", r"memmove|memcpy|memset"),
    ("the rest of OpenSSL", r"\b(SSL|ssl|tls|ossl|EVP|ERR|BIO|CRYPTO|OPENSSL|OSSL|ASN|rl|wpacket|WPACKET)_"),
    ("Beast's parser", r"boost::beast"),
    ("Asio", r"boost::asio"),
    ("our own code", r"azs3copy::|fmt::|std::"),
    ("other", r""),
]


def profile(command, environment):
    """Shares of the samples by kind of work; nothing where there is no perf."""
    if not shutil.which("perf"):
        return ["No profile: this machine has no perf."]
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        subprocess.run(["perf", "record", "-q", "-F", "4000", "-o", data, *command],
                       env={**os.environ, **environment}, check=True, capture_output=True)
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "--sort", "dso,symbol",
                                 "--percent-limit", "0"], check=True, capture_output=True, text=True).stdout
    shares = dict.fromkeys((kind for kind, _ in KINDS_OF_WORK), 0.0)
    for line in report.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(.*)", line)
        if found:
            kind = next(kind for kind, pattern in KINDS_OF_WORK if re.search(pattern, found[2]))
            shares[kind] += float(found[1])
    rows = sorted(shares.items(), key=lambda row: -row[1])
    table_rows = (f"| {kind} | {share:.1f} |" for kind, share in rows)
    return ["| where the samples fall | % |", "|---|---|", *table_rows]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    version = (
        subprocess.run(
            [os.path.join(BUILD, "src/hosts/azs3copy"), "--version"],
            capture_output=True,
            text=True,
            check=True,
        )
        .stdout.strip()
        .replace("\n", "; ")
    )
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}. {version}. rclone 1.76.0."


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds, fewer keys")
    options = parser.parse_args()
    rounds = 2 if options.quick else options.rounds
    small, keys = (5_000, 100_000) if options.quick else (20_000, 1_000_000)
    work = tempfile.mkdtemp(prefix="azs3copy-bench-")
    bench = Bench(
        rounds,
        [("big", 3, GIB), ("small", small, 10_240), ("few", 10_000, 0), ("many", 10 * keys, 0)],
        work,
    )
    lines = [
        "# Measured",
        "",
        f"`bench/run.sh`, {time.strftime('%Y-%m-%d')}, {rounds} interleaved rounds; median "
        f"(lowest-highest). {machine()}",
        "Servers: bench/servers, on the same machine, over TLS 1.3.",
        "",
    ]
    try:
        tuned_big = (
            "--transfers",
            "4",
            "--multi-thread-streams",
            "8",
            "--s3-no-head",
            "--s3-chunk-size",
            "64M",
        )
        tuned_small = ("--transfers", "64", "--checkers", "64", "--s3-no-head", "--s3-no-check-bucket")
        of_big = bench.interleaved(
            {
                "azs3copy": lambda target: bench.ours("big", target),
                "rclone": lambda target: bench.rclone("big", target),
                "rclone tuned": lambda target: bench.rclone("big", target, *tuned_big),
                "relay (the floor)": lambda target: bench.relay(3),
            }
        )
        lines += ["## Three blobs of 1 GiB", ""]
        lines += table(of_big, "CPU-s/GiB", lambda cpu: cpu / 3, "azs3copy")
        of_small = bench.interleaved(
            {
                "azs3copy": lambda target: bench.ours("small", target),
                "rclone": lambda target: bench.rclone("small", target),
                "rclone tuned": lambda target: bench.rclone("small", target, *tuned_small),
            }
        )
        lines += ["", f"## {small:,} blobs of 10 KiB, from listing to report", ""]
        lines += table(of_small, "objects per CPU-second", lambda cpu: small / cpu, "azs3copy", 0)
        lines += ["", f"## Nothing to do: {small:,} unchanged blobs, both sides listed", ""]
        for tool in (bench.ours, bench.rclone):
            bench.measure(*tool("small", tool.__name__))
        of_unchanged = bench.interleaved(
            {
                "azs3copy": lambda target: bench.ours("small", "ours"),
                "rclone": lambda target: bench.rclone("small", "rclone"),
            }
        )
        lines += table(of_unchanged, "keys per CPU-second", lambda cpu: small / cpu, "azs3copy", 0)
        lines += ["", f"## Planning alone (copy --dry-run): {10 * keys:,} keys", ""]
        bench.rounds = 1
        planned = bench.interleaved(
            {
                "10,000 keys": lambda target: bench.ours("few", target, "--dry-run"),
                f"{10 * keys:,} keys": lambda target: bench.ours("many", target, "--dry-run"),
            }
        )
        for name, count in (("10,000 keys", 10_000), (f"{10 * keys:,} keys", 10 * keys)):
            run = planned[name][0]
            lines.append(
                f"- {name}: {count / run['cpu']:,.0f} keys per CPU-second, peak RSS {run['rss']:.1f} MiB"
            )
        grown = planned[f"{10 * keys:,} keys"][0]["rss"] - planned["10,000 keys"][0]["rss"]
        keys_per_cpu = small / median_of(of_unchanged, "azs3copy", "cpu")
        requests = bench.requests_per_blob("small", small)
        lines += ["", *goals(of_big, of_small, keys_per_cpu, grown, requests, small)]
        for what, container in (("10 KiB object", "small"), ("1 GiB blob", "big")):
            lines += ["", f"## Where the time of a {what} goes", ""]
            lines += profile(*bench.ours(container, f"profiled-{container}"))
    finally:
        counts = [server.stop() for server in (bench.azure, bench.s3)]
        shutil.rmtree(work)
    lines += [
        "",
        "Requests the servers counted over the whole run: "
        + "; ".join(" ".join(count.split()) for count in counts if count.strip()),
        "",
    ]
    with open(os.path.join(ROOT, "bench/results.md"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
