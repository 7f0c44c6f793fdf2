// SPDX-License-Identifier: Apache-2.0
#include "stats/linear_mixed_steps.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "federation/batches.h"
#include "stats/clustered_rows.h"
#include "stats/crossed_clusters.h"
#include "stats/nested_clusters.h"

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

std::size_t DerivativeCount(std::size_t parameters, bool derivatives) {
  return derivatives ? 1 + parameters + parameters * (parameters + 1) / 2 : 1;
}

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

/// What a site keeps of its clusters. Column j of vector v of cluster c is vectors[v][j * clusters + c];
/// vectors are the effects' coefficients B_a, then the sums B_a + B_b, a < b: a quadratic form in the B_a
/// is a sum of squares of these.
struct ClusterMoments {
  std::size_t clusters = 0;
  std::size_t effects = 0;
  std::size_t columns = 0;  ///< of W
  std::vector<SmallMatrix> gram_factors;
  std::vector<std::vector<double>> vectors;
  std::vector<OuterGroup> outer;  ///< empty without groups of clusters
};

/// A sum that keeps what rounding drops (Neumaier 1974).
struct CompensatedSum {
  double sum = 0;
  double lost = 0;

  void Add(double value) {
    const double next = sum + value;
    lost += std::fabs(sum) >= std::fabs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  double Total() const { return sum + lost; }
};

/// Row r of W = (X, residual) and of Z, times the root of its case weight.
class ModelRow {
 public:
  ModelRow(const ClusteredRows& rows, const RandomEffects& effects, const FrameClaim& claim,
           const std::vector<double>& beta, std::int64_t residual_exponent)
      : w(rows.columns + 1),
        z(effects.size()),
        rows_(rows),
        effects_(effects),
        shifts_(EffectShifts(effects, claim)),
        beta_(beta),
        scale_(std::ldexp(1.0, -static_cast<int>(residual_exponent))) {}

  void Read(std::size_t r) {
    const double* x = rows_.row(r);
    double residual = rows_.y[r] - rows_.offset[r];
    const double root = std::sqrt(rows_.weight[r]);
    for (std::size_t j = 0; j < rows_.columns; ++j) {
      w[j] = x[j] * root;
      residual -= beta_[j] * x[j];
    }
    w.back() = residual * scale_ * root;
    for (std::size_t a = 0; a < z.size(); ++a) z[a] = (x[effects_.columns[a]] + shifts_[a]) * root;
    if (effects_.intercept) z[0] = root;
  }

  std::vector<double> w;
  std::vector<double> z;

 private:
  const ClusteredRows& rows_;     // not owned
  const RandomEffects& effects_;  // not owned
  std::vector<double> shifts_;
  const std::vector<double>& beta_;  // not owned
  double scale_;
};

/// Z'Z and Z'W of one cluster.
struct ClusterProducts {
  SmallMatrix gram;
  std::vector<std::vector<double>> cross;  ///< per effect, over the columns of W
};

ClusterProducts ProductsOf(const ClusteredRows& rows, std::size_t cluster, ModelRow& row) {
  const std::size_t q = row.z.size();
  std::vector<CompensatedSum> gram(q * q);
  std::vector<std::vector<CompensatedSum>> cross(q, std::vector<CompensatedSum>(row.w.size()));
  for (std::size_t r = rows.first[cluster]; r < rows.first[cluster + 1]; ++r) {
    row.Read(r);
    for (std::size_t a = 0; a < q; ++a) {
      for (std::size_t b = 0; b <= a; ++b) gram[a * q + b].Add(row.z[a] * row.z[b]);
      for (std::size_t j = 0; j < row.w.size(); ++j) cross[a][j].Add(row.z[a] * row.w[j]);
    }
  }
  ClusterProducts products;
  products.cross.assign(q, std::vector<double>(row.w.size()));
  for (std::size_t a = 0; a < q; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      products.gram.at(a, b) = products.gram.at(b, a) = gram[a * q + b].Total();
    }
    for (std::size_t j = 0; j < row.w.size(); ++j) products.cross[a][j] = cross[a][j].Total();
  }
  return products;
}

/// Least-squares coefficients of W on Z, in place of the products; 0 where Z is deficient.
void SolveCoefficients(const SmallMatrix& factor, std::vector<std::vector<double>>& cross) {
  const std::size_t q = cross.size();
  for (std::size_t j = 0; j < cross[0].size(); ++j) {
    for (std::size_t a = 0; a < q; ++a) {
      double value = cross[a][j];
      for (std::size_t m = 0; m < a; ++m) value -= factor.at(a, m) * cross[m][j];
      cross[a][j] = factor.at(a, a) > 0 ? value / factor.at(a, a) : 0;
    }
    for (std::size_t a = q; a-- > 0;) {
      double value = cross[a][j];
      for (std::size_t m = a + 1; m < q; ++m) value -= factor.at(m, a) * cross[m][j];
      cross[a][j] = factor.at(a, a) > 0 ? value / factor.at(a, a) : 0;
    }
  }
}

ClusterMoments MomentsOf(const ClusteredRows& rows, ModelRow row) {
  ClusterMoments moments;
  moments.clusters = rows.clusters();
  moments.effects = row.z.size();
  moments.columns = row.w.size();
  const std::size_t q = moments.effects;
  moments.vectors.assign(TriangleSize(q), std::vector<double>(moments.columns * moments.clusters));
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    ClusterProducts products = ProductsOf(rows, c, row);
    moments.gram_factors.push_back(CholeskyFactor(products.gram, q));
    SolveCoefficients(moments.gram_factors.back(), products.cross);
    for (std::size_t j = 0; j < moments.columns; ++j) {
      const std::size_t at = j * moments.clusters + c;
      std::size_t v = q;
      for (std::size_t a = 0; a < q; ++a) {
        moments.vectors[a][at] = products.cross[a][j];
        for (std::size_t b = a + 1; b < q; ++b, ++v) {
          moments.vectors[v][at] = products.cross[a][j] + products.cross[b][j];
        }
      }
    }
  }
  return moments;
}

/// The outer groups, their clusters in an order that does not depend on the table's.
std::vector<OuterGroup> OuterGroupsOf(const ClusteredRows& rows, const ClusterMoments& moments) {
  std::vector<std::vector<std::size_t>> members(rows.outer_groups);
  for (std::size_t c = 0; c < rows.outer.size(); ++c) members[rows.outer[c]].push_back(c);
  const auto mean = [&](std::size_t j, std::size_t c) {
    return moments.vectors[0][j * moments.clusters + c];
  };
  std::vector<OuterGroup> groups;
  for (std::vector<std::size_t>& clusters : members) {
    std::sort(clusters.begin(), clusters.end(), [&](std::size_t a, std::size_t b) {
      const double size_a = moments.gram_factors[a].at(0, 0);
      const double size_b = moments.gram_factors[b].at(0, 0);
      if (size_a != size_b) return size_a < size_b;
      std::size_t j = 0;
      while (j + 1 < moments.columns && mean(j, a) == mean(j, b)) ++j;
      return mean(j, a) < mean(j, b);
    });
    OuterGroup group;
    group.clusters = clusters.size();
    group.columns = moments.columns;
    for (const std::size_t c : clusters) group.gram_factors.push_back(moments.gram_factors[c]);
    for (std::size_t j = 0; j < moments.columns; ++j) {
      for (const std::size_t c : clusters) group.means.push_back(mean(j, c));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

struct SiteClusters {
  RandomEffects effects;
  std::shared_ptr<const ClusteredRows> rows;
};

Result<SiteClusters> ClustersOf(const SiteView& site, const FrameClaim& claim) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  SiteClusters clusters;
  CLINNOVA_ASSIGN(clusters.effects, RandomEffectsOf(site.analysis, formula, frame->design));
  CLINNOVA_ASSIGN(clusters.rows, ClusteredRowsOf(site, claim,
                                                 {.group = clusters.effects.group,
                                                  .time = {},
                                                  .outer = clusters.effects.outer}));
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

std::shared_ptr<const ClusterMoments> CachedMoments(const SiteView& site,
                                                    const ProfileParameters& parameters,
                                                    const SiteClusters& clusters) {
  return site.cache.GetOrMake<ClusterMoments>(CacheKey("moments", site, parameters), [&] {
    ClusterMoments moments =
        MomentsOf(*clusters.rows, ModelRow(*clusters.rows, clusters.effects, parameters.claim,
                                           parameters.beta, parameters.residual_exponent));
    moments.outer = OuterGroupsOf(*clusters.rows, moments);
    return moments;
  });
}

/// Two crossed groups: what the rows of each pair of levels add up to.
std::vector<CrossedCell> CellsOf(const ClusteredRows& rows, ModelRow row) {
  const std::size_t columns = row.w.size();
  std::vector<CrossedCell> cells;
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    CompensatedSum weight;
    std::vector<CompensatedSum> sums(columns);
    std::vector<CompensatedSum> squares(TriangleSize(columns));
    for (std::size_t r = rows.first[c]; r < rows.first[c + 1]; ++r) {
      row.Read(r);
      weight.Add(row.z[0] * row.z[0]);
      std::size_t cell = 0;
      for (std::size_t i = 0; i < columns; ++i) {
        sums[i].Add(row.z[0] * row.w[i]);
        for (std::size_t j = 0; j <= i; ++j) squares[cell++].Add(row.w[i] * row.w[j]);
      }
    }
    CrossedCell cell{rows.key[c], rows.outer_key[c], weight.Total(), {}, {}};
    for (const CompensatedSum& sum : sums) cell.sums.push_back(sum.Total());
    for (const CompensatedSum& sum : squares) cell.squares.push_back(sum.Total());
    cells.push_back(std::move(cell));
  }
  return cells;
}

using Parts = std::vector<CrossedPart>;
Result<std::shared_ptr<const Parts>> CachedParts(const SiteView& site,
                                                 const ProfileParameters& parameters,
                                                 const SiteClusters& clusters) {
  using Made = Result<std::shared_ptr<const Parts>>;
  return *site.cache.GetOrMake<Made>(CacheKey("crossed", site, parameters), [&]() -> Made {
    CLINNOVA_ASSIGN(
        Parts parts,
        PartsOf(CellsOf(*clusters.rows, ModelRow(*clusters.rows, clusters.effects, parameters.claim,
                                                 parameters.beta, parameters.residual_exponent))));
    return std::make_shared<const Parts>(std::move(parts));
  });
}

Result<void> AddCrossed(const SiteView& site, const ProfileParameters& parameters,
                        const SiteClusters& clusters, ExactSums& sums) {
  if (clusters.rows->clusters() == 0) return {};
  CLINNOVA_ASSIGN(const std::shared_ptr<const Parts> parts,
                  CachedParts(site, parameters, clusters));
  const std::size_t matrices = DerivativeCount(2, parameters.derivatives);
  for (const CrossedPart& part : *parts) {
    if (parameters.within) {
      sums.AddCount(kClusterCounts, 0, static_cast<std::int64_t>(part.first_levels));
      sums.AddCount(kClusterCounts, 1, static_cast<std::int64_t>(part.second_levels));
    }
    for (std::size_t point = 0; point * 2 < parameters.thetas.size(); ++point) {
      AddCrossedPart(part, parameters.thetas.data() + point * 2,
                     {.matrices_block = kBetween,
                      .logarithms_block = kLogDeterminants,
                      .first = point * matrices,
                      .derivatives = parameters.derivatives},
                     sums);
    }
  }
  return {};
}

// ---- profile

Result<Layout> ProfileLayout(const Analysis& analysis, const table::Schema& schema,
                             const ProfileParameters& parameters) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
  CLINNOVA_ASSIGN(const table::Design design,
                  table::Design::Create(formula, schema, options, parameters.claim.facts));
  CLINNOVA_ASSIGN(const RandomEffects effects, RandomEffectsOf(analysis, formula, design));
  const std::size_t p = design.names().size();
  const std::size_t k = effects.parameters();
  if (parameters.claim.center.size() != p || parameters.beta.size() != p ||
      parameters.thetas.size() % k != 0) {
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

/// R'R: what least squares on Z leaves of each row of W, in batches of rows.
void AddWithin(const ClusteredRows& rows, const ClusterMoments& moments, ModelRow row,
               ExactSums& sums) {
  std::vector<double> residuals(moments.columns * kBatchRows);
  const std::vector<double> ones(kBatchRows, 1.0);
  std::size_t filled = 0;
  const auto flush = [&] {
    sums.AddWeightedGram(kWithin, 0, {residuals.data(), kBatchRows, moments.columns}, ones.data(),
                         filled);
    filled = 0;
  };
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    for (std::size_t r = rows.first[c]; r < rows.first[c + 1]; ++r) {
      row.Read(r);
      for (std::size_t j = 0; j < moments.columns; ++j) {
        double value = row.w[j];
        for (std::size_t a = 0; a < moments.effects; ++a) {
          value -= row.z[a] * moments.vectors[a][j * moments.clusters + c];
        }
        residuals[j * kBatchRows + filled] = value;
      }
      if (++filled == kBatchRows) flush();
    }
  }
  flush();
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
void AddPoint(const ClusterMoments& moments, const double* theta, bool derivatives,
              std::size_t first_matrix, std::size_t first, std::size_t count, ExactSums& sums) {
  const std::size_t q = moments.effects;
  const std::size_t k = TriangleSize(q);
  const std::size_t vectors = moments.vectors.size();
  const std::size_t matrices = DerivativeCount(k, derivatives);
  std::vector<std::vector<double>> weights(matrices * vectors, std::vector<double>(count));
  std::vector<double> mine(vectors);
  for (std::size_t c = 0; c < count; ++c) {
    const ClusterShrinkage shrinkage(moments.gram_factors[first + c], theta, q);
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

Result<void> ProfileEvaluate(const SiteView& site, const ProfileParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters.claim));
  if (parameters.beta.size() != clusters.rows->columns) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  if (clusters.effects.crossed) return AddCrossed(site, parameters, clusters, sums);
  const std::shared_ptr<const ClusterMoments> moments = CachedMoments(site, parameters, clusters);
  if (parameters.within) {
    AddWithin(*clusters.rows, *moments,
              ModelRow(*clusters.rows, clusters.effects, parameters.claim, parameters.beta,
                       parameters.residual_exponent),
              sums);
    sums.AddCount(kClusterCounts, 0, static_cast<std::int64_t>(moments->clusters));
    sums.AddCount(kClusterCounts, 1, static_cast<std::int64_t>(moments->outer.size()));
  }
  const std::size_t k = clusters.effects.parameters();
  const std::size_t matrices = DerivativeCount(k, parameters.derivatives);
  for (const OuterGroup& group : moments->outer) {
    for (std::size_t point = 0; point * k < parameters.thetas.size(); ++point) {
      AddOuterGroup(group, parameters.thetas.data() + point * k,
                    {.matrices_block = kBetween,
                     .logarithms_block = kLogDeterminants,
                     .first = point * matrices,
                     .derivatives = parameters.derivatives},
                    sums);
    }
  }
  if (!clusters.effects.outer.empty()) return {};
  return ForEachBatch(
      moments->clusters, site.threads, sums,
      [&](std::size_t first, std::size_t count, DesignBatch&, ExactSums& mine) -> Result<void> {
        for (std::size_t point = 0; point * k < parameters.thetas.size(); ++point) {
          AddPoint(*moments, parameters.thetas.data() + point * k, parameters.derivatives,
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
  CLINNOVA_ASSIGN(const RandomEffects effects, RandomEffectsOf(analysis, formula, design));
  if (effects.group != "site" || !effects.outer.empty() ||
      parameters.theta.size() != effects.parameters() ||
      parameters.beta.size() != design.names().size()) {
    return Fail(ErrorCode::kRefused, "effects other than the sites' stay at the site",
                "wrong_layout");
  }
  const std::size_t sites = schema.columns.back().levels.size();
  return Layout{{WideBlock("effects", sites * effects.size()),
                 WideBlock("effect_covariances", sites * effects.parameters()),
                 CountBlock("site_present", sites)}};
}

Result<void> EffectsEvaluate(const SiteView& site, const EffectsParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const SiteClusters clusters, ClustersOf(site, parameters.claim));
  if (clusters.rows->clusters() == 0) return {};
  const std::size_t q = clusters.effects.size();
  const auto level =
      static_cast<std::size_t>(site.table.column(*site.table.schema.Find("site")).codes.front());
  const ClusterMoments moments =
      MomentsOf(*clusters.rows,
                ModelRow(*clusters.rows, clusters.effects, parameters.claim, parameters.beta, 0));
  const SmallMatrix lambda = LowerTriangular(parameters.theta.data(), q);
  const SmallMatrix covariance = Product(lambda, Transposed(lambda, q), q);
  const ClusterShrinkage shrinkage(moments.gram_factors.front(), parameters.theta.data(), q);
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
