"""Runs azs3copy as a user would: a process, its exit code, what it wrote, and the report that it left."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

TIMEOUT_SECONDS = 120


def read_lines(path):
    """The objects of a JSON-lines file."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def peak_kib(pid):
    """The most memory that a process has had so far; 0 once it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def trust(*ends):
    """The flag for the test CA of the servers that have one."""
    ca = next((end.ca for end in ends if end.ca), None)
    return ["--ca-bundle", ca] if ca else []


class Finished:
    """A process that has ended."""

    def __init__(self, code, out, err, folder):
        self.code, self.out, self.err, self.folder = code, out, err, folder

    @property
    def report(self):
        return json.loads((self.folder / "run.json").read_text())

    @property
    def totals(self):
        return self.report["totals"]

    @property
    def records(self):
        return read_lines(self.folder / "objects.jsonl")

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def count(self, outcome):
        return self.totals[outcome]["blobs"]

    def record(self, source):
        """The one record of a blob."""
        found = [record for record in self.records if record["source"] == source]
        assert len(found) == 1, f"{source} has {len(found)} records"
        return found[0]

    def __str__(self):
        return f"exit code {self.code}\n--- standard output\n{self.out}\n--- standard error\n{self.err}"


class Running:
    """A process under way."""

    def __init__(self, program, process, folders_before):
        self.program, self.process, self.folders_before = program, process, folders_before

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)

    @property
    def is_running(self):
        return self.process.poll() is None

    def wait(self, expect=None, timeout=TIMEOUT_SECONDS):
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"no end after {timeout} s\n{out}\n{err}") from None
        new = self.program.run_folders() - self.folders_before
        finished = Finished(self.process.returncode, out, err, max(new, default=None))
        assert expect is None or finished.code == expect, f"expected exit code {expect}: {finished}"
        return finished


class Program:
    """The program with a home of its own, away from the tester's logins and settings."""

    def __init__(self, path, home):
        self.path, self.home = Path(path), home
        self.state = home / "state"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8",
                            "AZS3COPY_STATE_DIR": str(self.state)}

    def run_folders(self):
        return set((self.state / "runs").glob("*"))

    def manifests(self):
        """Files of the uploads that are open: none must stay behind.

        A kill in the midst of writing one leaves a .tmp, which a run removes an hour later.
        """
        return list((self.state / "uploads").glob("*.json"))

    def start(self, *arguments, stdin=subprocess.DEVNULL, **environment):
        before = self.run_folders()
        process = subprocess.Popen([self.path, *map(str, arguments)], stdin=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment | environment)
        return Running(self, process, before)

    def run(self, *arguments, expect=0, timeout=TIMEOUT_SECONDS, **environment):
        return self.start(*arguments, **environment).wait(expect, timeout)

    def between(self, command, source, target, *flags):
        """The words and the environment of a command with two ends."""
        words = [command, source.url, target.url, *target.flags, *trust(source, target), *flags]
        return words, source.environment | target.environment

    def start_copy(self, source, target, *flags, **environment):
        words, logins = self.between("copy", source, target, *flags)
        return self.start(*words, **(logins | environment))

    def copy(self, source, target, *flags, expect=0, timeout=TIMEOUT_SECONDS, **environment):
        return self.start_copy(source, target, *flags, **environment).wait(expect, timeout)

    def check(self, source, target, *flags, expect=0, **environment):
        words, logins = self.between("check", source, target, *flags)
        return self.run(*words, expect=expect, **(logins | environment))

    def ls(self, source, *flags, expect=0, **environment):
        logins = source.environment | environment
        return self.run("ls", source.url, *trust(source), *flags, expect=expect, **logins)

    def cleanup(self, target, *flags, expect=0):
        words = ["cleanup", target.url, *target.flags, *trust(target), *flags]
        return self.run(*words, expect=expect, **target.environment)

    def peak_memory_kib(self, source, target, *flags):
        """Of a copy, by VmHWM: ru_maxrss counts this process too, whose memory a child shares until exec."""
        words, logins = self.between("copy", source, target, *flags)
        process = subprocess.Popen([self.path, *words], stdout=subprocess.DEVNULL,
                                   env=self.environment | logins)
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_kib(process.pid))
            time.sleep(0.002)
        assert process.returncode == 0
        return peak
