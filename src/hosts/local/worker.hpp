// worker.hpp: one event loop and its clients. Nothing in it is shared with another loop but the TLS context.
#pragma once

#include <memory>

#include "aws/s3_endpoint.hpp"
#include "core/sync.hpp"
#include "hosts/local/options.hpp"
#include "net/http_client.hpp"
#include "net/limiter.hpp"
#include "net/loop.hpp"

namespace azs3copy {

class Worker {
 public:
  // `share` of `shares`: the ceilings of --transfers, --bwlimit and --tpslimit are divided among the loops.
  static Result<std::unique_ptr<Worker>> make(const RunOptions& options, std::shared_ptr<TlsContext> tls,
                                              int share, int shares);

  Loop loop;
  HttpClient http;
  LimitedTransport transport;
  Slots slots;
  int streams_max;
  std::unique_ptr<BlobClient> azure;
  std::unique_ptr<S3Client> s3;  // absent for commands without a destination

  const TrafficCounters* azure_traffic = nullptr;
  const TrafficCounters* s3_traffic = nullptr;
  const LimiterView* azure_limit = nullptr;
  const LimiterView* s3_limit = nullptr;

  Worker(std::shared_ptr<TlsContext> tls, HttpClientOptions http_options, LimiterOptions limits, int streams);
};

// As options and the machine allow: at least one, at most one a core, one a transfer, one a request per
// second of --tpslimit and one for each 64 KiB/s of --bwlimit.
int loop_count(const LimitOptions& limits);

// So many of `transfers` as the limit of open files allows, which is raised as far as it may be: at least one.
int transfers_that_fit(int transfers, int loops);

// The TLS roots of a run; an error names the file.
Result<std::shared_ptr<TlsContext>> tls_of(const RunOptions& options);

// The S3 server's origin, "" for AWS's own: with the bucket and key it tells whose upload a manifest means.
std::string s3_origin(const RunOptions& options);

}  // namespace azs3copy
