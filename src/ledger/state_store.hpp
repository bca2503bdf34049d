// state_store.hpp: the small objects that the Lambda functions keep in the bucket, below its state prefix.
//
//   .azs3copy/current.json  runs/<run>/...  uploads/<hash>.json        (run_store.hpp, s3_ledger.hpp)
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aws/s3_client.hpp"

namespace azs3copy {

inline constexpr std::string_view state_prefix_default = ".azs3copy/";

// Names are relative to the prefix. One per loop, as its client.
class StateStore {
 public:
  // `prefix` ends in a slash. `attributes` go with each object: the copy's encryption.
  StateStore(S3Client& s3, std::string prefix, ObjectAttributes attributes = {});

  // Durable when it returns; the object's ETag. ErrorKind::changed where the condition does not hold; after a lost reply that may
  // be the doing of this very call.
  Task<Result<ETag>> put(std::string name, std::string text, WriteCondition condition,
                         const Context& context);
  // Nothing where there is none.
  Task<Result<std::optional<SmallObject>>> get(std::string name, const Context& context);
  // Success also where there is none. With an ETag, only that version: else ErrorKind::changed.
  Task<Result<>> remove(std::string name, ETag if_match, const Context& context);

  struct Entry {
    std::string name;  // as `get` takes it
    UtcTime written{};
  };
  // Tells `take` of all whose names start with `below`, in order, a page at a time in memory.
  Task<Result<>> each(std::string below, std::function<void(Entry)> take, const Context& context);
  // The same, gathered.
  Task<Result<std::vector<Entry>>> list(std::string below, const Context& context);
  // The "folders" right below, each with its slash.
  Task<Result<std::vector<std::string>>> list_folders(std::string below, const Context& context);

  S3Client& s3() { return s3_; }
  const std::string& prefix() const { return prefix_; }

 private:
  template <class Take>
  Task<Result<>> walk(ListObjectsOptions options, Take take, const Context& context);

  S3Client& s3_;
  std::string prefix_;
  ObjectAttributes attributes_;
};

}  // namespace azs3copy
