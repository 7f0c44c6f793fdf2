// SPDX-License-Identifier: Apache-2.0
// Functions on texts (section 5.6). Positions and lengths count characters, not bytes.
#include <algorithm>
#include <map>

#include "intake/fhirpath_functions.h"
#include "intake/letter_case.h"
#include "intake/regular_expression.h"

namespace clinnova::intake::fhirpath {
namespace {

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::int64_t Characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), StartsCharacter);
}

/// The byte where the character of that number begins; the text's end past the last.
std::size_t ByteOf(std::string_view text, std::int64_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (StartsCharacter(text[at]) && character-- == 0) break;
  }
  return at;
}

/// A function of the text and one text argument; empty when either is.
template <typename Use>
Result<Items> WithText(const Call& call, Use use) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  CLINNOVA_ASSIGN(const auto argument, StringArgument(call, 0));
  if (!text || !argument) return Items();
  return use(*text, *argument);
}

Result<Items> IndexOf(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    const std::size_t at = text.find(part);
    return call.One(at == text.npos ? std::int64_t{-1} : Characters(text.substr(0, at)));
  });
}

Result<Items> LastIndexOf(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    const std::size_t at = text.rfind(part);
    return call.One(at == text.npos ? std::int64_t{-1} : Characters(text.substr(0, at)));
  });
}

Result<Items> Substring(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  CLINNOVA_ASSIGN(const auto start, IntegerArgument(call, 0));
  std::optional<std::int64_t> length;
  if (call.size() > 1) {
    CLINNOVA_ASSIGN(length, IntegerArgument(call, 1));
  }
  if (!text || !start || *start < 0 || *start >= Characters(*text)) return Items();
  const std::size_t from = ByteOf(*text, *start);
  const std::string_view rest = std::string_view(*text).substr(from);
  return call.One(std::string(
      rest.substr(0, length ? ByteOf(rest, std::max<std::int64_t>(0, *length)) : rest.npos)));
}

Result<Items> StartsWith(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.One(text.starts_with(part));
  });
}

Result<Items> EndsWith(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.One(text.ends_with(part));
  });
}

Result<Items> ContainsText(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view part) {
    return call.One(text.find(part) != text.npos);
  });
}

/// Calls `use(character)` for each character of `text`.
template <typename Use>
void ForEachCharacter(std::string_view text, Use use) {
  while (!text.empty()) {
    std::size_t size = 1;
    while (size < text.size() && !StartsCharacter(text[size])) ++size;
    use(text.substr(0, size));
    text.remove_prefix(size);
  }
}

Result<Items> Upper(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  return text ? call.One(UpperCase(*text)) : Items();
}

Result<Items> Lower(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  return text ? call.One(LowerCase(*text)) : Items();
}

Result<Items> Replace(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  CLINNOVA_ASSIGN(const auto pattern, StringArgument(call, 0));
  CLINNOVA_ASSIGN(const auto with, StringArgument(call, 1));
  if (!text || !pattern || !with) return Items();
  std::string out;
  if (pattern->empty()) {
    ForEachCharacter(*text, [&](std::string_view c) { out.append(*with).append(c); });
    return call.One(out.append(*with));
  }
  std::size_t from = 0;
  for (std::size_t at = text->find(*pattern); at != text->npos; at = text->find(*pattern, from)) {
    out.append(*text, from, at - from).append(*with);
    from = at + pattern->size();
  }
  return call.One(out.append(*text, from));
}

/// The compiled pattern; an expression uses the same one for every item. kInvalidInput for one that is none.
Result<const RegularExpression*> Compiled(const Call& call, std::string_view pattern) {
  constexpr std::size_t kMostKept = 64;
  thread_local std::map<std::string, RegularExpression, std::less<>> kept;
  const auto known = kept.find(pattern);
  if (known != kept.end()) return &known->second;
  auto compiled = RegularExpression::Compile(std::string(pattern));
  if (!compiled) {
    return WrongCall(call, "\"" + std::string(pattern) + "\" (" + compiled.error().message + ")",
                     "a regular expression");
  }
  if (kept.size() >= kMostKept) kept.clear();
  return &kept.emplace(std::string(pattern), std::move(*compiled)).first->second;
}

Result<Items> MatchesWhere(const Call& call, RegularExpression::Where where) {
  return WithText(call, [&](std::string_view text, std::string_view pattern) -> Result<Items> {
    CLINNOVA_ASSIGN(const RegularExpression* compiled, Compiled(call, pattern));
    const auto found = compiled->Matches(text, where);
    if (!found) return WrongCall(call, found.error().message, "a match that ends");
    return call.One(*found);
  });
}

Result<Items> Matches(const Call& call) {
  return MatchesWhere(call, RegularExpression::Where::kAnywhere);
}

Result<Items> MatchesFull(const Call& call) {
  return MatchesWhere(call, RegularExpression::Where::kWhole);
}

Result<Items> ReplaceMatches(const Call& call) {
  CLINNOVA_ASSIGN(const auto with, StringArgument(call, 1));
  CLINNOVA_ASSIGN(const auto pattern_text, StringArgument(call, 0));
  if (!with || !pattern_text) return Items();
  if (pattern_text->empty()) return call.input;
  return WithText(call, [&](std::string_view text, std::string_view pattern) -> Result<Items> {
    CLINNOVA_ASSIGN(const RegularExpression* compiled, Compiled(call, pattern));
    auto replaced = compiled->Replace(text, *with);
    if (!replaced) return WrongCall(call, replaced.error().message, "a substitution");
    return call.One(*replaced);
  });
}

Result<Items> Length(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  if (!text) return Items();
  return call.One(Characters(*text));
}

Result<Items> ToChars(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  ItemList out(call.memory());
  ForEachCharacter(text.value_or(""),
                   [&](std::string_view c) { out.push_back(ItemOf(call.memory(), c)); });
  return out.Done();
}

Result<Items> Trim(const Call& call) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  if (!text) return Items();
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t first = text->find_first_not_of(kBlanks);
  if (first == text->npos) return call.One(std::string());
  return call.One(text->substr(first, text->find_last_not_of(kBlanks) - first + 1));
}

Result<Items> Split(const Call& call) {
  return WithText(call, [&](std::string_view text, std::string_view separator) {
    ItemList parts(call.memory());
    const auto add = [&](std::string_view part) { parts.push_back(ItemOf(call.memory(), part)); };
    if (separator.empty()) {
      ForEachCharacter(text, add);
      return parts.Done();
    }
    for (;;) {
      const std::size_t end = text.find(separator);
      add(text.substr(0, end));
      if (end == text.npos) return parts.Done();
      text.remove_prefix(end + separator.size());
    }
  });
}

Result<Items> Join(const Call& call) {
  std::optional<std::string> separator = "";
  if (call.size() > 0) {
    CLINNOVA_ASSIGN(separator, StringArgument(call, 0));
  }
  const bool nothing = call.environment().empty_join == EmptyJoin::kNothing;
  if (call.input.empty() && nothing) return Items();
  std::string out;
  bool first = true;
  for (const Item& item : call.input) {
    if (item.IsValueless()) continue;
    const auto text = StringOf(item);
    if (!text) return WrongCall(call, TypeOf(item).name, "texts");
    if (!first) out += separator.value_or("");
    first = false;
    out += *text;
  }
  return call.One(out);
}

}  // namespace

std::span<const FunctionEntry> StringFunctions() {
  static constexpr FunctionEntry kFunctions[] = {{"indexOf", 1, 1, IndexOf},
                                                 {"lastIndexOf", 1, 1, LastIndexOf},
                                                 {"substring", 1, 2, Substring},
                                                 {"startsWith", 1, 1, StartsWith},
                                                 {"endsWith", 1, 1, EndsWith},
                                                 {"contains", 1, 1, ContainsText},
                                                 {"upper", 0, 0, Upper},
                                                 {"lower", 0, 0, Lower},
                                                 {"replace", 2, 2, Replace},
                                                 {"matches", 1, 1, Matches},
                                                 {"matchesFull", 1, 1, MatchesFull},
                                                 {"replaceMatches", 2, 2, ReplaceMatches},
                                                 {"length", 0, 0, Length},
                                                 {"toChars", 0, 0, ToChars},
                                                 {"trim", 0, 0, Trim},
                                                 {"split", 1, 1, Split},
                                                 {"join", 0, 1, Join}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
