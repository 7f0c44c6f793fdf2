// SPDX-License-Identifier: Apache-2.0
#include "stats/combat_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "federation/batches.h"
#include "stats/combat_adjustment.h"
#include "stats/own_sums.h"

namespace clinnova::stats {
using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::Design;
using table::DesignBatch;
using table::kBatchRows;

Result<CombatRoles> CombatRolesOf(const Analysis& analysis, const Design& design) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CombatRoles roles;
  std::vector<bool> is_feature(design.names().size());
  for (const std::string& name : names) {
    for (std::size_t j = 0; j < design.names().size(); ++j) {
      if (design.assign()[j] == 0) continue;
      const table::Term& term = formula.terms()[static_cast<std::size_t>(design.assign()[j]) - 1];
      // A factor's columns are called after its levels too.
      if (term.factors.size() != 1 || design.names()[j] != term.factors[0].text ||
          term.factors[0].expression.name != name ||
          term.factors[0].expression.kind != table::Expression::Kind::kName ||
          term.factors[0].kind != table::TermFactor::Kind::kExpression) {
        continue;
      }
      roles.features.push_back(j);
      is_feature[j] = true;
    }
  }
  if (roles.features.size() != names.size()) {
    return analysis.Wrong("variables", "found a factor, expected numeric columns");
  }
  for (std::size_t j = 0; j < design.names().size(); ++j) {
    if (design.assign()[j] != 0 && !is_feature[j]) roles.covariates.push_back(j);
  }
  return roles;
}

namespace {

// --- Gram matrix within sites ------------------------------------------------------------------------

Result<Layout> GramLayout(const Analysis&, const table::Schema&,
                          const CombatGramParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  return Layout{{ScaledBlock("gram", p * (p + 1) / 2, static_cast<int>(parameters.exponent)),
                 WideBlock("sums", p), CountBlock("sites_of_one", 1),
                 CountBlock("sites_constant", p)}};
}

/// Exact means over the site's rows of `numbers` values per row.
template <typename Scratch, typename Values>
Result<std::vector<double>> SiteMeans(const SiteView& site, std::size_t numbers, double& rows,
                                      Values values) {
  const Layout layout{{WideBlock("sums", numbers), CountBlock("rows", 1)}};
  ExactSums sums(layout);
  CLINNOVA_TRY(ForEachBatch<Scratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, Scratch& batch, ExactSums& mine) -> Result<void> {
        mine.AddCount(1, 0, values(first, count, batch, mine));
        return {};
      }));
  const PooledSums total = OwnSums(sums);
  if (sums.flagged()) {
    return Fail(ErrorCode::kFailed, "a feature has no finite value", "out_of_range");
  }
  rows = static_cast<double>(total.Count(1));
  std::vector<double> means = total.Numbers(0);
  for (double& mean : means) mean = rows > 0 ? mean / rows : 0;
  return means;
}

/// Whether a column varies at the site is told by its extremes, which stay here.
class Extremes {
 public:
  explicit Extremes(std::size_t columns)
      : lowest_(columns, std::numeric_limits<double>::infinity()),
        highest_(columns, -std::numeric_limits<double>::infinity()) {}
  void See(std::size_t column, const double* values, std::size_t rows) {
    if (rows == 0) return;
    const auto [low, high] = std::minmax_element(values, values + rows);
    const std::lock_guard lock(mutex_);
    lowest_[column] = std::min(lowest_[column], *low);
    highest_[column] = std::max(highest_[column], *high);
  }
  bool Constant(std::size_t column) const { return lowest_[column] == highest_[column]; }

 private:
  std::mutex mutex_;
  std::vector<double> lowest_;
  std::vector<double> highest_;
};

Result<void> GramEvaluate(const SiteView& site, const CombatGramParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const std::size_t p = parameters.claim.center.size();
  const auto read = [&](std::size_t first, std::size_t count, DesignBatch& batch) {
    frame->design.Evaluate(site.table, first, count, batch);
    Standardise(parameters.claim, batch);
  };
  const auto add = [&](std::size_t first, std::size_t count, DesignBatch& batch, ExactSums& mine) {
    read(first, count, batch);
    for (std::size_t j = 0; j < p; ++j) {
      mine.AddAll(0, j, {batch.x.data() + j * kBatchRows, batch.rows});
    }
    return static_cast<std::int64_t>(batch.rows);
  };
  double rows = 0;
  CLINNOVA_ASSIGN(const std::vector<double> means, SiteMeans<DesignBatch>(site, p, rows, add));
  Extremes extremes(p);
  const auto centre = [&](std::size_t first, std::size_t count, DesignBatch& batch,
                          ExactSums& mine) -> Result<void> {
    read(first, count, batch);
    const std::vector<double> ones(batch.rows, 1.0);
    for (std::size_t j = 0; j < p; ++j) {
      double* x = batch.x.data() + j * kBatchRows;
      mine.AddAll(kCombatSums, j, {x, batch.rows});
      extremes.See(j, x, batch.rows);
      for (std::size_t r = 0; r < batch.rows; ++r) x[r] -= means[j];
    }
    mine.AddWeightedGram(kCombatGram, 0, {batch.x.data(), kBatchRows, p}, ones.data(), batch.rows);
    return {};
  };
  CLINNOVA_TRY(ForEachBatch(site.table.rows, site.threads, sums, centre));
  if (rows == 1) sums.AddCount(kSitesOfOne, 0);
  for (std::size_t j = 0; j < p && rows > 1; ++j) {
    if (extremes.Constant(j)) sums.AddCount(kSitesConstant, j);
  }
  return {};
}

// --- Adjustment at the sites -------------------------------------------------------------------------

Result<Layout> AdjustLayout(const Analysis&, const table::Schema&,
                            const CombatAdjustParameters& parameters) {
  const std::size_t features = parameters.features.size();
  return Layout{{WideBlock("harmonised", features), WideBlock("squares", features)}};
}

/// Rows with their features' residuals.
struct ResidualBatch {
  DesignBatch design;
  std::vector<std::vector<double>>
      expected;  ///< by feature: from the covariates, standardised scale
  std::vector<std::vector<double>> residual;  ///< by feature: in pooled standard deviations
};

class Residuals {
 public:
  static Result<Residuals> Create(const SiteView& site, const CombatAdjustParameters& parameters) {
    Residuals residuals(site, parameters);
    CLINNOVA_ASSIGN(residuals.frame_, SiteFrameOf(site, parameters.claim));
    CLINNOVA_ASSIGN(residuals.roles_, CombatRolesOf(site.analysis, residuals.frame_->design));
    const std::size_t features = parameters.features.size();
    bool fits = parameters.means.size() == parameters.claim.center.size() && features >= 2 &&
                parameters.errors.size() == features &&
                parameters.coefficients.size() == features * residuals.roles_.covariates.size();
    for (const std::uint64_t feature : parameters.features) {
      fits = fits && feature < residuals.roles_.features.size();
    }
    if (!fits) return Fail(ErrorCode::kRefused, "parameters that do not fit", "wrong_layout");
    return residuals;
  }

  void Read(std::size_t first, std::size_t count, ResidualBatch& batch) const {
    frame_->design.Evaluate(site_.table, first, count, batch.design);
    Standardise(parameters_.claim, batch.design);
    const std::size_t features = parameters_.features.size();
    batch.expected.resize(features, std::vector<double>(kBatchRows));
    batch.residual.resize(features, std::vector<double>(kBatchRows));
    for (std::size_t f = 0; f < features; ++f) ReadFeature(f, batch);
  }

 private:
  Residuals(const SiteView& site, const CombatAdjustParameters& parameters)
      : site_(site), parameters_(parameters) {}

  void ReadFeature(std::size_t f, ResidualBatch& batch) const {
    const std::size_t column = roles_.features[parameters_.features[f]];
    const std::size_t covariates = roles_.covariates.size();
    std::fill_n(batch.expected[f].begin(), batch.design.rows, parameters_.means[column]);
    for (std::size_t c = 0; c < covariates; ++c) {
      const double b = parameters_.coefficients[f * covariates + c];
      const double mean = parameters_.means[roles_.covariates[c]];
      const double* x = batch.design.x.data() + roles_.covariates[c] * kBatchRows;
      for (std::size_t r = 0; r < batch.design.rows; ++r) {
        batch.expected[f][r] += b * (x[r] - mean);
      }
    }
    const double* y = batch.design.x.data() + column * kBatchRows;
    for (std::size_t r = 0; r < batch.design.rows; ++r) {
      batch.residual[f][r] = (y[r] - batch.expected[f][r]) / parameters_.errors[f];
    }
  }

  const SiteView& site_;                      // not owned, outlives this
  const CombatAdjustParameters& parameters_;  // not owned, outlives this
  std::shared_ptr<const SiteFrame> frame_;    // shared with the site's cache
  CombatRoles roles_;
};

/// The mean over the site's rows of value(feature, residual).
template <typename Value>
Result<std::vector<double>> ResidualMeans(const SiteView& site, const Residuals& residuals,
                                          std::size_t features, double& rows, Value value) {
  return SiteMeans<ResidualBatch>(
      site, features, rows,
      [&](std::size_t first, std::size_t count, ResidualBatch& batch, ExactSums& mine) {
        residuals.Read(first, count, batch);
        for (std::size_t f = 0; f < features; ++f) {
          for (std::size_t r = 0; r < batch.design.rows; ++r) {
            mine.Add(0, f, value(f, batch.residual[f][r]));
          }
        }
        return static_cast<std::int64_t>(batch.design.rows);
      });
}

Result<void> AdjustEvaluate(const SiteView& site, const CombatAdjustParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const Residuals residuals, Residuals::Create(site, parameters));
  const std::size_t features = parameters.features.size();
  double rows = 0;
  CLINNOVA_ASSIGN(const std::vector<double> means,
                  ResidualMeans(site, residuals, features, rows,
                                [](std::size_t, double value) { return value; }));
  if (rows == 0) return {};
  CLINNOVA_ASSIGN(const std::vector<double> squares,
                  ResidualMeans(site, residuals, features, rows, [&](std::size_t f, double value) {
                    return (value - means[f]) * (value - means[f]);
                  }));
  std::vector<FeatureMoments> moments;
  for (std::size_t f = 0; f < features; ++f) {
    moments.push_back({means[f], rows > 1 ? squares[f] * rows / (rows - 1) : 1});
  }
  const std::vector<FeatureAdjustment> adjusted =
      AdjustSite(moments, rows, parameters.mean_only ? SiteScale::kKept : SiteScale::kAdjusted);
  return ForEachBatch<ResidualBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, ResidualBatch& batch,
          ExactSums& mine) -> Result<void> {
        residuals.Read(first, count, batch);
        for (std::size_t f = 0; f < features; ++f) {
          const double scale = parameters.errors[f] / std::sqrt(adjusted[f].scale);
          for (std::size_t r = 0; r < batch.design.rows; ++r) {
            const double value =
                (batch.residual[f][r] - adjusted[f].shift) * scale + batch.expected[f][r];
            mine.Add(kHarmonised, f, value);
            mine.Add(kHarmonisedSquares, f, value * value);
          }
        }
        return {};
      });
}

}  // namespace

const TypedStep<CombatGramParameters> kCombatGramStep{"combat.gram", GramLayout, GramEvaluate,
                                                      FrameGuard{}};
const TypedStep<CombatAdjustParameters> kCombatAdjustStep{"combat.harmonised", AdjustLayout,
                                                          AdjustEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
