// state_store.cpp: see state_store.hpp.
#include "ledger/state_store.hpp"

namespace azs3copy {

namespace {
// A record object holds the lines of one message: 1,000 of them with long names stay far below it.
constexpr std::size_t state_bytes_max = 16 * MiB;
}  // namespace

StateStore::StateStore(S3Client& s3, std::string prefix, ObjectAttributes attributes)
    : s3_(s3), prefix_(std::move(prefix)), attributes_(std::move(attributes)) {
  attributes_.headers.content_type = "application/json";
}

Task<Result<ETag>> StateStore::put(std::string name, std::string text, WriteCondition condition,
                                   const Context& context) {
  const Bytes body = bytes_of(text);
  Result<PutReply> reply =
      co_await s3_.put_object(Key(prefix_ + name), body, crc64({}, body), attributes_, condition, context);
  if (!reply) co_return passed(std::move(reply));
  co_return std::move(reply->etag);
}

Task<Result<std::optional<SmallObject>>> StateStore::get(std::string name, const Context& context) {
  Result<SmallObject> object = co_await s3_.get_object(Key(prefix_ + name), state_bytes_max, context);
  if (!object && object.error().kind == ErrorKind::not_found) co_return std::optional<SmallObject>{};
  if (!object) co_return passed(std::move(object));
  co_return std::optional<SmallObject>(std::move(*object));
}

Task<Result<>> StateStore::remove(std::string name, ETag if_match, const Context& context) {
  co_return co_await s3_.delete_object(Key(prefix_ + name), if_match, context);
}

template <class Take>
Task<Result<>> StateStore::walk(ListObjectsOptions options, Take take, const Context& context) {
  for (;;) {
    Result<ObjectPage> page = co_await s3_.list_objects(options, context);
    if (!page) co_return passed(std::move(page));
    if (!page->continuation.empty() && page->continuation == options.continuation) {
      co_return fail(ErrorKind::protocol, "the bucket's listing goes round in circles", options.prefix);
    }
    options.continuation = page->continuation;
    take(std::move(*page));
    if (options.continuation.empty()) co_return Result<>{};
  }
}

Task<Result<>> StateStore::each(std::string below, std::function<void(Entry)> take, const Context& context) {
  const auto take_page = [this, &take](ObjectPage page) {
    for (const ObjectEntry& object : page.objects)
      take({.name = object.key.str().substr(prefix_.size()), .written = object.last_modified});
  };
  co_return co_await walk({.prefix = prefix_ + below}, take_page, context);
}

Task<Result<std::vector<StateStore::Entry>>> StateStore::list(std::string below, const Context& context) {
  std::vector<Entry> entries;
  Result<> walked = co_await each(
      std::move(below), [&entries](Entry entry) { entries.push_back(std::move(entry)); }, context);
  if (!walked) co_return passed(std::move(walked));
  co_return entries;
}

Task<Result<std::vector<std::string>>> StateStore::list_folders(std::string below, const Context& context) {
  std::vector<std::string> folders;
  const auto take = [this, &folders](ObjectPage page) {
    for (const std::string& folder : page.prefixes) folders.push_back(folder.substr(prefix_.size()));
  };
  Result<> walked = co_await walk({.prefix = prefix_ + below, .delimiter = "/"}, take, context);
  if (!walked) co_return passed(std::move(walked));
  co_return folders;
}

}  // namespace azs3copy
