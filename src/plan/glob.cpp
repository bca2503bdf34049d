// glob.cpp: Glob as a position automaton (Glushkov 1961), run with one bit per position.
//
//   pattern   a * . { j p g , g i f }
//   position  0 1 2   3 4 5   6 7 8        each position matches one character; a star's loops to itself
//   follow    0 -> 1,2   1 -> 1,2   2 -> 3,6   3 -> 4 ...
//
// For each character of the path the set of positions just matched is replaced by the positions that may
// follow it and match that character. Most positions are followed by the next one: those move by one shift of
// the whole set; the others (stars, ends of alternatives) have their followers in a table. Nothing is tried
// twice, so no pattern is slow.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cstring>

#include "plan/filter.hpp"

namespace azs3copy {
namespace {

// Of a pattern; a path has at most 1,024 characters, so a longer one could say little more.
constexpr std::size_t positions_max = 1024;
constexpr std::size_t word_bits = 64;
// Of nested braces: the compiler calls itself for each.
constexpr int depth_max = 32;
constexpr char32_t ascii_end = 0x80;

using Positions = std::bitset<positions_max>;

// The character at `at`, which moves on. A byte that is no UTF-8 stands for itself, above all of Unicode.
char32_t next_character(std::string_view text, std::size_t& at) {
  constexpr char32_t stray = 0x110000;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const char32_t lead = byte(0);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t value = size == 1 ? lead : lead & (0x7Fu >> size);
  bool whole = size != 0 && size <= text.size() - at;
  for (std::size_t i = 1; whole && i < size; ++i) {
    whole = (byte(i) & 0xC0) == 0x80;
    value = value << 6 | (byte(i) & 0x3F);
  }
  at += whole ? size : 1;
  return whole ? value : stray + lead;
}

// What one position matches: a character that lies in any of the ranges,
// or (`negated`) in none and is no slash.
struct CharacterSet {
  struct Span {
    char32_t first, last;
  };
  std::vector<Span> spans;
  bool negated = false;

  bool accepts(char32_t c) const {
    const bool listed =
        std::any_of(spans.begin(), spans.end(), [c](Span s) { return s.first <= c && c <= s.last; });
    return negated ? !listed && c != '/' : listed;
  }
};

constexpr CharacterSet::Span whole_range{0, 0xFFFFFFFF};

// The named sets of regular expressions; all of ASCII.
std::vector<CharacterSet::Span> named_set(std::string_view name) {
  using Spans = std::vector<CharacterSet::Span>;
  static const std::vector<std::pair<std::string_view, Spans>> sets = {
      {"d", {{'0', '9'}}},
      {"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
      {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"ascii", {{0, 0x7F}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {"digit", {{'0', '9'}}},
      {"graph", {{'!', '~'}}},
      {"lower", {{'a', 'z'}}},
      {"print", {{' ', '~'}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"space", {{'\t', '\r'}, {' ', ' '}}},
      {"upper", {{'A', 'Z'}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
  };
  const auto found =
      std::find_if(sets.begin(), sets.end(), [name](const auto& set) { return set.first == name; });
  return found == sets.end() ? Spans{} : found->second;
}

// All that is in none of `spans`: \D inside of brackets.
std::vector<CharacterSet::Span> complement(const std::vector<CharacterSet::Span>& spans) {
  std::vector<CharacterSet::Span> rest;
  char32_t next = 0;
  for (const auto& span : spans) {  // they are sorted
    if (span.first > next) rest.push_back({next, span.first - 1});
    next = span.last + 1;
  }
  rest.push_back({next, whole_range.last});
  return rest;
}

constexpr std::size_t slashes_unbounded = 1'000'000;

// A part of a pattern, as Glushkov's construction needs it, and what lets `matches` look at less of a path.
struct Fragment {
  bool nullable = true;
  Positions first;
  Positions last;
  std::size_t slashes_max = 0;  // that it can match
  bool literal = true;          // matches `tail` and nothing else
  std::string head;             // every match begins with this
  std::string tail;             // and ends with this
};

}  // namespace

struct Glob::Program {
  std::vector<CharacterSet> sets;  // of each position
  bool rooted = false;
  bool nullable = false;
  std::size_t slashes_max = 0;
  std::string head;  // every path that matches begins with this (rooted patterns only)
  std::string tail;  // and ends with this
  // Bit sets of `words` words each, one after another.
  std::size_t words = 1;
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> last;
  std::vector<std::uint64_t> final_stars;  // a ** that may be the end: once there, all paths match
  std::vector<std::uint64_t> by_shift;     // followed by the next position
  std::vector<std::uint64_t> by_table;     // followed by others
  std::vector<std::uint64_t> ascii;        // for each character of ASCII the positions that it matches
  std::vector<std::uint64_t> follow;       // for each position its followers

  const std::uint64_t* ascii_of(char32_t c) const { return ascii.data() + c * words; }
  const std::uint64_t* follow_of(std::size_t position) const { return follow.data() + position * words; }

  template <std::size_t size>
  using State = std::array<std::uint64_t, size>;
  template <std::size_t size, class Steps>
  void advance(const State<size>& now, State<size>& next, Steps& steps) const;
  template <std::size_t size, class Steps>
  void keep_matching(State<size>& positions, char32_t c, Steps& steps) const;
  template <std::size_t size, class Steps>
  bool run(std::string_view path, Steps& steps) const;
  template <class Steps>
  bool matches(std::string_view path, Steps& steps) const;
  std::size_t start(std::string_view path) const;
};

namespace {

// Patterns to fragments by recursive descent.
class Compiler {
 public:
  explicit Compiler(std::string_view pattern) : pattern_(pattern) {}

  // Meaningless where `problem` then says something.
  Fragment pattern() {
    Fragment whole = sequence(0);
    if (problem_.empty() && at_ < pattern_.size()) refuse("a } without its {");
    return whole;
  }
  const std::string& problem() const { return problem_; }
  std::vector<CharacterSet>& sets() { return sets_; }
  const std::vector<Positions>& follow() const { return follow_; }
  const Positions& double_stars() const { return double_stars_; }

 private:
  // Up to the end, or inside of braces to the next , or }, which stays.
  Fragment sequence(int depth) {
    Fragment whole;
    while (problem_.empty() && at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '}' || (c == ',' && depth > 0)) break;
      append(whole, item(depth));
    }
    return whole;
  }

  Fragment item(int depth) {
    switch (pattern_[at_]) {
      case '*':
        return stars();
      case '?':
        ++at_;
        return one({.spans = {}, .negated = true});
      case '[':
        ++at_;
        return brackets();
      case ']':
        return refuse("a ] without its [");
      case '{':
        ++at_;
        return braces(depth + 1);
      case '\\':
        ++at_;
        return escape();
      default:
        return literal();
    }
  }

  Fragment stars() {
    const std::size_t end = std::min(pattern_.find_first_not_of('*', at_), pattern_.size());
    const std::size_t count = end - at_;
    at_ = end;
    if (count > 2) return refuse("more than two stars in a row");
    Fragment star = one(count == 2 ? CharacterSet{.spans = {whole_range}} : CharacterSet{.negated = true});
    if (!problem_.empty()) return star;
    const std::size_t position = sets_.size() - 1;
    follow_[position].set(position);
    double_stars_.set(position, count == 2);
    star.nullable = true;
    if (count == 2) star.slashes_max = slashes_unbounded;
    return star;
  }

  Fragment braces(int depth) {
    if (depth > depth_max) return refuse("braces nest too deep");
    if (at_ < pattern_.size() && pattern_[at_] == '{')
      return refuse("{{regular expressions}} are not supported");
    Fragment either = sequence(depth);
    while (problem_.empty() && at_ < pattern_.size() && pattern_[at_] == ',') {
      ++at_;
      const Fragment other = sequence(depth);
      either.nullable |= other.nullable;
      either.first |= other.first;
      either.last |= other.last;
      either.slashes_max = std::max(either.slashes_max, other.slashes_max);
      either.literal = false;
    }
    if (!problem_.empty()) return either;
    if (at_ == pattern_.size()) return refuse("a { without its }");
    ++at_;
    if (!either.literal) either.head = either.tail = "";
    return either;
  }

  Fragment escape() {
    if (at_ == pattern_.size()) return refuse("nothing follows the last \\");
    if (auto spans = letter_set(static_cast<unsigned char>(pattern_[at_]))) {
      ++at_;
      return one({.spans = *std::move(spans)});
    }
    return problem_.empty() ? literal() : Fragment{};
  }

  // The set of \d, \D and their like; nothing for a character that stands for itself.
  std::optional<std::vector<CharacterSet::Span>> letter_set(char32_t c) {
    const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (!is_letter && !(c >= '0' && c <= '9')) return std::nullopt;
    const char name = static_cast<char>(c | 0x20);
    if (name != 'd' && name != 's' && name != 'w') {
      refuse(fmt::format("\\{} has no meaning", static_cast<char>(c)));
      return std::nullopt;
    }
    const auto spans = named_set({&name, 1});
    return c == static_cast<char32_t>(name) ? spans : complement(spans);
  }

  Fragment brackets() {
    CharacterSet set;
    if (at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^')) {
      set.negated = true;
      ++at_;
    }
    const std::size_t begin = at_;
    while (problem_.empty() && at_ < pattern_.size() && pattern_[at_] != ']') bracket_item(set);
    if (!problem_.empty()) return {};
    if (at_ == pattern_.size()) return refuse("a [ without its ]");
    if (at_ == begin) return refuse("[] holds no character");
    ++at_;
    return one(std::move(set));
  }

  // One character, a range, [:name:] or \d.
  void bracket_item(CharacterSet& set) {
    if (pattern_.substr(at_).starts_with("[:")) return bracket_name(set);
    const bool escaped = pattern_[at_] == '\\';
    const char32_t first = bracket_character();
    if (!problem_.empty()) return;
    if (escaped) {
      if (const auto spans = letter_set(first)) {
        set.spans.insert(set.spans.end(), spans->begin(), spans->end());
        return;
      }
    }
    char32_t last = first;
    const bool is_range = at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']';
    if (is_range) {
      ++at_;
      last = bracket_character();
    }
    if (last < first) refuse("a range in [] runs backwards");
    set.spans.push_back({first, last});
  }

  void bracket_name(CharacterSet& set) {
    const std::size_t begin = at_ + 2;
    const std::size_t end = pattern_.find(":]", begin);
    const auto spans = end == std::string_view::npos ? std::vector<CharacterSet::Span>{}
                                                     : named_set(pattern_.substr(begin, end - begin));
    if (spans.empty() || end - begin < 2) {
      refuse("[: is not followed by the name of a set, as in [[:alpha:]]");
      return;
    }
    set.spans.insert(set.spans.end(), spans.begin(), spans.end());
    at_ = end + 2;
  }

  char32_t bracket_character() {
    if (pattern_[at_] == '\\') ++at_;
    if (at_ < pattern_.size()) return next();
    refuse("nothing follows the last \\");
    return 0;
  }

  char32_t next() { return next_character(pattern_, at_); }

  Fragment literal() {
    const std::size_t begin = at_;
    const char32_t c = next();
    Fragment fragment = one({.spans = {{c, c}}});
    fragment.literal = true;
    fragment.head = fragment.tail = std::string(pattern_.substr(begin, at_ - begin));
    return fragment;
  }

  // A new position.
  Fragment one(CharacterSet set) {
    if (sets_.size() == positions_max)
      return refuse(fmt::format("it is longer than {} characters", positions_max));
    Fragment fragment{.nullable = false, .literal = false};
    fragment.first.set(sets_.size());
    fragment.last.set(sets_.size());
    fragment.slashes_max = set.accepts('/') ? 1 : 0;
    sets_.push_back(std::move(set));
    follow_.emplace_back();
    return fragment;
  }

  void append(Fragment& whole, const Fragment& next) {
    if (!problem_.empty()) return;
    for (std::size_t position = 0; position < sets_.size(); ++position) {
      if (whole.last.test(position)) follow_[position] |= next.first;
    }
    if (whole.nullable) whole.first |= next.first;
    whole.last = next.nullable ? whole.last | next.last : next.last;
    whole.nullable &= next.nullable;
    whole.slashes_max = std::min(whole.slashes_max + next.slashes_max, slashes_unbounded);
    if (whole.literal) whole.head += next.head;
    whole.tail = next.literal ? whole.tail + next.tail : next.tail;
    whole.literal &= next.literal;
  }

  Fragment refuse(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
    return {};
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string problem_;
  std::vector<CharacterSet> sets_;
  std::vector<Positions> follow_;
  Positions double_stars_;
};

std::vector<std::uint64_t> words_of(const Positions& positions, std::size_t words) {
  std::vector<std::uint64_t> result(words);
  for (std::size_t i = 0; i < words * word_bits; ++i) {
    if (positions.test(i)) result[i / word_bits] |= std::uint64_t{1} << i % word_bits;
  }
  return result;
}

void append_words(std::vector<std::uint64_t>& to, const Positions& positions, std::size_t words) {
  const auto more = words_of(positions, words);
  to.insert(to.end(), more.begin(), more.end());
}

struct NoSteps {
  void add(std::size_t) {}
};
struct CountedSteps {
  std::size_t count = 0;
  void add(std::size_t steps) { count += steps; }
};

}  // namespace

Glob::Glob(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

std::string_view Glob::literal_start() const {
  return program_->head;
}

Result<Glob> Glob::compile(std::string_view pattern) {
  if (pattern.empty()) return fail(ErrorKind::invalid, "an empty pattern matches nothing");
  std::string spelled(pattern);
  if (spelled.ends_with('/')) spelled += "**";
  const bool rooted = spelled.front() == '/';
  Compiler compiler(std::string_view(spelled).substr(rooted ? 1 : 0));
  const Fragment whole = compiler.pattern();
  if (!compiler.problem().empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("the pattern \"{}\" is not valid: {}", pattern, compiler.problem()), pattern,
                "a \\ before a character takes it as it is");
  }

  auto program = std::make_shared<Program>();
  const std::size_t count = compiler.sets().size();
  // One of the sizes that `run` is made for.
  const std::size_t words = count <= word_bits ? 1 : count <= 4 * word_bits ? 4 : positions_max / word_bits;
  program->rooted = rooted;
  program->nullable = whole.nullable;
  program->slashes_max = whole.slashes_max;
  if (rooted) program->head = whole.head;
  program->tail = whole.tail;
  program->words = words;
  program->first = words_of(whole.first, words);
  program->last = words_of(whole.last, words);
  program->final_stars = words_of(whole.last & compiler.double_stars(), words);
  Positions by_shift;
  Positions by_table;
  for (std::size_t position = 0; position < count; ++position) {
    Positions follow = compiler.follow()[position];
    const bool shifts = position + 1 < count && follow.test(position + 1);
    by_shift.set(position, shifts);
    if (shifts) follow.reset(position + 1);
    by_table.set(position, follow.any());
    append_words(program->follow, follow, words);
  }
  program->by_shift = words_of(by_shift, words);
  program->by_table = words_of(by_table, words);
  for (char32_t c = 0; c < ascii_end; ++c) {
    Positions accepting;
    for (std::size_t position = 0; position < count; ++position) {
      accepting.set(position, compiler.sets()[position].accepts(c));
    }
    append_words(program->ascii, accepting, words);
  }
  program->sets = std::move(compiler.sets());
  return Glob(std::move(program));
}

// Where the first match can begin:
// a tail that the pattern matches holds no more slashes than the pattern can.
std::size_t Glob::Program::start(std::string_view path) const {
  if (rooted || slashes_max >= path.size()) return 0;
  std::size_t at = path.size();
  for (std::size_t slashes = 0; slashes <= slashes_max; ++slashes) {
    if (at == 0) return 0;
    const auto* slash = static_cast<const char*>(memrchr(path.data(), '/', at));
    if (slash == nullptr) return 0;
    at = static_cast<std::size_t>(slash - path.data());
  }
  return at + 1;
}

// The positions that may come after `now`, whatever the character.
template <std::size_t size, class Steps>
void Glob::Program::advance(const State<size>& now, State<size>& next, Steps& steps) const {
  std::uint64_t carry = 0;
  for (std::size_t w = 0; w < size; ++w) {
    const std::uint64_t moving = now[w] & by_shift[w];
    next[w] = moving << 1 | carry;
    carry = moving >> (word_bits - 1);
  }
  for (std::size_t w = 0; w < size; ++w) {
    for (std::uint64_t rest = now[w] & by_table[w]; rest != 0; rest &= rest - 1) {
      const auto* more = follow_of(w * word_bits + static_cast<std::size_t>(std::countr_zero(rest)));
      for (std::size_t v = 0; v < size; ++v) next[v] |= more[v];
      steps.add(size);
    }
  }
  steps.add(size);
}

// Leaves those of `positions` that match `c`.
template <std::size_t size, class Steps>
void Glob::Program::keep_matching(State<size>& positions, char32_t c, Steps& steps) const {
  for (std::size_t w = 0; w < size; ++w) {
    if (c < ascii_end) {
      positions[w] &= ascii_of(c)[w];
      continue;
    }
    for (std::uint64_t rest = positions[w]; rest != 0; rest &= rest - 1) {
      const CharacterSet& set = sets[w * word_bits + static_cast<std::size_t>(std::countr_zero(rest))];
      if (!set.accepts(c)) positions[w] &= ~(rest & -rest);
      steps.add(set.spans.size() + 1);
    }
  }
}

template <std::size_t size, class Steps>
bool Glob::Program::run(std::string_view path, Steps& steps) const {
  State<size> now{};
  State<size> next;
  std::size_t at = start(path);
  bool may_begin = true;
  while (at < path.size()) {
    advance(now, next, steps);
    for (std::size_t w = 0; may_begin && w < size; ++w) next[w] |= first[w];
    const char32_t c = next_character(path, at);
    keep_matching(next, c, steps);
    now = next;
    std::uint64_t alive = 0;
    std::uint64_t decided = 0;
    for (std::size_t w = 0; w < size; ++w) {
      alive |= now[w];
      decided |= now[w] & final_stars[w];
    }
    if (decided != 0) return true;
    may_begin = c == '/' && !rooted;
    if (alive != 0 || may_begin) continue;
    // Nothing is left of this component's matches: on to the next.
    const std::size_t slash = rooted ? std::string_view::npos : path.find('/', at);
    if (slash == std::string_view::npos) return false;
    at = slash + 1;
    may_begin = true;
  }
  for (std::size_t w = 0; w < size; ++w) {
    if ((now[w] & last[w]) != 0) return true;
  }
  return nullable && may_begin;
}

template <class Steps>
bool Glob::Program::matches(std::string_view path, Steps& steps) const {
  if (!path.ends_with(tail) || !path.starts_with(head)) return false;
  switch (words) {
    case 1:
      return run<1>(path, steps);
    case 4:
      return run<4>(path, steps);
    default:
      return run<positions_max / word_bits>(path, steps);
  }
}

bool Glob::matches(std::string_view path) const {
  NoSteps steps;
  return program_->matches(path, steps);
}

std::size_t Glob::steps(std::string_view path) const {
  CountedSteps steps;
  program_->matches(path, steps);
  return steps.count;
}

}  // namespace azs3copy
