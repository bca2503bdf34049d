output "LaunchFunction" {
  description = "Function that starts a copy: by the schedule, or by the console's Test button with any event."
  value       = aws_lambda_function.function["01"].function_name
}

output "BucketName" {
  description = "Bucket that is copied into."
  value       = local.bucket_name
}

output "StatePrefix" {
  description = "What the keys of the runs' state begin with: --state-prefix of azs3copy status and redrive."
  value       = var.StatePrefix
}

output "SecretArn" {
  description = "Secret that people edit: isactive pauses, begindate moves the start date, appsecret is the client secret."
  value       = aws_secretsmanager_secret.copy.arn
}

output "KeyArn" {
  description = "KMS key of everything."
  value       = aws_kms_key.copy.arn
}

output "AlarmTopicArn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}

output "DashboardName" {
  description = "CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.copy.dashboard_name
}

output "RoleArns" {
  description = "Roles of the functions, with commas: the subjects of the federated credentials with AzureSecretless."
  value       = join(",", [for key, function in local.functions : aws_iam_role.function[key].arn])
}
