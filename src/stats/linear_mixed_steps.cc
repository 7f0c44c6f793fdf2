// SPDX-License-Identifier: Apache-2.0
#include "stats/linear_mixed_steps.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "federation/batches.h"
#include "stats/cluster_moments.h"
#include "stats/clustered_rows.h"
#include "stats/paired_groups.h"
#include "stats/paired_profile.h"
#include "stats/profile_deviance.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

namespace {

std::size_t TriangleSize(std::size_t size) { return size * (size + 1) / 2; }

// ---- least squares

Result<Layout> LeastSquaresLayout(const Analysis&, const table::Schema&,
                                  const LeastSquaresParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  return Layout{{ScaledBlock("cross_products", TriangleSize(p),
                             static_cast<int>(parameters.information_exponent)),
                 ScaledBlock("outcome_products", p, static_cast<int>(parameters.score_exponent)),
                 WideBlock("outcome_squares", 1), WideBlock("log_weights", 1),
                 CountBlock("without_weight", 1)}};
}

Result<void> LeastSquaresEvaluate(const SiteView& site, const LeastSquaresParameters& parameters,
                                  ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const std::size_t p = frame->design.names().size();
  return ForEachBatch(site.table.rows, site.threads, sums,
                      [&](std::size_t first, std::size_t count, DesignBatch& batch,
                          ExactSums& mine) -> Result<void> {
                        frame->design.Evaluate(site.table, first, count, batch);
                        Standardise(parameters.claim, batch);
                        std::vector<double> y(batch.rows);
                        for (std::size_t r = 0; r < batch.rows; ++r) {
                          const double weight = batch.weights[r];
                          const double outcome = batch.response[0][r] - batch.offset[r];
                          y[r] = weight * outcome;
                          mine.Add(kOutcomeSquares, 0, y[r] * outcome);
                          if (weight == 0) mine.AddCount(kWithoutWeight, 0);
                          if (weight != 0 && weight != 1)
                            mine.Add(kLogWeights, 0, core::Log(weight));
                        }
                        const federation::ColumnsView x{batch.x.data(), kBatchRows, p};
                        mine.AddWeightedGram(kCrossProducts, 0, x, batch.weights.data(),
                                             batch.rows);
                        mine.AddWeightedColumns(kOutcomeProducts, 0, x, y.data(), batch.rows);
                        return {};
                      });
}

// ---- clusters

struct SiteClusters {
  RandomPart part;
  std::shared_ptr<const ClusteredRows> rows;
};

Result<SiteClusters> ClustersOf(const SiteView& site, const FrameClaim& claim) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  SiteClusters clusters;
  CLINNOVA_ASSIGN(clusters.part, RandomPartOf(site.analysis, formula, frame->design));
  const std::vector<RandomEffects>& groups = clusters.part.groups;
  CLINNOVA_ASSIGN(clusters.rows,
                  ClusteredRowsOf(site, claim,
                                  {.group = groups[0].group,
                                   .time = {},
                                   .outer = groups.size() > 1 ? groups[1].group : ""}));
  return clusters;
}

/// The name in the site's cache of what follows from a round's claim and first fit.
std::string CacheKey(std::string_view what, const SiteView& site,
                     const ProfileParameters& parameters) {
  core::ArchiveWriter identity;
  identity(parameters.claim);
  identity(parameters.beta);
  identity(parameters.residual_exponent);
  return std::string(what) + " " + site.analysis.name() + " " +
         core::ToHex(core::Blake2b(identity.Take()));
}

ModelRow RowOf(const SiteClusters& clusters, const ProfileParameters& parameters) {
  return {*clusters.rows, clusters.part, parameters.claim, parameters.beta,
          parameters.residual_exponent};
}

std::shared_ptr<const ClusterMoments> CachedMoments(const SiteView& site,
                                                    const ProfileParameters& parameters,
                                                    const SiteClusters& clusters) {
  return site.cache.GetOrMake<ClusterMoments>(CacheKey("moments", site, parameters), [&] {
    return MomentsOf(*clusters.rows, RowOf(clusters, parameters));
  });
}

using Parts = std::vector<PairedPart>;
Result<std::shared_ptr<const Parts>> CachedParts(const SiteView& site,
                                                 const ProfileParameters& parameters,
                                                 const SiteClusters& clusters) {
  using Made = Result<std::shared_ptr<const Parts>>;
  return *site.cache.GetOrMake<Made>(CacheKey("parts", site, parameters), [&]() -> Made {
    CLINNOVA_ASSIGN(Parts parts,
                    PairedPartsOf(*clusters.rows, clusters.part, RowOf(clusters, parameters)));
    return std::make_shared<const Parts>(std::move(parts));
  });
}

// ---- profile

/// Of the power of two that residuals are divided by: squares of what is left are numbers still.
constexpr std::int64_t kLargestExponent = 600;

Result<Layout> ProfileLayout(const Analysis& analysis, const table::Schema& schema,
                             const ProfileParameters& parameters) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
  CLINNOVA_ASSIGN(const table::Design design,
                  table::Design::Create(formula, schema, options, parameters.claim.facts));
  CLINNOVA_ASSIGN(const RandomPart part, RandomPartOf(analysis, formula, design));
  const std::size_t p = design.names().size();
  const std::size_t k = part.parameters();
  if (parameters.claim.center.size() != p || parameters.beta.size() != p ||
      parameters.thetas.size() % k != 0 || parameters.residual_exponent > kLargestExponent ||
      parameters.residual_exponent < -kLargestExponent) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the design", "wrong_layout");
  }
  const std::size_t points = parameters.thetas.size() / k;
  const std::size_t matrices = points * DerivativeCount(k, parameters.derivatives);
  const std::size_t triangle = TriangleSize(p + 1);
  return Layout{
      {ScaledBlock("within", parameters.within ? triangle : 0,
                   static_cast<int>(parameters.within_exponent)),
       ScaledBlock("between", matrices * triangle, static_cast<int>(parameters.between_exponent)),
       WideBlock("log_determinants", matrices), CountBlock("clusters", parameters.within ? 2 : 0)}};
}

/// Adds rows of R to R'R, in batches.
class WithinSum {
 public:
  WithinSum(std::size_t columns, ExactSums& sums)
      : columns_(columns), sums_(sums), rows_(columns * kBatchRows), ones_(kBatchRows, 1.0) {}

  void Add(const double* row) {
    for (std::size_t j = 0; j < columns_; ++j) rows_[j * kBatchRows + filled_] = row[j];
    if (++filled_ == kBatchRows) Flush();
  }
  void Flush() {
    sums_.AddWeightedGram(kWithin, 0, {rows_.data(), kBatchRows, columns_}, ones_.data(), filled_);
    filled_ = 0;
  }

 private:
  std::size_t columns_;
  ExactSums& sums_;  // not owned
  std::vector<double> rows_;
  std::vector<double> ones_;
  std::size_t filled_ = 0;
};

/// R'R: what least squares on Z leaves of each row of W.
void AddWithin(const ClusteredRows& rows, const ClusterMoments& moments, ModelRow row,
               ExactSums& sums) {
  WithinSum within(moments.columns, sums);
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    for (std::size_t r = rows.first[c]; r < rows.first[c + 1]; ++r) {
      row.Read(r);
      for (std::size_t j = 0; j < moments.columns; ++j) {
        for (std::size_t a = 0; a < moments.effects; ++a) {
          row.w[j] -= row.z[0][a] * moments.vectors[a][j * moments.clusters + c];
        }
      }
      within.Add(row.w.data());
    }
  }
  within.Flush();
}

/// The weights of the moments' vectors that make B'H B.
void ReadWeights(const SmallMatrix& h, std::size_t effects, std::vector<double>& weights) {
  std::size_t v = effects;
  for (std::size_t a = 0; a < effects; ++a) weights[a] = h.at(a, a);
  for (std::size_t a = 0; a < effects; ++a) {
    for (std::size_t b = a + 1; b < effects; ++b, ++v) {
      const double shared = (h.at(a, b) + h.at(b, a)) / 2;
      weights[a] -= shared;
      weights[b] -= shared;
      weights[v] = shared;
    }
  }
}

/// K and the logarithm with their derivatives, of one cluster at one point, handed to `use(which, h, ld)`.
template <typename Use>
void ForEachDerivative(const ClusterShrinkage& shrinkage, std::size_t parameters, bool derivatives,
                       Use use) {
  use(0, shrinkage.k(), shrinkage.log_determinant());
  if (!derivatives) return;
  std::size_t which = 1;
  for (std::size_t i = 0; i < parameters; ++i, ++which) {
    use(which, shrinkage.K(i), shrinkage.LogDeterminant(i));
  }
  for (std::size_t i = 0; i < parameters; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++which) {
      use(which, shrinkage.K(j, i), shrinkage.LogDeterminant(j, i));
    }
  }
}

/// Adds one point's sums over the clusters [first, first + count).
void AddPoint(const ClusterMoments& moments, const CovarianceShape& shape, const double* theta,
              bool derivatives, std::size_t first_matrix, std::size_t first, std::size_t count,
              ExactSums& sums) {
  const std::size_t q = moments.effects;
  const std::size_t k = shape.entries.size();
  const std::size_t vectors = moments.vectors.size();
  const std::size_t matrices = DerivativeCount(k, derivatives);
  std::vector<std::vector<double>> weights(matrices * vectors, std::vector<double>(count));
  std::vector<double> mine(vectors);
  for (std::size_t c = 0; c < count; ++c) {
    const ClusterShrinkage shrinkage(moments.gram_factors[first + c], shape, theta);
    ForEachDerivative(shrinkage, k, derivatives,
                      [&](std::size_t which, const SmallMatrix& h, double log_determinant) {
                        sums.Add(kLogDeterminants, first_matrix + which, log_determinant);
                        ReadWeights(h, q, mine);
                        for (std::size_t v = 0; v < vectors; ++v) {
                          weights[which * vectors + v][c] = mine[v];
                        }
                      });
  }
  const std::size_t triangle = TriangleSize(moments.columns);
  for (std::size_t which = 0; which < matrices; ++which) {
    for (std::size_t v = 0; v < vectors; ++v) {
      sums.AddWeightedGram(kBetween, (first_matrix + which) * triangle,
                           {moments.vectors[v].data() + first, moments.clusters, moments.columns},
                           weights[which * vectors + v].data(), count);
    }
  }
}

/// Two groups: part by part.
Result<void> AddParts(const SiteView& site, const ProfileParameters& parameters,
                      const SiteClusters& clusters, ExactSums& sums) {
  if (clusters.rows->clusters() == 0) return {};
  CLINNOVA_ASSIGN(const std::shared_ptr<const Parts> parts,
                  CachedParts(site, parameters, clusters));
  const std::size_t k = clusters.part.parameters();
  const std::size_t matrices = DerivativeCount(k, parameters.derivatives);
  WithinSum within(clusters.rows->columns + 1, sums);
  for (const PairedPart& part : *parts) {
    if (parameters.within) {
      ForEachResidual(part, RowOf(clusters, parameters),
                      [&](const double* row) { within.Add(row); });
      for (const std::size_t group : {std::size_t{0}, std::size_t{1}}) {
        sums.AddCount(kClusterCounts, group, static_cast<std::int64_t>(part.level_count(group)));
      }
    }
    for (std::size_t point = 0; point * k < parameters.thetas.size(); ++point) {
      AddPairedPart(part, clusters.part, parameters.thetas.data() + point * k,
                    {.matrices_block = kBetween,
                     .logarithms_block = kLogDeterminants,
                     .first = point * matrices,
                     .derivatives = parameters.derivatives},
                    sums);
    }
  }
  if (parameters.within) within.Flush();
  return {};
}

Result<void> ProfileEvaluate(const SiteView& site, const ProfileParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters.claim));
  if (parameters.beta.size() != clusters.rows->columns) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  if (clusters.part.groups.size() > 1) return AddParts(site, parameters, clusters, sums);
  const std::shared_ptr<const ClusterMoments> moments = CachedMoments(site, parameters, clusters);
  if (parameters.within) {
    AddWithin(*clusters.rows, *moments, RowOf(clusters, parameters), sums);
    sums.AddCount(kClusterCounts, 0, static_cast<std::int64_t>(moments->clusters));
  }
  const CovarianceShape shape = clusters.part.groups[0].Shape();
  const std::size_t k = shape.entries.size();
  const std::size_t matrices = DerivativeCount(k, parameters.derivatives);
  return ForEachBatch(
      moments->clusters, site.threads, sums,
      [&](std::size_t first, std::size_t count, DesignBatch&, ExactSums& mine) -> Result<void> {
        for (std::size_t point = 0; point * k < parameters.thetas.size(); ++point) {
          AddPoint(*moments, shape, parameters.thetas.data() + point * k, parameters.derivatives,
                   point * matrices, first, count, mine);
        }
        return {};
      });
}

// ---- the sites' own effects

Result<Layout> EffectsLayout(const Analysis& analysis, const table::Schema& schema,
                             const EffectsParameters& parameters) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
  CLINNOVA_ASSIGN(const table::Design design,
                  table::Design::Create(formula, schema, options, parameters.claim.facts));
  CLINNOVA_ASSIGN(const RandomPart part, RandomPartOf(analysis, formula, design));
  const RandomEffects& effects = part.groups[0];
  if (effects.group != "site" || part.groups.size() > 1 ||
      parameters.theta.size() != effects.parameters() ||
      parameters.beta.size() != design.names().size()) {
    return Fail(ErrorCode::kRefused, "effects other than the sites' stay at the site",
                "wrong_layout");
  }
  const std::size_t sites = schema.columns.back().levels.size();
  return Layout{{WideBlock("effects", sites * effects.size()),
                 WideBlock("effect_covariances", sites * TriangleSize(effects.size())),
                 CountBlock("site_present", sites)}};
}

Result<void> EffectsEvaluate(const SiteView& site, const EffectsParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters.claim));
  if (clusters.rows->clusters() == 0) return {};
  const CovarianceShape shape = clusters.part.groups[0].Shape();
  const std::size_t q = shape.size;
  const auto level =
      static_cast<std::size_t>(site.table.column(*site.table.schema.Find("site")).codes.front());
  const ClusterMoments moments =
      MomentsOf(*clusters.rows,
                ModelRow(*clusters.rows, clusters.part, parameters.claim, parameters.beta, 0));
  const SmallMatrix lambda = LowerTriangular(shape, parameters.theta.data());
  const SmallMatrix covariance = Product(lambda, Transposed(lambda, q), q);
  const ClusterShrinkage shrinkage(moments.gram_factors.front(), shape, parameters.theta.data());
  const SmallMatrix pull = Product(covariance, shrinkage.k(), q);
  const SmallMatrix left = shrinkage.EffectCovariance(moments.gram_factors.front());
  for (std::size_t a = 0; a < q; ++a) {
    double effect = 0;
    for (std::size_t b = 0; b < q; ++b) {
      effect += pull.at(a, b) * moments.vectors[b][moments.columns - 1];
    }
    sums.Add(kEffects, level * q + a, effect);
    for (std::size_t b = 0; b <= a; ++b) {
      sums.Add(kEffectCovariances, level * TriangleSize(q) + a * (a + 1) / 2 + b, left.at(a, b));
    }
  }
  sums.AddCount(kSitePresent, level);
  return {};
}

}  // namespace

const federation::TypedStep<LeastSquaresParameters> kLeastSquaresStep{
    "mixed.least_squares", LeastSquaresLayout, LeastSquaresEvaluate, FrameGuard{}};
const federation::TypedStep<ProfileParameters> kProfileStep{"mixed.profile", ProfileLayout,
                                                            ProfileEvaluate, FrameGuard{}};
const federation::TypedStep<EffectsParameters> kEffectsStep{"mixed.effects", EffectsLayout,
                                                            EffectsEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
