// options.hpp: everything that a run on one machine can be told; the command line fills it, the run reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/destination_address.hpp"
#include "aws/s3_client.hpp"
#include "azure/azure_config.hpp"
#include "azure/blob_client.hpp"
#include "azure/source_address.hpp"
#include "plan/compare.hpp"
#include "plan/filter.hpp"
#include "plan/key_mapping.hpp"
#include "plan/part_plan.hpp"

namespace azs3copy {

// Ceilings; what the endpoints can take is found out below them.
struct LimitOptions {
  int transfers = 64;                     // streams at a time
  std::uint64_t bandwidth_bytes_max = 0;  // per second, both directions counted once; 0: no ceiling
  double requests_per_second_max = 0;     // per endpoint; 0: no ceiling
  int threads = 0;                        // event loops; 0: one a core, never more than `transfers`
};

struct NetworkOptions {
  std::string ca_bundle;  // --ca-bundle; empty: SSL_CERT_FILE, then the system's
  milliseconds connect_timeout{15'000};
  milliseconds idle_timeout{60'000};  // no byte moved
  RetryPolicy retry;                  // of one request or range; --retries is its ceiling on attempts
};

struct RunOptions {
  std::string source_text;  // as the user wrote them, the signature cut out
  std::string destination_text;
  SourceAddress source;
  DestinationAddress destination;
  AzureLogin azure;  // azure_config.hpp: explicit choices, filled from the environment
  AwsConfig aws;
  S3Options s3;
  bool s3_anonymous = false;

  bool flatten = false;
  FilterOptions filter;
  CompareOptions compare;
  bool dry_run = false;
  VerifySource verify_source = VerifySource::when_offered;

  std::uint64_t part_threshold = part_threshold_default;  // bytes
  std::uint64_t part_bytes = part_threshold_default;      // wish, bytes
  std::string storage_class;
  std::string sse;  // "", "AES256", "aws:kms"
  std::string sse_kms_key_id;
  bool bucket_key = true;  // with aws:kms: one KMS call for many objects
  bool drop_large_metadata = false;

  LimitOptions limits;
  NetworkOptions network;
  std::string state_folder;
};

}  // namespace azs3copy
