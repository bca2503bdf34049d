"""The strict fakes of both clouds (tests/fakes), for what no real server does on demand: faults, counts, old
times, blobs of many GB, tokens that expire."""

import json
import os
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from clouds import Bucket, Place, Store


def fake_clouds_path():
    """Beside the program in its build folder, unless AZS3COPY_TEST_FAKE_CLOUDS says otherwise."""
    program = Path(os.environ["AZS3COPY_TEST_PROGRAM"])
    path = os.environ.get("AZS3COPY_TEST_FAKE_CLOUDS") or program.parents[2] / "tests/fakes/fake_clouds"
    assert Path(path).exists(), f"{path} is not there: build the target fake_clouds"
    return path


class FakeClouds:
    """One process with an Azure and an S3 of its own."""

    def __init__(self):
        # It ends when its standard input does, so nothing stays behind whatever becomes of us.
        self.process = subprocess.Popen([fake_clouds_path(), "--stdin"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        about = json.loads(self.process.stdout.readline())
        self.control, self.ca = about["control"], about["ca_path"]
        self.azure = Side(self.control, "azure")
        self.s3 = Side(self.control, "s3")
        account = about["azure"]
        self.account_url = f"{account['https']}/{account['account']}"
        self.account_name, self.account_key = account["account"], account["key"]
        self.login = {"AZURE_STORAGE_ACCOUNT": account["account"], "AZURE_STORAGE_KEY": account["key"]}
        self.store = Store(about["s3"]["https"], about["s3"]["access_key_id"],
                           about["s3"]["secret_access_key"], "us-east-1", self.ca)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def container(self, name="source"):
        self.azure.post("containers", name=name)
        return FakeContainer(self, name)

    def bucket(self, name="target", **options):
        self.s3.post("buckets", name=name, **options)
        return Bucket(self.store, name)

    @property
    def whole_account(self):
        return Place(self.account_url, self.login, self.ca)


class Side:
    """The control of one of the two: what to be, what to do wrong, what was asked."""

    def __init__(self, control, name):
        self.control, self.name = control, name

    def send(self, method, what, body=None, **query):
        url = f"{self.control}/{self.name}/{what}"
        if query:
            url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {url} {body}: {error.read().decode()}") from None

    def post(self, what, **body):
        return self.send("POST", what, body)

    def get(self, what, **query):
        return self.send("GET", what, **query)

    def fault(self, operation, **what):
        """The next request of this operation goes wrong; `times=0`: all do.

        See tests/fakes/server/faults.hpp.
        """
        return self.post("faults", operation=operation, **what)

    def heal(self):
        self.send("DELETE", "faults")

    @property
    def faults_fired(self):
        return self.get("faults")["fired"]

    def forget(self):
        """Counts begin anew."""
        self.send("DELETE", "log")

    @property
    def log(self):
        return self.get("log")

    def count(self, operation):
        return self.log["operations"].get(operation, {}).get("count", 0)

    def bytes_out(self, operation):
        return self.log["operations"].get(operation, {}).get("bytes_out", 0)


class FakeContainer(Place):
    def __init__(self, clouds, name):
        super().__init__(f"{clouds.account_url}/{name}", clouds.login, clouds.ca)
        self.clouds, self.name = clouds, name

    def put(self, name, text=None, **blob):
        """`text`, or `size` (and `seed`) of pseudo-random bytes; `count` of them with {} in the name."""
        if text is not None:
            blob["text"] = text
        self.clouds.azure.post("blobs", container=self.name, name=name, **blob)

    def delete(self, name):
        self.clouds.azure.send("DELETE", "blobs", container=self.name, name=name)

    def rows(self):
        return self.clouds.azure.get("blobs", container=self.name)

    def checksums(self):
        """Name -> (size, CRC64NVME): compare with those of objects()."""
        return {row["name"]: (row["size"], row["crc64nvme"]) for row in self.rows()}

    def below(self, prefix):
        return Place(f"{self.url}/{prefix}", self.environment, self.ca)


def objects(clouds, bucket):
    """Key -> (size, CRC64NVME) of what the fake S3 holds."""
    rows = clouds.s3.get("objects", bucket=bucket.name)
    return {row["key"]: (row["size"], row["crc64nvme"]) for row in rows}
