// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) in one pass over a copy of the text: strings stay where they are, and escapes are undone in place.
#include <bit>
#include <charconv>
#include <limits>

#include "intake/json_tree.h"

namespace clinnova::intake {
namespace {

static_assert(std::endian::native == std::endian::little,
              "FirstSpecial counts bytes from the low end");

constexpr std::size_t kPadding = 8;  ///< readable bytes after the text, the first of them zero

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The first byte from `at` on that a string does not have as it is: a control character, a quote, a backslash or
/// a part of a character beyond ASCII. Eight bytes at a time; the zero after the text ends it.
char* FirstSpecial(char* at) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  for (;; at += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    // A subtraction sets a byte's high bit where the byte is too small; what it borrows changes only later bytes.
    const std::uint64_t special = (bytes | (bytes - kEach * ' ') | ((bytes ^ kEach * '"') - kEach) |
                                   ((bytes ^ kEach * '\\') - kEach)) &
                                  (kEach * 0x80);
    if (special != 0) return at + std::countr_zero(special) / 8;
  }
}

/// The length of the UTF-8 character at `at`, of two bytes or more; 0 when it is none (Unicode 15, table 3-7).
std::size_t CharacterLength(const char* at) {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;   // no longer than need be
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;  // up to U+10FFFF
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Writes the character as UTF-8 and gives what comes after it; it takes no more bytes than its escape did.
char* WriteCharacter(unsigned code, char* out) {
  const auto put = [&](unsigned byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

/// A byte that is wrong stays at `at_`, where the functions that return false leave it.
class Parser {
 public:
  Parser(char* text, std::size_t size, Arena& memory)
      : at_(text), end_(text + size), memory_(memory) {
    items_.reserve(64);
    members_.reserve(64);
  }

  bool Document(JsonTree& root) {
    if (!Value(root)) return false;
    SkipBlanks();
    return at_ == end_;
  }

  const char* at() const { return at_; }
  bool too_deep() const { return depth_ > kDeepestJson; }

 private:
  void SkipBlanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }

  bool Value(JsonTree& value) {
    SkipBlanks();
    switch (*at_) {
      case '{': return Nested(value, &Parser::Object);
      case '[': return Nested(value, &Parser::Array);
      case '"': {
        std::string_view text;
        if (!String(text)) return false;
        value = JsonTree::String(text);
        return true;
      }
      case 't': value = JsonTree::Boolean(true); return Word("true");
      case 'f': value = JsonTree::Boolean(false); return Word("false");
      case 'n': value = JsonTree(); return Word("null");
      default: return Number(value);
    }
  }

  bool Word(std::string_view word) {
    for (const char c : word) {
      if (*at_ != c) return false;
      ++at_;
    }
    return true;
  }

  bool Digits() {
    if (!IsDigit(*at_)) return false;
    while (IsDigit(*at_)) ++at_;
    return true;
  }

  /// Beyond a double: written out, such a number would fill the memory.
  static bool TooLarge(std::string_view exponent) {
    int value = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    return read.ec != std::errc() || value > std::numeric_limits<double>::max_exponent10;
  }

  bool Number(JsonTree& value) {
    const char* start = at_;
    if (*at_ == '-') ++at_;
    if (*at_ == '0') {
      ++at_;
    } else if (!Digits()) {
      return false;
    }
    if (*at_ == '.') {
      ++at_;
      if (!Digits()) return false;
    }
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      const bool negative = *at_ == '-';
      if (negative || *at_ == '+') ++at_;
      const char* exponent = at_;
      if (!Digits() || (!negative && TooLarge({exponent, at_}))) return false;
    }
    value = JsonTree::Number({start, at_});
    return true;
  }

  bool String(std::string_view& text) {
    const char* start = ++at_;
    at_ = FirstSpecial(at_);
    char* out = at_;  // where the string's next character goes, at or before the one that is read
    while (*at_ != '"') {
      if (*at_ == '\\') {
        if (!Escape(out)) return false;
      } else {
        const std::size_t length = CharacterLength(at_);
        if (length == 0) return false;  // nor are control characters, or the end, part of a string
        out = std::copy(at_, at_ + length, out);
        at_ += length;
      }
      char* special = FirstSpecial(at_);
      out = std::copy(at_, special, out);
      at_ = special;
    }
    text = {start, out};
    ++at_;
    return true;
  }

  bool Escape(char*& out) {
    ++at_;
    constexpr std::string_view kEscapes = "\"\"\\\\//b\bf\fn\nr\rt\t";
    for (std::size_t i = 0; i < kEscapes.size(); i += 2) {
      if (*at_ != kEscapes[i]) continue;
      *out++ = kEscapes[i + 1];
      ++at_;
      return true;
    }
    if (*at_ != 'u') return false;
    unsigned code = 0;
    if (!Hex(code)) return false;
    const bool low = code >= 0xDC00 && code <= 0xDFFF;
    if (low) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {  // the first half of a pair
      unsigned second = 0;
      if (*at_ != '\\') return false;
      if (*++at_ != 'u' || !Hex(second)) return false;
      if (second < 0xDC00 || second > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
    }
    out = WriteCharacter(code, out);
    return true;
  }

  /// The four digits after the u that is read.
  bool Hex(unsigned& code) {
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char lower = static_cast<char>(*at_ | 0x20);
      const bool letter = lower >= 'a' && lower <= 'f';
      if (!letter && !IsDigit(*at_)) return false;
      code = 16 * code + static_cast<unsigned>(letter ? lower - 'a' + 10 : *at_ - '0');
    }
    return true;
  }

  bool Nested(JsonTree& value, bool (Parser::*read)(JsonTree&)) {
    if (++depth_ > kDeepestJson) return false;
    ++at_;
    if (!(this->*read)(value)) return false;
    ++at_;
    --depth_;
    return true;
  }

  bool Array(JsonTree& value) {
    const std::size_t first = items_.size();
    SkipBlanks();
    for (bool more = *at_ != ']'; more;) {
      JsonTree item;
      if (!Value(item)) return false;
      items_.push_back(item);
      if (!More(']', more)) return false;
    }
    value = JsonTree::Array(Kept(items_, first));
    return true;
  }

  bool Object(JsonTree& value) {
    const std::size_t first = members_.size();
    SkipBlanks();
    for (bool more = *at_ != '}'; more;) {
      std::string_view name;
      SkipBlanks();
      if (*at_ != '"' || !String(name)) return false;
      SkipBlanks();
      if (*at_ != ':') return false;
      ++at_;
      JsonMember member{.name = JsonName(name), .value = {}};
      if (!Value(member.value)) return false;
      members_.push_back(member);
      if (!More('}', more)) return false;
    }
    value = JsonTree::Object(Kept(members_, first));
    return true;
  }

  /// Whether another part follows, after its comma, or the end, which is left.
  bool More(char end, bool& more) {
    SkipBlanks();
    more = *at_ == ',';
    if (more) ++at_;
    return more || *at_ == end;
  }

  /// What was gathered since `first`, put where it stays.
  template <typename T>
  std::span<const T> Kept(std::vector<T>& gathered, std::size_t first) {
    const auto kept = memory_.Copy(std::span<const T>(gathered).subspan(first));
    gathered.resize(first);
    return kept;
  }

  char* at_;
  char* end_;
  Arena& memory_;                    // not owned, outlives this
  std::vector<JsonTree> items_;      ///< of the arrays that are open, the innermost's last
  std::vector<JsonMember> members_;  ///< of the objects that are open
  int depth_ = 0;
};

}  // namespace

Result<JsonDocument> ParseJsonTree(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Fail(ErrorCode::kInvalidInput, "JSON of 4 GiB or more");
  }
  // A node takes about as many bytes as its text.
  Arena memory(2 * text.size() + 256);
  char* copy = memory.Room<char>(text.size() + kPadding);
  std::copy(text.begin(), text.end(), copy);
  std::fill_n(copy + text.size(), kPadding, '\0');
  Parser parser(copy, text.size(), memory);
  JsonTree root;
  if (parser.Document(root)) return JsonDocument(root, std::move(memory));
  if (parser.too_deep()) {
    return Fail(ErrorCode::kInvalidInput,
                "JSON nested deeper than " + std::to_string(kDeepestJson));
  }
  return Fail(ErrorCode::kInvalidInput, "not JSON: wrong at byte " +
                                            std::to_string(parser.at() - copy + 1) + " of " +
                                            std::to_string(text.size()));
}

}  // namespace clinnova::intake
