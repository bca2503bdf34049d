// s3_uploads.cpp: multipart uploads: open, complete, abort, and what is there already.
//
//   POST key?uploads -> id   PUT key?partNumber&uploadId (put_stream) ...   POST key?uploadId, parts' list
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

// S3 may take minutes to put an object together. A second Complete meanwhile would meet the first one at
// work.
constexpr std::chrono::minutes complete_silence_max{5};

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// ETag and number as S3 gave them, and each part's CRC:
// AWS checks it where it is there, versitygw insists on it.
std::string complete_body(const std::vector<UploadedPart>& parts, bool with_checksums) {
  std::string body = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
  body.reserve(body.size() + parts.size() * 160);
  for (const UploadedPart& part : parts) {
    body.append("<Part><ETag>&quot;").append(xml_escape(part.etag.view())).append("&quot;</ETag>");
    if (with_checksums && part.crc) {
      body.append("<ChecksumCRC64NVME>").append(to_s3_base64(*part.crc)).append("</ChecksumCRC64NVME>");
    }
    body.append("<PartNumber>").append(std::to_string(part.number)).append("</PartNumber></Part>");
  }
  return body += "</CompleteMultipartUpload>";
}

Result<> check_parts(const std::vector<UploadedPart>& parts) {
  if (parts.empty()) return fail(ErrorKind::internal, "an upload cannot be completed without parts");
  std::uint32_t previous = 0;
  for (const UploadedPart& part : parts) {
    if (part.number <= previous || part.number > part_count_max) {
      return fail(ErrorKind::internal, fmt::format("part {} follows part {}", part.number, previous));
    }
    previous = part.number;
  }
  return {};
}

// S3 may begin with 200, send white space while it works, and then tell of a failure.
// `stored`: the ETag of the object that was made, whatever else is wrong.
Result<PutReply> completed_from(S3Client::Impl& impl, HttpResponse& response, const CompleteUpload& upload,
                                std::optional<Crc64> expected, ETag& stored, const Context& context) {
  const std::size_t start = response.body.find_first_not_of(" \t\r\n");
  const std::string_view body = std::string_view(response.body).substr(std::min(start, response.body.size()));
  Result<XmlDocument> document = XmlDocument::parse(std::string(body));
  if (!document) {
    // Cut off: whether the object is there, only a HEAD can tell; asking again is safe.
    document.error().retry = RetryVerdict::later;
    return passed(std::move(document));
  }
  const XmlNode root = document->root();
  if (root.name() == "Error") return std::unexpected<Error>(impl.refuse(response.head, body, context).error);
  if (root.name() != "CompleteMultipartUploadResult") {
    return fail(ErrorKind::protocol, fmt::format("the reply to Complete is a <{}>", root.name()));
  }
  stored = etag_from(root.child_text("ETag"));
  if (Result<> whole = check_stored_size(response.head.headers, upload.size); !whole)
    return passed(std::move(whole));
  const Result<std::optional<Crc64>> crc =
      checksum_from(root.child_text("ChecksumCRC64NVME"), root.child_text("ChecksumType"));
  if (!crc) return std::unexpected<Error>(crc.error());
  if (Result<> same = check_checksum(*crc, expected); !same) return passed(std::move(same));
  return PutReply{.etag = stored,
                  .version_id = std::string(response.head.headers.get("x-amz-version-id")),
                  .crc = *crc,
                  .confirmed = *crc && expected ? Confirmation::crc64nvme : Confirmation::none};
}

Task<Result<PutReply>> complete_once(S3Client::Impl& impl, S3Call& call, const CompleteUpload& upload,
                                     std::optional<Crc64> expected, const Context& context) {
  Result<HttpResponse> response = co_await impl.send(call, context);
  if (response) {
    ETag stored;
    Result<PutReply> reply = completed_from(impl, *response, upload, expected, stored, context);
    if (reply) co_return reply;
    co_await discard_doubtful(impl, upload.key, stored, reply.error(), context);
    response = passed(std::move(reply));
  }
  // The upload is used up, only a new one can help (S3's documentation of CompleteMultipartUpload); or its
  // parts are not what was sent, and will not change.
  Error& error = response.error();
  if (error.service_code == "ConditionalRequestConflict" || error.kind == ErrorKind::corrupt) {
    error.retry = RetryVerdict::never;
  }
  co_return passed(std::move(response));
}

// A reply to Complete without a CRC: the parts may have been confirmed, or a HEAD may know the CRC.
Task<Result<>> confirm_whole(S3Client& client, const CompleteUpload& upload, PutReply& reply,
                             const Context& context) {
  const auto weakest = std::ranges::min_element(upload.parts, {}, &UploadedPart::confirmed);
  reply.confirmed = weakest->confirmed;
  if (reply.confirmed != Confirmation::none || !upload.crc) co_return Result<>{};
  const Result<ObjectHead> head = co_await client.head_object(upload.key, context);
  if (!head || !head->crc) co_return Result<>{};  // nothing is confirmed
  if (Result<> same = check_checksum(head->crc, upload.crc); !same) {
    same.error().retry = RetryVerdict::never;
    co_return same;
  }
  reply.crc = head->crc;
  reply.confirmed = Confirmation::crc64nvme;
  co_return Result<>{};
}

Result<UploadedPart> part_from(XmlNode node) {
  UploadedPart part;
  for (XmlNode field = node.first_child(); field; field = field.next_sibling()) {
    const std::string_view name = field.name();
    if (name == "PartNumber") {
      part.number = parse_number<std::uint32_t>(field.text()).value_or(0);
    } else if (name == "ETag") {
      part.etag = etag_from(field.text());
    } else if (name == "Size") {
      part.size = parse_number<std::uint64_t>(field.text()).value_or(0);
    } else if (name == "ChecksumCRC64NVME") {
      part.crc = crc64_from_s3_base64(field.text());
      if (part.crc) part.confirmed = Confirmation::crc64nvme;
    }
  }
  if (part.number == 0) return fail(ErrorKind::protocol, "a part in the list of parts has no number");
  return part;
}

Result<PartPage> part_page_from(std::string body) {
  const Result<XmlDocument> document = parse_reply(std::move(body), "ListParts");
  if (!document) return std::unexpected<Error>(document.error());
  const XmlNode root = document->root();
  PartPage page;
  for (XmlNode node = root.first_child(); node; node = node.next_sibling()) {
    if (node.name() != "Part") continue;
    Result<UploadedPart> part = part_from(node);
    if (!part) return passed(std::move(part));
    page.parts.push_back(std::move(*part));
  }
  if (root.child_text("IsTruncated") == "true") {
    page.next_part_number_marker =
        parse_number<std::uint32_t>(root.child_text("NextPartNumberMarker")).value_or(0);
    if (page.next_part_number_marker == 0 && !page.parts.empty()) {
      page.next_part_number_marker = page.parts.back().number;
    }
    if (page.next_part_number_marker == 0) {
      return fail(ErrorKind::protocol, "a cut-off list of parts does not say where it goes on");
    }
  }
  return page;
}

Result<UploadPage> upload_page_from(std::string body) {
  const Result<XmlDocument> document = parse_reply(std::move(body), "ListMultipartUploads");
  if (!document) return std::unexpected<Error>(document.error());
  const XmlNode root = document->root();
  const bool encoded = root.child_text("EncodingType") == "url";
  const auto decode = [encoded](std::string_view text) {
    return encoded ? url_decode(text, true) : Result<std::string>(std::string(text));
  };
  UploadPage page;
  for (XmlNode node = root.first_child(); node; node = node.next_sibling()) {
    if (node.name() != "Upload") continue;
    Result<std::string> key = decode(node.child_text("Key"));
    if (!key) return passed(std::move(key));
    page.uploads.push_back({.key = Key(std::move(*key)),
                            .id = UploadId(node.child_text("UploadId")),
                            .initiated = parse_iso8601(node.child_text("Initiated")).value_or(UtcTime{})});
  }
  if (root.child_text("IsTruncated") == "true") {
    Result<std::string> marker = decode(root.child_text("NextKeyMarker"));
    if (!marker) return passed(std::move(marker));
    page.next_key_marker = std::move(*marker);
    page.next_upload_id_marker = root.child_text("NextUploadIdMarker");
    if (page.next_key_marker.empty()) {
      return fail(ErrorKind::protocol, "a cut-off list of uploads does not say where it goes on");
    }
  }
  return page;
}

}  // namespace

Task<Result<UploadId>> S3Client::create_upload(const Key& key, const ObjectAttributes& attributes,
                                               const Context& context) {
  constexpr std::string_view operation = "s3.create_upload";
  if (Result<> fits = check_key(key); !fits) co_return failed(std::move(fits), operation, key.view());
  S3Call call = impl_->key_call(operation, Method::post, key, "uploads=");
  Headers& headers = call.request.headers;
  if (Result<> added = add_attributes(headers, attributes); !added) {
    co_return failed(std::move(added), operation, key.view());
  }
  // Parts of such an upload need their CRC.
  if (impl_->sends_trailers()) {
    headers.add("x-amz-checksum-algorithm", "CRC64NVME");
    headers.add("x-amz-checksum-type", "FULL_OBJECT");
  }
  Result<HttpResponse> response = co_await impl_->send(call, context);
  if (!response) {
    // The next attempt is the caller's; its new login is put in place here.
    if (response.error().retry == RetryVerdict::fresh_login) (void)impl_->credentials->refresh();
    co_return failed(std::move(response), operation, key.view());
  }
  // The id is all that counts: other servers call the root <InitiateMultipartUpload>, or as they like.
  Result<XmlDocument> document = parse_reply(std::move(response->body), {});
  if (!document) co_return failed(std::move(document), operation, key.view());
  UploadId id(document->root().child_text("UploadId"));
  if (id.empty())
    co_return failed(fail(ErrorKind::protocol, "S3 gave no upload id").error(), operation, key.view());
  co_return id;
}

Task<Result<PutReply>> S3Client::complete_upload(const CompleteUpload& upload, const Context& context) {
  constexpr std::string_view operation = "s3.complete_upload";
  Impl& impl = *impl_;
  if (Result<> right = check_parts(upload.parts); !right) {
    co_return failed(std::move(right), operation, upload.key.view());
  }
  S3Call call = impl.key_call(operation, Method::post, upload.key, upload_query(upload.id));
  call.request.idle_timeout_least = complete_silence_max;
  const std::string body = complete_body(upload.parts, impl.sends_checksums());
  call.request.body = bytes_of(body);
  Headers& headers = call.request.headers;
  headers.add("content-type", "application/xml");
  const std::optional<Crc64> expected = impl.wants_checksums() ? upload.crc : std::nullopt;
  if (impl.sends_trailers() && upload.crc) {
    headers.add("x-amz-checksum-crc64nvme", to_s3_base64(*upload.crc));
    headers.add("x-amz-checksum-type", "FULL_OBJECT");
  }
  if (upload.size > 0 && impl.traits->sends(OptionalHeaders::upload_size))
    headers.add("x-amz-mp-object-size", fmt::format("{}", upload.size));
  add_condition(headers, upload.condition);
  Result<PutReply> reply = co_await with_retry<PutReply>(
      impl.retry, context, [&] { return complete_once(impl, call, upload, expected, context); },
      impl.login_again());
  if (!reply) co_return failed(std::move(reply), operation, upload.key.view());
  if (reply->confirmed == Confirmation::none) {
    if (Result<> judged = co_await confirm_whole(*this, upload, *reply, context); !judged)
      co_return failed(std::move(judged), operation, upload.key.view());
    if (reply->confirmed == Confirmation::none) impl.traits->note_unconfirmed();
  }
  co_return reply;
}

Task<Result<>> S3Client::abort_upload(const Key& key, const UploadId& id, const Context& context) {
  S3Call call = impl_->key_call("s3.abort_upload", Method::del, key, upload_query(id));
  Result<HttpResponse> response = co_await impl_->send_with_retry(call, context);
  if (!response && response.error().service_code != "NoSuchUpload") co_return passed(std::move(response));
  co_return Result<>{};
}

Task<Result<PartPage>> S3Client::list_parts(const Key& key, const UploadId& id,
                                            std::uint32_t part_number_marker, const Context& context,
                                            int page_rows_max) {
  std::string query = upload_query(id);
  if (page_rows_max < 1000) query += fmt::format("&max-parts={}", page_rows_max);
  if (part_number_marker > 0) query += fmt::format("&part-number-marker={}", part_number_marker);
  S3Call call = impl_->key_call("s3.list_parts", Method::get, key, query);
  call.reply_bytes_max = 16 * MiB;
  Result<HttpResponse> response = co_await impl_->send_with_retry(call, context);
  if (!response) co_return passed(std::move(response));
  Result<PartPage> page = part_page_from(std::move(response->body));
  if (!page) co_return failed(std::move(page), call.operation, key.view());
  co_return page;
}

Task<Result<>> S3Client::each_part(const Key& key, const UploadId& id,
                                   const std::function<bool(const UploadedPart&)>& take,
                                   const Context& context) {
  for (std::uint32_t marker = 0;;) {
    Result<PartPage> page = co_await list_parts(key, id, marker, context);
    if (!page) co_return passed(std::move(page));
    if (!std::ranges::all_of(page->parts, take) || page->next_part_number_marker == 0) co_return Result<>{};
    if (page->next_part_number_marker <= marker)
      co_return fail(ErrorKind::protocol, "ListParts goes round in circles", key.view());
    marker = page->next_part_number_marker;
  }
}

Task<Result<UploadPage>> S3Client::list_uploads(const std::string& prefix, const std::string& key_marker,
                                                const std::string& upload_id_marker, const Context& context) {
  std::string query = "encoding-type=url";
  if (!key_marker.empty()) query += "&key-marker=" + url_encode(key_marker);
  if (!prefix.empty()) query += "&prefix=" + url_encode(prefix);
  if (!upload_id_marker.empty()) query += "&upload-id-marker=" + url_encode(upload_id_marker);
  S3Call call = impl_->bucket_call("s3.list_uploads", Method::get, query + "&uploads=");
  call.reply_bytes_max = 16 * MiB;
  Result<HttpResponse> response = co_await impl_->send_with_retry(call, context);
  if (!response) co_return passed(std::move(response));
  Result<UploadPage> page = upload_page_from(std::move(response->body));
  if (!page) co_return failed(std::move(page), call.operation, call.subject);
  co_return page;
}

}  // namespace azs3copy
