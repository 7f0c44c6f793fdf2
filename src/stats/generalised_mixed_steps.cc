// SPDX-License-Identifier: Apache-2.0
#include "stats/generalised_mixed_steps.h"

#include <cmath>
#include <memory>
#include <optional>

#include "federation/batches.h"
#include "stats/cluster_integral.h"
#include "stats/clustered_rows.h"
#include "stats/laplace_cluster.h"
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
  const std::size_t size = parameters.size();
  if (parameters.variances < 1 || parameters.variances > 15 || parameters.points.empty() ||
      parameters.points.size() % size != 0) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return parameters.points.size() / size;
}

Result<Layout> IntegralLayout(const Analysis&, const table::Schema&,
                              const IntegralParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t points, PointCount(parameters));
  const std::size_t size = parameters.size();
  return Layout{{WideBlock("log_likelihoods", points), WideBlock("gradients", points * size),
                 WideBlock("hessians", points * size * (size + 1) / 2),
                 CountBlock("invalid_points", points), CountBlock("clusters", 1)}};
}

struct SiteClusters {
  RandomEffects effects;
  std::shared_ptr<const ClusteredRows> rows;  // shared with the site's cache
};

Result<SiteClusters> ClustersOf(const SiteView& site, const IntegralParameters& parameters) {
  const FrameClaim& claim = parameters.claim;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  SiteClusters clusters;
  CLINNOVA_ASSIGN(clusters.effects, OneRandomTermOf(site.analysis, formula, frame->design));
  CLINNOVA_ASSIGN(clusters.rows,
                  ClusteredRowsOf(site, claim, {.group = clusters.effects.group, .time = {}}));
  if (clusters.rows->columns != claim.center.size() ||
      clusters.effects.parameters() != static_cast<std::size_t>(parameters.variances)) {
    return Fail(ErrorCode::kRefused, "a claim that does not fit the design", "wrong_layout");
  }
  return clusters;
}

bool OneIntercept(const RandomEffects& effects) { return effects.size() == 1 && effects.intercept; }

/// A cluster's likelihood at a point (b, theta), by quadrature for one random intercept, else by Laplace.
class Likelihood {
 public:
  Likelihood(const SiteClusters& clusters, const FrameClaim& claim, Family family,
             const GaussHermite& rule)
      : columns_(clusters.rows->columns) {
    if (OneIntercept(clusters.effects)) {
      integral_.emplace(*clusters.rows, family, rule);
    } else {
      laplace_.emplace(*clusters.rows, family, clusters.effects,
                       EffectShifts(clusters.effects, claim));
    }
  }

  bool Evaluate(std::size_t cluster, const std::vector<double>& point, ClusterLikelihood& result) {
    if (laplace_) return laplace_->Evaluate(cluster, point, result);
    const std::vector<double> beta(point.begin(), point.end() - 1);
    return integral_->Evaluate(cluster, beta, point[columns_], result);
  }

 private:
  std::size_t columns_;
  std::optional<ClusterIntegral> integral_;
  std::optional<LaplaceCluster> laplace_;
};

/// Adds one cluster's part at point number `at`; a point with a mean that is not finite is marked instead.
void AddLikelihood(Likelihood& likelihood, std::size_t cluster, const std::vector<double>& point,
                   std::size_t at, ClusterLikelihood& result, ExactSums& sums) {
  if (!likelihood.Evaluate(cluster, point, result)) return sums.AddCount(kInvalidPoints, at);
  const std::size_t size = point.size();
  for (const double value : result.hessian) {
    if (!std::isfinite(value)) return sums.AddCount(kInvalidPoints, at);
  }
  sums.Add(kLogLikelihoods, at, result.value);
  std::size_t cell = at * size * (size + 1) / 2;
  for (std::size_t i = 0; i < size; ++i) {
    sums.Add(kGradients, at * size + i, result.gradient[i]);
    for (std::size_t j = 0; j <= i; ++j) sums.Add(kHessians, cell++, result.hessian[i * size + j]);
  }
}

Result<void> IntegralEvaluate(const SiteView& site, const IntegralParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t points, PointCount(parameters));
  CLINNOVA_ASSIGN(const Family family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters));
  CLINNOVA_ASSIGN(const std::size_t nodes, QuadratureOf(site.analysis, clusters.effects));
  const GaussHermite rule(nodes);
  const auto size = static_cast<std::ptrdiff_t>(parameters.size());
  struct Nothing {};
  return federation::ForEachBatch<Nothing>(
      clusters.rows->clusters(), site.threads, sums,
      [&](std::size_t first, std::size_t count, Nothing&, ExactSums& mine) -> Result<void> {
        Likelihood likelihood(clusters, parameters.claim, family, rule);
        ClusterLikelihood result;
        mine.AddCount(kIntegralClusters, 0, static_cast<std::int64_t>(count));
        for (std::size_t at = 0; at < points; ++at) {
          const auto begin = parameters.points.begin() + static_cast<std::ptrdiff_t>(at) * size;
          const std::vector<double> point(begin, begin + size);
          for (std::size_t c = first; c < first + count; ++c)
            AddLikelihood(likelihood, c, point, at, result, mine);
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
  std::size_t effects = 1;
  while (effects * (effects + 1) / 2 < static_cast<std::size_t>(parameters.variances)) ++effects;
  return Layout{{WideBlock("site_effects", sites * effects),
                 WideBlock("site_effect_covariances", sites * effects * (effects + 1) / 2),
                 CountBlock("site_has_rows", sites)}};
}

Result<void> SiteEffectsEvaluate(const SiteView& site, const IntegralParameters& parameters,
                                 ExactSums& sums) {
  CLINNOVA_ASSIGN(const Family family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters));
  if (clusters.rows->clusters() == 0) return {};
  const std::size_t q = clusters.effects.size();
  LaplaceCluster laplace(*clusters.rows, family, clusters.effects,
                         EffectShifts(clusters.effects, parameters.claim));
  ClusterModes modes;
  if (!laplace.Modes(0, parameters.points, modes)) {
    return Fail(ErrorCode::kFailed, "a mean that is not finite", "out_of_range");
  }
  const SmallMatrix l =
      LowerTriangular(clusters.effects.Shape(), parameters.points.data() + clusters.rows->columns);
  const SmallMatrix covariance = Product(Product(l, modes.covariance, q), Transposed(l, q), q);
  const auto level =
      static_cast<std::size_t>(site.table.column(*site.table.schema.Find("site")).codes.front());
  for (std::size_t a = 0; a < q; ++a) {
    double effect = 0;
    for (std::size_t b = 0; b <= a; ++b) {
      effect += l.at(a, b) * modes.mode[b];
      sums.Add(kSiteEffectCovariance, level * q * (q + 1) / 2 + a * (a + 1) / 2 + b,
               covariance.at(a, b));
    }
    sums.Add(kSiteEffect, level * q + a, effect);
  }
  sums.AddCount(kSiteHasRows, level);
  return {};
}

}  // namespace

Result<std::size_t> QuadratureOf(const Analysis& analysis, const RandomEffects& effects) {
  const bool one = OneIntercept(effects);
  CLINNOVA_ASSIGN(const std::int64_t nodes, analysis.Integer("quadrature", one ? 25 : 1));
  if (nodes < 1 || nodes > kMostNodes) {
    return analysis.Wrong("quadrature", "found " + std::to_string(nodes) +
                                            ", expected 1 (Laplace) to " +
                                            std::to_string(kMostNodes) + " nodes");
  }
  if (nodes > 1 && !one) {
    return analysis.Wrong("quadrature", "found " + std::to_string(nodes) +
                                            " nodes, expected 1 (Laplace) with random slopes");
  }
  return static_cast<std::size_t>(nodes);
}

const federation::TypedStep<IntegralParameters> kIntegralStep{"mixed.integral", IntegralLayout,
                                                              IntegralEvaluate, FrameGuard{}};
const federation::TypedStep<IntegralParameters> kSiteEffectsStep{
    "mixed.site_effects", SiteEffectsLayout, SiteEffectsEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
