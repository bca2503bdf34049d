#include "fakes/clouds/control.hpp"

#include "codec/base64.hpp"
#include "codec/time.hpp"

namespace azs3copy::fakes {
namespace {

constexpr const char* done = "{}";

std::vector<std::pair<std::string, std::string>> pairs_of(const Json& json) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& key : json.keys()) pairs.emplace_back(key, json[key].string_or(""));
  return pairs;
}

void write_pairs(JsonWriter& json, const std::vector<std::pair<std::string, std::string>>& pairs) {
  json.begin_object();
  for (const auto& [key, value] : pairs) json.field(key, value);
  json.end_object();
}

// `number` tells blobs of one order apart.
Result<ContentPtr> content_of(const Json& json, std::uint64_t number) {
  if (const auto text = json["text"].string()) return stored_content(*text);
  if (const auto encoded = json["base64"].string()) {
    const auto bytes = base64_decode(*encoded);
    if (!bytes) return fail(ErrorKind::invalid, "not base64", *encoded);
    return stored_content(std::string(text_of(*bytes)));
  }
  const auto size = json["size"].unsigned_integer();
  if (!size) return fail(ErrorKind::invalid, "text, base64 or size is wanted");
  return synthetic_content(json["seed"].unsigned_integer().value_or(0) + number, *size);
}

Result<FakeBlob> blob_of(const Json& json, std::uint64_t number) {
  auto content = content_of(json, number);
  if (!content) return passed(std::move(content));
  FakeBlob blob{.content = *content,
                .type = json["type"].string_or("BlockBlob"),
                .content_type = json["content_type"].string_or("application/octet-stream"),
                .content_encoding = json["content_encoding"].string_or(""),
                .content_language = json["content_language"].string_or(""),
                .content_disposition = json["content_disposition"].string_or(""),
                .cache_control = json["cache_control"].string_or(""),
                .content_md5 = json["content_md5"].string_or(""),
                .metadata = pairs_of(json["metadata"]),
                .tier = json["tier"].string_or("Hot"),
                .archive_status = json["archive_status"].string_or(""),
                .leased = json["leased"].boolean().value_or(false),
                .directory = json["directory"].boolean().value_or(false),
                .change_after_reads = json["change_after_reads"].unsigned_integer()};
  if (blob.content_md5 == "right") blob.content_md5 = md5_base64(*blob.content);
  if (const auto text = json["last_modified"].string()) {
    const auto time = parse_iso8601(*text);
    if (!time) return fail(ErrorKind::invalid, "last_modified is not ISO 8601", *text);
    blob.last_modified = *time;
  }
  if (json["changed"].is_object()) {
    auto changed = blob_of(json["changed"], number);
    if (!changed) return passed(std::move(changed));
    blob.changed = std::make_shared<FakeBlob>(std::move(*changed));
  }
  return blob;
}

template <class T, class Number>
void take(T& field, const std::optional<Number>& value) {
  if (value) field = static_cast<T>(*value);
}

std::string rule_json(std::size_t rule) {
  return fmt::format("{{\"rule\":{}}}", rule);
}

// Faults, log and clock are the same on both.
template <class Fake>
std::optional<Result<std::string>> common(Fake& fake, const std::string& what, const Json& json) {
  if (what == "POST faults") {
    auto fault = Faults::from_json(json);
    if (!fault) return passed(std::move(fault));
    return rule_json(fake.faults().add(std::move(*fault)));
  }
  if (what == "GET faults") return fmt::format("{{\"fired\":{}}}", fake.faults().fired());
  if (what == "DELETE faults") {
    fake.faults().clear();
    return done;
  }
  if (what == "GET log") return fake.log().to_json();
  if (what == "DELETE log") {
    fake.log().clear();
    return done;
  }
  if (what == "POST clock") {
    fake.set_clock_offset(milliseconds(json["offset_ms"].integer().value_or(0)));
    return done;
  }
  return std::nullopt;
}

}  // namespace

Task<void> ControlService::serve(Exchange& exchange) {
  const RequestHead& request = exchange.request();
  const std::string what = fmt::format("{} {}", request.method(), request.path().substr(1));
  const std::string body = co_await exchange.read_text();
  const Query query(request.query());
  const auto json = Json::parse(body.empty() ? "{}" : std::string_view(body));
  Result<std::string> result = fail(ErrorKind::invalid, "the body is not JSON");
  if (json) result = carry_out(what, query, *json);
  Response reply{.status = result ? 200 : 400};
  reply.header("Content-Type", "application/json");
  if (result) {
    reply.body = *result;
  } else {
    JsonWriter(reply.body).begin_object().field("error", result.error().to_line()).end_object();
  }
  reply.body += "\n";
  co_await exchange.send(reply);
}

Result<std::string> ControlService::carry_out(const std::string& what, const Query& query, const Json& json) {
  const std::size_t space = what.find(' ');
  const std::size_t slash = what.find('/', space);
  if (slash == std::string::npos) return fail(ErrorKind::invalid, "no such request", what);
  const std::string side = what.substr(space + 1, slash - space - 1);
  const std::string rest = what.substr(0, space + 1) + what.substr(slash + 1);
  try {
    if (side == "azure") {
      const auto result = common(azure_, rest, json);
      return result ? *result : azure(rest, query, json);
    }
    if (side == "s3") {
      const auto result = common(s3_, rest, json);
      return result ? *result : s3(rest, query, json);
    }
  } catch (const std::exception& thrown) {  // a container or bucket that is not there
    return fail(ErrorKind::invalid, thrown.what(), what);
  }
  return fail(ErrorKind::invalid, "no such request", what);
}

Result<std::string> ControlService::azure(const std::string& what, const Query& query, const Json& json) {
  if (what == "POST containers") {
    const bool hierarchical = json["hierarchical"].boolean().value_or(false);
    azure_.add_container(json["name"].string_or(""), json["public_access"].string_or(""),
                         FakeAzure::account(),
                         hierarchical ? std::optional(ListOrder::slash_first) : std::nullopt);
  } else if (what == "POST blobs") {
    return add_blobs(json);
  } else if (what == "GET blobs") {
    return list_blobs(query);
  } else if (what == "DELETE blobs") {
    azure_.delete_blob(query.get("container"), query.get("name"));
  } else if (what == "POST sas") {
    const std::string sas = azure_.issue_sas({.container = json["container"].string_or(""),
                                              .permissions = json["permissions"].string_or("rl"),
                                              .lifetime = seconds(json["seconds"].integer().value_or(3600))});
    return fmt::format("{{\"query\":\"{}\"}}", sas);
  } else if (what == "POST applications") {
    const std::string client = json["client_id"].string_or("");
    azure_.add_application(json["tenant"].string_or(""), client, json["secret"].string_or(""));
    if (const auto assertion = json["assertion"].string()) azure_.add_assertion(client, *assertion);
  } else if (what == "POST tokens") {
    if (const auto life = json["lifetime_seconds"].integer()) azure_.set_token_lifetime(seconds(*life));
    if (const auto allowed = json["permissions"].string()) azure_.set_bearer_permissions(*allowed);
    if (json["expire"].boolean().value_or(false)) azure_.expire_tokens();
    return fmt::format("{{\"issued\":{}}}", azure_.tokens_issued());
  } else if (what == "POST options") {
    change_azure_options(json);
  } else {
    return fail(ErrorKind::invalid, "no such request", what);
  }
  return done;
}

Result<std::string> ControlService::s3(const std::string& what, const Query& query, const Json& json) {
  if (what == "POST buckets") {
    const std::string name = json["name"].string_or("");
    s3_.add_bucket(name, json["region"].string_or(""), json["owner"].string_or("111122223333"));
    s3_.set_versioning(name, json["versioned"].boolean().value_or(false));
  } else if (what == "GET objects") {
    return list_objects(query);
  } else if (what == "POST objects") {
    auto content = content_of(json, 0);
    if (!content) return passed(std::move(content));
    s3_.put_object(json["bucket"].string_or(""), json["key"].string_or(""),
                   {.content = *content, .metadata = pairs_of(json["metadata"])});
  } else if (what == "DELETE objects") {
    s3_.delete_object(query.get("bucket"), query.get("key"));
  } else if (what == "GET uploads") {
    return list_uploads();
  } else if (what == "GET parts") {
    return list_parts_received();
  } else if (what == "POST parts") {
    return add_parts(json);
  } else if (what == "POST credentials") {
    const std::string id = json["id"].string_or("");
    if (json["expire"].boolean().value_or(false)) {
      s3_.expire_credentials(id);
    } else {
      s3_.add_credentials(id, json["secret"].string_or(""), json["session_token"].string_or(""));
    }
  } else if (what == "POST options") {
    change_s3_options(json);
  } else {
    return fail(ErrorKind::invalid, "no such request", what);
  }
  return done;
}

Result<std::string> ControlService::add_blobs(const Json& json) {
  const std::string container = json["container"].string_or("");
  const std::string name = json["name"].string_or("");
  const auto count = json["count"].unsigned_integer();
  const std::size_t place = name.find("{}");
  if (count && place == std::string::npos)
    return fail(ErrorKind::invalid, "count wants {} in the name", name);
  for (std::uint64_t i = 0; i < count.value_or(1); ++i) {
    auto blob = blob_of(json, i);
    if (!blob) return passed(std::move(blob));
    std::string one = name;
    if (count) one.replace(place, 2, std::to_string(i));
    azure_.put_blob(container, one, std::move(*blob));
  }
  return done;
}

std::string ControlService::list_blobs(const Query& query) const {
  const std::string container = query.get("container");
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const std::string& name : azure_.names(container)) {
    const auto blob = azure_.blob(container, name);
    if (!blob) continue;
    json.begin_object().field("name", name).field("size", blob->content->size());
    json.field("crc64nvme", to_s3_base64(blob->content->crc())).field("etag", blob->etag);
    json.field("reads", blob->reads).end_object();
  }
  json.end_array();
  return out;
}

std::string ControlService::list_objects(const Query& query) const {
  const std::string bucket = query.get("bucket");
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const std::string& key : s3_.keys(bucket)) {
    const auto object = s3_.object(bucket, key);
    if (!object || !key.starts_with(query.get("prefix"))) continue;
    json.begin_object().field("key", key).field("size", object->content->size());
    json.field("crc64nvme", to_s3_base64(object->content->crc())).field("etag", object->etag);
    json.field("checksum_known", object->has_checksum).field("parts", std::uint64_t{object->parts});
    json.field("content_type", object->content_type).field("content_encoding", object->content_encoding);
    json.field("content_language", object->content_language).field("cache_control", object->cache_control);
    json.field("content_disposition", object->content_disposition).field("tagging", object->tagging);
    json.field("storage_class", object->storage_class).field("sse", object->sse);
    json.field("last_modified", to_iso8601(object->last_modified)).key("metadata");
    write_pairs(json, object->metadata);
    json.end_object();
  }
  json.end_array();
  return out;
}

std::string ControlService::list_uploads() const {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& [id, upload] : s3_.uploads()) {
    json.begin_object().field("bucket", upload.bucket).field("key", upload.key).field("id", id);
    json.field("parts", std::uint64_t{upload.parts.size()}).end_object();
  }
  json.end_array();
  return out;
}

Result<std::string> ControlService::add_parts(const Json& json) {
  auto content = content_of(json, 0);
  if (!content) return passed(std::move(content));
  const auto part_bytes = json["part_bytes"].unsigned_integer();
  if (!part_bytes) return fail(ErrorKind::invalid, "part_bytes is wanted");
  std::set<std::uint32_t> missing;
  for (std::size_t i = 0; i < json["missing"].size(); ++i) {
    missing.insert(static_cast<std::uint32_t>(json["missing"].at(i).unsigned_integer().value_or(0)));
  }
  const std::string key = json["key"].string_or("");
  if (!s3_.add_parts(key, *content, *part_bytes, missing)) {
    return fail(ErrorKind::not_found, "no open upload of that key", key);
  }
  return done;
}

std::string ControlService::list_parts_received() const {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& [which, count] : s3_.parts_received()) {
    json.begin_object().field("key", which.first).field("part", std::uint64_t{which.second});
    json.field("received", count).end_object();
  }
  json.end_array();
  return out;
}

void ControlService::change_azure_options(const Json& json) {
  azure_.set_options([&](FakeAzureOptions& options) {
    take(options.structured_bodies, json["structured_bodies"].boolean());
    take(options.range_checksums, json["range_checksums"].boolean());
    take(options.segment_bytes, json["segment_bytes"].unsigned_integer());
    take(options.list_rows_max, json["list_rows_max"].unsigned_integer());
    const Json pattern = json["list_page_pattern"];
    if (pattern.is_array()) options.list_page_pattern.clear();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      options.list_page_pattern.push_back(static_cast<int>(pattern.at(i).integer().value_or(1)));
    }
  });
}

void ControlService::change_s3_options(const Json& json) {
  s3_.set_options([&](FakeS3Options& options) {
    take(options.keep_bodies, json["keep_bodies"].boolean());
    take(options.part_bytes_min, json["part_bytes_min"].unsigned_integer());
    take(options.part_bytes_max, json["part_bytes_max"].unsigned_integer());
    take(options.list_rows_max, json["list_rows_max"].unsigned_integer());
    take(options.checksums, json["checksums"].boolean());
    take(options.verify_signatures, json["verify_signatures"].boolean());
    take(options.stores_framing, json["stores_framing"].boolean());
    take(options.refuses_checksum_headers, json["refuses_checksum_headers"].boolean());
    take(options.refuses_upload_size, json["refuses_upload_size"].boolean());
    take(options.md5_etags, json["md5_etags"].boolean());
    take(options.checks_owner, json["checks_owner"].boolean());
    take(options.damages_bodies, json["damages_bodies"].boolean());
    options.trailer_refusal = json["trailer_refusal"].string_or(options.trailer_refusal);
  });
}

}  // namespace azs3copy::fakes
