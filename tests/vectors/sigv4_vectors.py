#!/usr/bin/env python3
"""Writes src/aws/sigv4_vectors.inc: what botocore, an implementation that is not ours, signs for S3 and STS.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install botocore
    /tmp/venv/bin/python tests/vectors/sigv4_vectors.py > src/aws/sigv4_vectors.inc

Each row holds the request and botocore's three steps: canonical request, string to sign, Authorization.
"""

import datetime
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID = "AKIDVECTORS"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=EXAMPLEKEY"
HOST = "bucket.s3.eu-central-1.amazonaws.com"

KEYS = [
    "plain.txt",
    "a/b/c.jpg",
    "a//b",
    "/leading",
    "trailing/",
    "//",
    "../up",
    "a/../b",
    "./dot",
    ".",
    "..",
    "percent%2Fslash",
    "100%",
    "plus+and=equal",
    "question?mark",
    "hash#tag",
    "with space",
    "tilde~-_.",
    "semi;colon:at@amp&comma,",
    "dollar$!*'()",
    "back\\slash",
    'quote"<>',
    "tab\tand\nline",
    "umlaut-\u00e4\u00f6\u00fc",
    "emoji-\U0001f600/\U0001f469\u200d\U0001f680",
    "combining-e\u0301",
    "trailing dot.",
    "\x7f",
    "x" * 300,
]

QUERIES = [
    "",
    "uploads=",
    "list-type=2&prefix=a%2Fb&max-keys=7&encoding-type=url",
    "a-b=1&a=2&a.b=3&aa=4&a=1",
    "partNumber=10000&uploadId=x%2By%3D%2F~",
    "prefix=%20%25%2B&delimiter=%2F",
    "upload-id-marker=1&uploads=",
    "uploadId=A&partNumber=2",
]

HEADERS = [
    {},
    {"x-amz-meta-b": "2", "x-amz-meta-a": "1", "Content-Type": "text/plain"},
    {"x-amz-meta-spaces": "  a   b  \t c ", "content-disposition": 'attachment; filename="a  b.txt"'},
    {"X-Amz-Meta-Upper": "Kept", "CACHE-CONTROL": "no-cache", "range": "bytes=0-9"},
    {"x-amz-meta-a": "", "x-amz-meta-aa": "x", "x-amz-meta-a-b": "y", "x-amz-meta-a_b": "z"},
    {"if-match": '"etag"', "user-agent": "not signed", "x-amz-checksum-crc64nvme": "rosUhgp5mIg="},
]


def cpp(text):
    """A C++ string literal of the text's UTF-8. Octal escapes end by themselves."""
    out = ""
    for byte in text.encode():
        out += chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?' else f"\\{byte:03o}"
    return f'"{out}"'


def row(method, host, target, headers, payload, service, region, token, time, scheme="https"):
    request = AWSRequest(method=method, url=f"{scheme}://{host}{target}", headers=dict(headers))
    credentials = Credentials(KEY_ID, SECRET, token or None)
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer = kind(credentials, service, region)
    signer.payload = lambda _: payload
    if service != "s3":
        # Ours sends the hash to every service; botocore to S3 only.
        request.headers["X-Amz-Content-SHA256"] = payload
    steps = {}
    original = signer.string_to_sign

    def string_to_sign(the_request, canonical):
        steps["canonical"] = canonical
        steps["to_sign"] = original(the_request, canonical)
        return steps["to_sign"]

    signer.string_to_sign = string_to_sign
    botocore.auth.get_current_datetime = lambda: time
    signer.add_auth(request)
    pairs = ", ".join("{%s, %s}" % (cpp(name), cpp(value)) for name, value in headers.items())
    texts = [method, host, target, payload, service, region, token, time.strftime("%Y%m%dT%H%M%SZ")]
    results = [steps["canonical"], steps["to_sign"], request.headers["Authorization"]]
    tls = "true" if scheme == "https" else "false"
    print("{" + ", ".join(cpp(text) for text in texts) + f", {tls}, {{{pairs}}},")
    print(" " + ",\n ".join(cpp(text) for text in results) + "},")


def main():
    print(f"// Made by tests/vectors/sigv4_vectors.py with botocore {botocore.__version__}. Do not edit.")
    print("// clang-format off")
    time = datetime.datetime(2026, 11, 23, 7, 42, 10)
    unsigned = "UNSIGNED-PAYLOAD"
    for key in KEYS:
        target = "/" + quote(key, safe="/~")
        row(
            "PUT",
            HOST,
            target,
            {"x-amz-storage-class": "STANDARD_IA"},
            unsigned,
            "s3",
            "eu-central-1",
            "",
            time,
        )
    for query in QUERIES:
        target = "/bucket/key" + ("?" + query if query else "")
        row("GET", "s3.us-east-1.amazonaws.com", target, {}, "0" * 64, "s3", "us-east-1", "", time)
    for headers in HEADERS:
        row(
            "PUT",
            HOST,
            "/k",
            headers,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "s3",
            "eu-central-1",
            "token/with+odd=characters",
            time,
        )
    row("HEAD", "127.0.0.1:7070", "/bucket", {}, unsigned, "s3", "us-east-1", "", time, scheme="http")
    row("GET", "localhost:80", "/bucket/", {}, unsigned, "s3", "us-east-1", "", time, scheme="http")
    row(
        "POST",
        "sts.us-east-1.amazonaws.com",
        "/",
        {"content-type": "application/x-www-form-urlencoded"},
        "f" * 64,
        "sts",
        "us-east-1",
        "",
        time,
    )
    # The day's end and a leap day: the signing key is the day's.
    for moment in (datetime.datetime(2028, 2, 29, 23, 59, 59), datetime.datetime(2028, 3, 1)):
        row("DELETE", HOST, "/k?uploadId=1", {}, unsigned, "s3", "eu-central-1", "", moment)


if __name__ == "__main__":
    main()
