// catalog.hpp: N made-up names in order, by arithmetic:
// ten million of them take no memory and a listing of them no search.
//
//   index 1234567 <-> "d01234/f01234567.bin"; a thousand names a folder
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace azs3copy::bench {

struct Catalog {
  std::string name;         // of the container or bucket
  std::uint64_t count = 0;  // at most 100 million
  std::uint64_t bytes = 0;  // of each

  static constexpr std::size_t name_bytes = 20;
  static constexpr std::uint64_t count_max = 100'000'000;
};

using CatalogName = std::array<char, Catalog::name_bytes>;

CatalogName catalog_name(std::uint64_t index);
std::optional<std::uint64_t> catalog_index(std::string_view name);
// The first index whose name is not less than `text`; `count` where there is none.
std::uint64_t catalog_lower_bound(const Catalog& catalog, std::string_view text);

// One level of a listing, from row to row.
struct CatalogWalk {
  const Catalog& catalog;
  std::string prefix;
  std::string delimiter;   // "" or "/"
  std::uint64_t next = 0;  // index

  // False at the end. Sets `index`, or `group` where the row stands for a folder.
  bool row();
  std::uint64_t index = 0;
  std::string group;
};
// `after`: the first name is greater than it (S3's start-after); with `token` from that index on.
CatalogWalk walk_catalog(const Catalog& catalog, std::string prefix, std::string delimiter,
                         std::string_view after, std::optional<std::uint64_t> token);

// Text of which only the name and a number change from row to row: copied, then patched.
class RowTemplate {
 public:
  // `text` holds "{name}" once and "{index}" (eight digits) any number of times.
  explicit RowTemplate(std::string text);
  void append(std::string& out, std::uint64_t index) const;

 private:
  std::string text_;
  std::size_t name_at_ = 0;
  std::array<std::size_t, 4> index_offsets_{};
  std::size_t index_count_ = 0;
};

// "name:count:bytes", as the servers' options give it; nothing where it is none.
std::optional<Catalog> parse_catalog(std::string_view text);

}  // namespace azs3copy::bench
