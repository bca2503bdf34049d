#include "servers/catalog.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace azs3copy::bench {
namespace {

constexpr std::uint64_t names_per_folder = 1000;

void write_digits(char* at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

std::optional<std::uint64_t> read_digits(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

CatalogName catalog_name(std::uint64_t index) {
  CatalogName name;
  std::memcpy(name.data(), "d00000/f00000000.bin", name.size());
  write_digits(name.data() + 1, 5, index / names_per_folder);
  write_digits(name.data() + 8, 8, index);
  return name;
}

std::optional<std::uint64_t> catalog_index(std::string_view name) {
  if (name.size() != Catalog::name_bytes) return std::nullopt;
  const auto index = read_digits(name.substr(8, 8));
  if (!index) return std::nullopt;
  const CatalogName right = catalog_name(*index);
  if (std::string_view(right.data(), right.size()) != name) return std::nullopt;
  return index;
}

std::uint64_t catalog_lower_bound(const Catalog& catalog, std::string_view text) {
  std::uint64_t low = 0;
  std::uint64_t high = catalog.count;
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    const CatalogName name = catalog_name(middle);
    if (std::string_view(name.data(), name.size()) < text) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool CatalogWalk::row() {
  group.clear();
  if (next >= catalog.count) return false;
  const CatalogName chars = catalog_name(next);
  const std::string_view name(chars.data(), chars.size());
  if (!name.starts_with(prefix)) return false;
  const std::size_t cut = delimiter.empty() ? std::string_view::npos : name.find(delimiter, prefix.size());
  index = next;
  if (cut == std::string_view::npos) {
    ++next;
    return true;
  }
  group = name.substr(0, cut + delimiter.size());
  next = catalog_lower_bound(catalog, group + "\xff");
  return true;
}

CatalogWalk walk_catalog(const Catalog& catalog, std::string prefix, std::string delimiter,
                         std::string_view after, std::optional<std::uint64_t> token) {
  CatalogWalk walk{.catalog = catalog, .prefix = std::move(prefix), .delimiter = std::move(delimiter)};
  walk.next = catalog_lower_bound(catalog, walk.prefix);
  if (token) {
    walk.next = std::max(walk.next, *token);
  } else if (!after.empty()) {
    // The least string above `after`.
    walk.next = std::max(walk.next, catalog_lower_bound(catalog, std::string(after) + '\0'));
  }
  return walk;
}

RowTemplate::RowTemplate(std::string text) : text_(std::move(text)) {
  constexpr std::string_view name_mark = "{name}";
  constexpr std::string_view index_mark = "{index}";
  name_at_ = text_.find(name_mark);
  if (name_at_ == std::string::npos) throw std::logic_error("a row without a name");
  text_.replace(name_at_, name_mark.size(), std::string(Catalog::name_bytes, '?'));
  for (std::size_t at = text_.find(index_mark); at != std::string::npos; at = text_.find(index_mark)) {
    text_.replace(at, index_mark.size(), "00000000");
    index_offsets_.at(index_count_++) = at;
  }
}

void RowTemplate::append(std::string& out, std::uint64_t index) const {
  const std::size_t start = out.size();
  out.append(text_);
  const CatalogName name = catalog_name(index);
  std::memcpy(out.data() + start + name_at_, name.data(), name.size());
  for (std::size_t i = 0; i < index_count_; ++i)
    write_digits(out.data() + start + index_offsets_[i], 8, index);
}

std::optional<Catalog> parse_catalog(std::string_view text) {
  const std::size_t last = text.rfind(':');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const std::size_t first = text.rfind(':', last - 1);
  if (first == std::string_view::npos) return std::nullopt;
  const auto count = read_digits(text.substr(first + 1, last - first - 1));
  const auto bytes = read_digits(text.substr(last + 1));
  if (!count || !bytes || *count > Catalog::count_max) return std::nullopt;
  return Catalog{.name = std::string(text.substr(0, first)), .count = *count, .bytes = *bytes};
}

}  // namespace azs3copy::bench
