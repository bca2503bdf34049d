# One view of it all. Metrics in the namespace azs3copy are the program's own (EMF, in its log lines).

locals {
  names      = [for key, function in local.functions : "${local.function_stem}${key}"]
  channel_of = ["L1L2", "L2L3", "LargeFileInit", "LargeFilePart", "LargeFileRecomb"] # in flow order

  # A search of our own metrics, over all six functions.
  ours        = "FunctionName=(${join(" OR ", [for name in local.names : "\"${name}\""])})"
  our_metrics = ["Discovered", "Planned", "Copied", "Unchanged", "Skipped", "Failed", "Retried"]

  # USD, US East, list prices of 2026-11 (docs/deploy.md has their sources).
  price_gb_second   = var.Architecture == "arm64" ? 0.0000133334 : 0.0000166667
  price_request     = 0.0000002
  price_publish     = 0.0000005
  price_sqs_request = 0.0000004
  price_put         = 0.000005
  price_egress_gb   = 0.087

  numbers = { view = "singleValue", setPeriodToTimeRange = true, sparkline = true, region = var.Region }
  curves  = { view = "timeSeries", stacked = false, region = var.Region }

  lambda_widgets = [for metric in [
    { name = "Invocations", stat = "Sum" }, { name = "Errors", stat = "Sum" }, { name = "Duration", stat = "p90" }] : {
    height = 3
    properties = merge(local.numbers, {
      title   = "Lambda ${lower(metric.name)}"
      stat    = metric.stat
      metrics = [for name in local.names : ["AWS/Lambda", metric.name, "FunctionName", name]]
    })
  }]

  copy_widgets = [
    {
      height = 3
      properties = merge(local.numbers, {
        title = "Blobs"
        metrics = [for index, metric in local.our_metrics : [{
          id         = "b${index}"
          label      = metric
          expression = "SUM(SEARCH('{azs3copy,FunctionName} MetricName=\"${metric}\" ${local.ours}', 'Sum'))"
        }]]
      })
    },
    {
      height = 3
      properties = merge(local.numbers, {
        # No AVG over the functions: it counts those that moved nothing as 0.
        title = "Bytes copied, seconds per GiB by function, oldest message, runs given up"
        metrics = [
          [{ id = "bytes", label = "CopiedBytes", expression = "SUM(SEARCH('{azs3copy,FunctionName} MetricName=\"CopiedBytes\" ${local.ours}', 'Sum'))" }],
          [{ id = "pace", label = "SecondsPerGiB", expression = "SEARCH('{azs3copy,FunctionName} MetricName=\"SecondsPerGiB\" ${local.ours}', 'Average')" }],
          [{ id = "wait", label = "QueueAgeSeconds", expression = "MAX(SEARCH('{azs3copy,FunctionName} MetricName=\"QueueAgeSeconds\" ${local.ours}', 'Maximum'))" }],
          [{ id = "lost", label = "RunsGivenUp", expression = "SUM(SEARCH('{azs3copy,FunctionName} MetricName=\"RunsGivenUp\" ${local.ours}', 'Sum'))" }],
        ]
      })
    },
    {
      height = 6
      properties = merge(local.curves, {
        title = "Failed, by class"
        metrics = [[{
          id         = "classes"
          expression = "SEARCH('{azs3copy,FunctionName,ErrorClass} MetricName=\"Failed\" ${local.ours}', 'Sum')"
        }]]
      })
    },
  ]

  queue_widgets = [for widget in [
    { title = "Queue depth", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", end = "" },
    { title = "Age of the oldest message", metric = "ApproximateAgeOfOldestMessage", stat = "Maximum", end = "" },
    { title = "Dead letters", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", end = "DLQ" }] : {
    height = 6
    properties = merge(local.curves, {
      title = widget.title
      stat  = widget.stat
      metrics = [for channel in local.channel_of :
      ["AWS/SQS", widget.metric, "QueueName", "${local.queue_stem}${local.channels[channel].name}${widget.end}"]]
    })
  }]

  store_widgets = [
    {
      height = 3
      properties = merge(local.numbers, {
        title = "SNS deliveries failed"
        stat  = "Sum"
        metrics = [for end in concat([for channel in local.channel_of : local.channels[channel].name], ["DLQ"]) :
        ["AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "${local.topic_stem}${end}"]]
      })
    },
    {
      # The newest value of a week, for each storage class: in the dashboard's own hours there mostly is none.
      height = 3
      properties = merge(local.numbers, {
        title                = "Bucket size (S3 measures once a day)"
        setPeriodToTimeRange = false
        start                = "-PT168H"
        end                  = "P0D"
        metrics = [for metric in [{ id = "size", name = "BucketSizeBytes" }, { id = "count", name = "NumberOfObjects" }] : [{
          id         = metric.id
          expression = "SEARCH('{AWS/S3,BucketName,StorageType} MetricName=\"${metric.name}\" BucketName=\"${local.bucket_name}\"', 'Average', 86400)"
        }]]
      })
    },
    {
      height = 3
      properties = merge(local.numbers, {
        title = "Estimated cost (USD, list prices, US East)"
        metrics = concat(
          [for key, function in local.functions : ["AWS/Lambda", "Duration", "FunctionName", "${local.function_stem}${key}",
          { id = "d${key}", stat = "Sum", visible = false }]],
          [for key, function in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${local.function_stem}${key}",
          { id = "i${key}", stat = "Sum", visible = false }]],
          [for index, channel in local.channel_of : ["AWS/SNS", "NumberOfMessagesPublished", "TopicName",
          "${local.topic_stem}${local.channels[channel].name}", { id = "p${index}", stat = "Sum", visible = false }]],
          [for index, channel in local.channel_of : ["AWS/SQS", "NumberOfMessagesReceived", "QueueName",
          "${local.queue_stem}${local.channels[channel].name}", { id = "q${index}", stat = "Sum", visible = false }]],
          [for index, channel in local.channel_of : ["AWS/SQS", "NumberOfEmptyReceives", "QueueName",
          "${local.queue_stem}${local.channels[channel].name}", { id = "e${index}", stat = "Sum", visible = false }]],
          [
            [{ id = "lambda", label = "Lambda", expression = join("", [
              "(", join("+", [for key, function in local.functions : "FILL(d${key},0)*${function.memory}"]), ")/1024000*${format("%.10f", local.price_gb_second)}+(",
            join("+", [for key, function in local.functions : "FILL(i${key},0)"]), ")*${format("%.7f", local.price_request)}"]) }],
            # A message is sent, received and deleted: three requests.
            [{ id = "messages", label = "SNS and SQS", expression = join("", [
              "(", join("+", [for index, channel in local.channel_of : "FILL(p${index},0)"]), ")*${format("%.7f", local.price_publish)}+(",
              join("+", [for index, channel in local.channel_of : "3*FILL(q${index},0)+FILL(e${index},0)"]),
            ")*${format("%.7f", local.price_sqs_request)}"]) }],
            [{ id = "puts", label = "S3 PUT (one an object)", expression = "SUM(SEARCH('{azs3copy,FunctionName} MetricName=\"Copied\" ${local.ours}', 'Sum'))*${format("%.6f", local.price_put)}" }],
            [{ id = "egress", label = "Azure egress (first step)", expression = "SUM(SEARCH('{azs3copy,FunctionName} MetricName=\"CopiedBytes\" ${local.ours}', 'Sum'))/1000000000*${local.price_egress_gb}" }],
          ],
        )
      })
    },
  ]

  log_widgets = [for key, function in local.functions : {
    height = 6
    properties = {
      title  = "Lambda${key} (${function.handler}): what went wrong"
      view   = "table"
      region = var.Region
      query  = "SOURCE '/aws/lambda/${local.function_stem}${key}' | fields @timestamp, level, event, run, @message | filter level = 'error' or @message like /(?i)(errorType|Task timed out|Runtime exited)/ | sort @timestamp desc | limit 20"
    }
  }]
}

resource "aws_cloudwatch_dashboard" "copy" {
  dashboard_name = local.dashboard_name

  dashboard_body = jsonencode({
    widgets = concat(
      [for widget in concat(local.copy_widgets, local.lambda_widgets, local.queue_widgets, local.store_widgets) :
      { type = "metric", width = 24, height = widget.height, properties = widget.properties }],
      [for widget in local.log_widgets :
      { type = "log", width = 24, height = widget.height, properties = widget.properties }],
    )
  })
}
