#!/usr/bin/env python3
"""Writes src/aws/aws_service_endpoint_vectors.inc: the host that botocore's rule sets give for a service.

python3 -m venv /tmp/venv && /tmp/venv/bin/pip install botocore
/tmp/venv/bin/python tests/vectors/aws_service_endpoint_vectors.py > src/aws/aws_service_endpoint_vectors.inc
"""

import itertools
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider

from s3_endpoint_vectors import REGIONS

SERVICES = ["sns", "sqs", "secretsmanager", "sts"]


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    print(f"// Made by tests/vectors/aws_service_endpoint_vectors.py with botocore {botocore.__version__}. "
          "Do not edit.")
    print("// clang-format off")
    for service in SERVICES:
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        more = {"UseGlobalEndpoint": False} if service == "sts" else {}
        for region, fips in itertools.product(REGIONS, [False, True]):
            endpoint = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=False, **more)
            print(f'{{"{service}", "{region}", {str(fips).lower()}, "{urlsplit(endpoint.url).netloc}"}},')


if __name__ == "__main__":
    main()
