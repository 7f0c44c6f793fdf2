// SPDX-License-Identifier: Apache-2.0
// Rule 5, dominance: no person may be more than a tenth of a released sum of sizes, no two more than nine tenths.
//
//   Magnitudes own;                                     // at the site, of one variable
//   for (double value : values) own.See(value);
//   if (!own.Proven(site.limits)) …                     // alone, the site's rows do not prove the rule
//   CLINNOVA_TRY(HoldDominance(own, claimed, site));    // with what the other sites have
//
// A person's part of the pooled sum is at most her part of her own site's, so where the site's rows prove the rule
// nothing else is needed. Elsewhere the site has to know how much the others have, before anything like it is
// released: sites first add up Bound(), a coarse lower bound of the sum of sizes that the largest persons have no part in,
// and the next round's parameters carry the total. Source of the rule: A. Hundepool et al., "Statistical
// Disclosure Control" (2012), section 4.2.2, the (n, k) dominance rule.
// Reveals, of Bound(): over all sites, about the sum of sizes, from below, without the minimum_count largest of each.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "federation/step.h"

namespace clinnova::stats {

/// The sizes |x| of one variable's values at a site. A variable of zeros and ones is a count: rule 3 judges it.
class Magnitudes {
 public:
  void See(double value);
  void See(std::span<const double> values) {
    for (const double value : values) See(value);
  }

  bool indicator() const { return indicator_; }
  double total() const { return total_; }
  /// True when these rows alone prove the rule, or there is nothing to prove.
  bool Proven(const federation::DisclosureLimits& limits) const;
  /// A lower bound of the sum of sizes without the `without` largest, within a factor of 4.
  double Bound(int without) const;

 private:
  friend Result<void> HoldDominance(const Magnitudes&, double, const federation::SiteView&);
  bool Within(double sum, const federation::DisclosureLimits& limits) const;

  static constexpr int kLowest = -128;
  static constexpr int kHighest = 255;
  std::array<std::int64_t, kHighest - kLowest + 1> powers_{};  ///< by ExponentOf(size)
  double total_ = 0;
  double largest_ = 0;
  double second_ = 0;
  bool indicator_ = true;
};

/// `claimed`: the sum of all sites' Bound() as the hub says. kRefused (`dominance`) when one person would be too much of
/// the pooled sum, (`false_claim`) when this site alone has more than is claimed.
Result<void> HoldDominance(const Magnitudes& own, double claimed, const federation::SiteView& site);

}  // namespace clinnova::stats
