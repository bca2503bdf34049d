// s3_listing.cpp: ListObjectsV2, the listing that every blob is compared with:
// half a million rows a second and more.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "codec/xml_scanner.hpp"

namespace azs3copy {
namespace {

// Into <Contents>; up to its end.
Result<ObjectEntry> read_entry(XmlScanner& xml) {
  ObjectEntry entry;
  bool has_size = false;
  while (xml.enter()) {
    const std::string_view name = xml.name();
    if (name == "Key") {
      entry.key = Key(xml.text());
    } else if (name == "LastModified") {
      const std::string_view text = xml.text();
      const std::optional<UtcTime> time = parse_iso8601(text);
      if (!time) return fail(ErrorKind::protocol, "a listed object's LastModified is no time", text);
      entry.last_modified = *time;
    } else if (name == "ETag") {
      entry.etag = etag_from(xml.text());
    } else if (name == "Size") {
      const std::string_view text = xml.text();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), entry.size);
      has_size = !text.empty() && error == std::errc() && end == text.data() + text.size();
    } else if (name == "StorageClass") {
      entry.storage_class = xml.text();
    } else {
      xml.skip();
    }
  }
  if (!xml.failed() && (entry.key.empty() || !has_size)) {
    return fail(ErrorKind::protocol, "a listed object has no key or no size");
  }
  return entry;
}

std::string read_prefix(XmlScanner& xml) {
  std::string prefix;
  while (xml.enter()) {
    if (xml.name() == "Prefix") {
      prefix = xml.text();
    } else {
      xml.skip();
    }
  }
  return prefix;
}

// The whole reply, keys as written. `encoded`: they are percent-encoded. EncodingType may stand behind them.
struct RawPage {
  ObjectPage page;
  bool encoded = false;
  std::optional<bool> truncated;
};
Result<RawPage> read_page(XmlScanner& xml) {
  RawPage raw;
  raw.page.objects.reserve(1000);
  if (xml.enter() && xml.name() != "ListBucketResult") {
    return fail(ErrorKind::protocol, fmt::format("the reply is a <{}>, no <ListBucketResult>", xml.name()));
  }
  while (xml.enter()) {
    const std::string_view name = xml.name();
    if (name == "Contents") {
      Result<ObjectEntry> entry = read_entry(xml);
      if (!entry) return passed(std::move(entry));
      raw.page.objects.push_back(std::move(*entry));
    } else if (name == "CommonPrefixes") {
      raw.page.prefixes.push_back(read_prefix(xml));
    } else if (name == "IsTruncated") {
      raw.truncated = xml.text() == "true";
    } else if (name == "NextContinuationToken") {
      raw.page.continuation = xml.text();
    } else if (name == "EncodingType") {
      raw.encoded = xml.text() == "url";
    } else {
      xml.skip();
    }
  }
  if (Result<> whole = xml.finish(); !whole) return passed(std::move(whole));
  return raw;
}

Result<ObjectPage> page_from(std::string& body) {
  XmlScanner xml(body);
  Result<RawPage> raw = read_page(xml);
  if (!raw) return passed(std::move(raw));
  ObjectPage& page = raw->page;
  // A listing that ends without saying so would make objects look missing.
  if (!raw->truncated) return fail(ErrorKind::protocol, "the listing does not say whether it is whole");
  if (!*raw->truncated) page.continuation.clear();
  if (*raw->truncated && page.continuation.empty()) {
    return fail(ErrorKind::protocol, "a cut-off listing does not say where it goes on");
  }
  if (!raw->encoded) return std::move(page);
  // "+" is a space: XML cannot hold every byte that a key may have.
  for (ObjectEntry& entry : page.objects) {
    if (entry.key.view().find_first_of("%+") == std::string_view::npos) continue;
    Result<std::string> key = url_decode(entry.key.view(), true);
    if (!key) return passed(std::move(key));
    entry.key = Key(std::move(*key));
  }
  for (std::string& prefix : page.prefixes) {
    Result<std::string> decoded = url_decode(prefix, true);
    if (!decoded) return passed(std::move(decoded));
    prefix = std::move(*decoded);
  }
  return std::move(page);
}

// A reply that does not decode was perhaps cut off on the way: it is asked for once more, and no more often.
Task<Result<ObjectPage>> list_once(S3Client::Impl& impl, S3Call& call, int& undecoded,
                                   const Context& context) {
  Result<HttpResponse> response = co_await impl.send(call, context);
  if (!response) co_return passed(std::move(response));
  Result<ObjectPage> page = page_from(response->body);
  if (!page) page.error().retry = ++undecoded == 1 ? RetryVerdict::later : RetryVerdict::never;
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
  int undecoded = 0;
  Result<ObjectPage> page = co_await with_retry<ObjectPage>(
      impl.retry, context, [&] { return list_once(impl, call, undecoded, context); }, impl.login_again());
  if (!page) co_return failed(std::move(page), call.operation, call.subject);
  co_return page;
}

}  // namespace azs3copy
