// SPDX-License-Identifier: Apache-2.0
// What the golden cases hold: for every analysis of every case its method and options, what R gives for it, and which of
// the conditions that break statistics its data meet, read off the tables themselves.
//
//   for (const CaseFacts& facts : ReadCases(folder)) {
//     if (facts.method == "cox" && facts.Meets("late entries")) …
//   }
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace clinnova::golden {

/// The conditions that ReadCases() looks for, in the order in which a report shows them.
inline constexpr const char* kConditions[] = {
    "secure sums",        // three sites or more, without which sums do not travel masked
    "no rows",            // a site that sends a header only
    "one row",            // a site of one row
    "level at one site",  // of a factor that is used
    "unused level",       // declared, and in no row
    "missing at a site",  // a used column without any value at a site that has rows
    "1e-12",              // a used column whose largest absolute value is below 1e-8
    "1e12",               // one whose middle absolute value is 1e11 or more
    "collinear",     // a used column that is a multiple of another, or a term without an estimate
    "weights",       // case weights
    "offset",        // offset() in the formula
    "late entries",  // Surv() with three arguments
    "clusters",      // rows of one person, household or group
    "ties across sites",  // a time that occurs at two sites
    "no events",          // a stratum, set or group of a formula of times without one
    "said in words",      // an answer that does not exist, and a warning in its place
};

/// One analysis of a case.
struct CaseFacts {
  std::string name;  ///< of the case's folder
  std::string method;
  nlohmann::json options;   ///< the keys of [[analysis]]
  nlohmann::json expected;  ///< the fields of the result; null where R gives none
  std::string data;         ///< where the data come from: cases that say the same share a data set
  std::set<std::string> conditions;

  bool Meets(const std::string& condition) const { return conditions.contains(condition); }
  /// The option as text, "" where it is not given.
  std::string Option(const std::string& key) const;
};

/// All analyses of all folders of `cases`. Throws std::runtime_error with the file's name where one cannot be read.
std::vector<CaseFacts> ReadCases(const std::filesystem::path& cases);

/// The expected.json files of `cases` that compare a number less closely than to 1e-9 and do not say why ("because"),
/// one line each.
std::vector<std::string> UnexplainedTolerances(const std::filesystem::path& cases);

}  // namespace clinnova::golden
