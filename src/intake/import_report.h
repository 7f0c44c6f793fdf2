// SPDX-License-Identifier: Apache-2.0
// What an import did, for the data manager: every record that was read is loaded, quarantined or
// ignored, and the three add up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clinnova::intake {

struct ImportCounts {
  std::int64_t read = 0;
  std::int64_t loaded = 0;
  std::int64_t quarantined = 0;
  std::int64_t ignored = 0;
};

struct ImportReport {
  /// By kind of record: "person", "visit", "condition", "measurement", "drug", "procedure", "observation",
  /// "death", "consent", and "other" for what no reader makes a record of.
  std::map<std::string, ImportCounts> kinds;
  std::map<std::string, std::int64_t> quarantined_by_rule;
  std::map<std::string, std::int64_t> ignored_by_reason;
  struct UnmappedCode {
    std::string kind;
    std::string system;
    std::string code;
    std::string display;
    std::int64_t count = 0;
  };
  std::vector<UnmappedCode> unmapped;  ///< most frequent first
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  double seconds = 0.0;
  /// Whom the list of an outside service's pseudonyms does not name; nothing where no list was given.
  std::optional<std::int64_t> unlisted_patients;
  std::int64_t persons = 0;           ///< in the store afterwards
  std::int64_t research_persons = 0;  ///< of them visible to studies

  ImportCounts Total() const;
  /// For a person at a terminal; ends with a newline.
  std::string Text() const;
  /// For programs; keys as the fields above.
  std::string Json() const;
};

}  // namespace clinnova::intake
