// SPDX-License-Identifier: Apache-2.0
#include "intake/narrative.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

namespace clinnova::intake {
namespace {

constexpr std::string_view kNamespace = "http://www.w3.org/1999/xhtml";
constexpr std::string_view kBlanks = " \t\r\n";

// The elements and attributes of the invariant txt-1, sorted.
constexpr std::array<std::string_view, 48> kElements = {
    "a",   "abbr",     "acronym", "b",     "big",  "blockquote", "br",  "caption", "cite",  "code",
    "col", "colgroup", "dd",      "dfn",   "div",  "dl",         "dt",  "em",      "h1",    "h2",
    "h3",  "h4",       "h5",      "h6",    "hr",   "i",          "img", "li",      "ol",    "p",
    "pre", "q",        "samp",    "small", "span", "strong",     "sub", "sup",     "table", "tbody",
    "td",  "tfoot",    "th",      "thead", "tr",   "tt",         "ul",  "var"};
constexpr std::array<std::string_view, 51> kAttributes = {
    "abbr",       "accesskey",   "align",       "alt",        "axis",   "bgcolor", "border",
    "cellhalign", "cellpadding", "cellspacing", "cellvalign", "char",   "charoff", "charset",
    "cite",       "class",       "colspan",     "compact",    "coords", "dir",     "frame",
    "headers",    "height",      "href",        "hreflang",   "hspace", "id",      "lang",
    "longdesc",   "name",        "nowrap",      "rel",        "rev",    "rowspan", "rules",
    "scope",      "shape",       "span",        "src",        "start",  "style",   "summary",
    "tabindex",   "title",       "type",        "valign",     "value",  "vspace",  "width",
    "xml:lang",   "xmlns"};
static_assert(std::ranges::is_sorted(kElements) && std::ranges::is_sorted(kAttributes));

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
         c == '-' || c == '_' || c == '.';
}

/// Reads the text from front to end; a method that gives false found it wrong.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Whole() {
    SkipBlanks();
    if (!rest_.starts_with("<div")) return false;
    do {
      if (!Next()) return false;
    } while (!open_.empty());
    SkipBlanks();
    return rest_.empty() && has_content_;
  }

 private:
  /// A tag, a comment, a section or a run of text.
  bool Next() {
    if (rest_.empty()) return false;
    if (rest_.front() != '<') return Text();
    if (rest_.starts_with("<!--")) return SkipPast("-->", 4);
    if (rest_.starts_with("<![CDATA[")) return Section();
    if (rest_.starts_with("</")) return EndTag();
    return StartTag();  // a declaration or an instruction has no name there
  }

  bool SkipPast(std::string_view end, std::size_t from) {
    const std::size_t at = rest_.find(end, from);
    if (at == rest_.npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }

  void SkipBlanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
  }

  bool Section() {
    const std::string_view section = rest_.substr(9);
    if (!SkipPast("]]>", 9)) return false;
    has_content_ |= section.find_first_not_of(kBlanks) < section.find("]]>");
    return true;
  }

  bool Text() {
    const std::string_view text = rest_.substr(0, rest_.find('<'));
    has_content_ |= text.find_first_not_of(kBlanks) != text.npos;
    rest_.remove_prefix(text.size());
    return HasKnownEntities(text);
  }

  static bool HasKnownEntities(std::string_view text) {
    for (std::size_t at = text.find('&'); at != text.npos; at = text.find('&', at + 1)) {
      const std::size_t end = text.find(';', at);
      if (end == text.npos || !IsEntity(text.substr(at + 1, end - at - 1))) return false;
    }
    return true;
  }

  static bool IsEntity(std::string_view name) {
    if (!name.starts_with('#')) {
      return name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
    }
    const bool hexadecimal = name.starts_with("#x");
    name.remove_prefix(hexadecimal ? 2 : 1);
    std::uint32_t code = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, code, hexadecimal ? 16 : 10);
    const bool whole = read.ec == std::errc() && read.ptr == end;
    const bool control = code < 0x20 && kBlanks.find(static_cast<char>(code)) == kBlanks.npos;
    return whole && !control && code < 0x110000 && (code < 0xD800 || code >= 0xE000);
  }

  std::string_view Name() {
    const auto end = std::ranges::find_if_not(rest_, IsNameCharacter);
    const std::string_view name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(name.size());
    return name;
  }

  bool EndTag() {
    rest_.remove_prefix(2);
    if (open_.empty() || Name() != open_.back()) return false;
    open_.pop_back();
    SkipBlanks();
    if (!rest_.starts_with('>')) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool StartTag() {
    rest_.remove_prefix(1);
    const std::string_view element = Name();
    if (!std::ranges::binary_search(kElements, element)) return false;
    std::vector<std::string_view> seen;
    for (;;) {
      const bool blank = !rest_.empty() && kBlanks.find(rest_.front()) != kBlanks.npos;
      SkipBlanks();
      if (rest_.starts_with("/>") || rest_.starts_with('>')) break;
      if (!blank || !Attribute(element, seen)) return false;
    }
    const bool in_namespace = std::ranges::find(seen, "xmlns") != seen.end();
    if (open_.empty() && !in_namespace) return false;
    const bool empty = rest_.front() == '/';
    rest_.remove_prefix(empty ? 2 : 1);
    if (!empty) open_.push_back(element);
    return true;
  }

  bool Attribute(std::string_view element, std::vector<std::string_view>& seen) {
    const std::string_view name = Name();
    if (!std::ranges::binary_search(kAttributes, name)) return false;
    if (std::ranges::find(seen, name) != seen.end()) return false;
    seen.push_back(name);
    SkipBlanks();
    if (!rest_.starts_with('=')) return false;
    rest_.remove_prefix(1);
    SkipBlanks();
    if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return false;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == rest_.npos) return false;
    const std::string_view value = rest_.substr(1, end - 1);
    if (value.find('<') != value.npos) return false;
    rest_.remove_prefix(value.size() + 2);
    if (name == "xmlns" && value != kNamespace) return false;
    if (element == "img" && name == "src") has_content_ = true;
    return HasKnownEntities(value);
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
  bool has_content_ = false;
};

}  // namespace

bool KeepsNarrativeRules(std::string_view xhtml) { return Reader(xhtml).Whole(); }

}  // namespace clinnova::intake
