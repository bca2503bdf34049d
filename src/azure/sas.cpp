// sas.cpp: the fields of a SAS, checked in the order in which a person would fix them.
#include "azure/sas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

// A start in the near future is left to Azure: this machine's clock may be slow.
constexpr std::chrono::minutes clock_margin{5};

constexpr std::string_view make_new = "Make a new SAS with the permissions read and list (sp=rl).";
constexpr std::string_view make_of_account =
    "Make a SAS for the Blob service (ss=b) with the resource types service, container and object (srt=sco), "
    "or "
    "one of the container itself.";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class Fields {
 public:
  explicit Fields(const Secret& sas) {
    const std::string_view query = sas.reveal();
    pairs_ = parse_query(query.starts_with('?') ? query.substr(1) : query);
  }
  // "" if absent.
  std::string operator()(std::string_view name) const {
    const auto found = std::ranges::find_if(
        pairs_, [name](const auto& pair) { return std::ranges::equal(pair.first, name, {}, lower); });
    return found == pairs_.end() ? std::string() : found->second;
  }
  // True if the field is absent too: Azure decides then.
  bool allows(std::string_view name, char letter) const {
    const std::string value = (*this)(name);
    return value.empty() || value.contains(letter);
  }

 private:
  QueryPairs pairs_;
};

bool may_list(const Fields& field) {
  const std::string resource = field("sr");
  return field.allows("sp", 'l') && field.allows("srt", 'c') && resource != "b";
}

std::unexpected<Error> refuse(std::string message, std::string_view advice,
                              ErrorKind kind = ErrorKind::permission) {
  return fail(kind, std::move(message), {}, advice);
}

Result<> check_times(const Fields& field, UtcTime now) {
  struct Limit {
    std::string_view name;
    std::string_view of;
  };
  for (const auto& [name, of] : {Limit{"se", "SAS"}, Limit{"ske", "key that signed the SAS"}}) {
    const auto end = parse_iso8601(field(name));
    if (end && *end <= now)
      return refuse(fmt::format("the {} ended at {}", of, to_iso8601(*end)), make_new,
                    ErrorKind::credentials);
  }
  for (const auto& [name, of] : {Limit{"st", "SAS"}, Limit{"skt", "key that signed the SAS"}}) {
    const auto start = parse_iso8601(field(name));
    if (start && *start > now + clock_margin) {
      return refuse(fmt::format("the {} is not valid before {}", of, to_iso8601(*start)),
                    "Wait until then, or make a SAS without a start (st); check this machine's clock too.",
                    ErrorKind::credentials);
    }
  }
  return {};
}

Result<> check_permissions(const Fields& field, const SourceAddress& source) {
  if (!field.allows("ss", 'b')) {
    return refuse(fmt::format("the SAS is not for the Blob service (its ss is {})", field("ss")),
                  make_of_account);
  }
  if (!field.allows("srt", 'o'))
    return refuse("the SAS does not open blobs (its srt has no o)", make_of_account);
  if (!field.allows("sp", 'r')) return refuse("the SAS does not permit to read (its sp has no r)", make_new);
  if (source.container.empty() && !field.allows("srt", 's'))
    return refuse("the SAS does not permit to list containers (its srt has no s)", make_of_account);
  const bool names_blob = !source.prefix.empty() && !source.prefix.ends_with('/');
  if (may_list(field) || names_blob) return {};
  if (field("sr") == "b") {
    return refuse("the SAS is of one blob, and the source does not name it",
                  "Name the blob, or make a SAS of the container (sr=c) or of the account.");
  }
  if (!field.allows("sp", 'l')) return refuse("the SAS does not permit to list (its sp has no l)", make_new);
  return refuse("the SAS does not permit to list blobs (its srt has no c)", make_of_account);
}

std::size_t depth_of(std::string_view path) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '/' && (at == 0 || path[at - 1] == '/')) ++depth;
  }
  return depth;
}

Result<> check_resource(const Fields& field, const SourceAddress& source) {
  const std::string resource = field("sr");
  if (resource == "bs" || resource == "bv") {
    return refuse(fmt::format("the SAS is of a {} of one blob, which is not copied",
                              resource == "bs" ? "snapshot" : "past version"),
                  "Make a SAS of the container (sr=c) or of the blob itself (sr=b).");
  }
  if (resource != "d") return {};
  const std::string text = field("sdd");
  std::size_t depth = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), depth);
  if (error != std::errc() || end != text.data() + text.size())
    return refuse("the SAS of a directory does not give its depth (sdd)", "Copy it whole, as it was issued.",
                  ErrorKind::invalid);
  if (depth_of(source.prefix) >= depth) return {};
  return refuse(fmt::format("the SAS is of a directory {} levels deep, and the source names {}", depth,
                            depth_of(source.prefix)),
                "Name the directory of the SAS in the source, or make a SAS of the container (sr=c).");
}

}  // namespace

Result<> check_sas(const Secret& sas, const SourceAddress& source, UtcTime now) {
  const auto is_illegal = [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '#'; };
  if (std::ranges::any_of(sas.reveal(), is_illegal)) {
    return fail(ErrorKind::invalid, "the SAS has a character that no query has (a space, a quote, ...)", {},
                "Copy it whole, as it was issued, percent-encoded.");
  }
  const Fields field(sas);
  if (field("sig").empty()) {
    return fail(ErrorKind::invalid, "the SAS has no signature (sig=)", {},
                "Copy it whole; in a shell it needs single quotes, or it ends at the first '&'.");
  }
  if (Result<> ok = check_times(field, now); !ok) return ok;
  if (Result<> ok = check_resource(field, source); !ok) return ok;
  return check_permissions(field, source);
}

bool sas_may_list(const Secret& sas) {
  return may_list(Fields(sas));
}

}  // namespace azs3copy
