"""The state of a run of the Lambda functions in a bucket, written as the functions write it."""

import hashlib
import json

MTIME = "2026-11-23T03:00:00Z"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def blob_name(source, container="photos"):
    """Of the record of one blob."""
    return digest(f"{container}\0{source}")


def tally(blobs, size=10):
    return {"blobs": blobs, "bytes": size * blobs}


def record(source, outcome="copied", size=10, kind=None, status=503, code="Code", reason=""):
    fields = {"outcome": outcome, "container": "photos", "source": source, "key": source,
              "bytes": size if outcome == "copied" else 0, "size": size, "etag": "0x1", "mtime": MTIME}
    if outcome == "copied":
        fields["verified"] = "crc64"
    if reason:
        fields["reason"] = reason
    if kind:
        fields["error"] = {"kind": kind, "message": "refused", "code": code, "status": status}
    return fields | {"attempts": 1, "ms": 5}


class RunState:
    """One run below a state prefix."""

    def __init__(self, bucket, run="20261123T030000Z-7f3a", prefix=".azs3copy/"):
        self.bucket, self.run, self.prefix = bucket, run, prefix

    def put(self, name, value):
        body = value if isinstance(value, str) else json.dumps(value)
        self.bucket.put(f"{self.prefix}{name}", body.encode())

    def begin(self, works=("w1",), begun="2026-11-23T03:00:00Z"):
        self.put(f"runs/{self.run}/run.json",
                 {"version": 1, "run": self.run, "begun": begun, "source": "az://acme/photos",
                  "destination": self.bucket.url, "works": list(works)})
        self.put("current.json", {"version": 1, "run": self.run, "begun": begun, "copies": "x"})

    def plan(self, work="w1", to_copy=0, unchanged=0, ended=0, done=True, marker="", **more):
        self.put(f"runs/{self.run}/plan/{work}.json",
                 {"version": 1, "done": done, "marker": marker, "found": tally(to_copy + unchanged + ended),
                  "unchanged": tally(unchanged), "to_copy": tally(to_copy), "ended": ended, "chunks": 0,
                  "next": []} | more)

    def records(self, name, records):
        lines = "".join(json.dumps(each) + "\n" for each in records)
        bad = sum(each["outcome"] in ("skipped", "failed") for each in records)
        self.put(f"runs/{self.run}/records/{name}.{len(records)}.{bad}.jsonl", lines)

    def end(self, each):
        """The record of one blob."""
        self.records(blob_name(each["source"]), [each])

    def failing(self, each):
        self.put(f"runs/{self.run}/failing/{blob_name(each['source'])}.json", each)

    def read_plan(self, work):
        return json.loads(self.bucket.read(f"{self.prefix}runs/{self.run}/plan/{work}.json"))


def batch(run, *sources):
    """A message of work for the function download."""
    rows = [[source, 10, "0x1", 1795402800] for source in sources]
    return json.dumps({"v": 1, "type": "copy_batch", "run": run, "container": "photos", "blobs": rows})


def listing(run, prefix=""):
    return json.dumps({"v": 1, "type": "find_blobs", "run": run, "container": "photos", "prefix": prefix})
