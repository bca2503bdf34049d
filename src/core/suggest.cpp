// suggest.cpp: optimal string alignment distance over short words.
#include "core/suggest.hpp"

#include <algorithm>

namespace azs3copy {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

namespace {
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}
}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
  // A third of a word may be wrong; more of it is another word.
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(lower(word), lower(candidate));
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  if (found || word.size() < 3) return found;
  const auto starts = [word](const std::string& candidate) { return candidate.starts_with(word); };
  const auto first = std::find_if(known.begin(), known.end(), starts);
  if (first == known.end() || std::find_if(first + 1, known.end(), starts) != known.end())
    return std::nullopt;
  return *first;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  const auto found = nearest(word, known);
  return found ? "; did you mean " + *found + "?" : std::string();
}

}  // namespace azs3copy
