// faults.hpp: what shall go wrong, as rules that a test gives to a fake.
//
//   fake.faults().add(
//       {.operation = "PutObject", .times = 2, .status = 503, .code = "SlowDown", .retry_after = "1"});
//   fake.faults().add({.operation = "GetBlob", .skip = 3, .spoil = {.reset_body_after = 1000}});
//   fake.faults().add({.operation = "CompleteMultipartUpload", .reset = true, .effect_happens = true});
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json.hpp"
#include "core/error.hpp"
#include "fakes/server/http.hpp"

namespace azs3copy::fakes {

struct Fault {
  // Which requests. Empty: any.
  std::string method;
  std::string operation;        // "GetBlob", "UploadPart", ...: the services' own names
  std::string target_contains;  // of path and query as on the wire
  std::uint64_t skip = 0;       // so many matching requests pass first
  std::uint64_t times = 1;      // so many are hit; 0: all
  double probability = 1;       // of those in question; drawn from the Faults' seed

  // What happens to them. Several may be given together.
  milliseconds delay{0};                             // before anything else
  bool hang = false;                                 // no reply, until the client goes
  bool reset = false;                                // RST before the reply's head
  std::optional<std::uint64_t> reset_request_after;  // RST when so many bytes of the request's body have come
  int status = 0;                                    // this reply instead, with
  std::string code;                                  //   this service code and
  std::string retry_after;                           //   this Retry-After
  bool early = false;                                // the status is sent before the request's body is read
  bool effect_happens = false;  // hang, reset and status come after the request was carried out
  std::vector<std::pair<std::string, std::string>> headers;  // set in the reply, e.g. a wrong checksum
  std::optional<std::uint64_t>
      shorten_to;  // the reply's body ends there and Content-Length agrees: truncated XML
  Spoil spoil;     // of the reply on its way
  // What only the service can do: "error_in_200" (Complete; with `code`), "wrong_segment_crc",
  // "wrong_total_crc", "wrong_segment_number" (structured bodies), "no_structured_body", "no_checksum".
  std::string special;
};

// Thread-safe.
class Faults {
 public:
  // The rule's number, for `fired`.
  std::size_t add(Fault fault);
  // Removes all rules and counts.
  void clear();
  void seed(std::uint64_t seed);
  std::uint64_t fired(std::size_t rule) const;
  std::uint64_t fired() const;

  // The first rule that matches and strikes.
  std::optional<Fault> next(std::string_view method, std::string_view operation, std::string_view target);

  // As scripts give them, with the names of Fault's and Spoil's fields (milliseconds as numbers).
  static Result<Fault> from_json(const Json& json);

 private:
  struct Rule {
    Fault fault;
    std::uint64_t seen = 0;
    std::uint64_t fired = 0;
  };
  mutable std::mutex mutex_;
  std::vector<Rule> rules_;
  std::mt19937_64 random_{1};
};

}  // namespace azs3copy::fakes
