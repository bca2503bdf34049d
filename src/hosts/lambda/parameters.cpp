// parameters.cpp: see parameters.hpp.
//
//   secret, environment --> keys by their plain spelling --> all that must be there? --> each value --> together
//                                \-- of no row of the table: unknown_keys
#include "hosts/lambda/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "aws/storage_class.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "core/limits.hpp"
#include "core/suggest.hpp"
#include "hosts/lambda/parameter_sources.hpp"
#include "hosts/lambda/parameter_values.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view client_secret_key = "appsecret";
constexpr int transfers_most = 4096;
constexpr double requests_per_second_most = 1e6;
constexpr std::string_view part_rule = "takes 5 MiB to 5 GiB, as S3's parts have (the last may be smaller)";
constexpr std::string_view threshold_rule = "takes up to 5 GiB, S3's most in one piece";

// What is read before it is known what belongs together.
struct Draft {
  LambdaParameters result;
  std::string prefix;
  std::vector<std::string> containers;
  std::string key_prefix;
  std::optional<bool> container_in_key;
};

using Set = Result<> (*)(const Json& value, Draft& draft);

template <class T, class Target>
Result<> keep(Result<T> value, Target& target) {
  if (!value) return passed(std::move(value));
  target = std::move(*value);
  return {};
}

// ---- single values ----

Result<> set_active(const Json& value, Draft& draft) {
  const Result<bool> on = switch_value(value);
  if (!on) return std::unexpected(on.error());
  draft.result.is_active = draft.result.is_active && *on;  // the deployment's switch and the secret's
  return {};
}

Result<> set_begin_date(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  Result<UtcTime> date = parse_begin_date(*text);
  if (!date) return passed(std::move(date));
  draft.result.begin_date = draft.result.filter.begin_date = *date;
  return {};
}

Result<> set_source(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  return keep(parse_source_address(*text), draft.result.source);
}

Result<> set_tenant(const Json& value, Draft& draft) {
  return keep(trimmed_text(value), draft.result.azure.tenant_id);
}

Result<> set_client(const Json& value, Draft& draft) {
  return keep(trimmed_text(value), draft.result.azure.client_id);
}

Result<> set_client_secret(const Json& value, Draft& draft) {
  Result<std::string> text = trimmed_text(value);
  if (!text) return passed(std::move(text));
  draft.result.azure.client_secret = Secret(*std::move(text));
  return {};
}

Result<> set_bucket(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  if (text->contains('/')) {
    return fail(ErrorKind::invalid, "is the bucket's name alone", {}, "Put what follows it into key_prefix.");
  }
  Result<DestinationAddress> address = parse_destination_address(fmt::format("s3://{}", *text));
  if (!address) return passed(std::move(address));
  if (Result<> named = check_aws_bucket(*address); !named) return named;
  draft.result.destination.bucket = std::move(address->bucket);
  return {};
}

// arn:PARTITION:sns:REGION:ACCOUNT:NAME
Result<> read_topic(const Json& value, std::string& target) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  std::array<std::string_view, 6> parts;
  std::string_view rest = *text;
  for (std::string_view& part : parts) {
    const std::size_t end = &part == &parts.back() ? rest.size() : std::min(rest.find(':'), rest.size());
    part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const bool whole = std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
  if (!whole || parts[0] != "arn" || parts[2] != "sns" || parts[5].contains(':')) {
    return fail(ErrorKind::invalid, "is not the ARN of an SNS topic", {},
                "Such an ARN is arn:aws:sns:REGION:ACCOUNT:NAME.");
  }
  if (parts[5].ends_with(".fifo"))
    return fail(ErrorKind::unsupported, "is a FIFO topic: give a standard one");
  target = *text;
  return {};
}

Result<> set_bucket_owner(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  const bool digits = std::ranges::all_of(*text, [](char c) { return c >= '0' && c <= '9'; });
  if (text->size() != 12 || !digits) return fail(ErrorKind::invalid, "an AWS account has 12 digits");
  draft.result.expected_bucket_owner = *text;
  return {};
}

Result<> set_containers(const Json& value, Draft& draft) {
  Result<std::vector<std::string>> names = list_value(value);
  if (!names) return passed(std::move(names));
  for (const std::string& name : *names) {
    if (Result<> ok = check_container_name(name); !ok) return ok;
    if (std::ranges::find(draft.containers, name) == draft.containers.end()) draft.containers.push_back(name);
  }
  return {};
}

Result<> add_rules(const Json& value, bool include, std::vector<FilterOptions::Rule>& rules) {
  Result<std::vector<std::string>> patterns = list_value(value);
  if (!patterns) return passed(std::move(patterns));
  for (std::string& pattern : *patterns) {
    if (Result<Glob> glob = Glob::compile(pattern); !glob) return passed(std::move(glob));
    rules.push_back({.include = include, .pattern = std::move(pattern)});
  }
  return {};
}

Result<> set_full_path(const Json& value, Draft& draft) {
  const Result<bool> full = switch_value(value);
  if (!full) return std::unexpected(full.error());
  draft.result.rules.mapping.flatten = !*full;
  return {};
}

Result<> set_storage_class(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  return keep(parse_storage_class(*text), draft.result.rules.storage_class);
}

Result<> set_encryption(const Json& value, Draft& draft) {
  static const std::vector<std::string> choices = {"none", "AES256", "aws:kms"};
  const Result<std::size_t> choice = choice_value(value, choices);
  if (!choice) return std::unexpected(choice.error());
  draft.result.rules.sse = choices[*choice];  // "none" goes away once the key id was looked at
  return {};
}

Result<> set_part_bytes(const Json& value, Draft& draft) {
  return keep(bytes_value(value, part_bytes_min, part_bytes_max, part_rule), draft.result.rules.part_bytes);
}

Result<> set_part_threshold(const Json& value, Draft& draft) {
  return keep(bytes_value(value, 0, put_bytes_max, threshold_rule), draft.result.rules.part_threshold);
}

// The template's one size: blobs above it are cut into parts of it.
Result<> set_partition(const Json& value, Draft& draft) {
  if (Result<> set = set_part_bytes(value, draft); !set) return set;
  draft.result.rules.part_threshold = draft.result.rules.part_bytes;
  return {};
}

Result<> set_verify_source(const Json& value, Draft& draft) {
  const Result<std::size_t> choice = choice_value(value, {"when-offered", "always"});
  if (!choice) return std::unexpected(choice.error());
  draft.result.rules.verify_source = *choice == 0 ? VerifySource::when_offered : VerifySource::always;
  return {};
}

Result<> set_metadata_too_large(const Json& value, Draft& draft) {
  const Result<std::size_t> choice = choice_value(value, {"fail", "drop"});
  if (!choice) return std::unexpected(choice.error());
  draft.result.rules.drop_large_metadata = *choice == 1;
  return {};
}

Result<> set_bandwidth(const Json& value, Draft& draft) {
  std::uint64_t& target = draft.result.limits.bandwidth_bytes_max;
  if (plain_spelling(value.string_or("")) != "off")
    return keep(bytes_value(value, 0, UINT64_MAX, ""), target);
  target = 0;
  return {};
}

Result<> set_state_prefix(const Json& value, Draft& draft) {
  Result<std::string> text = exact_text(value);
  if (!text) return passed(std::move(text));
  if (text->starts_with('/'))
    return fail(ErrorKind::invalid, "is a key's prefix, and those begin with no slash");
  if (!text->ends_with('/')) *text += '/';
  draft.result.state_prefix = std::move(*text);
  return {};
}

Result<> set_run_limit(const Json& value, Draft& draft) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  return keep(parse_duration(*text), draft.result.run_limit);
}

Result<> set_folder_levels(const Json& value, Draft& draft) {
  const Result<int> levels = whole_value(value, 0, folder_levels_max);
  if (!levels) return std::unexpected(levels.error());
  draft.result.folder_levels = static_cast<std::uint32_t>(*levels);
  return {};
}

// ---- the table ----

enum class Need : std::uint8_t {
  optional,
  required,
  login,     // unless a SAS stands in bloburl
  decisive,  // read also where it is "" or null: nothing has a meaning
};

// Whose value counts if both the secret and the environment have one.
enum class Winner : std::uint8_t { secret, environment };

struct Parameter {
  std::string_view name;
  Need need;
  Set set;
  Winner winner = Winner::secret;
};

// In the order in which they are read; of two that set the same the later wins.
constexpr auto parameters = std::to_array<Parameter>({
    {"bloburl", Need::required, set_source},
    {"tenantid", Need::login, set_tenant},
    {"appid", Need::login, set_client},
    {"appsecret", Need::optional, set_client_secret},
    {"bucket_name", Need::required, set_bucket, Winner::environment},
    {"expected_bucket_owner", Need::optional, set_bucket_owner, Winner::environment},
    {"isactive", Need::decisive, set_active},
    {"begindate", Need::optional, set_begin_date},
    {"sns_arn_l1", Need::required,
     [](const Json& v, Draft& d) { return read_topic(v, d.result.topics.find_blobs); }, Winner::environment},
    {"sns_arn_l2", Need::required,
     [](const Json& v, Draft& d) { return read_topic(v, d.result.topics.copy_batch); }, Winner::environment},
    {"sns_arn_l3", Need::required,
     [](const Json& v, Draft& d) { return read_topic(v, d.result.topics.large_file); }, Winner::environment},
    {"sns_arn_l4", Need::required,
     [](const Json& v, Draft& d) { return read_topic(v, d.result.topics.part_task); }, Winner::environment},
    {"sns_arn_l5", Need::required,
     [](const Json& v, Draft& d) { return read_topic(v, d.result.topics.recombine); }, Winner::environment},
    {"containers", Need::optional, set_containers},
    // The first rule that matches decides: exclude stands before include.
    {"exclude", Need::optional,
     [](const Json& v, Draft& d) { return add_rules(v, false, d.result.filter.rules); }},
    {"include", Need::optional,
     [](const Json& v, Draft& d) { return add_rules(v, true, d.result.filter.rules); }},
    {"prefix", Need::optional, [](const Json& v, Draft& d) { return keep(exact_text(v), d.prefix); }},
    {"key_prefix", Need::optional, [](const Json& v, Draft& d) { return keep(exact_text(v), d.key_prefix); }},
    {"use_full_file_path", Need::optional, set_full_path},
    {"container_in_key", Need::optional,
     [](const Json& v, Draft& d) { return keep(switch_value(v), d.container_in_key); }},
    {"storage_class", Need::optional, set_storage_class},
    {"sse", Need::optional, set_encryption},
    {"kms_key_id", Need::optional,
     [](const Json& v, Draft& d) { return keep(trimmed_text(v), d.result.rules.sse_kms_key_id); },
     Winner::environment},
    {"partition_size", Need::optional, set_partition},
    {"part_size", Need::optional, set_part_bytes},
    {"part_threshold", Need::optional, set_part_threshold},
    {"verify_source", Need::optional, set_verify_source},
    {"metadata_too_large", Need::optional, set_metadata_too_large},
    {"transfers", Need::optional,
     [](const Json& v, Draft& d) {
       return keep(whole_value(v, 1, transfers_most), d.result.limits.transfers);
     }},
    {"bwlimit", Need::optional, set_bandwidth},
    {"tpslimit", Need::optional,
     [](const Json& v, Draft& d) {
       return keep(rate_value(v, requests_per_second_most), d.result.limits.requests_per_second_max);
     }},
    {"state_prefix", Need::optional, set_state_prefix, Winner::environment},
    {"run_limit", Need::optional, set_run_limit},
    {"advance_begindate", Need::optional,
     [](const Json& v, Draft& d) { return keep(switch_value(v), d.result.advance_begin_date); }},
    {"folder_levels", Need::optional, set_folder_levels},
});

// ---- values that belong together ----

Result<> settle_source(Draft& draft) {
  SourceAddress& source = draft.result.source;
  std::vector<Container>& containers = draft.result.containers;
  for (const std::string& name : draft.containers) containers.emplace_back(name);
  if (!source.container.empty()) {
    if (!containers.empty() && (containers.size() > 1 || containers.front() != source.container)) {
      return refuse_parameter("containers",
                              fmt::format("bloburl names the container {} already", source.container),
                              "Name containers in one of the two.");
    }
    containers = {source.container};
  }
  if (containers.size() == 1) source.container = containers.front();
  if (!draft.prefix.empty() && !source.prefix.empty() && draft.prefix != source.prefix) {
    return refuse_parameter("prefix", fmt::format("bloburl names the prefix \"{}\" already", source.prefix),
                            "Name the prefix in one of the two.");
  }
  if (!draft.prefix.empty()) source.prefix = draft.prefix;
  return {};
}

Result<> settle_keys(Draft& draft) {
  LambdaParameters& result = draft.result;
  const bool one_container = result.containers.size() == 1;
  if (!one_container && draft.container_in_key == false) {
    return refuse_parameter("container_in_key",
                            "is off, and blobs of several containers could meet on one key",
                            "Leave it out, or name one container.");
  }
  if (draft.key_prefix.size() > key_bytes_max) {
    return refuse_parameter("key_prefix", fmt::format("has {} bytes; a whole S3 key has {} at most",
                                                      draft.key_prefix.size(), key_bytes_max));
  }
  result.destination.prefix = draft.key_prefix;
  KeyMapping& mapping = result.rules.mapping;
  mapping.source_prefix = result.source.prefix;
  mapping.destination_prefix = result.destination.prefix;
  if (mapping.key_prefix().starts_with(result.state_prefix)) {
    return refuse_parameter(
        "key_prefix", fmt::format("lies below {}, where the state of runs is kept", result.state_prefix),
        "Choose another, or another state_prefix.");
  }
  mapping.container_in_key = draft.container_in_key.value_or(!one_container);
  mapping.reserved_prefix = result.state_prefix;
  return {};
}

Result<> settle_encryption(CopyRules& rules) {
  if (!rules.sse_kms_key_id.empty()) {
    if (rules.sse.empty()) rules.sse = "aws:kms";
    if (rules.sse != "aws:kms") {
      return refuse_parameter("kms_key_id",
                              fmt::format("sse is {}, and only aws:kms takes a key", rules.sse));
    }
  }
  if (rules.sse == "none") rules.sse.clear();
  return {};
}

// ---- the whole ----

Result<> check_missing(const ParameterSources& sources) {
  const bool has_sas = sources[parameters.front().name].string_or("").contains("sig=");
  std::vector<std::string_view> missing;
  for (const Parameter& parameter : parameters) {
    const bool needed = parameter.need == Need::required || (parameter.need == Need::login && !has_sas);
    if (needed && !says_something(sources[parameter.name])) missing.push_back(parameter.name);
  }
  if (missing.empty()) return {};
  return fail(ErrorKind::invalid, fmt::format("the secret lacks {}", fmt::join(missing, ", ")), "parameters",
              "Add them to the secret in Secrets Manager.");
}

std::vector<UnknownKey> unknown_keys(std::map<std::string, std::string> keys) {
  std::vector<std::string> known;
  for (const Parameter& parameter : parameters) {
    keys.erase(plain_spelling(parameter.name));
    known.emplace_back(parameter.name);
  }
  std::vector<UnknownKey> unknown;
  unknown.reserve(keys.size());
  for (const auto& [plain, key] : keys)
    unknown.push_back({.name = key, .meant = nearest(key, known).value_or("")});
  return unknown;
}

Result<> set_from_environment(const Parameter& parameter, const Json& value, Draft& draft) {
  Result<> set = parameter.set(value, draft);
  if (!set) set.error().subject = fmt::format("environment variable {}", parameter_variable(parameter.name));
  return set;
}

Result<> set_from_secret(const Parameter& parameter, const Json& value, Draft& draft) {
  const bool is_login = parameter.need == Need::login || parameter.name == client_secret_key;
  if (is_login && exact_text(value).value_or("") != trimmed_text(value).value_or(""))
    draft.result.trimmed_keys.emplace_back(parameter.name);
  Result<> set = parameter.set(value, draft);
  if (!set) return about_parameter(parameter.name, std::move(set.error()));
  return set;
}

Result<> read_one(const Parameter& parameter, const ParameterSources& sources, Draft& draft) {
  const Json written = sources.secret[parameter.name];
  const Json deployed = sources.environment[parameter.name];
  const bool is_deployed = says_something(deployed);
  const bool is_switch = parameter.need == Need::decisive;
  const bool is_written = says_something(written) || (is_switch && sources.secret.has(parameter.name));
  const bool is_overruled = is_written && is_deployed && parameter.winner == Winner::environment;
  if (is_overruled && trimmed_text(written).value_or("") != deployed.string_or(""))
    draft.result.overruled_keys.emplace_back(parameter.name);
  if (is_deployed && (!is_written || is_overruled || is_switch)) {
    if (Result<> set = set_from_environment(parameter, deployed, draft); !set) return set;
  }
  if (is_written && !is_overruled) return set_from_secret(parameter, written, draft);
  return {};
}

Result<> read_all(const ParameterSources& sources, Draft& draft) {
  if (Result<> whole = check_missing(sources); !whole) return whole;
  draft.result.unknown_keys = unknown_keys(sources.secret.keys);
  for (const Parameter& parameter : parameters) {
    if (Result<> read = read_one(parameter, sources, draft); !read) return read;
  }
  if (Result<> settled = settle_source(draft); !settled) return settled;
  if (Result<> settled = settle_keys(draft); !settled) return settled;
  return settle_encryption(draft.result.rules);
}

Result<Json> object_of(const Secret& text) {
  Result<Json> secret = Json::parse(text.reveal());
  if (secret && secret->is_object()) return secret;
  return fail(ErrorKind::invalid,
              fmt::format("the secret is not a JSON object{}{}", secret ? "" : ": ",
                          secret ? "" : secret.error().message),
              "parameters", "Edit it in Secrets Manager as key/value pairs.");
}

Result<> read_sources(Json secret, const DeployedParameters& deployed, Draft& draft) {
  Result<ParameterSource> written = parameter_source(std::move(secret));
  if (!written) return passed(std::move(written));
  Result<ParameterSource> environment = parameter_source(deployed.values);
  if (!environment) return passed(std::move(environment));
  if ((*environment)[parameters.front().name].string_or("").contains("sig=")) {
    return fail(ErrorKind::invalid, "holds a SAS, which everybody can read there",
                parameter_variable(parameters.front().name), "Write it into the secret, as bloburl.");
  }
  return read_all({.secret = std::move(*written), .environment = std::move(*environment)}, draft);
}

}  // namespace

std::string parameter_variable(std::string_view key) {
  std::string name = "AZS3COPY_";
  for (const char c : key) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

DeployedParameters deployed_parameters(const std::function<std::string(const std::string& name)>& variable) {
  DeployedParameters deployed;
  for (const Parameter& parameter : parameters) {
    if (parameter.name == client_secret_key) continue;
    std::string value = variable(parameter_variable(parameter.name));
    if (!value.empty()) deployed.values.emplace(parameter.name, std::move(value));
  }
  return deployed;
}

Result<LambdaParameters> parse_lambda_parameters(const Secret& text, const DeployedParameters& deployed) {
  Result<Json> secret = object_of(text);
  if (!secret) return passed(std::move(secret));
  const Result<Json> login = deployed.login.empty() ? Json::parse("{}") : object_of(deployed.login);
  if (!login) return std::unexpected(login.error());
  Draft draft;
  // Known before anything can fail, so that no error can quote it.
  for (const Json& object : {*login, *secret}) {
    for (const std::string& key : object.keys()) {
      const bool is_it = plain_spelling(key) == client_secret_key && says_something(object[key]);
      if (is_it) (void)set_client_secret(object[key], draft);
    }
  }
  Result<> read = read_sources(std::move(*secret), deployed, draft);
  if (!read) {
    // A secret that was pasted under a wrong key as well is quoted by that key's error.
    hide(read.error(), draft.result.azure.client_secret.reveal());
    return passed(std::move(read));
  }
  return std::move(draft.result);
}

}  // namespace azs3copy
