#!/usr/bin/env python3
"""Fills a new container of an Azure Blob emulator with the demo's sample: 2,000 blobs, 424 MB, in seconds.

    tools/sample.py https://127.0.0.1:PORT/ACCOUNT/CONTAINER ca.pem

takes the account and its key from AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY.

Names are such as versitygw's file system can hold: no key ends in a slash, and none is another one's folder.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import os
import random
import ssl
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate

WORKERS = 8
MB = 1_000_000
LARGE_BYTES = (8 * MB, 16 * MB, 33 * MB, 99 * MB, 110 * MB, 128 * MB)
BLOBS = 2000
ODD_NAMES = (
    "with spaces in the name.txt", "ümläut/straße.txt", "日本語/ファイル.txt", "emoji-🚀-👩‍💻.bin",
    "plus+and=equals&and.txt", "100%.txt", "percent%20literal.txt", "percent%2Fslash.txt",
    "hash#question?.txt", "it's \"quoted\".txt",
    "dots...in..the...name", "trailing.dot.", ".hidden", "-starts-with-a-dash", "~tilde",
    "[brackets](parens){braces}", "semi;colon,comma@at$dollar!", "a/b/c/d/e/f/g/h/i/j/deep.txt",
    "long-" + 240 * "x", "UPPER/Case.TXT", "upper/case.txt",
)
HEADERS = (
    {"x-ms-blob-content-type": "text/plain; charset=utf-8", "x-ms-blob-content-language": "de-CH"},
    {"x-ms-blob-content-type": "application/json", "x-ms-blob-content-encoding": "gzip"},
    {"x-ms-blob-content-type": "image/jpeg", "x-ms-blob-cache-control": "public, max-age=31536000",
     "x-ms-blob-content-disposition": 'attachment; filename="photo.jpg"'},
    {"x-ms-meta-owner": "demo", "x-ms-meta-Case_Kept": "a value with spaces"},
)


def plan():
    """(name, bytes, headers) of each blob; the same at every run."""
    chance = random.Random(1)
    blobs = [(f"large/{size // MB:03d}-MB.bin", size, {}) for size in LARGE_BYTES]
    blobs += [(f"odd/{name}", 100 + len(name), HEADERS[i % len(HEADERS)]) for i, name in enumerate(ODD_NAMES)]
    for size in (0, 1, 4096, 4097):
        blobs += [(f"sizes/{size}-bytes-{i}.bin", size, {}) for i in range(5)]
    for i in range(BLOBS - len(blobs)):
        name = f"photos/{i % 40:02d}/{i:04d}.jpg"
        blobs.append((name, chance.randrange(100, 30_000), HEADERS[i % len(HEADERS)]))
    return blobs


class Emulator:
    """Requests under a shared key.

    https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
    """

    def __init__(self, container_url, ca):
        self.url = urllib.parse.urlsplit(container_url)
        self.account = os.environ["AZURE_STORAGE_ACCOUNT"]
        self.key = base64.b64decode(os.environ["AZURE_STORAGE_KEY"])
        self.tls = ssl.create_default_context(cafile=ca)
        self.local = threading.local()

    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(self.url.netloc, context=self.tls,
                                                                timeout=120)
        return self.local.connection

    def put(self, path, query, headers, body=b""):
        headers = {**headers, "x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
        canonical = [f"{name}:{value}" for name, value in sorted((n.lower(), v) for n, v in headers.items())]
        canonical.append(f"/{self.account}{path}")
        canonical += [f"{name}:{value}" for name, value in sorted(query.items())]
        to_sign = "\n".join(["PUT", "", "", str(len(body) or "")] + [""] * 8 + canonical)
        signature = base64.b64encode(hmac.new(self.key, to_sign.encode(), hashlib.sha256).digest()).decode()
        headers |= {"Authorization": f"SharedKey {self.account}:{signature}",
                    "Content-Length": str(len(body))}
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection = self.connection()
        connection.request("PUT", target, body=body, headers=headers)
        reply = connection.getresponse()
        text = reply.read().decode(errors="replace")
        if reply.status != 201:
            raise RuntimeError(f"PUT {target}: {reply.status} {text}")


def main():
    container_url, ca = sys.argv[1:]
    emulator = Emulator(container_url, ca)
    emulator.put(emulator.url.path, {"restype": "container"}, {})
    data = memoryview(random.Random(2).randbytes(max(LARGE_BYTES) + BLOBS))
    blobs = plan()

    def upload(number):
        name, size, headers = blobs[number]
        # Each blob starts elsewhere in the data, so that no two are alike.
        body = data[number:number + size]
        path = f"{emulator.url.path}/{urllib.parse.quote(name)}"
        emulator.put(path, {}, {"x-ms-blob-type": "BlockBlob", **headers}, body)

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(upload, range(len(blobs))):
            pass
    total = sum(size for _, size, _ in blobs)
    print(f"sample: {len(blobs)} blobs, {total / MB:.0f} MB, uploaded in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
