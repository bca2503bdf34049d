// s3_listing.cpp: ListObjectsV2, the listing that every blob is compared with: half a million rows a second
// and more.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

// Keys come percent-encoded, "+" for a space, where the reply says so: XML cannot hold every byte that a key
// may have.
Result<std::string> decode_key(std::string_view text, bool encoded) {
  if (!encoded || text.find_first_of("%+") == std::string_view::npos) return std::string(text);
  return url_decode(text, true);
}

Result<ObjectEntry> entry_from(XmlNode node, bool encoded) {
  ObjectEntry entry;
  bool has_size = false;
  for (XmlNode field = node.first_child(); field; field = field.next_sibling()) {
    const std::string_view name = field.name();
    const std::string_view text = field.text();
    if (name == "Key") {
      Result<std::string> key = decode_key(text, encoded);
      if (!key) return passed(std::move(key));
      entry.key = Key(std::move(*key));
    } else if (name == "LastModified") {
      const std::optional<UtcTime> time = parse_iso8601(text);
      if (!time) return fail(ErrorKind::protocol, "a listed object's LastModified is no time", text);
      entry.last_modified = *time;
    } else if (name == "ETag") {
      entry.etag = etag_from(text);
    } else if (name == "Size") {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), entry.size);
      has_size = !text.empty() && error == std::errc() && end == text.data() + text.size();
    } else if (name == "StorageClass") {
      entry.storage_class = text;
    }
  }
  if (entry.key.empty() || !has_size)
    return fail(ErrorKind::protocol, "a listed object has no key or no size");
  return entry;
}

Result<ObjectPage> page_from(std::string body) {
  const Result<XmlDocument> document = parse_reply(std::move(body), "ListBucketResult");
  if (!document) return std::unexpected<Error>(document.error());
  const XmlNode root = document->root();
  const bool encoded = root.child_text("EncodingType") == "url";
  ObjectPage page;
  page.objects.reserve(1000);
  bool truncated = false;
  bool says_truncated = false;
  for (XmlNode node = root.first_child(); node; node = node.next_sibling()) {
    const std::string_view name = node.name();
    if (name == "Contents") {
      Result<ObjectEntry> entry = entry_from(node, encoded);
      if (!entry) return passed(std::move(entry));
      page.objects.push_back(std::move(*entry));
    } else if (name == "CommonPrefixes") {
      Result<std::string> prefix = decode_key(node.child_text("Prefix"), encoded);
      if (!prefix) return passed(std::move(prefix));
      page.prefixes.push_back(std::move(*prefix));
    } else if (name == "IsTruncated") {
      says_truncated = true;
      truncated = node.text() == "true";
    } else if (name == "NextContinuationToken") {
      page.continuation = node.text();
    }
  }
  // A listing that ends without saying so would make objects look missing.
  if (!says_truncated) return fail(ErrorKind::protocol, "the listing does not say whether it is whole");
  if (!truncated) page.continuation.clear();
  if (truncated && page.continuation.empty()) {
    return fail(ErrorKind::protocol, "a cut-off listing does not say where it goes on");
  }
  return page;
}

Task<Result<ObjectPage>> list_once(S3Client::Impl& impl, S3Call& call, const Context& context) {
  Result<HttpResponse> response = co_await impl.send(call, context);
  if (!response) co_return passed(std::move(response));
  Result<ObjectPage> page = page_from(std::move(response->body));
  if (!page) page.error().retry = RetryVerdict::later;  // cut off on the way, perhaps
  co_return page;
}

}  // namespace

Task<Result<ObjectPage>> S3Client::list_objects(const ListObjectsOptions& options, const Context& context) {
  Impl& impl = *impl_;
  std::string query;
  const auto add = [&query](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!query.empty()) query += '&';
    query.append(name).append(1, '=').append(url_encode(value));
  };
  add("continuation-token", options.continuation);
  add("delimiter", options.delimiter);
  add("encoding-type", "url");
  add("list-type", "2");
  if (options.page_rows_max != 1000) add("max-keys", std::to_string(options.page_rows_max));
  add("prefix", options.prefix);
  if (options.continuation.empty()) add("start-after", options.start_after);
  S3Call call = impl.bucket_call("s3.list_objects", Method::get, query);
  // 1,000 keys of 1,024 bytes, three characters each.
  call.reply_bytes_max = 16 * MiB;
  Result<ObjectPage> page = co_await with_retry<ObjectPage>(
      impl.retry, context, [&] { return list_once(impl, call, context); }, impl.login_again());
  if (!page) co_return failed(std::move(page), call.operation, call.subject);
  co_return page;
}

}  // namespace azs3copy
