// SPDX-License-Identifier: Apache-2.0
#include "federation/disclosure.h"

#include <algorithm>

namespace clinnova::federation {

std::span<const LimitKey> LimitKeys() {
  using Way = LimitKey::Stricter;
  static constexpr std::array<LimitKey, 6> kKeys = {{
      {"dominance_one", "largest part of a sum of sizes that is one person's",
       &DisclosureLimits::dominance_one, 0, 1, Way::kSmaller},
      {"dominance_two", "largest part of a sum of sizes that is two persons'",
       &DisclosureLimits::dominance_two, 0, 1, Way::kSmaller},
      {"leverage", "largest leverage of one row in a regression", &DisclosureLimits::leverage, 0, 1,
       Way::kSmaller},
      {"exits_per_time", "persons who leave in a bin of time, at least",
       &DisclosureLimits::exits_per_time, 1, 1e6, Way::kLarger},
      {"contributors", "sites that have anybody in a level or cell, at least",
       &DisclosureLimits::contributors, 1, 255, Way::kLarger},
      {"information_share", "numbers told per person and variable of a project",
       &DisclosureLimits::information_share, 0, 1e9, Way::kSmaller},
  }};
  return kKeys;
}

DisclosureLimits Unlimited() {
  DisclosureLimits limits;
  for (const LimitKey& key : LimitKeys()) {
    limits.*key.member = key.stricter == LimitKey::Stricter::kSmaller ? key.highest : key.lowest;
  }
  return limits;
}

bool TooFewSites(std::int64_t sites, const table::Schema& schema, const DisclosureLimits& limits) {
  const auto column = schema.Find("site");
  const std::size_t of_study = column ? schema.columns[*column].levels.size() : 1;
  return of_study > 1 && sites > 0 && static_cast<double>(sites) < limits.contributors;
}

DisclosureLimits Stricter(const DisclosureLimits& a, const DisclosureLimits& b) {
  DisclosureLimits stricter = a;
  for (const LimitKey& key : LimitKeys()) {
    stricter.*key.member = key.stricter == LimitKey::Stricter::kSmaller
                               ? std::min(a.*key.member, b.*key.member)
                               : std::max(a.*key.member, b.*key.member);
  }
  return stricter;
}

}  // namespace clinnova::federation
