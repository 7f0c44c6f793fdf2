// SPDX-License-Identifier: Apache-2.0
#include "intake/pseudonym_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/text.h"
#include "intake/csv_rows.h"
#include "intake/encoding.h"
#include "intake/local_text.h"

namespace clinnova::intake {
namespace {

constexpr const char* kColumns =
    "expected identifier, pseudonym and, where identifiers are of several systems, system";
constexpr std::size_t kLongestPseudonym = 50;

/// Where the fields of a row stand.
struct Columns {
  std::size_t identifier = 0, pseudonym = 0;
  std::optional<std::size_t> system = std::nullopt;
  std::size_t count = 0;
};

/// The zero byte keeps ("ab", "c") and ("a", "bc") apart.
std::string KeyOf(std::string_view system, std::string_view identifier) {
  return std::string(system) + '\0' + std::string(identifier);
}

std::string Lines(std::uint64_t first, std::uint64_t second) {
  const auto [low, high] = std::minmax(first, second);
  return "lines " + std::to_string(low) + " and " + std::to_string(high);
}

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<void> CheckFile(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return Fail(ErrorCode::kInvalidInput, path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kInvalidInput, path + ": is not a plain file");
  }
  if ((status.st_mode & 077) == 0) return {};
  return Fail(
      ErrorCode::kInvalidInput,
      path + ": others can read it, and it says who is who: expected mode 0600 (chmod 600)");
}

/// The delimiter that the first line has most of.
char DelimiterOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);
  return std::ranges::max(std::array{',', ';', '\t'}, {},
                          [&](char c) { return std::ranges::count(line, c); });
}

Result<Columns> ReadHeader(std::span<const std::string_view> names, const std::string& path) {
  Columns columns{.count = names.size()};
  std::optional<std::size_t> identifier, pseudonym;
  const std::string header = path + ": line 1: ";
  for (std::size_t c = 0; c < names.size(); ++c) {
    const std::string name = core::AsciiLower(TrimText(names[c]));
    std::optional<std::size_t>* column = name == "identifier"  ? &identifier
                                         : name == "pseudonym" ? &pseudonym
                                         : name == "system"    ? &columns.system
                                                               : nullptr;
    // The first row of a list without a header is somebody's: it is not shown.
    if (column == nullptr) {
      return Fail(ErrorCode::kInvalidInput, header + "found an unknown column, the " +
                                                std::to_string(c + 1) + ". of " +
                                                std::to_string(names.size()) + ", " + kColumns);
    }
    if (*column) {
      return Fail(ErrorCode::kInvalidInput,
                  header + "found column " + name + " twice, " + kColumns);
    }
    *column = c;
  }
  if (!identifier || !pseudonym) {
    return Fail(
        ErrorCode::kInvalidInput,
        header + "found no column " + (identifier ? "pseudonym" : "identifier") + ", " + kColumns);
  }
  columns.identifier = *identifier;
  columns.pseudonym = *pseudonym;
  return columns;
}

}  // namespace

tl::unexpected<Error> PseudonymList::LineError(std::uint64_t line, const std::string& what) const {
  return Fail(ErrorCode::kInvalidInput, path_ + ": line " + std::to_string(line) + ": " + what);
}

Result<void> PseudonymList::Add(Entry entry) {
  for (const auto& [name, text] :
       {std::pair("identifier", &entry.identifier), std::pair("pseudonym", &entry.pseudonym)}) {
    if (text->empty()) return LineError(entry.line, std::string("found no ") + name);
  }
  std::string decoded;
  for (const std::string* text : {&entry.identifier, &entry.system, &entry.pseudonym}) {
    if (DecodeToUtf8(Encoding::kUtf8, *text, decoded)) {
      return LineError(entry.line, "found bytes that are no UTF-8");
    }
  }
  if (Characters(entry.pseudonym) > kLongestPseudonym) {
    return LineError(entry.line, "pseudonym: found " + std::to_string(Characters(entry.pseudonym)) +
                                     " characters, expected at most 50");
  }
  std::string key = KeyOf(entry.system, entry.identifier);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    entries_.emplace(std::move(key), std::move(entry));
    return {};
  }
  if (found->second.pseudonym == entry.pseudonym) return {};
  return Fail(ErrorCode::kInvalidInput, path_ + ": " + Lines(found->second.line, entry.line) +
                                            " give one identifier two pseudonyms");
}

// One patient may be known to several systems, but not to one by two numbers.
Result<void> PseudonymList::CheckPseudonyms() const {
  using Given = std::pair<std::string_view, std::string_view>;
  std::map<Given, std::uint64_t> given;
  std::map<std::string_view, std::uint64_t> identifiers;
  for (const auto& [key, entry] : entries_) {
    identifiers.emplace(entry.identifier, entry.line);
    const auto [first, is_new] = given.emplace(Given(entry.system, entry.pseudonym), entry.line);
    if (is_new) continue;
    return Fail(ErrorCode::kInvalidInput, path_ + ": " + Lines(first->second, entry.line) +
                                              " give two identifiers one pseudonym");
  }
  for (const auto& [key, entry] : entries_) {
    const auto identifier = identifiers.find(entry.pseudonym);
    if (identifier == identifiers.end()) continue;
    return LineError(entry.line, "the pseudonym is the identifier of line " +
                                     std::to_string(identifier->second) +
                                     ": are the columns exchanged?");
  }
  return {};
}

Result<PseudonymList> PseudonymList::Load(const std::string& path) {
  CLINNOVA_TRY(CheckFile(path));
  PseudonymList list;
  list.path_ = path;
  CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = path, .delimiter = DelimiterOf(path)}));
  std::optional<Columns> columns;
  while (true) {
    CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
    if (step == CsvRows::Step::kEnd) break;
    if (step == CsvRows::Step::kMalformed) return list.LineError(rows.line(), rows.message());
    const auto fields = rows.fields();
    if (!columns) {
      CLINNOVA_ASSIGN(columns, ReadHeader(fields, path));
      continue;
    }
    if (fields.size() != columns->count) {
      return list.LineError(rows.line(), "found " + std::to_string(fields.size()) +
                                             " fields, expected " + std::to_string(columns->count));
    }
    const auto field = [&](std::size_t column) { return std::string(TrimText(fields[column])); };
    CLINNOVA_TRY(list.Add({.identifier = field(columns->identifier),
                           .system = columns->system ? field(*columns->system) : std::string(),
                           .pseudonym = field(columns->pseudonym),
                           .line = rows.line()}));
  }
  if (list.entries_.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                path + ": found no row, " + (columns ? "expected at least one patient" : kColumns));
  }
  CLINNOVA_TRY(list.CheckPseudonyms());
  return list;
}

const PseudonymList::Entry* PseudonymList::Find(std::string_view system,
                                                std::string_view identifier) const {
  const auto found = entries_.find(KeyOf(system, identifier));
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace clinnova::intake
