"""Reads the CloudFormation template as CloudFormation would: with parameters put in, conditions decided,
references resolved to names and ARNs as AWS forms them."""

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy/cloudformation/azs3copy-stack.yaml"

ACCOUNT = "123456789012"
# What AWS chooses.
KEY_ID = "11111111-2222-3333-4444-555555555555"
BUCKET = "made-bucket"


@dataclass(frozen=True)
class Place:
    """A region with its partition and the suffix of that partition's host names."""

    region: str
    partition: str = "aws"
    suffix: str = "amazonaws.com"

    def arn(self, service, rest):
        return f"arn:{self.partition}:{service}:{self.region}:{ACCOUNT}:{rest}"

    def role_arn(self, name):
        return f"arn:{self.partition}:iam::{ACCOUNT}:role/{name}"

    def queue_url(self, name):
        return f"https://sqs.{self.region}.{self.suffix}/{ACCOUNT}/{name}"

    @property
    def key_arn(self):
        return self.arn("kms", f"key/{KEY_ID}")

    @property
    def secret_arn(self):
        return self.arn("secretsmanager", "secret:etlsmsdvazs3copy-AbCdEf")

    @property
    def login_arn(self):
        return self.arn("secretsmanager", "secret:etlsmsdvazs3copylogin-GhIjKl")

    def secret_of(self, name):
        return self.login_arn if name.endswith("login") else self.secret_arn


HOME = Place("eu-west-1")
PLACES = {
    place.region: place
    for place in (
        HOME,
        Place("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        Place("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    )
}
REGION, KEY_ARN = HOME.region, HOME.key_arn
SECRET_ARN, LOGIN_ARN = HOME.secret_arn, HOME.login_arn


class NoValue:
    """AWS::NoValue: whatever holds it is left out."""


class Loader(yaml.SafeLoader):
    pass


def _tagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    return {name: value}


Loader.add_multi_constructor("!", _tagged)


def load(text=None):
    return yaml.load(text if text is not None else TEMPLATE.read_text(), Loader)


class Stack:
    """The template with its parameters: resource(logical_id) gives type and resolved properties."""

    def __init__(self, template, parameters, place=HOME):
        self.template = template
        self.place = place
        self.pseudo = {
            "AWS::Region": place.region,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": place.partition,
            "AWS::URLSuffix": place.suffix,
        }
        self.parameters = {
            name: parameters.get(name, description.get("Default"))
            for name, description in template["Parameters"].items()
        }
        missing = [name for name, value in self.parameters.items() if value is None]
        assert not missing, f"parameters without a value: {missing}"
        unknown = set(parameters) - set(template["Parameters"])
        assert not unknown, f"parameters that the template does not have: {unknown}"
        for name, description in template["Parameters"].items():
            if description["Type"] == "CommaDelimitedList" and isinstance(self.parameters[name], str):
                self.parameters[name] = [part for part in self.parameters[name].split(",") if part]

    def condition(self, name):
        return self._decide(self.template["Conditions"][name])

    def _decide(self, node):
        ((function, value),) = node.items()
        if function == "Condition":
            return self.condition(value)
        if function == "Fn::Equals":
            return str(self.resolve(value[0])) == str(self.resolve(value[1]))
        if function == "Fn::EachMemberEquals":
            return all(member == value[1] for member in self.resolve(value[0]))
        if function == "Fn::Not":
            return not self._decide(value[0])
        if function == "Fn::Or":
            return any(self._decide(part) for part in value)
        raise AssertionError(f"condition function {function}")

    def broken_rules(self):
        """Names of the rules that these parameters do not keep."""
        return [
            name
            for name, rule in self.template["Rules"].items()
            if self._decide(rule["RuleCondition"])
            and not all(self._decide(each["Assert"]) for each in rule["Assertions"])
        ]

    def exists(self, logical_id):
        condition = self.template["Resources"][logical_id].get("Condition")
        return condition is None or self.condition(condition)

    def resources(self):
        return [name for name in self.template["Resources"] if self.exists(name)]

    def properties(self, logical_id):
        return self.resolve(self.template["Resources"][logical_id].get("Properties", {}))

    def outputs(self):
        return {name: self.resolve(output["Value"]) for name, output in self.template["Outputs"].items()}

    # ---- functions

    def resolve(self, node):
        if isinstance(node, list):
            values = [self.resolve(part) for part in node]
            return [value for value in values if value is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, value),) = node.items()
            if name == "Ref":
                return self._ref(value)
            if name.startswith("Fn::"):
                return getattr(self, "_" + name[4:].lower())(value)
        values = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not NoValue}

    def _if(self, value):
        condition, yes, no = value
        return self.resolve(yes if self.condition(condition) else no)

    def _join(self, value):
        return value[0].join(self.resolve(value[1]))

    def _findinmap(self, value):
        mapping, first, second = value
        return self.template["Mappings"][mapping][first][second]

    def _sub(self, value):
        text, variables = value if isinstance(value, list) else (value, {})

        def put(match):
            name = match.group(1)
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._getatt(name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", put, text)

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NoValue
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._attribute(name, "Ref")

    def _getatt(self, value):
        return self._attribute(*value)

    def _attribute(self, logical_id, attribute):
        assert self.exists(logical_id), f"reference to {logical_id}, which this stack does not have"
        resource = self.template["Resources"][logical_id]
        name = lambda key: self.resolve(resource["Properties"][key])  # noqa: E731
        arn = self.place.arn
        forms = {
            ("AWS::KMS::Key", "Ref"): lambda: KEY_ID,
            ("AWS::KMS::Key", "Arn"): lambda: self.place.key_arn,
            ("AWS::SecretsManager::Secret", "Ref"): lambda: self.place.secret_of(name("Name")),
            ("AWS::S3::Bucket", "Ref"): lambda: BUCKET,
            ("AWS::SNS::Topic", "Ref"): lambda: arn("sns", name("TopicName")),
            ("AWS::SQS::Queue", "Ref"): lambda: self.place.queue_url(name("QueueName")),
            ("AWS::SQS::Queue", "Arn"): lambda: arn("sqs", name("QueueName")),
            ("AWS::Lambda::Function", "Ref"): lambda: name("FunctionName"),
            ("AWS::Lambda::Function", "Arn"): lambda: arn("lambda", "function:" + name("FunctionName")),
            ("AWS::IAM::Role", "Ref"): lambda: name("RoleName"),
            ("AWS::IAM::Role", "Arn"): lambda: self.place.role_arn(name("RoleName")),
            ("AWS::Logs::LogGroup", "Ref"): lambda: name("LogGroupName"),
            ("AWS::Logs::LogGroup", "Arn"): lambda: arn("logs", f"log-group:{name('LogGroupName')}:*"),
            ("AWS::Events::Rule", "Arn"): lambda: arn("events", "rule/" + name("Name")),
            ("AWS::CloudWatch::Dashboard", "Ref"): lambda: name("DashboardName"),
        }
        return forms[resource["Type"], attribute]()


def leaves(node, path=()):
    """The path of every scalar below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, path + (key,))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, path + (index,))
    else:
        yield path


def changed(node, path, value):
    """A copy of a node with another value at a path."""
    result = copy.deepcopy(node)
    place = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return result
