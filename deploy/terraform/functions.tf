# Six functions of one program: the handler's name says which it is.

locals {
  environment = merge({
    AZS3COPY_SECRET       = aws_secretsmanager_secret.copy.arn
    AZS3COPY_RECEIVES_MAX = tostring(local.receives_max)
    AZS3COPY_LOG_LEVEL    = var.LogLevel
  }, { for secret in aws_secretsmanager_secret.login : "AZS3COPY_LOGIN_SECRET" => secret.arn })

  # AZS3COPY_ and a key of the secret: what is used unless the secret says otherwise (src/hosts/lambda/parameters.hpp).
  defaults = {
    AZS3COPY_BLOBURL               = var.AzureBlobURL
    AZS3COPY_TENANTID              = var.AzureTenantID
    AZS3COPY_APPID                 = var.AzureApplicationID
    AZS3COPY_ISACTIVE              = var.IsActive ? "true" : "false"
    AZS3COPY_BEGINDATE             = var.BlobToS3SyncStartDate
    AZS3COPY_CONTAINERS            = var.Containers
    AZS3COPY_BUCKET_NAME           = local.bucket_name
    AZS3COPY_EXPECTED_BUCKET_OWNER = var.ExistingBucketOwner != "" ? var.ExistingBucketOwner : local.account
    AZS3COPY_KMS_KEY_ID            = local.bucket_key_arn
    AZS3COPY_KEY_PREFIX            = var.KeyPrefix
    AZS3COPY_STATE_PREFIX          = var.StatePrefix
    AZS3COPY_STORAGE_CLASS         = var.StorageClass
    AZS3COPY_USE_FULL_FILE_PATH    = var.UseFullFilePath ? "true" : "false"
    AZS3COPY_PARTITION_SIZE        = tostring(var.PartitionSize)
    AZS3COPY_SNS_ARN_L1            = aws_sns_topic.work["L1L2"].arn
    AZS3COPY_SNS_ARN_L2            = aws_sns_topic.work["L2L3"].arn
    AZS3COPY_SNS_ARN_L3            = aws_sns_topic.work["LargeFileInit"].arn
    AZS3COPY_SNS_ARN_L4            = aws_sns_topic.work["LargeFilePart"].arn
    AZS3COPY_SNS_ARN_L5            = aws_sns_topic.work["LargeFileRecomb"].arn
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.function_stem}${each.key}"
  retention_in_days = var.LogRetentionDays
  kms_key_id        = aws_kms_key.copy.arn

  tags = merge(local.tags, { Rtype = "code", Name = "/aws/lambda/${local.function_stem}${each.key}" })
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name = "${local.function_stem}${each.key}"
  description   = "azs3copy Lambda${each.key} (${each.value.handler})"
  runtime       = "provided.al2023"
  architectures = [var.Architecture]
  handler       = each.value.handler
  s3_bucket     = var.SourceBucket
  s3_key        = "${var.SourcePrefix}azs3copy-lambda${each.key}.zip"
  role          = aws_iam_role.function[each.key].arn
  memory_size   = each.value.memory
  timeout       = each.value.timeout

  # -1: no reservation. The others are held back by their queues' maximum_concurrency.
  reserved_concurrent_executions = each.key == "01" && var.ReserveLaunchConcurrency ? 1 : -1

  # Nothing here is worth a key of its own: Lambda encrypts it with its own.
  environment {
    variables = merge(local.environment, local.defaults)
  }

  logging_config {
    log_format = "Text" # the program writes JSON lines itself
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [1] : []

    content {
      subnet_ids         = var.VpcSubnetIds
      security_group_ids = var.VpcSecurityGroupIds
    }
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.function_stem}${each.key}" })

  # Lambda tries at once whether the role may receive, or make network interfaces.
  depends_on = [aws_iam_role_policy.function, terraform_data.network_interfaces]
}

# Destroyed after the functions and before their roles: Lambda deletes its network interfaces with the role, for up to
# 20 minutes after the function is gone. Without the role they stay, and keep the subnets and security groups in use.
resource "terraform_data" "network_interfaces" {
  count = local.in_vpc ? 1 : 0

  input = "1200"

  provisioner "local-exec" {
    when    = destroy
    command = "sleep ${self.output}"
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_event_source_mapping" "work" {
  for_each = local.channels

  event_source_arn        = aws_sqs_queue.work[each.key].arn
  function_name           = aws_lambda_function.function[each.value.function].arn
  batch_size              = each.value.batch
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.concurrency
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.queue_stem}${each.value.name}" })
}

# The schedule starts launch-qualification, as the console's Test button does.
resource "aws_cloudwatch_event_rule" "schedule" {
  name                = local.rule_name
  description         = "azs3copy: starts the copy"
  schedule_expression = var.AzureCopySchedule
  state               = "ENABLED"

  tags = merge(local.tags, { Rtype = "code", Name = local.rule_name })
}

resource "aws_cloudwatch_event_target" "schedule" {
  rule      = aws_cloudwatch_event_rule.schedule.name
  target_id = "InvokeLaunchQualification"
  arn       = aws_lambda_function.function["01"].arn
}

resource "aws_lambda_permission" "schedule" {
  function_name = aws_lambda_function.function["01"].function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule.arn
}

# All of it, as the console's resource groups show it.
resource "aws_resourcegroups_group" "copy" {
  name        = local.group_name
  description = "azs3copy - Azure Blob Storage to Amazon S3"

  resource_query {
    type = "TAG_FILTERS_1_0"
    query = jsonencode({
      ResourceTypeFilters = ["AWS::AllSupported"]
      TagFilters = [for key in ["Owner", "Environment", "Provisioner", "Solution"] :
      { Key = key, Values = [local.tags[key]] }]
    })
  }

  tags = merge(local.tags, { Rtype = "scaffold", Name = local.group_name })
}
