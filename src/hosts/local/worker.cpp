// worker.cpp: clients from options.
#include "hosts/local/worker.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "core/environment.hpp"

namespace azs3copy {

namespace {

// Below it a loop would wait for minutes after each read.
constexpr std::uint64_t loop_bytes_per_second_min = 64 * KiB;
// Listings, HEADs and completions of a loop, to one side, in addition to its streams.
constexpr int requests_beside = 8;
// Files, event loops, name look-ups.
constexpr rlim_t descriptors_of_a_run = 24;
constexpr rlim_t descriptors_wanted = 65'536;

std::string environment(const char* upper, const char* lower) {
  std::string value = environment_variable(upper);
  return value.empty() ? environment_variable(lower) : value;
}

// The part of `whole` that falls to `share`; the first loops take what does not divide.
int share_of(int whole, int share, int shares) {
  return whole / shares + (share < whole % shares ? 1 : 0);
}

// 0 would be no ceiling at all.
std::uint64_t bandwidth_of(std::uint64_t whole, int shares) {
  return whole == 0 ? 0 : std::max<std::uint64_t>(1, whole / static_cast<std::uint64_t>(shares));
}

// At most `most`, at least one: as many as have a whole unit each.
int loops_within(double most, int loops) {
  return most >= loops ? loops : std::max(1, static_cast<int>(most));
}

}  // namespace

Worker::Worker(std::shared_ptr<TlsContext> tls, HttpClientOptions http_options, LimiterOptions limits,
               int streams)
    : http(loop, std::move(tls), std::move(http_options)),
      transport(http, loop, limits),
      slots(static_cast<std::size_t>(streams)),
      streams_max(streams) {}

Result<std::unique_ptr<Worker>> Worker::make(const RunOptions& options, std::shared_ptr<TlsContext> tls,
                                             int share, int shares) {
  HttpClientOptions http_options{.connect_timeout = options.network.connect_timeout,
                                 .idle_timeout = options.network.idle_timeout};
  Result<ProxyOptions> proxy =
      proxy_from_environment(environment("HTTPS_PROXY", "https_proxy"), environment("NO_PROXY", "no_proxy"));
  if (!proxy) return passed(std::move(proxy));
  http_options.proxy = std::move(*proxy);
  const int streams = std::max(1, share_of(options.limits.transfers, share, shares));
  const LimiterOptions limits{
      .streams_max = streams,
      .others_max = streams + requests_beside,  // HEADs of a listing, and what lists, opens and completes
      .requests_per_second_max = options.limits.requests_per_second_max / shares,
      .bytes_per_second_max = bandwidth_of(options.limits.bandwidth_bytes_max, shares)};
  auto worker = std::make_unique<Worker>(std::move(tls), std::move(http_options), limits, streams);

  const RetryPolicy& retry = options.network.retry;
  Result<std::unique_ptr<AzureCredential>> credential =
      azure_credential(options.azure, options.source, worker->transport, worker->loop);
  if (!credential) return passed(std::move(credential));
  worker->azure =
      std::make_unique<BlobClient>(options.source.account, std::move(*credential), worker->transport, retry);
  worker->azure_traffic = &worker->http.counters(options.source.account.endpoint);
  worker->azure_limit = &worker->transport.view(options.source.account.endpoint);

  if (options.destination.bucket.empty()) return worker;
  const Result<S3Endpoint> endpoint = s3_endpoint(options.destination.bucket, options.s3);
  if (!endpoint) return std::unexpected<Error>(endpoint.error());
  worker->s3 = std::make_unique<S3Client>(
      options.destination.bucket, options.s3,
      options.s3_anonymous
          ? anonymous_aws_credentials()
          : default_aws_credentials(options.aws, process_aws_environment(), worker->transport, worker->loop),
      worker->transport, retry);
  worker->s3_traffic = &worker->http.counters(endpoint->server);
  worker->s3_limit = &worker->transport.view(endpoint->server);
  return worker;
}

int loop_count(const LimitOptions& limits) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int wanted = limits.threads > 0 ? limits.threads : cores;
  int loops = std::clamp(wanted, 1, std::max(1, limits.transfers));
  // Ceilings are divided among the loops, and one with a small share of them waits long for its first turn.
  if (limits.requests_per_second_max > 0) loops = loops_within(limits.requests_per_second_max, loops);
  if (limits.bandwidth_bytes_max > 0) {
    const std::uint64_t most = limits.bandwidth_bytes_max / loop_bytes_per_second_min;
    loops = loops_within(static_cast<double>(most), loops);
  }
  return loops;
}

int transfers_that_fit(int transfers, int loops) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return transfers;
  rlimit raised = limit;
  raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, descriptors_wanted);
  if (raised.rlim_cur > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  const rlim_t kept = descriptors_of_a_run + 2 * requests_beside * static_cast<rlim_t>(loops);
  // A connection to each side.
  const rlim_t fit = limit.rlim_cur > kept ? (limit.rlim_cur - kept) / 2 : 0;
  return std::max(1, static_cast<int>(std::min<rlim_t>(fit, static_cast<rlim_t>(transfers))));
}

Result<std::shared_ptr<TlsContext>> tls_of(const RunOptions& options) {
  return TlsContext::make(options.network.ca_bundle);
}

std::string s3_origin(const RunOptions& options) {
  return options.s3.endpoint_url;
}

}  // namespace azs3copy
