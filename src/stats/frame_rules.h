// SPDX-License-Identifier: Apache-2.0
// The disclosure rules on a model frame: judged by the coordinator on what the preflight round told, and by each site on
// what the hub claims, beside its own rows.
//
//   site:  CLINNOVA_ASSIGN(const auto own, OwnFrameOf(site, facts));           // once per run and facts
//          CLINNOVA_TRY(HoldFrame(site, design, claim));                       // before a step reads a row
//
// Rules 1 to 6 and 11 of privacy.md: the cohort, the number of parameters, levels of factors and of 0/1 columns, of the
// outcome, and of treatment by outcome; dominance; leverage; at least two sites that have anybody in a level or
// column. A column of the site's own name is exempt from the last: a study that asks for `site` asks for the sites'
// differences, and says so to every steward. For the sites of one owner (one site in the study) it says nothing.
// `false_claim` when the site's own rows have more than the hub claims of all sites, or have a level that the claim leaves out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "stats/magnitudes.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// What one site's complete cases say of a design with all levels of its factors.
struct OwnFrame {
  explicit OwnFrame(table::Design all_levels) : design(std::move(all_levels)) {}

  table::Design design;
  std::int64_t n = 0;
  std::vector<std::int64_t> zeros;  ///< per design column
  std::vector<std::int64_t> ones;
  std::vector<std::vector<std::int64_t>> levels;      ///< per factor and level of the schema
  std::vector<std::vector<std::int64_t>> level_ones;  ///< … with an outcome of 1
  std::vector<std::int64_t> part_zeros;  ///< per response part, then weights, then offset
  std::vector<std::int64_t> part_ones;
  std::vector<Magnitudes> magnitudes;  ///< as MagnitudeCount says

  bool Proven(const federation::DisclosureLimits& limits) const;
};

/// Response parts, then weights, then offset.
std::size_t PartCount(const table::Formula& formula);
/// Variables whose sizes rule 5 is about: design columns, an outcome's parts unless they are times, weights.
std::size_t MagnitudeCount(const table::Formula& formula, std::size_t columns);

Result<std::shared_ptr<const OwnFrame>> OwnFrameOf(const federation::SiteView& site,
                                                   const table::DesignFacts& facts);

/// True when an analysis releases coefficients of its design's columns, so that rule 6 is about it. An elastic net
/// shrinks them and ComBat's and unsupervised methods' columns are no regression's: rules 3 to 5 hold there.
bool ReleasesRegression(const federation::Analysis& analysis);

/// The rules on pooled counts alone: kRefused with the rule's reason code.
struct ClaimRules {
  const federation::Analysis& analysis;  // not owned
  const table::Schema& schema;           // not owned
  const table::Design& design;           // not owned
  int minimum_count = 0;
  federation::DisclosureLimits limits{};
};
Result<void> CheckClaim(const FrameClaim& claim, const ClaimRules& rules);

/// Those and the site's own rows.
Result<void> HoldFrame(const federation::SiteView& site, const table::Design& design,
                       const FrameClaim& claim);

/// Rule 5 on the sums of the preflight round itself.
Result<void> HoldPreflight(const federation::SiteView& site, const table::DesignFacts& facts,
                           const std::vector<double>& magnitudes);

}  // namespace clinnova::stats
