// SPDX-License-Identifier: Apache-2.0
#include "stats/generalised_mixed_steps.h"

#include <cmath>
#include <memory>

#include "federation/batches.h"
#include "stats/cluster_integral.h"
#include "stats/clustered_rows.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;

namespace {

constexpr std::int64_t kMostNodes = 100;

Result<Family> FamilyOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  if (family == "binomial") return Family::kBinomial;
  if (family == "poisson") return Family::kPoisson;
  return Fail(ErrorCode::kRefused, "a family without an integral", "wrong_layout");
}

/// Points in the parameters, or kRefused when they do not fit the claim.
Result<std::size_t> PointCount(const IntegralParameters& parameters) {
  const std::size_t size = parameters.claim.center.size() + 1;
  if (parameters.points.empty() || parameters.points.size() % size != 0) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return parameters.points.size() / size;
}

Result<Layout> IntegralLayout(const Analysis&, const table::Schema&,
                              const IntegralParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t points, PointCount(parameters));
  const std::size_t size = parameters.claim.center.size() + 1;
  return Layout{{WideBlock("log_likelihoods", points), WideBlock("gradients", points * size),
                 WideBlock("hessians", points * size * (size + 1) / 2),
                 CountBlock("invalid_points", points), CountBlock("clusters", 1)}};
}

Result<std::shared_ptr<const ClusteredRows>> RowsOf(const SiteView& site, const FrameClaim& claim) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  CLINNOVA_ASSIGN(const RandomEffects effects,
                  RandomEffectsOf(site.analysis, formula, frame->design));
  CLINNOVA_ASSIGN(std::shared_ptr<const ClusteredRows> rows,
                  ClusteredRowsOf(site, claim, {.group = effects.group, .time = {}}));
  if (rows->columns != claim.center.size()) {
    return Fail(ErrorCode::kRefused, "a claim that does not fit the design", "wrong_layout");
  }
  return rows;
}

/// Adds one cluster's part at one point; a point with a mean that is not finite is marked instead.
void AddIntegral(ClusterIntegral& integral, std::size_t cluster, const std::vector<double>& beta,
                 double tau, std::size_t point, ClusterLikelihood& result, ExactSums& sums) {
  if (!integral.Evaluate(cluster, beta, tau, result)) {
    return sums.AddCount(kInvalidPoints, point);
  }
  const std::size_t size = beta.size() + 1;
  for (const double value : result.hessian) {
    if (!std::isfinite(value)) return sums.AddCount(kInvalidPoints, point);
  }
  sums.Add(kLogLikelihoods, point, result.value);
  std::size_t at = point * size * (size + 1) / 2;
  for (std::size_t i = 0; i < size; ++i) {
    sums.Add(kGradients, point * size + i, result.gradient[i]);
    for (std::size_t j = 0; j <= i; ++j) sums.Add(kHessians, at++, result.hessian[i * size + j]);
  }
}

Result<void> IntegralEvaluate(const SiteView& site, const IntegralParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t points, PointCount(parameters));
  CLINNOVA_ASSIGN(const Family family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const std::size_t nodes, QuadratureOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const ClusteredRows> rows, RowsOf(site, parameters.claim));
  const GaussHermite rule(nodes);
  const std::size_t size = rows->columns + 1;
  struct Nothing {};
  return federation::ForEachBatch<Nothing>(
      rows->clusters(), site.threads, sums,
      [&](std::size_t first, std::size_t count, Nothing&, ExactSums& mine) -> Result<void> {
        ClusterIntegral integral(*rows, family, rule);
        ClusterLikelihood result;
        mine.AddCount(kIntegralClusters, 0, static_cast<std::int64_t>(count));
        for (std::size_t point = 0; point < points; ++point) {
          const double* at = parameters.points.data() + point * size;
          const std::vector<double> beta(at, at + size - 1);
          for (std::size_t c = first; c < first + count; ++c) {
            AddIntegral(integral, c, beta, at[size - 1], point, result, mine);
          }
        }
        return {};
      });
}

Result<Layout> SiteEffectsLayout(const Analysis& analysis, const table::Schema& schema,
                                 const IntegralParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t points, PointCount(parameters));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  if (points != 1 || formula.random().empty() ||
      formula.random().front().groups != std::vector<std::string>{"site"}) {
    return Fail(ErrorCode::kRefused, "effects other than the sites' stay at the site",
                "wrong_layout");
  }
  const std::size_t sites = schema.columns.back().levels.size();
  return Layout{{WideBlock("site_effects", sites), WideBlock("site_effect_variances", sites),
                 CountBlock("site_has_rows", sites)}};
}

Result<void> SiteEffectsEvaluate(const SiteView& site, const IntegralParameters& parameters,
                                 ExactSums& sums) {
  CLINNOVA_ASSIGN(const Family family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const ClusteredRows> rows, RowsOf(site, parameters.claim));
  if (rows->clusters() == 0) return {};
  const GaussHermite rule(1);
  ClusterIntegral integral(*rows, family, rule);
  ClusterLikelihood result;
  const std::vector<double> beta(parameters.points.begin(), parameters.points.end() - 1);
  const double tau = parameters.points.back();
  if (!integral.Evaluate(0, beta, tau, result)) {
    return Fail(ErrorCode::kFailed, "a mean that is not finite", "out_of_range");
  }
  const auto level =
      static_cast<std::size_t>(site.table.column(*site.table.schema.Find("site")).codes.front());
  sums.Add(kSiteEffect, level, tau * result.mode);
  sums.Add(kSiteEffectVariance, level, tau * tau / result.curvature);
  sums.AddCount(kSiteHasRows, level);
  return {};
}

}  // namespace

Result<std::size_t> QuadratureOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::int64_t nodes, analysis.Integer("quadrature", 25));
  if (nodes < 1 || nodes > kMostNodes) {
    return analysis.Wrong("quadrature", "found " + std::to_string(nodes) +
                                            ", expected 1 (Laplace) to " +
                                            std::to_string(kMostNodes) + " nodes");
  }
  return static_cast<std::size_t>(nodes);
}

const federation::TypedStep<IntegralParameters> kIntegralStep{"mixed.integral", IntegralLayout,
                                                              IntegralEvaluate, FrameGuard{}};
const federation::TypedStep<IntegralParameters> kSiteEffectsStep{
    "mixed.site_effects", SiteEffectsLayout, SiteEffectsEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
