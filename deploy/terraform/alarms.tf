# What a person has to look at. All go to the dead-letter topic; AlarmEmail subscribes to it.

locals {
  alarms = {
    deadletters = {
      text      = "Messages that failed ${local.receives_max} times wait in a dead-letter queue: see docs/deploy.md, then redrive."
      reduce    = "SUM(METRICS())"
      label     = "Dead letters"
      namespace = "AWS/SQS"
      metrics   = ["ApproximateNumberOfMessagesVisible"]
      dimension = "QueueName"
      values    = [for channel in local.channel_of : "${local.queue_stem}${local.channels[channel].name}DLQ"]
      stat      = "Maximum"
      period    = 300
      periods   = 1
      threshold = 1
    }
    errors = {
      text      = "A function ended with an error; SQS tries its messages again."
      reduce    = "SUM(METRICS())"
      label     = "Errors"
      namespace = "AWS/Lambda"
      metrics   = ["Errors"]
      dimension = "FunctionName"
      values    = local.names
      stat      = "Sum"
      period    = 300
      periods   = 1
      threshold = 1
    }
    failed = {
      text      = "Blobs could not be copied, or a container not be listed: azs3copy status and the log say which and why."
      reduce    = "SUM(METRICS())"
      label     = "Failed blobs"
      namespace = "azs3copy"
      metrics   = ["Failed"]
      dimension = "FunctionName"
      values    = slice(local.names, 1, 6)
      stat      = "Sum"
      period    = 300
      periods   = 1
      threshold = 1
    }
    age = {
      text      = "A message has waited for long: is a concurrency too low, or is something throttled?"
      reduce    = "MAX(METRICS())"
      label     = "Age of the oldest message"
      namespace = "AWS/SQS"
      metrics   = ["ApproximateAgeOfOldestMessage"]
      dimension = "QueueName"
      values    = [for channel in local.channel_of : "${local.queue_stem}${local.channels[channel].name}"]
      stat      = "Maximum"
      period    = 300
      periods   = 1
      threshold = var.MessageAgeMaxSeconds
    }
    run = {
      text      = "There was work in the queues without a pause for ${var.RunHoursMax} hours: a run that does not end."
      reduce    = "SUM(METRICS())"
      label     = "Messages waiting or under way"
      namespace = "AWS/SQS"
      metrics   = ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"]
      dimension = "QueueName"
      values    = [for channel in local.channel_of : "${local.queue_stem}${local.channels[channel].name}"]
      stat      = "Maximum"
      period    = 3600
      periods   = var.RunHoursMax
      threshold = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "copy" {
  for_each = local.alarms

  alarm_name          = "${local.alarm_stem}${each.key}"
  alarm_description   = each.value.text
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "all"
    expression  = each.value.reduce
    label       = each.value.label
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for index, pair in setproduct(each.value.metrics, each.value.values) : index => pair }

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value[0]
        dimensions  = { (each.value.dimension) = metric_query.value[1] }
        stat        = each.value.stat
        period      = each.value.period
      }
    }
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.alarm_stem}${each.key}" })
}
