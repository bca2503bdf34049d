// invocation_checks.cpp: see invocation_checks.hpp.
#include "hosts/cli/invocation_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/s3_endpoint.hpp"
#include "aws/storage_class.hpp"
#include "codec/url.hpp"
#include "core/secret.hpp"
#include "ledger/ledger.hpp"

namespace azs3copy::cli {
namespace {

std::optional<std::string> variable_of(const Surroundings& surroundings, std::string_view name) {
  const auto found = surroundings.environment.find(name);
  return found == surroundings.environment.end() ? std::nullopt : std::optional(found->second);
}

std::string home_of(const Surroundings& surroundings) {
  return variable_of(surroundings, "HOME").value_or("");
}

// "~/x", as configuration files have it where no shell replaces it.
void expand_tilde(std::string& path, const Surroundings& surroundings) {
  if (path.starts_with("~/")) path = home_of(surroundings) + path.substr(1);
}

bool has_file_secret(const AzureLogin& login) {
  return !login.connection_string.empty() || !login.account_key.empty() || !login.sas.empty() ||
         !login.client_secret.empty();
}

// Secrets of the configuration file give way to what stands before the file: flags, then the environment.
void drop_weaker_secrets(AzureLogin& login, const Surroundings& surroundings) {
  static constexpr std::array<std::string_view, 5> logins = {
      "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
      "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"};
  const bool in_environment = std::any_of(logins.begin(), logins.end(), [&](std::string_view name) {
    return !variable_of(surroundings, name).value_or("").empty();
  });
  const bool asked_for = login.kind != AzureLoginKind::automatic || !login.federated_token_file.empty();
  if (!has_file_secret(login) || (!in_environment && !asked_for)) return;
  login.connection_string = {};
  login.account_key = {};
  login.sas = {};
  login.client_secret = {};
}

Result<> read_source(Invocation& invocation, const std::string& text) {
  Result<SourceAddress> source = parse_source_address(text);
  if (!source) return std::unexpected(source.error());
  invocation.run.source = std::move(*source);
  return {};
}

Result<> read_destination(Invocation& invocation, const std::string& text) {
  RunOptions& run = invocation.run;
  Result<DestinationAddress> destination = parse_destination_address(text);
  if (!destination) return std::unexpected(destination.error());
  run.destination = std::move(*destination);
  run.destination_text = fmt::format("s3://{}", run.destination.bucket);
  if (!run.destination.prefix.empty()) run.destination_text += "/" + run.destination.prefix;
  return {};
}

// Of the commands for runs of the Lambda functions: the bucket, and what stands beside it.
Result<> read_run_addresses(Invocation& invocation, const std::vector<std::string>& positionals) {
  const bool is_status = invocation.command == Command::status;
  const std::string& bucket = is_status ? positionals.front() : positionals.back();
  if (!bucket.starts_with("s3://")) {
    return fail(ErrorKind::invalid,
                is_status ? "the bucket (s3://...) comes first, then the run"
                          : "the dead-letter queues come first, then the bucket (s3://...)",
                bucket, "The bucket is the one that the functions copy to: their state lies in it.");
  }
  if (is_status && positionals.size() > 1) invocation.status.run = RunId(positionals[1]);
  if (!is_status) {
    RedriveOptions& redrive = invocation.redrive;
    redrive.queues.assign(positionals.begin(), positionals.end() - 1);
    if (!redrive.to.empty() && redrive.queues.size() > 1) {
      return fail(ErrorKind::invalid, "--to is for one QUEUE: each function has a queue of its own");
    }
  }
  return read_destination(invocation, bucket);
}

bool is_for_runs(Command command) {
  return command == Command::status || command == Command::redrive;
}

Result<> resolve_azure(RunOptions& run, const Surroundings& surroundings) {
  drop_weaker_secrets(run.azure, surroundings);
  const AzureEnvironment environment{
      .variable = [&](std::string_view name) { return variable_of(surroundings, name); }};
  Result<AzureLogin> login =
      resolve_azure_login(std::move(run.azure), run.source, environment, surroundings.now);
  if (!login) return std::unexpected(login.error());
  run.azure = std::move(*login);
  run.source_text = redact(to_string(run.source));  // a connection string may have moved it
  return {};
}

// Only AWS is known to take no other names; there it is the older buckets that have them.
Result<> check_bucket_name(Invocation& invocation) {
  const RunOptions& run = invocation.run;
  if (!run.s3.endpoint_url.empty() && !run.s3.endpoint_url.contains(".amazonaws.com")) return {};
  Result<> named = check_aws_bucket(run.destination);
  if (named || !is_legacy_bucket_name(run.destination.bucket.view())) return named;
  invocation.warnings.push_back(
      fmt::format("{}: {} (only buckets of us-east-1 from before March 2018 may break this rule)",
                  named.error().subject, named.error().message));
  return {};
}

Result<> resolve_aws(Invocation& invocation, const Surroundings& surroundings) {
  RunOptions& run = invocation.run;
  const AwsEnvironment environment{
      .variable = [&](std::string_view name) { return variable_of(surroundings, name); },
      .home = home_of(surroundings)};
  Result<AwsConfig> config = resolve_aws_config(run.aws, environment);
  if (!config) return std::unexpected(config.error());
  run.aws = std::move(*config);
  run.s3.endpoint_url = run.aws.endpoint_url;
  if (!run.aws.region.empty()) run.s3.region = run.aws.region;
  if (Result<> named = check_bucket_name(invocation); !named) return named;
  if (run.s3.checksum == S3Checksum::unset && run.aws.checksums_when_required)
    run.s3.checksum = S3Checksum::none;
  const Result<S3Endpoint> endpoint = s3_endpoint(run.destination.bucket, run.s3);
  if (!endpoint) return std::unexpected(endpoint.error());
  return {};
}

void warn_of_plain_http(std::vector<std::string>& warnings, const Endpoint& endpoint,
                        std::string_view at_risk) {
  if (endpoint.tls || is_loopback(endpoint.host)) return;
  warnings.push_back(fmt::format("http://{} is not encrypted: {} can be read on the way; use https://",
                                 endpoint.authority(), at_risk));
}

Result<> contradict(std::string_view one, std::string_view other, std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("{} and {} contradict one another: {}", one, other, why));
}

Result<> check_filters(Invocation& invocation, const Surroundings& surroundings) {
  FilterOptions& filter = invocation.run.filter;
  if (filter.size_min && filter.size_max && *filter.size_min > *filter.size_max) {
    return contradict("--min-size", "--max-size",
                      "no blob is larger than the one and smaller than the other");
  }
  if (filter.age_min && filter.age_max && *filter.age_min > *filter.age_max) {
    return contradict("--min-age", "--max-age", "no blob is older than the one and younger than the other");
  }
  if (invocation.files_from.empty()) return {};
  if (!filter.rules.empty()) {
    return contradict("--files-from", filter.rules.front().include ? "--include" : "--exclude",
                      "the file names the blobs one by one");
  }
  Result<std::string> text = surroundings.read_file(invocation.files_from);
  Result<std::vector<std::string>> names = text ? parse_files_from(*text) : passed(std::move(text));
  if (!names) {
    names.error().kind = ErrorKind::invalid;
    names.error().subject = "--files-from " + invocation.files_from;
    return passed(std::move(names));
  }
  filter.files_from = std::move(*names);
  filter.has_files_from = true;
  return {};
}

Result<> check_comparison(const CompareOptions& compare) {
  if (compare.size_only && compare.checksum) {
    return contradict("--size-only", "--checksum", "one trusts the size, the other asks for more");
  }
  if (compare.ignore_existing && (compare.size_only || compare.checksum)) {
    return contradict("--ignore-existing", compare.size_only ? "--size-only" : "--checksum",
                      "an object that exists is not compared at all");
  }
  return {};
}

Result<> check_encryption(Invocation& invocation) {
  RunOptions& run = invocation.run;
  if (!run.sse_kms_key_id.empty() && invocation.sse.empty()) invocation.sse = "aws:kms";
  const bool kms = invocation.sse == "aws:kms";
  if (!run.sse_kms_key_id.empty() && !kms) {
    return contradict("--sse " + invocation.sse, "--sse-kms-key-id", "only aws:kms takes a key");
  }
  if (!run.bucket_key && !kms) {
    return fail(ErrorKind::invalid, "--no-bucket-key is for KMS: give --sse aws:kms as well");
  }
  run.sse = invocation.sse == "none" ? "" : invocation.sse;
  return {};
}

Result<> check_storage_class(RunOptions& run) {
  // Other servers have classes of their own.
  if (run.storage_class.empty() || !run.s3.endpoint_url.empty()) return {};
  Result<std::string> known = parse_storage_class(run.storage_class);
  if (!known) {
    known.error().subject = "--storage-class " + run.storage_class;
    return passed(std::move(known));
  }
  run.storage_class = std::move(*known);
  return {};
}

Result<> check_output(const OutputOptions& output) {
  if (output.quiet && output.verbosity > 0) {
    return contradict("--quiet", "--verbose", "one asks for less, the other for more");
  }
  const bool progress = output.progress.value_or(false);
  if (output.quiet && progress) return contradict("--quiet", "--progress", "quiet shows errors only");
  if (output.json && progress) {
    return contradict("--json", "--progress",
                      "with --json, progress comes as events (--stats sets how often)");
  }
  if (output.json && output.combined)
    return contradict("--json", "--combined", "with --json, rows are events");
  return {};
}

}  // namespace

Result<> read_addresses(Invocation& invocation, const std::vector<std::string>& positionals) {
  if (is_for_runs(invocation.command)) return read_run_addresses(invocation, positionals);
  const bool has_source = invocation.command != Command::cleanup;
  const bool has_destination = invocation.command != Command::ls;
  if (has_source && has_destination && positionals[0].starts_with("s3://") &&
      !positionals[1].starts_with("s3://")) {
    return fail(
        ErrorKind::invalid,
        "copies go from Azure to S3: SOURCE (az://... or https://...) comes first, then DEST (s3://...)");
  }
  if (has_source) {
    if (Result<> read = read_source(invocation, positionals.front()); !read) return read;
  }
  return has_destination ? read_destination(invocation, positionals.back()) : Result<>();
}

Result<> resolve_logins(Invocation& invocation, const Surroundings& surroundings) {
  RunOptions& run = invocation.run;
  if (invocation.command != Command::ls) {
    if (Result<> resolved = resolve_aws(invocation, surroundings); !resolved) return resolved;
    if (const Result<S3Endpoint> endpoint = s3_endpoint(run.destination.bucket, run.s3))
      warn_of_plain_http(invocation.warnings, endpoint->server, "the objects");
  }
  if (invocation.command == Command::cleanup || is_for_runs(invocation.command)) {
    run.azure.kind = AzureLoginKind::anonymous;  // nobody asks Azure for anything
  } else if (Result<> resolved = resolve_azure(run, surroundings); !resolved) {
    return resolved;
  } else {
    warn_of_plain_http(
        invocation.warnings, run.source.account.endpoint,
        run.source.sas.empty() && run.azure.sas.empty() ? "the blobs" : "the blobs and the SAS");
  }
  // Which classes there are depends on whose server it is.
  return check_storage_class(run);
}

Result<> check_together(Invocation& invocation, const Surroundings& surroundings) {
  RunOptions& run = invocation.run;
  expand_tilde(run.state_folder, surroundings);
  expand_tilde(run.network.ca_bundle, surroundings);
  expand_tilde(invocation.output.log_file, surroundings);
  if (run.state_folder.empty()) run.state_folder = default_state_folder();
  for (const Result<>& checked :
       {check_comparison(run.compare), check_encryption(invocation), check_output(invocation.output)}) {
    if (!checked) return checked;
  }
  return check_filters(invocation, surroundings);
}

}  // namespace azs3copy::cli
