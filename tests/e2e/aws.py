"""AWS's services besides S3, as moto stands for them: clients for the tests, logins for the functions."""

import contextlib
import functools
import threading
import urllib.request

import boto3
from botocore.config import Config

REGION = "us-east-1"
ENDPOINTS = ("SNS", "SQS", "SECRETS_MANAGER", "STS")


class Aws:
    """One moto. `checks_logins`: it verifies signatures and judges rights; functions are their roles."""

    def __init__(self, url, access_key="testing", secret_key="testing", checks_logins=False):
        self.url, self.access_key, self.secret_key = url, access_key, secret_key
        self.checks_logins = checks_logins
        self.lock = threading.Lock()

    @functools.cache
    def client(self, service):
        config = Config(max_pool_connections=64, retries={"mode": "standard"})
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=config,
                            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key)

    def rows(self, service, operation, key, **parameters):
        """All rows of a listing."""
        pages = self.client(service).get_paginator(operation).paginate(**parameters)
        return [row for page in pages for row in page[key]]

    @property
    def environment(self):
        return {f"AWS_ENDPOINT_URL_{name}": self.url for name in ENDPOINTS}

    def login_of(self, role):
        """Variables with the keys that Lambda gives a function of this role."""
        if not self.checks_logins:
            return login_variables(self.access_key, self.secret_key)
        with self.unchecked():  # Nobody but Lambda may take on such a role: moto breaks on that.
            reply = self.client("sts").assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
        return login_variables(reply["AccessKeyId"], reply["SecretAccessKey"], reply["SessionToken"])

    @contextlib.contextmanager
    def unchecked(self):
        """moto lets everybody in meanwhile."""
        with self.lock:
            self.check_logins_after("inf")
            try:
                yield
            finally:
                self.check_logins_after("0")

    def check_logins_after(self, requests):
        if self.checks_logins:
            plain = {"Content-Type": "text/plain"}
            address = f"{self.url}/moto-api/reset-auth"
            urllib.request.urlopen(urllib.request.Request(address, requests.encode(), plain)).close()


def login_variables(access_key, secret_key, session_token=""):
    variables = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    return variables | ({"AWS_SESSION_TOKEN": session_token} if session_token else {})
