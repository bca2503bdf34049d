// response_parser.hpp: Beast's parser, fed with bytes, giving our ResponseHead and body bytes.
// For src/net and fuzzing.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include "net/http.hpp"

namespace azs3copy {

// The head must lie in one piece in the buffer that is fed; Beast parses it when its end is there.
class ResponseParser final : public boost::beast::http::basic_parser<false> {
 public:
  using ErrorCode = boost::system::error_code;

  // `head_only`: the request was HEAD, no body follows whatever Content-Length says.
  explicit ResponseParser(bool head_only) {
    skip(head_only);
    body_limit(boost::none);
    header_limit(64 * 1024);
  }

  // Feeds bytes; returns how many were taken. Data of a chunked body goes to `body`, as far as it has room.
  Result<std::size_t> feed(Bytes bytes, MutableBytes body, std::size_t& body_bytes) {
    body_ = body;
    body_bytes_ = 0;
    ErrorCode error;
    const std::size_t taken = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    body_bytes = body_bytes_;
    if (error && error != boost::beast::http::error::need_more &&
        error != boost::beast::http::error::need_buffer) {
      auto failure = fail(ErrorKind::protocol, "the reply is not valid HTTP: " + error.message());
      failure.error().retry = RetryVerdict::later;
      return failure;
    }
    return taken;
  }

  ResponseHead head;

 private:
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View, View, int, ErrorCode&) override {}
  void on_response_impl(int code, View, int, ErrorCode&) override { head.status = code; }
  void on_field_impl(boost::beast::http::field, View name, View value, ErrorCode&) override {
    head.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(ErrorCode&) override {
    if (const auto length = content_length(); length && !chunked()) head.content_length = *length;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View data, ErrorCode& error) override { return take(data, error); }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View data, ErrorCode& error) override {
    return take(data, error);
  }
  void on_finish_impl(ErrorCode&) override {}

  std::size_t take(View data, ErrorCode& error) {
    const std::size_t count = std::min(data.size(), body_.size() - body_bytes_);
    if (count > 0) std::memcpy(body_.data() + body_bytes_, data.data(), count);
    body_bytes_ += count;
    if (count < data.size()) error = boost::beast::http::error::need_buffer;
    return count;
  }

  MutableBytes body_;
  std::size_t body_bytes_ = 0;
};

}  // namespace azs3copy
