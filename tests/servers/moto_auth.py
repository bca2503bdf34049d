#!/usr/bin/env python3
"""moto_server that judges rights as IAM does where moto 5.2 does not; servers.py starts it as moto-auth.

moto itself takes every call of SNS, Secrets Manager and KMS as one on "*", so that a role which names its
topic may not publish there; wants rights to PublishBatch and the like, which IAM does not know; and reads the
pattern of a policy as a regular expression, on which the ?????? behind a secret's name breaks.
"""

import fnmatch
import sys

from moto.iam.access_control import IAMPolicyStatement
from moto.kms.responses import KmsResponse
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.server import main
from moto.sns.responses import SNSResponse


def topic(call):
    return call._get_param("TopicArn") or "*"


def secret(call):
    found = call.backend.secrets.get(call._get_param("SecretId") or "")
    return found.arn if found else "*"


def key(call):
    name = call._get_param("KeyId") or ""
    return name if name.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.current_account}:key/{name}"


SNSResponse._determine_resource = topic
SecretsManagerResponse._determine_resource = secret
KmsResponse._determine_resource = key

is_permitted_by_moto = IAMPolicyStatement.is_action_permitted


def is_action_permitted(statement, action, *rest):
    if action.startswith(("sns:", "sqs:")):
        action = action.removesuffix("Batch")
    return is_permitted_by_moto(statement, action, *rest)


def match(pattern, text):
    return fnmatch.fnmatchcase(text, pattern) or None


IAMPolicyStatement.is_action_permitted = is_action_permitted
IAMPolicyStatement._match = staticmethod(match)

if __name__ == "__main__":
    sys.exit(main())
