"""What the roles of an applied stack allow, judged by moto's own evaluation with the mends of
tests/servers/moto_auth.py: what moto itself decides by, for calls of which moto cannot be the server.

    policy --> its rights: (Sid, action, resource) --> the policy without one of them --> who is denied now?
"""

import contextlib
import json

from moto.iam.access_control import IAMPolicy, PermissionResult

import moto_auth  # noqa: F401  mends what is imported above


def permits(document, action, arn):
    policy = IAMPolicy({"policy_document": json.dumps(document)})
    return policy.is_action_permitted(action, arn) is PermissionResult.PERMITTED


def rights_of(document):
    """(Sid, action, resource) of all that it allows."""
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    yield statement["Sid"], action, resource


def without(document, right):
    """The policy with this one right taken away; one of (None, action, None) is on all resources."""
    kept = []
    for statement in document["Statement"]:
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                here = (statement["Sid"], action, resource)
                if any(wanted not in (None, is_) for wanted, is_ in zip(right, here)):
                    kept.append({**statement, "Action": [action], "Resource": [resource]})
                    del kept[-1]["Sid"]  # must be one of a kind
    return {**document, "Statement": kept}


def idle_rights(document, asked):
    """Rights without which no request of those that were asked, (action, ARN), is denied."""
    allowed = [one for one in asked if permits(document, *one)]
    return [
        right
        for right in rights_of(document)
        if all(permits(without(document, right), *one) for one in allowed)
    ]


class Roles:
    """The roles of the functions as moto's IAM has them, by the functions' handlers."""

    def __init__(self, applied):
        self.iam = applied.client("iam")
        self.places, self.policies = {}, {}
        for function in applied.functions().values():
            handler, role = function["Handler"], function["Role"].rsplit("/", 1)[1]
            (name,) = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
            self.places[handler] = {"RoleName": role, "PolicyName": name}
            self.policies[handler] = self.iam.get_role_policy(**self.places[handler])["PolicyDocument"]

    def allows(self, handler, action, arn):
        return permits(self.policies[handler], action, arn)

    @contextlib.contextmanager
    def without(self, handler, action):
        """The role really lacks the action meanwhile."""
        whole = self.policies[handler]
        self._put(handler, without(whole, (None, action, None)))
        try:
            yield
        finally:
            self._put(handler, whole)

    def _put(self, handler, document):
        assert document != self.policies[handler], "there is nothing to take away"
        self.policies[handler] = document
        self.iam.put_role_policy(**self.places[handler], PolicyDocument=json.dumps(document))
