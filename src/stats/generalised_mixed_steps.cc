// SPDX-License-Identifier: Apache-2.0
#include "stats/generalised_mixed_steps.h"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "federation/batches.h"
#include "stats/cluster_integral.h"
#include "stats/clustered_rows.h"
#include "stats/laplace_cluster.h"
#include "stats/nested_integral.h"
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
                 CountBlock("invalid_points", points),
                 CountBlock("clusters", kIntegralClusterKinds)}};
}

struct SiteClusters {
  GeneralisedPart part;
  std::shared_ptr<const ClusteredRows> rows;  // shared with the site's cache
};

Result<SiteClusters> ClustersOf(const SiteView& site, const IntegralParameters& parameters) {
  const FrameClaim& claim = parameters.claim;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  SiteClusters clusters;
  CLINNOVA_ASSIGN(clusters.part, GeneralisedPartOf(site.analysis, formula, frame->design));
  const std::optional<RandomEffects>& outer = clusters.part.outer;
  CLINNOVA_ASSIGN(clusters.rows, ClusteredRowsOf(site, claim,
                                                 {.group = clusters.part.effects.group,
                                                  .time = {},
                                                  .outer = outer ? outer->group : ""}));
  if (clusters.rows->columns != claim.center.size() ||
      clusters.part.parameters() != static_cast<std::size_t>(parameters.variances)) {
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
    const RandomEffects& effects = clusters.part.effects;
    if (OneIntercept(effects)) {
      integral_.emplace(*clusters.rows, family, rule);
    } else {
      laplace_.emplace(*clusters.rows, family, effects, EffectShifts(effects, claim));
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

/// Adds one part at point number `at`; a point where it is not finite is marked instead.
void AddLikelihood(bool finite, const ClusterLikelihood& part, std::size_t at, ExactSums& sums) {
  for (const double value : part.hessian) finite = finite && std::isfinite(value);
  if (!finite) return sums.AddCount(kInvalidPoints, at);
  const std::size_t size = part.gradient.size();
  sums.Add(kLogLikelihoods, at, part.value);
  std::size_t cell = at * size * (size + 1) / 2;
  for (std::size_t i = 0; i < size; ++i) {
    sums.Add(kGradients, at * size + i, part.gradient[i]);
    for (std::size_t j = 0; j <= i; ++j) sums.Add(kHessians, cell++, part.hessian[i * size + j]);
  }
}

/// The parameters' points, one by one.
std::vector<std::vector<double>> PointsOf(const IntegralParameters& parameters) {
  std::vector<std::vector<double>> points;
  const auto size = static_cast<std::ptrdiff_t>(parameters.size());
  for (auto begin = parameters.points.begin(); begin != parameters.points.end(); begin += size) {
    points.emplace_back(begin, begin + size);
  }
  return points;
}

struct NoScratch {};

Result<void> AddClusters(const SiteView& site, const IntegralParameters& parameters,
                         const SiteClusters& clusters, Family family, const GaussHermite& rule,
                         ExactSums& sums) {
  const std::vector<std::vector<double>> points = PointsOf(parameters);
  return federation::ForEachBatch<NoScratch>(
      clusters.rows->clusters(), site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        Likelihood likelihood(clusters, parameters.claim, family, rule);
        ClusterLikelihood result;
        for (std::size_t at = 0; at < points.size(); ++at) {
          for (std::size_t c = first; c < first + count; ++c) {
            const bool finite = likelihood.Evaluate(c, points[at], result);
            AddLikelihood(finite, result, at, mine);
          }
        }
        return {};
      });
}

/// The same where clusters lie in outer groups. A site has few of them, so that points are what its threads share.
Result<void> AddOuterGroups(const SiteView& site, const IntegralParameters& parameters,
                            const SiteClusters& clusters, Family family, const GaussHermite& rule,
                            ExactSums& sums) {
  const std::vector<std::vector<double>> points = PointsOf(parameters);
  const ClusteredRows shifted = WithShiftColumn(*clusters.rows);
  const std::vector<std::vector<std::size_t>> groups = ClustersByOuterGroup(*clusters.rows);
  sums.AddCount(kIntegralClusters, kOuterClusters, static_cast<std::int64_t>(groups.size()));
  return federation::ForEachBatch<NoScratch>(
      points.size() * table::kBatchRows, site.threads, sums,  // a batch a point
      [&](std::size_t first, std::size_t, NoScratch&, ExactSums& mine) -> Result<void> {
        const std::size_t at = first / table::kBatchRows;
        NestedIntegral integral(shifted, family, rule);
        ClusterLikelihood result;
        for (const std::vector<std::size_t>& group : groups) {
          const bool finite = integral.Evaluate(group, points[at], result);
          AddLikelihood(finite, result, at, mine);
        }
        return {};
      });
}

Result<void> IntegralEvaluate(const SiteView& site, const IntegralParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_TRY(PointCount(parameters));
  CLINNOVA_ASSIGN(const Family family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters));
  CLINNOVA_ASSIGN(const std::size_t nodes, QuadratureOf(site.analysis, clusters.part));
  const GaussHermite rule(nodes);
  sums.AddCount(kIntegralClusters, kInnerClusters,
                static_cast<std::int64_t>(clusters.rows->clusters()));
  return clusters.part.outer ? AddOuterGroups(site, parameters, clusters, family, rule, sums)
                             : AddClusters(site, parameters, clusters, family, rule, sums);
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
  if (clusters.part.outer) {
    return Fail(ErrorCode::kRefused, "effects of sites beside another group's", "wrong_layout");
  }
  if (clusters.rows->clusters() == 0) return {};
  const RandomEffects& effects = clusters.part.effects;
  const std::size_t q = effects.size();
  LaplaceCluster laplace(*clusters.rows, family, effects, EffectShifts(effects, parameters.claim));
  ClusterModes modes;
  if (!laplace.Modes(0, parameters.points, modes)) {
    return Fail(ErrorCode::kFailed, "a mean that is not finite", "out_of_range");
  }
  const SmallMatrix l =
      LowerTriangular(effects.Shape(), parameters.points.data() + clusters.rows->columns);
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

Result<GeneralisedPart> GeneralisedPartOf(const Analysis& analysis, const table::Formula& formula,
                                          const table::Design& design) {
  CLINNOVA_ASSIGN(RandomPart part, RandomPartOf(analysis, formula, design));
  GeneralisedPart made{.effects = std::move(part.groups.front()), .outer = {}};
  if (part.groups.size() == 1 && made.effects.term.back() == made.effects.term.front()) return made;
  const bool intercepts =
      part.nested && OneIntercept(made.effects) && OneIntercept(part.groups.back());
  if (!intercepts) {
    return analysis.Wrong("formula",
                          "crossed groups, slopes beside a second group and uncorrelated effects "
                          "are there for family \"gaussian\" only, expected (1 | g), (x | g), "
                          "(1 | outer/g) or (1 | site) + (1 | g) for g = " +
                              made.effects.group);
  }
  made.outer = std::move(part.groups.back());
  return made;
}

Result<std::size_t> QuadratureOf(const Analysis& analysis, const GeneralisedPart& part) {
  const bool one = OneIntercept(part.effects);
  CLINNOVA_ASSIGN(const std::int64_t nodes, analysis.Integer("quadrature", one ? 25 : 1));
  const std::string found = "found " + std::to_string(nodes);
  if (part.outer && (nodes < kFewestNestedNodes || nodes > kMostNodes)) {
    return analysis.Wrong("quadrature", found + ", expected " + std::to_string(kFewestNestedNodes) +
                                            " to " + std::to_string(kMostNodes) +
                                            " nodes with two groups");
  }
  if (nodes < 1 || nodes > kMostNodes) {
    return analysis.Wrong(
        "quadrature", found + ", expected 1 (Laplace) to " + std::to_string(kMostNodes) + " nodes");
  }
  if (nodes > 1 && !one) {
    return analysis.Wrong("quadrature", found + " nodes, expected 1 (Laplace) with random slopes");
  }
  return static_cast<std::size_t>(nodes);
}

const federation::TypedStep<IntegralParameters> kIntegralStep{"mixed.integral", IntegralLayout,
                                                              IntegralEvaluate, FrameGuard{}};
const federation::TypedStep<IntegralParameters> kSiteEffectsStep{
    "mixed.site_effects", SiteEffectsLayout, SiteEffectsEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
