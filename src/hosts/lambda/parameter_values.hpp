// parameter_values.hpp: values of the secret into values of ours, each with a message that says what would
// have been right. People write them by hand, by a console that makes texts of everything, or by a template.
//
//   "64" or 64          -> 64            "a,b" or ["a","b"]  -> {a, b}
//   "True", true or 1   -> true          " text\n"           -> "text"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.hpp"
#include "core/error.hpp"

namespace azs3copy {

// Of a text, a number or a switch, as it is written. ErrorKind::invalid for an array, an object or null.
Result<std::string> exact_text(const Json& value);
// The same without white space around it: what is pasted or read from a file often ends in a line end.
Result<std::string> trimmed_text(const Json& value);
// true, yes, on, 1 and false, no, off, 0, in any case of letters. "" is false.
Result<bool> switch_value(const Json& value);
// An array of texts as they are, or a text with commas between them; commas within {}, [] or behind a
// backslash belong to the text. White space around a text with commas and empty ones are left out.
Result<std::vector<std::string>> list_value(const Json& value);
// The index of the choice, compared without case, "-" and "_".
Result<std::size_t> choice_value(const Json& value, const std::vector<std::string>& choices);
Result<std::uint64_t> bytes_value(const Json& value, std::uint64_t least, std::uint64_t most,
                                  std::string_view rule);
Result<int> whole_value(const Json& value, int least, int most);
// "off" is 0.
Result<double> rate_value(const Json& value, double most);

// Without case, "_", "-" and spaces: "UseFullFilePath" and "use_full_file_path" are one.
std::string plain_spelling(std::string_view text);

}  // namespace azs3copy
