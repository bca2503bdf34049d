// raw_client.hpp: a blocking HTTP client of the fakes' own tests: sends what it is told, right or wrong.
//
//   RawClient client(azure.http_port());
//   RawReply reply = client.ask(azure_request("GET", "/fakeaccount/c?restype=container&comp=list"));
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace azs3copy::fakes {

struct RawReply {
  int status = 0;                              // 0: no whole head came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool whole = false;   // as many bytes as Content-Length says
  bool reset = false;   // the connection broke with a RST
  bool closed = false;  // ... or ended
  std::string header(const std::string& name) const;
};

class RawClient {
 public:
  // TLS with verification against the test CA where `tls`.
  explicit RawClient(std::uint16_t port, bool tls = false);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  // False when the server has gone.
  bool send(std::string_view bytes);
  RawReply receive(bool head_only = false);
  RawReply ask(std::string_view request) {
    send(request);
    return receive(request.starts_with("HEAD "));
  }
  // True when nothing comes for so long.
  bool silent_for(milliseconds duration);
  void half_close();

 private:
  std::ptrdiff_t read_some(char* data, std::size_t size);
  int fd_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  std::string input_;
};

using RawHeaders = std::vector<std::pair<std::string, std::string>>;

// A request's text: Host and Content-Length are added, `headers` as given.
std::string raw_request(std::string_view method, std::string_view target, RawHeaders headers = {},
                        std::string_view body = {});

// Signed as its service wants it, with the fakes' own logins unless told otherwise.
struct AzureLogin {
  std::string account;  // empty: FakeAzure's
  std::string key;      // base64
  UtcTime time{};       // the epoch: now
};
std::string azure_request(std::string_view method, std::string_view target, RawHeaders headers = {},
                          std::string_view body = {}, AzureLogin login = {});
struct S3Login {
  std::string id;
  std::string secret;
  std::string session_token;
  std::string region = "us-east-1";
  std::string payload = "UNSIGNED-PAYLOAD";
  UtcTime time{};
};
std::string s3_request(std::string_view method, std::string_view target, RawHeaders headers = {},
                       std::string_view body = {}, S3Login login = {});

// `data` in chunks of `chunk_bytes`, with a trailer; and the headers that such a body wants.
std::string aws_chunked(std::string_view data, std::size_t chunk_bytes, std::string_view trailer);
RawHeaders chunked_headers(std::size_t data_bytes,
                           std::string_view trailer_name = "x-amz-checksum-crc64nvme");
inline constexpr std::string_view streaming_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// The text of the first element of that name, without a parser; "" where there is none.
std::string element(const std::string& xml, const std::string& name);
std::size_t occurrences(std::string_view text, std::string_view what);

}  // namespace azs3copy::fakes
