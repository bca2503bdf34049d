#!/usr/bin/env python3
"""Writes src/aws/s3_endpoint_vectors.inc: the host and path that botocore's rule set gives for a bucket.

python3 -m venv /tmp/venv && /tmp/venv/bin/pip install botocore
/tmp/venv/bin/python tests/vectors/s3_endpoint_vectors.py > src/aws/s3_endpoint_vectors.inc
"""

import itertools
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider

REGIONS = [
    "us-east-1",
    "eu-central-1",
    "ap-southeast-5",
    "il-central-1",
    "mx-central-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
    "eusc-de-east-1",
]


def main():
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    rules = loader.load_service_model("s3", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    print(
        f"// Made by tests/vectors/s3_endpoint_vectors.py with botocore {botocore.__version__}. Do not edit."
    )
    print("// clang-format off")
    for region, bucket, dual, fips, path in itertools.product(
        REGIONS, ["my-bucket", "dotted.bucket"], [False, True], [False, True], [False, True]
    ):
        if (fips or dual) and region.split("-")[0] not in ("us", "eu"):
            continue
        try:
            endpoint = provider.resolve_endpoint(
                Bucket=bucket,
                Region=region,
                UseDualStack=dual,
                UseFIPS=fips,
                ForcePathStyle=path,
                Accelerate=False,
                UseGlobalEndpoint=False,
            )
        except botocore.exceptions.EndpointProviderError:
            continue  # no such server
        url = urlsplit(endpoint.url)
        flags = ", ".join(str(flag).lower() for flag in (dual, fips, path))
        print(f'{{"{region}", "{bucket}", {flags}, "{url.netloc}", "{url.path}"}},')


if __name__ == "__main__":
    main()
