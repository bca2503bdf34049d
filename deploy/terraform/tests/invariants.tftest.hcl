# What must hold whatever the parameters are. No cloud is asked: the provider is a mock.
#   terraform init && terraform test

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:etlsmsdvazs3copy-AbCdEf" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:mock" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mock" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mock" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:mock" }
  }

  # Of their own, so that a policy with the wrong one is seen.
  override_resource {
    target = aws_sns_topic.work["L1L2"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:topic-L1L2" }
  }
  override_resource {
    target = aws_sqs_queue.work["L1L2"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue-L1L2" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["L1L2"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:letters-L1L2" }
  }
  override_resource {
    target = aws_sns_topic.work["L2L3"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:topic-L2L3" }
  }
  override_resource {
    target = aws_sqs_queue.work["L2L3"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue-L2L3" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["L2L3"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:letters-L2L3" }
  }
  override_resource {
    target = aws_sns_topic.work["LargeFileInit"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:topic-LargeFileInit" }
  }
  override_resource {
    target = aws_sqs_queue.work["LargeFileInit"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue-LargeFileInit" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["LargeFileInit"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:letters-LargeFileInit" }
  }
  override_resource {
    target = aws_sns_topic.work["LargeFilePart"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:topic-LargeFilePart" }
  }
  override_resource {
    target = aws_sqs_queue.work["LargeFilePart"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue-LargeFilePart" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["LargeFilePart"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:letters-LargeFilePart" }
  }
  override_resource {
    target = aws_sns_topic.work["LargeFileRecomb"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:topic-LargeFileRecomb" }
  }
  override_resource {
    target = aws_sqs_queue.work["LargeFileRecomb"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue-LargeFileRecomb" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters["LargeFileRecomb"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:letters-LargeFileRecomb" }
  }
}

variables {
  Region             = "eu-west-1"
  SourceBucket       = "artifacts"
  AzureBlobURL       = "https://acme.blob.core.windows.net/"
  AzureApplicationID = "00000000-0000-0000-0000-000000000001"
  AzureTenantID      = "00000000-0000-0000-0000-000000000002"
  AzureSecretKey     = "s3cret"
}

run "as_it_comes" {
  command = apply

  # ---- delivery
  assert {
    condition = alltrue([for key, channel in local.channels : aws_sqs_queue.work[key].visibility_timeout_seconds
    >= 6 * aws_lambda_function.function[channel.function].timeout])
    error_message = "A queue shows a message again before six time-outs of its function have passed."
  }
  assert {
    condition = alltrue([for key, channel in local.channels : jsondecode(aws_sqs_queue.work[key].redrive_policy) == {
      deadLetterTargetArn = aws_sqs_queue.dead_letters[key].arn, maxReceiveCount = 5 }
      && jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters[key].redrive_allow_policy) == {
    redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.work[key].arn] }])
    error_message = "A queue has no dead-letter queue of its own."
  }
  assert {
    condition = alltrue([for key, channel in local.channels :
    aws_sqs_queue.dead_letters[key].message_retention_seconds == 1209600 && aws_sqs_queue.work[key].message_retention_seconds == 1209600])
    error_message = "A queue keeps its messages for less than 14 days."
  }
  assert {
    condition = alltrue([for key, channel in local.channels :
      [for statement in jsondecode(aws_sqs_queue_policy.work[key].policy).Statement : [statement.Principal, statement.Action, statement.Condition] if statement.Effect == "Allow"]
      == [[{ Service = "sns.amazonaws.com" }, "sqs:SendMessage", { ArnEquals = { "aws:SourceArn" = aws_sns_topic.work[key].arn } }]]
      && [for statement in jsondecode(aws_sqs_queue_policy.dead_letters[key].policy).Statement : [statement.Principal, statement.Action, statement.Condition] if statement.Effect == "Allow"]
    == [[{ Service = "sns.amazonaws.com" }, "sqs:SendMessage", { ArnEquals = { "aws:SourceArn" = aws_sns_topic.work[key].arn } }]]])
    error_message = "A queue admits others than its own topic."
  }
  assert {
    condition = alltrue([for key, channel in local.channels :
      aws_sns_topic_subscription.work[key].topic_arn == aws_sns_topic.work[key].arn
      && aws_sns_topic_subscription.work[key].endpoint == aws_sqs_queue.work[key].arn
      && aws_sns_topic_subscription.work[key].raw_message_delivery
    && jsondecode(aws_sns_topic_subscription.work[key].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters[key].arn }])
    error_message = "A topic does not feed its queue, raw, or discards messages that the queue refuses."
  }
  assert {
    condition = alltrue([for key, channel in local.channels :
      aws_lambda_event_source_mapping.work[key].event_source_arn == aws_sqs_queue.work[key].arn
      && one(aws_lambda_event_source_mapping.work[key].function_response_types) == "ReportBatchItemFailures"
      && aws_lambda_event_source_mapping.work[key].batch_size <= 10
    && aws_lambda_event_source_mapping.work[key].scaling_config[0].maximum_concurrency >= 2])
    error_message = "A mapping does not report failures message by message, or takes too many."
  }

  # ---- encryption
  assert {
    condition = alltrue([for thing in concat(
      [for key, channel in local.channels : aws_sqs_queue.work[key].kms_master_key_id],
      [for key, channel in local.channels : aws_sqs_queue.dead_letters[key].kms_master_key_id],
      [for key, channel in local.channels : aws_sns_topic.work[key].kms_master_key_id],
      [for key, function in local.functions : aws_cloudwatch_log_group.function[key].kms_key_id],
    [aws_sns_topic.alarms.kms_master_key_id, aws_secretsmanager_secret.copy.kms_key_id]) : thing == aws_kms_key.copy.arn])
    error_message = "Something is not encrypted with the key."
  }
  assert {
    condition     = aws_kms_key.copy.enable_key_rotation
    error_message = "The key is not rotated."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.copy.policy).Statement :
      !anytrue([for action in statement.Action : strcontains(action, "*")])
      && (statement.Sid == "Administration" ? length(setintersection(statement.Action, ["kms:Decrypt", "kms:Encrypt",
    "kms:GenerateDataKey", "kms:CreateGrant"])) == 0 : can(statement.Condition))])
    error_message = "The key's policy lets somebody use it without a condition, or allows actions by a pattern."
  }
  assert {
    condition = one(one(aws_s3_bucket_server_side_encryption_configuration.copy[0].rule).apply_server_side_encryption_by_default) == {
      sse_algorithm = "aws:kms", kms_master_key_id = aws_kms_key.copy.arn
    } && one(aws_s3_bucket_server_side_encryption_configuration.copy[0].rule).bucket_key_enabled
    error_message = "The bucket does not encrypt with the key and a bucket key."
  }

  # ---- TLS and access
  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.copy[0].policy).Statement : statement.Sid => [statement.Effect, statement.Principal, statement.Action, statement.Condition] } == {
      TlsOnly      = ["Deny", "*", "s3:*", { Bool = { "aws:SecureTransport" = "false" } }]
      Tls12OrLater = ["Deny", "*", "s3:*", { NumericLessThan = { "s3:TlsVersion" = "1.2" } }]
    }
    error_message = "The bucket takes connections without TLS 1.2."
  }
  assert {
    condition = alltrue([for policy in concat(
      [for key, channel in local.channels : aws_sqs_queue_policy.work[key].policy],
      [for key, channel in local.channels : aws_sqs_queue_policy.dead_letters[key].policy],
      [for key, channel in local.channels : aws_sns_topic_policy.work[key].policy],
      [aws_sns_topic_policy.alarms.policy]) : anytrue([for statement in jsondecode(policy).Statement :
    statement.Effect == "Deny" && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }])])
    error_message = "A topic or a queue takes requests without TLS."
  }
  assert {
    condition = alltrue([for name in ["block_public_acls", "block_public_policy", "ignore_public_acls",
    "restrict_public_buckets"] : aws_s3_bucket_public_access_block.copy[0][name]])
    error_message = "The bucket can be made public."
  }
  assert {
    condition = alltrue([for key, function in local.functions : alltrue([for statement in local.statements[key] :
      !anytrue([for action in statement.Action : strcontains(action, "*")]) && !contains(statement.Resource, "*")
    ])])
    error_message = "A role has an action by a pattern or a right on everything."
  }
  assert {
    condition = alltrue([for key, function in local.functions :
      aws_lambda_function.function[key].role == aws_iam_role.function[key].arn
    && aws_iam_role_policy.function[key].role == aws_iam_role.function[key].name])
    error_message = "A function does not run with its own role."
  }

  # ---- what stays, and how long
  assert {
    condition     = aws_s3_bucket_versioning.copy[0].versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.copy[0].force_destroy
    error_message = "The bucket is not versioned, or goes with its objects."
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.copy[0].rule : rule.id => one(rule.filter).prefix } == {
      AbortIncompleteUploads = "", ExpireRuns = ".azs3copy/runs/", ExpireUploads = ".azs3copy/uploads/", ExpireOldState = ".azs3copy/"
    }
    error_message = "A lifecycle rule reaches for something else than uploads and the state of runs."
  }
  assert {
    condition     = alltrue([for key, function in local.functions : aws_cloudwatch_log_group.function[key].retention_in_days == 30])
    error_message = "A log is kept for ever."
  }

  # ---- the functions
  assert {
    condition = alltrue([for key, function in local.functions : aws_lambda_function.function[key].runtime == "provided.al2023"
      && one(aws_lambda_function.function[key].architectures) == "arm64"
      && aws_lambda_function.function[key].s3_key == "azs3copy-lambda${key}.zip"
    && !strcontains(jsonencode(aws_lambda_function.function[key].environment[0].variables), "s3cret")])
    error_message = "A function is not what tools/package.sh makes."
  }
  assert {
    condition     = alltrue([for key, function in local.functions : aws_lambda_function.function[key].reserved_concurrent_executions == -1])
    error_message = "A new account, whose limit is 10, has no concurrency to reserve."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.copy.secret_string == null && aws_secretsmanager_secret_version.login[0].secret_string == null
    error_message = "A secret's text is in the state."
  }
  assert {
    condition     = local.defaults.AZS3COPY_ISACTIVE == "true" && local.defaults.AZS3COPY_BEGINDATE == "20220820" && nonsensitive(jsondecode(local.login_text).appsecret) == "s3cret"
    error_message = "The functions are not told what the parameters say."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.alarms) == 0
    error_message = "Somebody gets e-mail unasked."
  }
}

run "an_existing_bucket_is_left_alone" {
  command = plan

  variables {
    ExistingBucketName = "acme-data"
  }

  assert {
    condition     = length(aws_s3_bucket.copy) == 0 && length(aws_s3_bucket_policy.copy) == 0 && length(aws_s3_bucket_lifecycle_configuration.copy) == 0
    error_message = "Something of the existing bucket is changed."
  }
  assert {
    condition     = output.BucketName == "acme-data"
    error_message = "The existing bucket is not the one that is copied into."
  }
  assert {
    condition     = alltrue([for key, function in local.functions : !contains([for statement in local.statements[key] : statement.Sid], "BucketKey")])
    error_message = "There is a right on the key of a bucket that has none of ours."
  }
}

run "secretless_in_a_vpc" {
  command = apply

  variables {
    AzureSecretless     = true
    AzureSecretKey      = ""
    VpcSubnetIds        = ["subnet-1"]
    VpcSecurityGroupIds = ["sg-1"]
  }

  # No network interface to wait for.
  override_resource {
    target = terraform_data.network_interfaces
    values = { output = "0" }
  }

  assert {
    condition = alltrue([for key, function in local.functions : [for statement in local.statements[key] : statement.Sid
    if contains(statement.Resource, "*")] == ["AzureToken", "NetworkInterfaces", "NotFromCode"]])
    error_message = "A role has rights on everything that AWS could narrow."
  }
  assert {
    condition     = length(aws_secretsmanager_secret.login) == 0
    error_message = "There is a client secret where none is needed."
  }
  assert {
    condition     = alltrue([for key, function in local.functions : length(aws_lambda_function.function[key].vpc_config) == 1])
    error_message = "A function is not in the VPC."
  }
}

run "a_login_is_needed" {
  command = plan

  variables {
    AzureSecretKey = ""
  }

  expect_failures = [aws_secretsmanager_secret.copy]
}

run "bad_values_are_refused" {
  command = plan

  variables {
    PrefixCode        = "awsx"
    AzureBlobURL      = "https://<mystorageaccount>.blob.core.windows.net/"
    AzureCopySchedule = "0 3 * * *"
    PartitionSize     = 1048576
    AzureTenantID     = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    StorageClass      = "COLD"
    StatePrefix       = "/state/"
    Architecture      = "arm"

    ExistingBucketOwner     = "acme"
    ExistingBucketKmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:alias/acme"
  }

  expect_failures = [var.PrefixCode, var.AzureBlobURL, var.AzureCopySchedule, var.PartitionSize, var.AzureTenantID,
  var.StorageClass, var.StatePrefix, var.Architecture, var.ExistingBucketOwner, var.ExistingBucketKmsKeyArn]
}

run "parameters_that_do_not_fit_are_refused" {
  command = plan

  variables {
    VpcSubnetIds            = ["subnet-1"]
    ExistingBucketKmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    SourcePrefix            = "0.2.0"
  }

  expect_failures = [var.VpcSecurityGroupIds, var.ExistingBucketKmsKeyArn, var.SourcePrefix]
}

run "a_group_needs_a_subnet" {
  command = plan

  variables {
    VpcSecurityGroupIds = ["sg-1"]
    ExistingBucketName  = "s3://acme-data"
  }

  expect_failures = [var.VpcSecurityGroupIds, var.ExistingBucketName]
}
