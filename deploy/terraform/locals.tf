# What there is of each kind, and what it is called: the one place to change sizes.

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  suffix    = data.aws_partition.current.dns_suffix

  # kms:ViaService ends in amazonaws.com in every partition; service principals end in the partition's suffix.
  via_service = { for service in ["s3", "secretsmanager", "sns", "sqs"] : service => "${service}.${var.Region}.amazonaws.com" }

  tags = {
    Owner       = var.OwnerTag
    Environment = var.EnvironmentTag
    Provisioner = "Terraform"
    Solution    = "azs3copy"
  }

  # Memory in MB (why: docs/deploy.md, costs), time-out in seconds.
  functions = {
    "01" = { handler = "launch-qualification", memory = 128, timeout = 90 }
    "02" = { handler = "find-blobs", memory = 256, timeout = 900 }
    "03" = { handler = "download", memory = 256, timeout = 900 }
    "04" = { handler = "largefile-initializer", memory = 128, timeout = 900 }
    "05" = { handler = "largefile-parter", memory = 256, timeout = 900 }
    "06" = { handler = "largefile-recombinator", memory = 128, timeout = 900 }
  }

  # One SNS topic, one SQS queue and one dead-letter queue each. A message is a batch already: mostly one at a time.
  channels = {
    L1L2            = { name = "L1_to_L2", function = "02", batch = 1, concurrency = var.FindBlobsConcurrency }
    L2L3            = { name = "L2_to_L3", function = "03", batch = 1, concurrency = var.DownloadConcurrency }
    LargeFileInit   = { name = "LargeFileInit", function = "04", batch = 10, concurrency = var.LargeFileInitConcurrency }
    LargeFilePart   = { name = "LargeFilePart", function = "05", batch = 1, concurrency = var.LargeFilePartConcurrency }
    LargeFileRecomb = { name = "LargeFileRecomb", function = "06", batch = 1, concurrency = var.LargeFileRecombConcurrency }
  }

  receives_max      = 5       # deliveries of a message before it is a dead letter
  retention_seconds = 1209600 # 14 days, the maximum: since the message was first sent, in both queues together

  key_name        = "${var.PrefixCode}kms${var.EnvironmentCode}azs3copy"
  secret_name     = "${var.PrefixCode}sms${var.EnvironmentCode}azs3copy"
  bucket_tag      = "${var.PrefixCode}sss${var.EnvironmentCode}azs3copy"
  rule_name       = "${var.PrefixCode}evr${var.EnvironmentCode}azs3copy"
  dashboard_name  = "${var.PrefixCode}cwd${var.EnvironmentCode}azs3copy"
  group_name      = "${var.PrefixCode}rgg${var.EnvironmentCode}azs3copy"
  alarm_stem      = "${var.PrefixCode}cwa${var.EnvironmentCode}azs3copy"
  topic_stem      = "${var.PrefixCode}sns${var.EnvironmentCode}azs3copy"
  queue_stem      = "${var.PrefixCode}sqs${var.EnvironmentCode}azs3copy"
  function_stem   = "${var.PrefixCode}lmd${var.EnvironmentCode}azs3copylambda"
  role_stem       = "${var.PrefixCode}iar${var.EnvironmentCode}azs3copylambda"
  policy_stem     = "${var.PrefixCode}iap${var.EnvironmentCode}azs3copylambda"
  alarm_topic_arn = "arn:${local.partition}:sns:${var.Region}:${local.account}:${local.topic_stem}DLQ"

  makes_bucket   = var.ExistingBucketName == ""
  bucket_name    = local.makes_bucket ? aws_s3_bucket.copy[0].bucket : var.ExistingBucketName
  bucket_arn     = "arn:${local.partition}:s3:::${local.bucket_name}"
  bucket_key_arn = local.makes_bucket ? aws_kms_key.copy.arn : var.ExistingBucketKmsKeyArn
  in_vpc         = length(var.VpcSubnetIds) > 0
}
