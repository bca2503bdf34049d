"""What the dashboard and the alarms look at exists: functions, queues, topics, logs; and the metrics and keys
that the program's own source names."""

import json
import re
from pathlib import Path

import pytest

from scenarios import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "src/hosts/lambda"

# Namespace -> (dimension that names a thing, type of the thing, its name, metrics)
AWS = {
    "AWS/Lambda": (
        "FunctionName",
        "AWS::Lambda::Function",
        "FunctionName",
        {"Invocations", "Errors", "Duration", "AsyncEventsDropped"},
    ),
    "AWS/SQS": (
        "QueueName",
        "AWS::SQS::Queue",
        "QueueName",
        {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateAgeOfOldestMessage",
            "NumberOfMessagesReceived",
            "NumberOfEmptyReceives",
        },
    ),
    "AWS/Events": ("RuleName", "AWS::Events::Rule", "Name", {"FailedInvocations"}),
    "AWS/SNS": (
        "TopicName",
        "AWS::SNS::Topic",
        "TopicName",
        {"NumberOfNotificationsFailed", "NumberOfMessagesPublished"},
    ),
}
# Measured by S3 once a day, for each storage class.
DAILY = {"BucketSizeBytes", "NumberOfObjects"}
OURS = {
    "Discovered",
    "Planned",
    "Copied",
    "CopiedBytes",
    "Unchanged",
    "Skipped",
    "Failed",
    "SecondsPerGiB",
    "QueueAgeSeconds",
    "Retried",
    "RunsGivenUp",
}
OUR_DIMENSIONS = ({"FunctionName"}, {"FunctionName", "ErrorClass"})


def names_of(stack, kind, key):
    return {
        stack.properties(logical_id)[key]
        for logical_id in stack.resources()
        if stack.template["Resources"][logical_id]["Type"] == kind
    }


def check_metric(stack, namespace, metric, dimensions):
    if namespace == "azs3copy":
        assert metric in OURS and set(dimensions) in OUR_DIMENSIONS, (metric, dimensions)
        assert dimensions["FunctionName"] in names_of(stack, "AWS::Lambda::Function", "FunctionName")
        return
    dimension, kind, key, metrics = AWS[namespace]
    assert metric in metrics, (namespace, metric)
    assert dimensions.pop(dimension) in names_of(stack, kind, key), (namespace, metric)
    assert not dimensions


def check_daily(stack, properties):
    """The newest value of a week: the dashboard's own hours mostly hold none."""
    assert (properties["start"], properties["end"]) == ("-PT168H", "P0D")
    assert properties["setPeriodToTimeRange"] is False
    bucket = stack.outputs()["BucketName"]
    assert {entry[0]["expression"] for entry in properties["metrics"]} == {
        "SEARCH('{AWS/S3,BucketName,StorageType} "
        f"""MetricName="{metric}" BucketName="{bucket}"', 'Average', 86400)"""
        for metric in DAILY
    }


def check_expression(stack, expression, ids):
    searches = re.findall(
        r"SEARCH\('\{([^}]*)\} MetricName=\"(\w+)\" FunctionName=\(([^)]*)\)', '\w+'\)", expression
    )
    assert expression.count("SEARCH") == len(searches), expression
    for schema, metric, functions in searches:
        namespace, *dimensions = schema.split(",")
        assert namespace == "azs3copy" and metric in OURS and set(dimensions) in OUR_DIMENSIONS
        assert set(re.findall(r'"([^"]+)"', functions)) == names_of(
            stack, "AWS::Lambda::Function", "FunctionName"
        )
    # Over an array of series AVG counts those without a value as 0.
    assert "AVG(" not in expression
    rest = re.sub(r"SEARCH\('.*?'\)", "", expression)
    words = set(re.findall(r"\b[a-z]\w*\b", rest))
    assert words <= ids, f"{expression}: {words - ids} are no metrics of this widget"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_dashboard(stacks, scenario):
    stack = stacks[scenario]
    widgets = json.loads(stack.properties("CloudwatchDashboard")["DashboardBody"])["widgets"]
    logs, seen = set(), set()
    for widget in widgets:
        properties = widget["properties"]
        assert properties["region"] == stack.place.region and 1 <= widget["width"] <= 24
        if widget["type"] == "log":
            logs |= set(re.findall(r"SOURCE '([^']+)'", properties["query"]))
            continue
        if "AWS/S3" in json.dumps(properties):
            check_daily(stack, properties)
            seen |= {("AWS/S3", metric) for metric in DAILY}
            continue
        assert "start" not in properties
        options = [entry[-1] for entry in properties["metrics"] if isinstance(entry[-1], dict)]
        ids = [option["id"] for option in options if "id" in option]
        assert len(ids) == len(set(ids)), properties["title"]
        for entry in properties["metrics"]:
            texts = [part for part in entry if isinstance(part, str)]
            if texts:
                namespace, metric, *pairs = texts
                check_metric(stack, namespace, metric, dict(zip(pairs[::2], pairs[1::2])))
                seen.add((namespace, metric))
            else:
                check_expression(stack, entry[0]["expression"], set(ids))
                seen |= {
                    ("azs3copy", name) for name in re.findall(r'MetricName="(\w+)"', entry[0]["expression"])
                }
    assert logs == names_of(stack, "AWS::Logs::LogGroup", "LogGroupName")
    assert ("AWS/S3", "BucketSizeBytes") in seen
    assert {metric for namespace, metric in seen if namespace == "azs3copy"} == OURS


def alarms_of(stack):
    """Alarm's name -> its properties."""
    return {name: stack.properties(name) for name in stack.resources() if name.startswith("Alarm")}


def goes_off(properties, samples):
    """Whether an alarm that sums metrics goes off. samples: metric's name -> lists of values, one a period
    and oldest first; of a metric that is not given there is no data."""
    reduce = {"Sum": sum, "Minimum": min, "Maximum": max}
    queries = properties["Metrics"]
    metrics = [query["MetricStat"] for query in queries if "MetricStat" in query]
    assert [query["Expression"] for query in queries if "Expression" in query] == ["SUM(METRICS())"]
    breaches = {
        "GreaterThanOrEqualToThreshold": lambda value: value >= properties["Threshold"],
        "LessThanThreshold": lambda value: value < properties["Threshold"],
    }[properties["ComparisonOperator"]]
    verdicts = []
    for period in range(-int(properties["EvaluationPeriods"]), 0):
        values = [
            reduce[metric["Stat"]](series[period])
            for metric in metrics
            for dimension in metric["Metric"]["Dimensions"]
            for series in [samples.get((metric["Metric"]["MetricName"], dimension["Value"]))]
            if series and len(series) >= -period and series[period]
        ]
        verdicts.append(breaches(sum(values)) if values else properties["TreatMissingData"] == "breaching")
    return all(verdicts)


def queue_samples(stack, hour, hours):
    """The same minutes of each hour in the first queue; the other queues are empty."""
    queue = stack.properties("SQSQueueL1L2")["QueueName"]
    return {("ApproximateNumberOfMessagesVisible", queue): [hour] * hours}


def test_the_run_alarm_ignores_hourly_runs(stacks):
    stack = stacks["as_it_comes"]
    alarm = stack.properties("AlarmRun")
    busy_for_minutes, busy_throughout = [3] * 10 + [0] * 50, [3] * 60
    assert not goes_off(alarm, queue_samples(stack, busy_for_minutes, 48))
    assert goes_off(alarm, queue_samples(stack, busy_throughout, 24))
    assert not goes_off(alarm, queue_samples(stack, busy_throughout, 23))


def test_a_launch_that_never_came_is_reported(stacks):
    stack = stacks["as_it_comes"]
    alarm = stack.properties("AlarmLaunch")
    launches = ("Invocations", stack.properties("LambdaFunction01")["FunctionName"])
    daily = ([[1]] + [[]] * 23) * 3
    assert not any(goes_off(alarm, {launches: daily[: len(daily) - hour]}) for hour in range(24))
    assert goes_off(alarm, {launches: daily + [[]] * 3})
    assert goes_off(alarm, {})
    assert "AlarmLaunch" not in alarms_of(stacks["state_elsewhere"])


@pytest.mark.parametrize(
    "alarm, metric, thing",
    [
        ("AlarmUndelivered", "NumberOfNotificationsFailed", ("SNSTopicL1L2", "TopicName")),
        ("AlarmUndelivered", "NumberOfNotificationsFailed", ("SNSTopicLargeFileRecomb", "TopicName")),
        ("AlarmUndelivered", "FailedInvocations", ("ScheduledRule", "Name")),
        ("AlarmUndelivered", "AsyncEventsDropped", ("LambdaFunction01", "FunctionName")),
        ("AlarmFailed", "RunsGivenUp", ("LambdaFunction01", "FunctionName")),
    ],
)
def test_one_lost_message_or_run_is_reported(stacks, alarm, metric, thing):
    stack = stacks["as_it_comes"]
    logical_id, key = thing
    series = (metric, stack.properties(logical_id)[key])
    assert goes_off(stack.properties(alarm), {series: [[1]]})
    assert not goes_off(stack.properties(alarm), {series: [[0]]})


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_alarms(stacks, scenario):
    stack = stacks[scenario]
    alarms = alarms_of(stack)
    assert len(alarms) == (7 if stack.parameters["LaunchHoursMax"] else 6)
    for properties in alarms.values():
        assert not [query for query in properties["Metrics"] if "AVG(" in query.get("Expression", "")]
        assert properties["AlarmActions"] == [stack.outputs()["AlarmTopicArn"]]
        metrics = [query["MetricStat"] for query in properties["Metrics"] if "MetricStat" in query]
        assert 0 < len(metrics) <= 10  # CloudWatch's most in one alarm
        for metric in metrics:
            dimensions = {pair["Name"]: pair["Value"] for pair in metric["Metric"]["Dimensions"]}
            check_metric(stack, metric["Metric"]["Namespace"], metric["Metric"]["MetricName"], dimensions)
        # An alarm looks back over a week at most, over a day where its period is below an hour.
        seconds = metrics[0]["Period"] * int(properties["EvaluationPeriods"])
        assert seconds <= (604800 if metrics[0]["Period"] >= 3600 else 86400)


def keys_of_the_secret():
    """(key, need, rest of its row) of the program's table."""
    text = (HOST / "parameters.cpp").read_text().split("values that belong together")[0]
    return re.findall(r'\{"(\w+)", Need::(\w+)((?:(?!\{"\w+", Need::).)*)', text, re.S)


def defaults_of(stack):
    """Keys of the secret for which the functions have a value of the deployment."""
    names = stack.properties("LambdaFunction01")["Environment"]["Variables"]
    others = {"AZS3COPY_SECRET", "AZS3COPY_LOGIN_SECRET", "AZS3COPY_RECEIVES_MAX", "AZS3COPY_LOG_LEVEL"}
    return {name.removeprefix("AZS3COPY_").lower() for name in names if name not in others}


def test_the_environment_has_the_keys_that_the_program_reads(stacks):
    rows = keys_of_the_secret()
    known = {name for name, *_ in rows}
    required = {name for name, need, _ in rows if need in ("required", "login")}
    assert required > {"bloburl", "bucket_name", "sns_arn_l5"}
    for stack in stacks.values():
        assert required <= defaults_of(stack) <= known - {"appsecret"}
        assert set(json.loads(stack.properties("SecretsManagerSecret")["SecretString"])) <= known


def test_the_deployment_gives_all_that_it_decides_alone(stacks):
    """Otherwise a secret from another deployment would send the work to topics or a bucket of that one."""
    alone = {name for name, _, rest in keys_of_the_secret() if "Winner::environment" in rest}
    assert {"bucket_name", "expected_bucket_owner", "sns_arn_l1", "state_prefix"} < alone
    assert all(alone <= defaults_of(stack) for stack in stacks.values())


def host_sources():
    return "\n".join(path.read_text() for path in HOST.glob("*.[ch]pp") if "_test" not in path.name)


def test_the_program_sends_the_metrics_that_are_watched():
    source = host_sources()
    assert not {name for name in OURS if f'"{name}"' not in source}


def test_the_program_knows_its_handlers_and_environment(stacks):
    source = host_sources()
    stack = stacks["as_it_comes"]
    names = {stack.properties(f"LambdaFunction0{number}")["Handler"] for number in range(1, 7)}
    names |= set(stack.properties("LambdaFunction01")["Environment"]["Variables"])
    names -= {f"AZS3COPY_{key.upper()}" for key in defaults_of(stack)}  # made of the keys: tested above
    assert not {name for name in names if f'"{name}"' not in source}


def test_the_program_knows_the_levels_of_its_log(stacks):
    levels = re.findall(r'\{LogLevel::\w+, "(\w+)"\}', host_sources())
    assert set(stacks["as_it_comes"].template["Parameters"]["LogLevel"]["AllowedValues"]) <= set(levels)
