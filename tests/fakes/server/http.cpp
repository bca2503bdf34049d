#include "fakes/server/http.hpp"

#include <charconv>

namespace azs3copy::fakes {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const char l = lower(c);
    if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos))
      return false;
  }
  return !text.empty();
}

// Printable ASCII without space, '#' or what a URL may not hold.
bool is_target(std::string_view text) {
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' ||
        c == '`' || c == '{' || c == '|' || c == '}') {
      return false;
    }
  }
  return !text.empty() && text.front() == '/';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<std::string> RequestHead::parse(std::string_view text) {
  text_.assign(text);
  fields_.clear();
  content_length_.reset();
  keep_alive_ = true;
  expects_continue_ = false;
  std::string_view rest = text_;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return "a line without CRLF";
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.empty()) break;
    auto wrong = first ? parse_start(line) : parse_field(line);
    if (wrong) return wrong;
    first = false;
  }
  return understand();
}

std::optional<std::string> RequestHead::parse_start(std::string_view line) {
  const std::size_t one = line.find(' ');
  const std::size_t two = line.rfind(' ');
  if (one == std::string_view::npos || one == two) return "a malformed request line";
  method_ = line.substr(0, one);
  target_ = line.substr(one + 1, two - one - 1);
  version_ = line.substr(two + 1);
  if (!is_token(method_)) return "a malformed method";
  if (!is_target(target_)) return "a target with characters that must be encoded";
  if (version_ != "HTTP/1.1" && version_ != "HTTP/1.0") return "an unknown HTTP version";
  const std::size_t question = target_.find('?');
  path_ = target_.substr(0, question);
  query_ = question == std::string_view::npos ? std::string_view{} : target_.substr(question + 1);
  return std::nullopt;
}

std::optional<std::string> RequestHead::parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return "a malformed header";
  const std::string_view value = trim(line.substr(colon + 1));
  for (const char c : value) {
    // Bytes above 0x7e break SigV4 and Azure alike; what is not ASCII must arrive encoded.
    if ((c < 0x20 && c != '\t') || c > 0x7e) return "a header value with a byte that is not printable ASCII";
  }
  fields_.emplace_back(line.substr(0, colon), value);
  return std::nullopt;
}

std::optional<std::string> RequestHead::understand() {
  int hosts = 0;
  for (const auto& [name, value] : fields_) {
    if (same_name(name, "host")) ++hosts;
    if (same_name(name, "transfer-encoding")) return "Transfer-Encoding, which these services do not take";
    if (same_name(name, "content-length")) {
      std::uint64_t length = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error != std::errc{} || end != value.data() + value.size()) return "a malformed Content-Length";
      if (content_length_ && *content_length_ != length) return "two lengths";
      content_length_ = length;
    }
    if (same_name(name, "connection")) keep_alive_ = !same_name(value, "close");
    if (same_name(name, "expect")) expects_continue_ = same_name(value, "100-continue");
  }
  if (hosts != 1) return "not exactly one Host";
  if (version_ == "HTTP/1.0") keep_alive_ = false;
  return std::nullopt;
}

std::string_view RequestHead::get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) return value;
  }
  return {};
}

bool RequestHead::contains(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) return true;
  }
  return false;
}

void Response::set_header(std::string_view name, std::string value) {
  for (auto& [field, old] : headers) {
    if (same_name(field, name)) {
      old = std::move(value);
      return;
    }
  }
  headers.emplace_back(name, std::move(value));
}

std::string_view Response::get(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (same_name(field, name)) return value;
  }
  return {};
}

std::string Response::head() const {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  for (const auto& [name, value] : headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (status != 204 && status != 304) {
    text += fmt::format("Content-Length: {}\r\n", announced_size.value_or(size()));
  }
  if (close) text += "Connection: close\r\n";
  text += "\r\n";
  return text;
}

std::string_view reason_phrase(int status) {
  static const std::map<int, std::string_view> phrases = {{200, "OK"},
                                                          {201, "Created"},
                                                          {202, "Accepted"},
                                                          {204, "No Content"},
                                                          {206, "Partial Content"},
                                                          {301, "Moved Permanently"},
                                                          {304, "Not Modified"},
                                                          {307, "Temporary Redirect"},
                                                          {400, "Bad Request"},
                                                          {401, "Unauthorized"},
                                                          {403, "Forbidden"},
                                                          {404, "Not Found"},
                                                          {405, "Method Not Allowed"},
                                                          {409, "Conflict"},
                                                          {411, "Length Required"},
                                                          {412, "Precondition Failed"},
                                                          {416, "Requested Range Not Satisfiable"},
                                                          {429, "Too Many Requests"},
                                                          {500, "Internal Server Error"},
                                                          {501, "Not Implemented"},
                                                          {503, "Service Unavailable"},
                                                          {504, "Gateway Timeout"}};
  const auto found = phrases.find(status);
  return found == phrases.end() ? "Status" : found->second;
}

Task<std::size_t> Exchange::read_body(MutableBytes buffer) {
  if (body_left_ == 0) co_return 0;
  if (request_.expects_continue() && !continued_) {
    continued_ = true;
    co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
    co_await stream_.flush();
  }
  std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), body_left_));
  if (reset_after_) {
    if (bytes_in_ >= *reset_after_) break_off();
    room = static_cast<std::size_t>(std::min<std::uint64_t>(room, *reset_after_ - bytes_in_));
  }
  std::size_t count = 0;
  if (const std::string_view at_hand = stream_.input(); !at_hand.empty()) {
    count = std::min(room, at_hand.size());
    std::copy_n(bytes_of(at_hand).data(), count, buffer.data());
    stream_.consume(count);
  } else {
    count = co_await stream_.read(buffer.first(room));
  }
  if (count == 0) throw Disconnected{};
  body_left_ -= count;
  bytes_in_ += count;
  co_return count;
}

Task<std::string> Exchange::read_text(std::size_t size_max) {
  if (body_left_ > size_max) throw Disconnected{};
  std::string text(static_cast<std::size_t>(body_left_), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    size += co_await read_body({reinterpret_cast<std::byte*>(text.data()) + size, text.size() - size});
  }
  co_return text;
}

Task<void> Exchange::send(const Response& response, const Spoil& spoil) {
  const bool unread = body_left_ > 0;
  keep_alive_ = request_.keep_alive() && !response.close && !unread;
  std::string head = response.head();
  if (!keep_alive_ && !response.close) head.insert(head.size() - 2, "Connection: close\r\n");
  co_await send_head(std::move(head), spoil);
  if (!response.head_only) co_await send_body(response, spoil);
  if (before_end_) before_end_();
  co_await stream_.flush();
}

Task<void> Exchange::send_head(std::string head, const Spoil& spoil) {
  if (spoil.reset_head_after) {
    head.resize(std::min<std::size_t>(head.size(), *spoil.reset_head_after));
    co_await stream_.write(head);
    co_await stream_.flush();
    // The RST must not overtake the bytes in the client's socket, or it would see none of them.
    co_await stream_.loop().sleep(milliseconds(20));
    break_off();
  }
  if (spoil.slow_bytes > 0) {
    co_await send_slowly(bytes_of(head), spoil);
  } else {
    stream_.gather(bytes_of(head));
  }
}

Task<void> Exchange::send_slowly(Bytes bytes, const Spoil& spoil) {
  while (!bytes.empty()) {
    co_await stream_.flush();
    co_await stream_.loop().sleep(spoil.slow_interval);
    const std::size_t size = std::min<std::size_t>(bytes.size(), spoil.slow_bytes);
    co_await stream_.write(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

Task<void> Exchange::send_body(const Response& response, const Spoil& spoil) {
  const std::uint64_t total = response.size();
  const auto stop = spoil.reset_body_after ? spoil.reset_body_after : spoil.cut_body_after;
  const std::uint64_t end = stop ? std::min(*stop, total) : total;
  std::vector<std::byte> buffer;
  while (body_bytes_out_ < end) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(Stream::batch_bytes, end - body_bytes_out_));
    buffer.resize(size);
    if (response.generate) {
      response.generate(buffer);
    } else {
      std::copy_n(bytes_of(response.body).data() + body_bytes_out_, size, buffer.data());
    }
    if (spoil.flip_byte_at && *spoil.flip_byte_at >= body_bytes_out_ &&
        *spoil.flip_byte_at < body_bytes_out_ + size) {
      auto& byte = buffer[static_cast<std::size_t>(*spoil.flip_byte_at - body_bytes_out_)];
      byte = ~byte;
    }
    body_bytes_out_ += size;
    if (spoil.slow_bytes > 0) {
      co_await send_slowly(buffer, spoil);
    } else {
      if (stream_.full()) co_await stream_.flush();
      stream_.gather(buffer);
    }
  }
  if (!stop || *stop >= total) co_return;
  co_await stream_.flush();
  if (spoil.reset_body_after) {
    co_await stream_.loop().sleep(milliseconds(20));
    break_off();
  }
  if (before_end_) before_end_();
  if (spoil.polite) {
    co_await stream_.finish();
  } else {
    co_await stream_.cut();
  }
  throw Disconnected{};
}

void Exchange::break_off() {
  if (before_end_) before_end_();
  stream_.reset();
  throw Disconnected{};
}

}  // namespace azs3copy::fakes
