// suggest.hpp: "did you mean": the known word nearest to a misspelt one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azs3copy {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known`, or the only one that starts with `word`;
// nothing where none is near enough to be meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

// "; did you mean --transfers?" or "", to end an error with.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace azs3copy
