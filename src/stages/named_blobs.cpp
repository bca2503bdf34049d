// named_blobs.cpp: see named_blobs.hpp.
#include "stages/named_blobs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sync.hpp"

namespace azs3copy {

namespace {

// HEADs in flight.
constexpr std::size_t asks_max = 32;

struct Search {
  BlobClient& azure;
  const Container& container;
  const KeyMapping& mapping;
  const NameList& names;
  const Context& context;
  NamedBlobs found = {};
  std::optional<Error> error = {};
};

// Tries the spellings until one is the name of a blob.
Task<void> find_one(Search& search, const std::string& name) {
  for (const std::string& spelling : spellings_of(name)) {
    for (const BlobName& blob : search.mapping.blob_names(spelling)) {
      if (search.error) co_return;
      Result<BlobProperties> properties =
          co_await search.azure.properties(search.container, blob, search.context);
      if (properties) {
        search.found.blobs.push_back(std::move(*properties));
        co_return;
      }
      Error& error = properties.error();
      const bool is_of_container = error.service_code.starts_with("Container");
      if (error.kind == ErrorKind::not_found && error.http_status == 404 && !is_of_container) continue;
      if (is_of_container || error.kind == ErrorKind::cancelled) {
        search.error = std::move(error);
      } else {
        search.found.failures.push_back({.name = blob, .error = std::move(error)});
      }
      co_return;
    }
  }
}

}  // namespace

const NameList* names_to_ask(const Filter& filter) {
  const NameList* names = filter.names();
  return names != nullptr && names->names().size() <= names_asked_max ? names : nullptr;
}

Task<Result<NamedBlobs>> find_named_blobs(BlobClient& azure, const Container& container,
                                          const KeyMapping& mapping, const NameList& names,
                                          const Context& context) {
  Search search{
      .azure = azure, .container = container, .mapping = mapping, .names = names, .context = context};
  co_await work_side_by_side(names.names().size(), asks_max,
                             [&](std::size_t i) { return find_one(search, names.names()[i]); });
  if (search.error) co_return std::unexpected<Error>(std::move(*search.error));
  std::vector<BlobProperties>& blobs = search.found.blobs;
  const auto name_of = [](const BlobProperties& properties) { return properties.blob.name.view(); };
  std::ranges::sort(blobs, {}, name_of);
  const auto repeated = std::ranges::unique(blobs, {}, name_of);
  blobs.erase(repeated.begin(), repeated.end());
  co_return std::move(search.found);
}

ObjectRecord record_of_missing_name(std::string_view name, const Container& container,
                                    const KeyMapping& mapping) {
  const BlobName blob = mapping.blob_names(name).front();
  const std::string in_container = container.str() + '/';
  std::string advice =
      "Names are case-sensitive and relative to the source: `azs3copy ls -R SOURCE` shows them.";
  for (const std::string& start :
       {in_container + mapping.source_prefix, in_container, mapping.source_prefix}) {
    if (start.size() > 1 && name.starts_with(start)) {
      advice = fmt::format("Names are relative to the source: leave out \"{}\" at their start.", start);
      break;
    }
  }
  if (name.find("://") != std::string_view::npos) advice = "Names are relative to the source; URLs are not.";
  return {.outcome = Outcome::failed,
          .blob = {.container = container, .name = blob},
          .key = mapping.key(container, name).value_or(Key()),
          .error = Error{.kind = ErrorKind::not_found,
                         .message = "not found in the source, and --files-from names it",
                         .subject = blob.str(),
                         .advice = std::move(advice)},
          .attempts = 0};
}

}  // namespace azs3copy
