// SPDX-License-Identifier: Apache-2.0
#include "stats/frame_rules.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/hash.h"
#include "stats/linear_algebra.h"
#include "stats/nested_levels.h"
#include "table/factor_column.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::SiteView;
using table::Design;
using table::DesignBatch;
using table::Formula;
using table::kBatchRows;

tl::unexpected<Error> Refuse(std::string message, std::string reason) {
  return Fail(ErrorCode::kRefused, std::move(message), std::move(reason));
}

/// "fewer than 5 persons".
std::string FewerThan(int minimum_count) {
  return "fewer than " + std::to_string(minimum_count) + " persons";
}

/// Of a factorisation in which only what is exactly aliased is left out: zeros of another inverse.
constexpr double kNoTolerance = 1e-300;

bool IsRare(std::int64_t count, int minimum_count) { return count > 0 && count < minimum_count; }

bool NamesSite(const table::Term& term) {
  return std::any_of(term.factors.begin(), term.factors.end(), [](const table::TermFactor& factor) {
    return factor.expression.name == "site";
  });
}

/// Which design columns are about `site` itself.
std::vector<bool> SiteColumns(const Formula& formula, const Design& design) {
  std::vector<bool> of_site;
  for (const int term : design.assign()) {
    of_site.push_back(term > 0 && static_cast<std::size_t>(term) <= formula.terms().size() &&
                      NamesSite(formula.terms()[static_cast<std::size_t>(term) - 1]));
  }
  return of_site;
}

void CountZerosAndOnes(std::span<const double> values, std::int64_t& zeros, std::int64_t& ones) {
  zeros += std::count(values.begin(), values.end(), 0.0);
  ones += std::count(values.begin(), values.end(), 1.0);
}

void CountLevels(const SiteView& site, const DesignBatch& batch, OwnFrame& own) {
  const std::vector<double>* outcome = batch.response.empty() ? nullptr : &batch.response.back();
  for (std::size_t f = 0; f < own.levels.size(); ++f) {
    const auto& codes = site.table.column(own.design.factors()[f].schema_column).codes;
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::int32_t code = codes[batch.source_row[r]];
      if (code < 0) continue;
      ++own.levels[f][static_cast<std::size_t>(code)];
      own.level_ones[f][static_cast<std::size_t>(code)] += outcome != nullptr && (*outcome)[r] == 1;
    }
  }
}

void See(const SiteView& site, const DesignBatch& batch, std::size_t parts, OwnFrame& own) {
  own.n += static_cast<std::int64_t>(batch.rows);
  CountLevels(site, batch, own);
  const std::size_t p = own.zeros.size();
  for (std::size_t j = 0; j < p; ++j) {
    const std::span<const double> x(batch.x.data() + j * kBatchRows, batch.rows);
    CountZerosAndOnes(x, own.zeros[j], own.ones[j]);
    own.magnitudes[j].See(x);
  }
  const bool times = own.magnitudes.size() == p + 1;
  const auto see_part = [&](const std::vector<double>& values, std::size_t part) {
    CountZerosAndOnes({values.data(), batch.rows}, own.part_zeros[part], own.part_ones[part]);
  };
  for (std::size_t part = 0; part < batch.response.size(); ++part) {
    see_part(batch.response[part], part);
    if (!times) own.magnitudes[p + part].See({batch.response[part].data(), batch.rows});
  }
  see_part(batch.weights, parts);
  see_part(batch.offset, parts + 1);
  own.magnitudes.back().See({batch.weights.data(), batch.rows});
}

Result<OwnFrame> Look(const SiteView& site, const table::DesignFacts& facts) {
  table::DesignFacts all_levels = facts;
  all_levels.used_levels.clear();
  CLINNOVA_ASSIGN(Design design, DesignOf(site.analysis, site.table.schema, all_levels));
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(site.analysis));
  OwnFrame own(std::move(design));
  const std::size_t p = own.design.names().size();
  own.zeros.resize(p);
  own.ones.resize(p);
  for (const Design::FactorUse& factor : own.design.factors())
    own.levels.emplace_back(factor.levels.size());
  own.level_ones = own.levels;
  own.part_zeros.resize(PartCount(formula));
  own.part_ones.resize(PartCount(formula));
  own.magnitudes.resize(MagnitudeCount(formula, p));
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    own.design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first), batch);
    See(site, batch, PartCount(formula) - 2, own);
  }
  return own;
}

// ---- the rules on pooled counts

Result<void> CheckLevels(const FrameClaim& claim, const ClaimRules& rules) {
  const int k = rules.minimum_count;
  const std::vector<std::string>& names = rules.design.names();
  for (std::size_t j = 0; j < names.size(); ++j) {
    const std::int64_t others = claim.n - claim.zeros[j];
    const bool binary = others == claim.ones[j];
    if (IsRare(others, k) || (binary && IsRare(claim.zeros[j], k))) {
      return Refuse("term " + names[j] + " tells " + FewerThan(k) + " from the others",
                    "rare_level");
    }
  }
  // The reference level has no column of its own.
  for (std::size_t f = 0; f < claim.level_counts.size(); ++f) {
    for (const std::int64_t count : claim.level_counts[f]) {
      if (!IsRare(count, k)) continue;
      return Refuse(rules.design.factors()[f].column + " has a level with " + FewerThan(k),
                    "rare_level");
    }
  }
  return {};
}

/// Rule 3 on the outcome, weights and offset where they are 0 or 1, and on the outcome of each treatment.
Result<void> CheckOutcome(const FrameClaim& claim, const ClaimRules& rules) {
  const int k = rules.minimum_count;
  for (std::size_t part = 0; part < claim.part_zeros.size(); ++part) {
    const bool binary = claim.part_zeros[part] + claim.part_ones[part] == claim.n;
    if (binary && (IsRare(claim.part_zeros[part], k) || IsRare(claim.part_ones[part], k))) {
      return Refuse("the outcome or a weight has a level with " + FewerThan(k), "rare_level");
    }
  }
  CLINNOVA_ASSIGN(const std::string treatment, rules.analysis.Text("treatment", ""));
  const bool binary =
      !claim.part_zeros.empty() && claim.part_zeros[0] + claim.part_ones[0] == claim.n;
  for (std::size_t f = 0; binary && f < claim.level_ones.size(); ++f) {
    const std::string& column = rules.design.factors()[f].column;
    if (treatment.empty() || (column != treatment && column != table::FactorColumnName(treatment)))
      continue;
    for (std::size_t level = 0; level < claim.level_ones[f].size(); ++level) {
      const std::int64_t ones = claim.level_ones[f][level];
      if (IsRare(ones, k) || IsRare(claim.level_counts[f][level] - ones, k))
        return Refuse("an outcome of one treatment has " + FewerThan(k), "rare_level");
    }
  }
  return {};
}

Result<void> CheckContributors(const FrameClaim& claim, const ClaimRules& rules) {
  const auto few = [&](std::int64_t sites) {
    return federation::TooFewSites(sites, rules.schema, rules.limits);
  };
  for (std::size_t f = 0; f < claim.level_sites.size(); ++f) {
    if (rules.design.factors()[f].column == "site") continue;
    for (const std::int64_t sites : claim.level_sites[f]) {
      if (few(sites)) {
        return Refuse("a level of " + rules.design.factors()[f].column + " is at too few sites",
                      "few_contributors");
      }
    }
  }
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(rules.analysis));
  const std::vector<bool> of_site = SiteColumns(formula, rules.design);
  for (std::size_t j = 0; j < claim.column_sites.size(); ++j) {
    if (!of_site[j] && few(claim.column_sites[j])) {
      return Refuse("term " + rules.design.names()[j] + " is not 0 at too few sites",
                    "few_contributors");
    }
  }
  return {};
}

/// Columns of 0 and 1 that have a coefficient, and what the claim says of every two.
struct ClaimedPairs {
  std::vector<std::size_t> columns{};
  BinaryCounts counts{};
};

/// X'X is the inverse of the inverse: products of columns of 0 and 1 are counts.
ClaimedPairs PairsOf(const FrameClaim& claim) {
  const std::size_t p = claim.zeros.size();
  const Matrix gram =
      SymmetricFactor(FromLowerTriangle(claim.precision, p), kNoTolerance).Inverse();
  ClaimedPairs pairs{.counts = {.n = claim.n}};
  for (const std::size_t j : BinaryColumns(claim.n, claim.zeros, claim.ones)) {
    if (gram[j][j] <= 0) continue;  // aliased
    for (const std::size_t i : pairs.columns) {
      const auto ones_i = static_cast<long double>(claim.ones[i]);
      const auto ones_j = static_cast<long double>(claim.ones[j]);
      const long double both =
          gram[i][j] / (static_cast<long double>(claim.inverse_scale[i]) * claim.inverse_scale[j]) +
          claim.center[i] * ones_j + claim.center[j] * ones_i -
          static_cast<long double>(claim.n) * claim.center[i] * claim.center[j];
      // Of a claim that is none: fewer than any site has.
      pairs.counts.pairs.push_back(std::fabs(both) < 0x1p53L ? std::llround(both) : -1);
    }
    pairs.columns.push_back(j);
    pairs.counts.ones.push_back(claim.ones[j]);
  }
  return pairs;
}

/// Rule 4 on two terms, where coefficients are released.
Result<void> CheckNestedLevels(const FrameClaim& claim, const ClaimRules& rules) {
  if (claim.precision.empty()) return {};
  const ClaimedPairs pairs = PairsOf(claim);
  std::vector<int> terms;
  for (const std::size_t j : pairs.columns) terms.push_back(rules.design.assign()[j]);
  const auto nested = NearlyNested(pairs.counts, terms, rules.minimum_count);
  if (!nested) return {};
  const auto name = [&](std::size_t at) { return rules.design.names()[pairs.columns[at]]; };
  return Refuse("terms " + name(nested->first) + " and " + name(nested->second) +
                    " together tell " + FewerThan(rules.minimum_count) + " from the others",
                "rare_level");
}

// ---- the site's own rows beside the claim

/// The hub may not claim less than this site alone has: then its numbers are not those of the counts round.
Result<void> CheckOwnCounts(const OwnFrame& own, const Design& design, const FrameClaim& claim) {
  const auto lie = [] { return Refuse("a count below what this site alone has", "false_claim"); };
  if (own.n > claim.n) return lie();
  std::map<std::string, std::size_t> place;
  for (std::size_t j = 0; j < own.design.names().size(); ++j) place[own.design.names()[j]] = j;
  for (std::size_t j = 0; j < design.names().size(); ++j) {
    const auto found = place.find(design.names()[j]);
    if (found == place.end()) return lie();
    if (own.zeros[found->second] > claim.zeros[j] || own.ones[found->second] > claim.ones[j] ||
        own.n - own.zeros[found->second] > claim.n - claim.zeros[j]) {
      return lie();
    }
  }
  for (std::size_t part = 0; part < claim.part_zeros.size(); ++part) {
    if (own.part_zeros[part] > claim.part_zeros[part] ||
        own.part_ones[part] > claim.part_ones[part])
      return lie();
  }
  for (std::size_t f = 0; f < own.levels.size(); ++f) {
    const Design::FactorUse& factor = own.design.factors()[f];
    const auto used = claim.facts.used_levels.find(factor.column);
    std::size_t at = 0;
    for (std::size_t level = 0; level < factor.levels.size(); ++level) {
      const bool kept = used == claim.facts.used_levels.end() ||
                        std::find(used->second.begin(), used->second.end(), factor.levels[level]) !=
                            used->second.end();
      if (!kept && own.levels[f][level] > 0) return lie();  // it would leave persons out
      if (!kept || at >= claim.level_counts[f].size()) continue;
      if (own.levels[f][level] > claim.level_counts[f][at++]) return lie();
    }
  }
  return {};
}

/// Adds a batch's rows to those that are 1 in two of these columns.
void CountPairs(const DesignBatch& batch, const std::vector<std::size_t>& columns,
                std::vector<std::int64_t>& pairs) {
  for (std::size_t i = 0, cell = 0; i < columns.size(); ++i) {
    const double* a = batch.x.data() + columns[i] * kBatchRows;
    for (std::size_t j = 0; j < i; ++j, ++cell) {
      const double* b = batch.x.data() + columns[j] * kBatchRows;
      for (std::size_t r = 0; r < batch.rows; ++r) pairs[cell] += a[r] == 1 && b[r] == 1 ? 1 : 0;
    }
  }
}

/// As CheckOwnCounts, of every two columns of 0 and 1: of no rows that are 1 in both, in one or in neither are there more here than
/// is claimed of all sites.
Result<void> CheckOwnPairs(const BinaryCounts& own, const BinaryCounts& claimed) {
  for (std::size_t i = 0; i < own.ones.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto others = [&](const BinaryCounts& counts, std::size_t of) {
        return counts.ones[of] - counts.Both(i, j);
      };
      const auto neither = [&](const BinaryCounts& counts) {
        return counts.n - counts.ones[i] - counts.ones[j] + counts.Both(i, j);
      };
      if (own.Both(i, j) > claimed.Both(i, j) || others(own, i) > others(claimed, i) ||
          others(own, j) > others(claimed, j) || neither(own) > neither(claimed)) {
        return Refuse("a count below what this site alone has", "false_claim");
      }
    }
  }
  return {};
}

/// Rule 6: h = x' (X'X)^-1 x of every row here, by the pooled X'X that the hub claims.
Result<void> CheckLeverage(const SiteView& site, const Design& design, const FrameClaim& claim) {
  const std::size_t p = design.names().size();
  const ClaimedPairs claimed = PairsOf(claim);
  BinaryCounts own{.ones = std::vector<std::int64_t>(claimed.columns.size()),
                   .pairs = std::vector<std::int64_t>(claimed.counts.pairs.size())};
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first), batch);
    own.n += static_cast<std::int64_t>(batch.rows);
    for (std::size_t i = 0; i < claimed.columns.size(); ++i) {
      const double* x = batch.x.data() + claimed.columns[i] * kBatchRows;
      own.ones[i] += std::count(x, x + batch.rows, 1.0);
    }
    CountPairs(batch, claimed.columns, own.pairs);
    Standardise(claim, batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      double leverage = 0;
      for (std::size_t i = 0, cell = 0; i < p; ++i) {
        const double x = batch.x[i * kBatchRows + r];
        for (std::size_t j = 0; j <= i; ++j, ++cell) {
          leverage += (i == j ? 1 : 2) * x * batch.x[j * kBatchRows + r] * claim.precision[cell];
        }
      }
      if (leverage > site.limits.leverage)
        return Refuse("one person decides a coefficient by more than the rule allows", "leverage");
    }
  }
  return CheckOwnPairs(own, claimed.counts);
}

bool ClaimIsWhole(const FrameClaim& claim, const Design& design, const Analysis& analysis,
                  std::size_t parts) {
  const std::size_t p = design.names().size();
  const bool same_levels = std::equal(
      claim.level_sites.begin(), claim.level_sites.end(), claim.level_counts.begin(),
      claim.level_counts.end(), [](const auto& a, const auto& b) { return a.size() == b.size(); });
  const std::size_t precision = ReleasesRegression(analysis) ? p * (p + 1) / 2 : 0;
  return same_levels && claim.level_ones.size() == claim.level_counts.size() &&
         claim.column_sites.size() == p && claim.part_zeros.size() == parts &&
         claim.part_ones.size() == parts && claim.precision.size() == precision;
}

}  // namespace

std::size_t PartCount(const Formula& formula) { return formula.response().parts.size() + 2; }

std::size_t MagnitudeCount(const Formula& formula, std::size_t columns) {
  const bool times = formula.response().kind == table::Response::Kind::kSurvival;
  return columns + (times ? 0 : formula.response().parts.size()) + 1;
}

bool ReleasesRegression(const Analysis& analysis) {
  constexpr std::string_view kOthers[] = {"combat", "elastic_net"};
  return (analysis.Has("formula") || analysis.Has("treatment")) &&
         std::find(std::begin(kOthers), std::end(kOthers), analysis.method()) == std::end(kOthers);
}

bool OwnFrame::Proven(const federation::DisclosureLimits& limits) const {
  return std::all_of(magnitudes.begin(), magnitudes.end(),
                     [&](const Magnitudes& m) { return m.Proven(limits); });
}

Result<std::shared_ptr<const OwnFrame>> OwnFrameOf(const SiteView& site,
                                                   const table::DesignFacts& facts) {
  table::DesignFacts all_levels = facts;
  all_levels.used_levels.clear();
  const std::string key = "own frame " + site.analysis.name() + " " +
                          core::ToHex(core::Blake2b(core::Encode(all_levels)));
  using Made = Result<std::shared_ptr<const OwnFrame>>;
  return *site.cache.GetOrMake<Made>(key, [&]() -> Made {
    CLINNOVA_ASSIGN(OwnFrame own, Look(site, all_levels));
    return std::make_shared<const OwnFrame>(std::move(own));
  });
}

Result<void> CheckClaim(const FrameClaim& claim, const ClaimRules& rules) {
  if (rules.minimum_count == 0) return {};
  if (claim.n < rules.minimum_count) {
    return Refuse(
        "fewer complete cases than the threshold of " + std::to_string(rules.minimum_count),
        "cohort_below_threshold");
  }
  CLINNOVA_TRY(CheckParameterCount(static_cast<std::int64_t>(rules.design.names().size()), claim.n,
                                   rules.minimum_count));
  CLINNOVA_TRY(CheckLevels(claim, rules));
  CLINNOVA_TRY(CheckOutcome(claim, rules));
  CLINNOVA_TRY(CheckNestedLevels(claim, rules));
  return CheckContributors(claim, rules);
}

Result<void> HoldFrame(const SiteView& site, const Design& design, const FrameClaim& claim) {
  if (site.minimum_count == 0) return {};
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(site.analysis));
  if (!ClaimIsWhole(claim, design, site.analysis, PartCount(formula)))
    return Refuse("a claim that leaves out what the rules are judged by", "wrong_layout");
  CLINNOVA_TRY(CheckClaim(claim, {.analysis = site.analysis,
                                  .schema = site.table.schema,
                                  .design = design,
                                  .minimum_count = site.minimum_count,
                                  .limits = site.limits}));
  CLINNOVA_ASSIGN(const std::shared_ptr<const OwnFrame> own, OwnFrameOf(site, claim.facts));
  CLINNOVA_TRY(CheckOwnCounts(*own, design, claim));
  if (claim.precision.empty()) return {};
  return CheckLeverage(site, design, claim);
}

Result<void> HoldPreflight(const SiteView& site, const table::DesignFacts& facts,
                           const std::vector<double>& magnitudes) {
  if (magnitudes.empty()) return {};  // what is not proven here is withheld
  CLINNOVA_ASSIGN(const std::shared_ptr<const OwnFrame> own, OwnFrameOf(site, facts));
  if (magnitudes.size() != own->magnitudes.size())
    return Refuse("sums of sizes that do not fit the design", "wrong_layout");
  for (std::size_t v = 0; v < magnitudes.size(); ++v) {
    CLINNOVA_TRY(HoldDominance(own->magnitudes[v], magnitudes[v], site));
  }
  return {};
}

}  // namespace clinnova::stats
