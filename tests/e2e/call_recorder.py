"""Notes which AWS calls each function makes, by IAM's names: roles of a deployment are checked against it.

    function --AWS_ENDPOINT_URL_*--> Front [ note the call | pass it on ] --> moto, versitygw
                                               \\--> {"download": {"s3:PutObject": ["bucket/objects"]}}

The Host header stays, so signatures hold. All functions are given the same front of a server, for manifests
have the address of S3 in them. KMS does not show: S3, SNS and Secrets Manager call it for the function.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import collections
import contextlib
import http.client
import http.server
import json
import os
import re
import ssl
import sys
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PIECE_BYTES = 256 * 1024
# A connection broke, by a function's end or a server's: both sides see that for themselves.
BROKEN = (OSError, EOFError, http.client.HTTPException)
HOP_BY_HOP = {"connection", "keep-alive", "expect", "transfer-encoding"}
WITH_UPLOAD_ID = {"PUT": "PutObject", "POST": "PutObject", "DELETE": "AbortMultipartUpload",
                  "GET": "ListMultipartUploadParts"}
OF_KEY = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}
OF_TOPIC = {"Publish": "sns:Publish", "PublishBatch": "sns:Publish"}
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def s3_call(method, path, query, state_prefix):
    """(action, resource) of a request in path style; the action has a ? where it should be taught."""
    bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
    if not key:
        listing = "ListBucketMultipartUploads" if "uploads" in query else "ListBucket"
        return f"s3:{listing if method in ('GET', 'HEAD') else '?' + method}", "bucket"
    resource = "bucket/state" if key.startswith(state_prefix) else "bucket/objects"
    if "uploadId" in query:
        action = WITH_UPLOAD_ID.get(method, "?" + method)
    elif method == "POST":
        action = "PutObject" if "uploads" in query else "?POST"
    else:
        action = OF_KEY.get(method, "?" + method) + ("Tagging" if "tagging" in query else "")
    return f"s3:{action}", resource


def s3_arn(path, whole_bucket=False):
    """Of the bucket, or of the object in it."""
    bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
    return f"arn:aws:s3:::{bucket}/{key}" if key and not whole_bucket else f"arn:aws:s3:::{bucket}"


def service_arn(headers, body):
    """Of the secret, the topic or the queue."""
    if not headers.get("X-Amz-Target"):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        return form.get("TopicArn") or form.get("RoleArn", "*")
    fields = json.loads(body)
    if "QueueUrl" not in fields:
        return fields.get("SecretId", "*")
    account, name = fields["QueueUrl"].split("/")[-2:]
    region = re.search("Credential=[^/]+/[^/]+/([^/]+)/", headers["Authorization"])[1]
    return f"arn:aws:sqs:{region}:{account}:{name}"


def service_call(headers, body):
    """(action, resource) of SNS and STS, which send forms, and of the services that send JSON."""
    target = headers.get("X-Amz-Target", "")
    if target:
        fields = json.loads(body)
        service, _, action = target.partition(".")
        service = service.removeprefix("Amazon").lower()
        name = fields.get("SecretId") or fields.get("QueueUrl", "").rsplit("/", 1)[-1]
        return f"{service}:{action}", "secret" if service == "secretsmanager" else f"queue/{short(name)}"
    form = dict(urllib.parse.parse_qsl(body.decode()))
    if form["Action"] in OF_TOPIC:
        return OF_TOPIC[form["Action"]], f"topic/{short(form.get('TopicArn', ''))}"
    return f"sts:{form['Action']}", form.get("RoleArn", "*")


def short(name):
    """Without what is a stack's own: a template calls L1L2 L1_to_L2."""
    return re.sub(".*azs3copy", "", name).replace("_to_", "")


class CallRecorder:
    """Who calls shows in the login: each function must have an access key of its own.

    `allows`: judges (function, action, ARN) in place of an S3 server that knows no roles.
    """

    def __init__(self, state_prefix=".azs3copy/", allows=lambda function, action, arn: True):
        self.state_prefix, self.allows = state_prefix, allows
        self.functions = {}  # by access key
        self.calls = collections.defaultdict(collections.Counter)
        self.asked = collections.defaultdict(set)  # function -> (action, ARN)
        self.denied = []  # (function, action, ARN)
        self.lock = threading.Lock()
        self.fronts = {}

    def front(self, url, ca=None, s3_login=None):
        """The address to give to functions instead of the url.

        `s3_login`: access key and secret key of an S3 server that does not know those of the functions.
        """
        with self.lock:
            if url not in self.fronts:
                server = Front(("127.0.0.1", 0), Passage)
                server.recorder, server.ca, server.s3_login = self, ca, s3_login
                server.behind = urllib.parse.urlsplit(url)
                threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
                self.fronts[url] = server
        return f"http://127.0.0.1:{self.fronts[url].server_port}"

    def environment(self, function, variables, s3_login=None):
        """The same variables of a function, with a front in each address of AWS's."""
        self.functions[variables["AWS_ACCESS_KEY_ID"]] = function
        ca = variables.get("SSL_CERT_FILE")
        return variables | {name: self.front(url, ca, s3_login) for name, url in variables.items()
                            if name.startswith("AWS_ENDPOINT_URL")}

    def note(self, function, call, arn):
        with self.lock:
            self.calls[function][call] += 1
            self.asked[function].add((call[0], arn))

    def by_function(self):
        """{function: {action: [resources]}}"""
        found = {function: collections.defaultdict(list) for function in sorted(self.calls)}
        for function, calls in self.calls.items():
            for action, resource in sorted(calls):
                found[function][action].append(resource)
        return found

    def add_to(self, path):
        """Into the file, beside what it holds already."""
        if os.path.exists(path):
            with open(path) as file:
                for function, actions in json.load(file).items():
                    self.calls[function].update(
                        (action, resource) for action, resources in actions.items() for resource in resources)
        with open(path, "w") as file:
            json.dump(self.by_function(), file, indent=2)
            file.write("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.fronts.values():
            server.shutdown()
            server.server_close()


class Front(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], BROKEN):
            super().handle_error(request, client_address)


class Passage(http.server.BaseHTTPRequestHandler):
    """One connection of a function, and one of its own to the server behind."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    behind = None

    def log_message(self, *_):
        pass

    def pass_on(self):
        path, _, query = self.path.partition("?")
        recorder, body = self.server.recorder, b""
        length = int(self.headers.get("Content-Length", 0))
        access_key, service = re.search("Credential=([^/]+)/.*/(.*)/aws4_request",
                                        self.headers["Authorization"]).groups()
        self.function, self.is_s3 = recorder.functions[access_key], service == "s3"
        if self.is_s3:
            names = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            call, arn = s3_call(self.command, path, names, recorder.state_prefix), s3_arn(path)
        else:
            body = self.rfile.read(length)
            call, arn = service_call(self.headers, body), service_arn(self.headers, body)
        if not self.is_allowed(call, arn) or not self.may_compare(call, arn):
            return self.deny(length - len(body))
        self.send_behind(body, length - len(body))
        reply = self.behind.getresponse()
        if reply.status == 403:
            recorder.denied.append((self.function, call[0], arn))
        if reply.status == 404 and call[0] == "s3:GetObject":
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html: else it is 403.
            if not self.is_allowed(("s3:ListBucket", "bucket"), s3_arn(path, whole_bucket=True)):
                reply.read()
                return self.deny()
        self.send_back(reply)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def is_allowed(self, call, arn):
        """Notes what is asked for."""
        recorder, action = self.server.recorder, call[0]
        recorder.note(self.function, call, arn)
        judged_here = self.is_s3 and self.server.s3_login
        if judged_here and not recorder.allows(self.function, action, arn):
            recorder.denied.append((self.function, action, arn))
            return False
        return True

    def may_compare(self, call, arn):
        """To delete an object of this ETag alone is to read it as well.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
        """
        compares = self.is_s3 and self.command == "DELETE" and "If-Match" in self.headers
        return not compares or self.is_allowed(("s3:GetObject", call[1]), arn)

    def deny(self, bytes_left=0):
        """As S3 does, once the body is there."""
        while bytes_left and (piece := self.rfile.read1(min(bytes_left, PIECE_BYTES))):
            bytes_left -= len(piece)
        self.send_response_only(403)
        self.send_header("Content-Length", str(len(DENIED)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(DENIED)

    def send_behind(self, body, bytes_left):
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP]
        if self.is_s3 and self.server.s3_login:
            headers = signed_again(self.command, self.path, headers, *self.server.s3_login)
        self.behind = self.behind or self.connection_behind()
        self.behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            self.behind.putheader(name, value)
        self.behind.endheaders(body)
        # A server that refuses early may stop reading; what it says comes through all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while bytes_left:
                piece = self.rfile.read1(min(bytes_left, PIECE_BYTES))
                if not piece:
                    raise EOFError("the function ended in mid-body")
                self.behind.send(piece)
                bytes_left -= len(piece)
        self.close_connection |= bytes_left > 0

    def connection_behind(self):
        if self.server.behind.scheme == "http":
            return http.client.HTTPConnection(self.server.behind.netloc)
        context = ssl.create_default_context(cafile=self.server.ca)
        return http.client.HTTPSConnection(self.server.behind.netloc, context=context)

    def send_back(self, reply):
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or reply.status in (204, 304)
        body = None
        if reply.length is None and not bodiless:
            body = reply.read()
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body is not None:
            self.wfile.write(body)
        while piece := reply.read(PIECE_BYTES):
            self.wfile.write(piece)

    def finish(self):
        if self.behind:
            self.behind.close()
        with contextlib.suppress(OSError):
            super().finish()


def signed_again(method, path, headers, access_key, secret_key):
    """The headers with another login's signature over the same headers; the body's hash stays what it was."""
    login = next(value for name, value in headers if name.lower() == "authorization")
    date, region, service = re.search("Credential=[^/]+/([^/]+)/([^/]+)/([^/]+)/", login).groups()
    names = set(re.search("SignedHeaders=([^,]+)", login).group(1).split(";")) - {"x-amz-security-token"}
    headers = [(name, value) for name, value in headers
               if name.lower() not in ("authorization", "x-amz-security-token")]
    request = AWSRequest(method, path, {name: value for name, value in headers if name.lower() in names})
    request.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = S3SigV4Auth(Credentials(access_key, secret_key), service, region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    scope = f"{access_key}/{date}/{region}/{service}/aws4_request"
    return [*headers, ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope},"
                                        f"SignedHeaders={';'.join(sorted(names))},Signature={signature}")]
