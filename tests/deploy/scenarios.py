"""The parameters with which both templates are compared: as they come, with every one of them changed, those
whose effect shows only in a bucket of the stack's own, and the partitions outside of AWS's commercial one."""

from cloudformation import PLACES, REGION, Stack

KEYS = "arn:aws:kms:eu-west-1:123456789012"
NEEDED = {
    "SourceBucket": "artifacts",
    "AzureBlobURL": "https://acme.blob.core.windows.net/",
    "AzureApplicationID": "00000000-0000-0000-0000-000000000001",
    "AzureTenantID": "00000000-0000-0000-0000-000000000002",
}

# As Terraform takes them; CloudFormation's are made of these.
SCENARIOS = {
    "as_it_comes": {**NEEDED, "AzureSecretKey": "s3cret~with.odd-characters_"},
    "all_changed": {
        "SourceBucket": "other-artifacts",
        "SourcePrefix": "0.2.0/",
        "PrefixCode": "acme",
        "EnvironmentCode": "pd",
        "OwnerTag": "Migration",
        "EnvironmentTag": "Production",
        "AzureBlobURL": "https://other.blob.core.windows.net/photos/2024",
        "AzureApplicationID": "00000000-0000-0000-0000-000000000003",
        "AzureTenantID": "00000000-0000-0000-0000-000000000004",
        "AzureSecretless": True,
        "AzureCopySchedule": "rate(6 hours)",
        "BlobToS3SyncStartDate": "2024-01-31 00:00:00",
        "PartitionSize": 8388608,
        "UseFullFilePath": False,
        "Containers": "photos, $web",
        "KeyPrefix": "from azure/",
        "StorageClass": "GLACIER_IR",
        "StatePrefix": "state/of-photos/",
        "IsActive": False,
        "ExistingBucketName": "acme-data",
        "ExistingBucketOwner": "999999999999",
        "ExistingBucketKmsKeyArn": f"{KEYS}:key/99999999-2222-3333-4444-555555555555",
        "Architecture": "x86_64",
        "VpcSubnetIds": ["subnet-1", "subnet-2"],
        "VpcSecurityGroupIds": ["sg-1"],
        "AlarmEmail": "ops@example.com",
        "RunHoursMax": 48,
        "LaunchHoursMax": 8,
        "MessageAgeMaxSeconds": 7200,
        "LogRetentionDays": 365,
        "LogLevel": "debug",
        "RunRetentionDays": 10,
        "ReserveLaunchConcurrency": True,
        "FindBlobsConcurrency": 2,
        "DownloadConcurrency": 500,
        "LargeFileInitConcurrency": 3,
        "LargeFilePartConcurrency": 600,
        "LargeFileRecombConcurrency": 4,
    },
    "state_elsewhere": {
        **NEEDED,
        "AzureSecretKey": "s3cret",
        "StatePrefix": ".azs3copy-photos/",
        "RunRetentionDays": 20,
        "NoncurrentVersionDays": 30,
        "LaunchHoursMax": 0,
    },
    "in_china": {**NEEDED, "AzureSecretKey": "s3cret", "Region": "cn-north-1"},
    "in_the_eu_sovereign_cloud": {**NEEDED, "AzureSecretless": True, "Region": "eusc-de-east-1"},
}

# Terraform's provider 5 refuses the names of its regions ("eusc-de-east-1 ... invalid region value").
ONLY_CLOUDFORMATION = {"in_the_eu_sovereign_cloud"}
OF_BOTH = [name for name in SCENARIOS if name not in ONLY_CLOUDFORMATION]


def for_terraform(name):
    return {"Region": REGION, **SCENARIOS[name]}


def stack_of(name, template):
    """The CloudFormation template with the scenario's parameters, in its region."""
    place = PLACES[for_terraform(name)["Region"]]
    return Stack(template, for_cloudformation(SCENARIOS[name]), place)


def for_cloudformation(variables):
    def text(value):
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(value) if isinstance(value, list) else value

    return {name: text(value) for name, value in variables.items() if name != "Region"}
