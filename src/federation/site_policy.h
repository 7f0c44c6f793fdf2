// SPDX-License-Identifier: Apache-2.0
// A site's policy: who may ask it what, and by which thresholds. `[policy]` of site.toml, read strictly.
//
//   CLINNOVA_ASSIGN(SitePolicy policy, ReadPolicy(place, document.at("policy")));
//   PolicyHash(policy)                                   // names it in the ledger
//   for (const PolicyKey& key : PolicyKeys()) print(key.name, PolicyJson(policy).at(key.name), key.meaning);
//
// One table, PolicyKeys, has the keys with their bounds and meanings: reading, errors and `clinnova site policy show` go by
// it. What the release gate does with a policy is in release.h. Thread rule: values.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/toml_json.h"
#include "federation/disclosure.h"

namespace clinnova::federation {

/// What a site allows; a study can only be stricter. An empty list allows all.
struct SitePolicy {
  int minimum_count = 5;                    ///< persons; rule 1 and 3
  std::uint64_t minimum_sites = 3;          ///< in a sum, and of a study
  std::uint64_t rounds_per_study = 20'000;  ///< rule 14
  std::uint64_t studies_per_day = 100;      ///< rule 14: begun within 24 hours, of all researchers
  std::vector<std::string> methods{};
  std::vector<std::string> researchers{};  ///< as the study names its own, word for word
  std::vector<std::string> purposes{};     ///< as the study states its own, word for word
  std::vector<std::string> permits{};      ///< as the study cites its own, word for word
  std::vector<std::string> variables{};  ///< features of the study's variables; columns of a table
  std::string expires{};                 ///< the last day, "2027-03-31", UTC; empty: never
  DisclosureLimits limits{};             ///< rules 5, 6, 8, 9 and 11

  bool operator==(const SitePolicy&) const = default;
};

/// One key of [policy].
struct PolicyKey {
  std::string_view name;
  std::string_view meaning;  ///< one line for the steward
  std::variant<int SitePolicy::*, std::uint64_t SitePolicy::*,
               std::vector<std::string> SitePolicy::*, std::string SitePolicy::*,
               double DisclosureLimits::*>
      member;
  double lowest = 0;  ///< of a number
  double highest = 0;
};
/// All keys, in the order in which people are shown them. Thread rule: immutable, made at first use.
const std::vector<PolicyKey>& PolicyKeys();

/// Reads [policy]; what is not named has its default. kInvalidInput names the file, line and key, what was found and what
/// was expected: an unknown key, a wrong type, a number out of its bounds, an empty list, a day that is none.
Result<SitePolicy> ReadPolicy(const core::TomlPlace& place, const nlohmann::json& policy);

/// Every key and its value; lists that allow all are empty.
nlohmann::json PolicyJson(const SitePolicy& policy);
/// BLAKE2b-256 of the canonical JSON of PolicyJson: two files that say the same have the same.
core::Hash PolicyHash(const SitePolicy& policy);

}  // namespace clinnova::federation
