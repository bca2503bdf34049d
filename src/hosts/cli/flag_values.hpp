// flag_values.hpp: texts of flags into values, each with a message that says what would have been right.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/context.hpp"
#include "core/error.hpp"
#include "core/secret.hpp"

namespace azs3copy::cli {

// "true", "yes", "on", "1", and their opposites.
Result<bool> read_switch(std::string_view text);
Result<> read_switch(std::string_view text, bool& target);
Result<> read_whole(std::string_view text, int least, int most, int& target);
Result<> read_number(std::string_view text, double least, double most, double& target);
// Outside the bounds the error is `rule`.
Result<> read_bytes(std::string_view text, std::uint64_t least, std::uint64_t most, std::string_view rule,
                    std::uint64_t& target);
Result<> read_duration(std::string_view text, milliseconds least, milliseconds& target);
// One of "a|b|c".
Result<> read_choice(std::string_view text, std::string_view choices);
// "a, b and c" of "a|b|c".
std::string list_choices(std::string_view choices);

// Anything but nothing.
Result<> keep(std::string_view value, std::string& target);
Result<> keep_secret(std::string_view value, Secret& target);
Result<> read_size_limit(std::string_view text, std::optional<std::uint64_t>& target);
Result<> read_age(std::string_view text, std::optional<milliseconds>& target);
Result<> read_begin_date(std::string_view text, std::optional<UtcTime>& target);
// Bytes a second, or "off".
Result<> read_bandwidth(std::string_view text, std::uint64_t& target);
// Twelve digits.
Result<> read_account_id(std::string_view text, std::string& target);
Result<> read_endpoint(std::string_view text, std::string& target);
Result<> read_region(std::string_view text, std::string& target);
// Kinds of failure with commas between, or "all".
Result<> read_classes(std::string_view text, std::set<std::string>& target);
// Of keys; ends in a slash, also where the text does not.
Result<> read_state_prefix(std::string_view text, std::string& target);
// A switch adds one, a number adds itself; two at most.
Result<> read_verbosity(std::string_view text, int& target);

}  // namespace azs3copy::cli
