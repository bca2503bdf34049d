#include "fakes/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/time.hpp"
#include "fakes/azure/azure_service.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {

std::string RawReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

RawClient::RawClient(std::uint16_t port, bool tls) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
  // No test hangs for ever.
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (!tls) return;
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_file(context_, TestCertificates::instance().ca_path().c_str());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  ssl_ = SSL_new(context_);
  SSL_set1_host(ssl_, "localhost");
  SSL_set_fd(ssl_, fd_);
  if (SSL_connect(ssl_) != 1) throw std::runtime_error("the TLS handshake failed");
}

RawClient::~RawClient() {
  if (ssl_) SSL_free(ssl_);
  if (context_) SSL_CTX_free(context_);
  close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::ptrdiff_t RawClient::read_some(char* data, std::size_t size) {
  if (ssl_) return SSL_read(ssl_, data, static_cast<int>(size));
  return recv(fd_, data, size, 0);
}

RawReply RawClient::receive(bool head_only) {
  RawReply reply;
  std::size_t wanted = std::string::npos;  // of the body
  std::size_t body = std::string::npos;    // where it begins
  for (;;) {
    if (body == std::string::npos && (body = input_.find("\r\n\r\n")) != std::string::npos) {
      body += 4;
      reply.status = std::stoi(input_.substr(9, 3));
      std::size_t at = input_.find("\r\n") + 2;
      while (at < body - 2) {
        const std::size_t end = input_.find("\r\n", at);
        const std::size_t colon = input_.find(": ", at);
        reply.headers[lower_case(std::string_view(input_).substr(at, colon - at))] =
            input_.substr(colon + 2, end - colon - 2);
        at = end + 2;
      }
      wanted = reply.header("content-length").empty() ? 0 : std::stoull(reply.header("content-length"));
      if (head_only || reply.status == 100 || reply.status == 204) wanted = 0;
    }
    if (body != std::string::npos && input_.size() >= body + wanted) {
      reply.body = input_.substr(body, wanted);
      reply.whole = true;
      input_.erase(0, body + wanted);
      return reply;
    }
    char buffer[64 * 1024];
    errno = 0;
    const auto count = read_some(buffer, sizeof buffer);
    if (count <= 0) {
      reply.reset = errno == ECONNRESET;
      reply.closed = count == 0;
      if (body != std::string::npos) reply.body = input_.substr(body);
      return reply;
    }
    input_.append(buffer, static_cast<std::size_t>(count));
  }
}

bool RawClient::silent_for(milliseconds duration) {
  pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, static_cast<int>(duration.count())) == 0;
}

void RawClient::half_close() {
  shutdown(fd_, SHUT_WR);
}

std::string raw_request(std::string_view method, std::string_view target, RawHeaders headers,
                        std::string_view body) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", method, target);
  const auto has = [&](std::string_view wanted) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& one) { return same_name(one.first, wanted); });
  };
  if (!has("host")) headers.emplace_back("Host", "127.0.0.1");
  if (!has("content-length") && (method == "PUT" || method == "POST" || !body.empty())) {
    headers.emplace_back("Content-Length", std::to_string(body.size()));
  }
  for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\n";
  return text.append(body);
}

namespace {

UtcTime or_now(UtcTime time) {
  return time == UtcTime{} ? std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) : time;
}

// What was asked for, parsed, so that the fake's own code can say what is to be signed.
void parse_head(RequestHead& head, const std::string& text) {
  head.parse(std::string_view(text).substr(0, text.find("\r\n\r\n") + 4));
}

}  // namespace

std::string azure_request(std::string_view method, std::string_view target, RawHeaders headers,
                          std::string_view body, AzureLogin login) {
  if (login.account.empty()) login.account = FakeAzure::account();
  if (login.key.empty()) login.key = FakeAzure::account_key();
  headers.emplace_back("x-ms-date", to_rfc1123(or_now(login.time)));
  headers.emplace_back("x-ms-version", "2025-01-05");
  RequestHead head;
  parse_head(head, raw_request(method, target, headers, body));
  const auto key = base64_decode(login.key).value();
  const std::string to_sign = shared_key_string_to_sign(head, login.account);
  headers.emplace_back("Authorization", fmt::format("SharedKey {}:{}", login.account,
                                                    base64_encode(hmac_sha256(key, bytes_of(to_sign)))));
  return raw_request(method, target, headers, body);
}

std::string s3_request(std::string_view method, std::string_view target, RawHeaders headers,
                       std::string_view body, S3Login login) {
  if (login.id.empty()) login.id = FakeS3::access_key_id();
  if (login.secret.empty()) login.secret = FakeS3::secret_access_key();
  const std::string time = to_basic_iso8601(std::chrono::floor<seconds>(or_now(login.time)));
  const std::string date = time.substr(0, 8);
  headers.emplace_back("x-amz-date", time);
  headers.emplace_back("x-amz-content-sha256", login.payload);
  if (!login.session_token.empty()) headers.emplace_back("x-amz-security-token", login.session_token);
  RequestHead head;
  parse_head(head, raw_request(method, target, headers, body));
  std::vector<std::string> names;
  for (const auto& [name, value] : head.fields()) names.push_back(lower_case(name));
  std::sort(names.begin(), names.end());
  const std::string canonical = canonical_request(head, names, login.payload);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, login.region);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, hex_encode(sha256(bytes_of(canonical))));
  std::string key = "AWS4" + login.secret;
  for (const std::string& step : {date, login.region, std::string("s3"), std::string("aws4_request")}) {
    key = text_of(hmac_sha256(bytes_of(key), bytes_of(step)));
  }
  headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}", login.id, scope,
                  fmt::join(names, ";"), hex_encode(hmac_sha256(bytes_of(key), bytes_of(to_sign)))));
  return raw_request(method, target, headers, body);
}

std::string aws_chunked(std::string_view data, std::size_t chunk_bytes, std::string_view trailer) {
  std::string out;
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, chunk_bytes);
    out += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    data.remove_prefix(chunk.size());
  }
  return out + fmt::format("0\r\n{}\r\n\r\n", trailer);
}

RawHeaders chunked_headers(std::size_t data_bytes, std::string_view trailer_name) {
  return {{"Content-Encoding", "aws-chunked"},
          {"x-amz-decoded-content-length", std::to_string(data_bytes)},
          {"x-amz-trailer", std::string(trailer_name)}};
}

std::string element(const std::string& xml, const std::string& name) {
  const std::size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + name.size() + 2;
  return xml.substr(from, xml.find("</", from) - from);
}

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size()))
    ++count;
  return count;
}

}  // namespace azs3copy::fakes
