// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_steps.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/glm_firth.h"
#include "stats/glm_negative_binomial.h"
#include "stats/glm_rows.h"
#include "stats/own_sums.h"

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

void ReadResponse(const DesignBatch& design, GlmBatch& batch) {
  const bool counts = design.response.size() == 2;
  for (std::size_t r = 0; r < design.rows; ++r) {
    double trials = 1;
    double y = design.response[0][r];
    if (counts) {
      trials = y + design.response[1][r];
      y = trials == 0 ? 0 : y / trials;
    }
    batch.y[r] = y;
    batch.trials[r] = trials;
    batch.weight[r] = trials * design.weights[r];
  }
}

void LinearPredictor(const std::vector<double>& beta, GlmBatch& batch) {
  const DesignBatch& design = batch.design;
  for (std::size_t r = 0; r < design.rows; ++r) batch.eta[r] = design.offset[r];
  for (std::size_t j = 0; j < beta.size(); ++j) {
    const double b = beta[j];
    if (b == 0) continue;
    const double* x = design.x.data() + j * kBatchRows;
    double* eta = batch.eta.data();
    for (std::size_t r = 0; r < design.rows; ++r) eta[r] += b * x[r];
  }
}

/// ln of the binomial probability of round(m y) successes in round(m) trials, as R's binomial()$aic.
double LogBinomial(double y, double m, double mu) {
  const double trials = std::nearbyint(m);
  const double successes = std::nearbyint(m * y);
  double constant = 0;
  if (successes > 0 && successes < trials) {
    constant = core::LogGamma(trials + 1) - core::LogGamma(successes + 1) -
               core::LogGamma(trials - successes + 1);
  }
  const double hit = successes > 0 ? successes * core::Log(mu) : 0;
  const double miss = trials > successes ? (trials - successes) * core::Log1p(-mu) : 0;
  return constant + hit + miss;
}

/// `size` is what R takes as the binomial's: the trials of cbind(), else the weight.
double LogLikelihood(const GlmFamily& family, double y, double mu, double weight, double size) {
  if (family.quasi) return 0;
  if (family.family == Family::kBinomial) {
    return size > 0 ? weight / size * LogBinomial(y, size, mu) : 0;
  }
  if (family.theta > 0) return weight * LogNegativeBinomial(y, mu, family.theta);
  if (family.family == Family::kPoisson) {
    return weight * ((y > 0 ? y * core::Log(mu) : 0) - mu - core::LogGamma(y + 1));
  }
  return 0;
}

bool IsFractional(double value, double tolerance) {
  return std::fabs(value - std::nearbyint(value)) > tolerance;
}

/// Rows that R warns of: "non-integer x" where dpois() is told of one, "non-integer #successes in a binomial glm!".
std::int64_t CountFractional(const GlmFamily& family, const GlmBatch& batch) {
  constexpr double kOfEvents = 1e-7;     // of R's R_D_nonint
  constexpr double kOfSuccesses = 1e-3;  // of R's binomial()$initialize
  const bool counted = family.family == Family::kBinomial || family.family == Family::kPoisson;
  if (family.quasi || !counted) return 0;
  const std::vector<std::vector<double>>& response = batch.design.response;
  std::int64_t fractional = 0;
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    if (!(batch.weight[r] > 0)) continue;
    const double y = batch.y[r];
    if (family.family == Family::kPoisson) {
      fractional += IsFractional(y, kOfEvents * std::max(1.0, std::fabs(y)));
    } else if (response.size() == 2) {
      fractional +=
          IsFractional(response[0][r], kOfSuccesses) || IsFractional(response[1][r], kOfSuccesses);
    } else {
      fractional += IsFractional(batch.weight[r] * y, kOfSuccesses);
    }
  }
  return fractional;
}

/// Checks the rows; false when a sum over them would be meaningless.
bool CountInvalid(const GlmFamily& family, const GlmBatch& batch, ExactSums& sums) {
  std::int64_t bad_response = 0;
  std::int64_t bad_weight = 0;
  std::int64_t positive = 0;
  std::int64_t zeros = 0;
  std::int64_t ones = 0;
  const bool counts = batch.design.response.size() == 2;
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const bool negative_count =
        counts && (batch.design.response[0][r] < 0 || batch.design.response[1][r] < 0);
    bad_weight += !(batch.design.weights[r] >= 0);
    bad_response += negative_count || !ValidResponse(family, batch.y[r]);
    positive += batch.weight[r] > 0;
    zeros += batch.y[r] == 0;
    ones += batch.y[r] == 1;
  }
  sums.AddCount(kGlmCounts, kInvalidResponse, bad_response);
  sums.AddCount(kGlmCounts, kInvalidWeight, bad_weight);
  sums.AddCount(kGlmCounts, kPositiveWeight, positive);
  sums.AddCount(kGlmCounts, kOutcomeZero, zeros);
  sums.AddCount(kGlmCounts, kOutcomeOne, ones);
  sums.AddCount(kGlmCounts, kFractional, CountFractional(family, batch));
  return bad_response == 0 && bad_weight == 0;
}

/// eta, mu and d mu / d eta of every row; false when a mean is outside the family's range.
bool Predict(const GlmFamily& family, const GlmParameters& parameters, GlmBatch& batch,
             ExactSums& sums) {
  const std::size_t rows = batch.design.rows;
  if (parameters.mode == GlmParameters::Mode::kStart) {
    for (std::size_t r = 0; r < rows; ++r) {
      batch.eta[r] =
          LinkValue(family.link, StartingMean(family.family, batch.y[r], batch.weight[r]));
    }
  } else {
    LinearPredictor(parameters.beta, batch);
  }
  InverseLink(family.link, batch.eta.data(), rows, batch.mu.data(), batch.mu_eta.data());
  std::int64_t invalid = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    invalid += batch.weight[r] > 0 &&
               !(ValidMean(family.family, batch.mu[r]) && std::isfinite(batch.mu_eta[r]));
  }
  sums.AddCount(kGlmCounts, kInvalidMean, invalid);
  return invalid == 0;
}

/// Working weights and scores; rows of weight 0 contribute nothing.
void Work(const GlmFamily& family, const GlmParameters& parameters, GlmBatch& batch) {
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    if (!(batch.weight[r] > 0) || batch.mu_eta[r] == 0) {
      batch.working_weight[r] = batch.working_score[r] = 0;
      continue;
    }
    const double slope = batch.mu_eta[r];
    const double ratio = batch.weight[r] * slope / Variance(family, batch.mu[r]);
    batch.working_weight[r] = ratio * slope;
    batch.working_score[r] = ratio * (batch.y[r] - batch.mu[r]);
    if (parameters.mode == GlmParameters::Mode::kStart) {
      // The score at beta = 0 of the least-squares problem on the working response.
      batch.working_score[r] += batch.working_weight[r] * (batch.eta[r] - batch.design.offset[r]);
    }
  }
}

double Deviance(const GlmFamily& family, double y, double mu, double weight) {
  return family.theta > 0 ? NegativeBinomialDeviance(y, mu, weight, family.theta)
                          : DevianceResidual(family.family, y, mu, weight);
}

void AddFit(const GlmFamily& family, const GlmBatch& batch, ExactSums& sums) {
  std::int64_t boundary = 0;
  const std::vector<double>& size = batch.design.response.size() == 2 ? batch.trials : batch.weight;
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const double weight = batch.weight[r];
    if (!(weight > 0)) continue;
    const double y = batch.y[r];
    const double mu = batch.mu[r];
    const double residual = y - mu;
    sums.Add(kGlmFit, kDeviance, Deviance(family, y, mu, weight));
    sums.Add(kGlmFit, kPearson, weight * residual * residual / Variance(family, mu));
    sums.Add(kGlmFit, kWeight, weight);
    sums.Add(kGlmFit, kWeightY, weight * y);
    if (weight != 1) sums.Add(kGlmFit, kLogWeight, core::Log(weight));
    if (batch.design.offset[r] != 0)
      sums.Add(kGlmFit, kWeightOffset, weight * batch.design.offset[r]);
    if (family.family == Family::kGamma) {
      sums.Add(kGlmFit, kWeightLogY, weight * core::Log(y));
      sums.Add(kGlmFit, kWeightYOverMu, weight * (y / mu));
      sums.Add(kGlmFit, kWeightLogMu, weight * core::Log(mu));
    } else if (family.family != Family::kGaussian) {
      sums.Add(kGlmFit, kLogLikelihood, LogLikelihood(family, y, mu, weight, size[r]));
    }
    constexpr double kEdge = 10 * std::numeric_limits<double>::epsilon();
    if (family.family == Family::kBinomial) boundary += mu < kEdge || mu > 1 - kEdge;
    if (family.family == Family::kPoisson) boundary += mu < kEdge;
  }
  sums.AddCount(kGlmCounts, kBoundary, boundary);
}

/// The null model: one coefficient beside the offset.
void AddNull(const GlmFamily& family, double null_beta, GlmBatch& batch, ExactSums& sums) {
  const std::size_t rows = batch.design.rows;
  for (std::size_t r = 0; r < rows; ++r) batch.eta[r] = batch.design.offset[r] + null_beta;
  InverseLink(family.link, batch.eta.data(), rows, batch.mu.data(), batch.mu_eta.data());
  for (std::size_t r = 0; r < rows; ++r) {
    const double weight = batch.weight[r];
    if (!(weight > 0)) continue;
    const double mu = batch.mu[r];
    if (!ValidMean(family.family, mu)) return sums.AddCount(kGlmCounts, kInvalidNullMean, 1);
    const double slope = batch.mu_eta[r];
    const double ratio = weight * slope / Variance(family, mu);
    sums.Add(kGlmNull, kNullScore, ratio * (batch.y[r] - mu));
    sums.Add(kGlmNull, kNullInformation, ratio * slope);
    sums.Add(kGlmNull, kNullDeviance, Deviance(family, batch.y[r], mu, weight));
  }
}

/// True for a round of Firth's penalised likelihood.
bool IsFirth(const GlmParameters& parameters) { return !parameters.bread.empty(); }

/// True where the round carries a second information beside the expected one.
bool HasSecond(const GlmFamily& family, const GlmParameters& parameters) {
  return !family.canonical() || IsFirth(parameters);
}

void SetObservedWeights(const GlmFamily& family, GlmBatch& batch) {
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const bool counts = batch.weight[r] > 0 && batch.mu_eta[r] != 0;
    batch.second_weight[r] =
        counts ? batch.weight[r] *
                     ObservedWeight(family, batch.y[r], batch.eta[r], batch.mu[r], batch.mu_eta[r])
               : 0;
  }
}

Result<Layout> GlmLayout(const Analysis& analysis, const table::Schema&,
                         const GlmParameters& parameters) {
  CLINNOVA_ASSIGN(const GlmFamily family, GlmFamilyOf(analysis));
  const std::size_t p = parameters.claim.center.size();
  Layout layout{{ScaledBlock("score", p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", p * (p + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 WideBlock("fit", kGlmFitSize), WideBlock("null", kGlmNullSize),
                 CountBlock("counts", kGlmCountSize)}};
  if (parameters.mode == GlmParameters::Mode::kStart) return layout;
  if (HasSecond(family, parameters)) {
    layout.blocks.push_back(ScaledBlock("second_information", p * (p + 1) / 2,
                                        static_cast<int>(parameters.second_exponent)));
  }
  if (family.negative_binomial) layout.blocks.push_back(WideBlock("theta", kThetaSize + p));
  if (IsFirth(parameters)) {
    layout.blocks.push_back(
        ScaledBlock("third_moments", ThirdMoments(p), static_cast<int>(parameters.third_exponent)));
  }
  return layout;
}

/// What other than canonical links, the negative binomial family and Firth's penalty add to a scoring round.
void AddExtensions(const GlmFamily& family, const GlmParameters& parameters,
                   const federation::ColumnsView& x, GlmBatch& batch, ExactSums& sums) {
  if (parameters.mode == GlmParameters::Mode::kStart) return;
  if (!HasSecond(family, parameters)) return;
  if (family.negative_binomial) AddTheta(family, batch, sums);
  if (IsFirth(parameters)) {
    AddThirdMoments(parameters.bread, batch, sums);
  } else {
    SetObservedWeights(family, batch);
  }
  sums.AddWeightedGram(kGlmSecondInformation, 0, x, batch.second_weight.data(), batch.design.rows);
}

/// kRefused when the parameters do not fit the design or the analysis.
Result<void> CheckParameters(const GlmFamily& family, std::size_t p,
                             const GlmParameters& parameters) {
  const bool scoring = parameters.mode == GlmParameters::Mode::kScore;
  if ((scoring && parameters.beta.size() != p) ||
      (IsFirth(parameters) && parameters.bread.size() != p * p) || parameters.theta < 0 ||
      (parameters.theta > 0 && !family.negative_binomial)) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return {};
}

Result<void> GlmEvaluate(const SiteView& site, const GlmParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(GlmFamily family, GlmFamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const std::size_t p = frame->design.names().size();
  CLINNOVA_TRY(CheckParameters(family, p, parameters));
  family.theta = parameters.theta;
  return ForEachBatch<GlmBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, GlmBatch& batch, ExactSums& mine) -> Result<void> {
        DesignBatch& design = batch.design;
        frame->design.Evaluate(site.table, first, count, design);
        ReadResponse(design, batch);
        if (!CountInvalid(family, batch, mine)) return {};
        Standardise(parameters.claim, design);
        if (!Predict(family, parameters, batch, mine)) return {};
        Work(family, parameters, batch);
        const federation::ColumnsView x{design.x.data(), kBatchRows, p};
        AddExtensions(family, parameters, x, batch, mine);
        mine.AddWeightedColumns(kGlmScore, 0, x, batch.working_score.data(), design.rows);
        mine.AddWeightedGram(kGlmInformation, 0, x, batch.working_weight.data(), design.rows);
        AddFit(family, batch, mine);
        if (parameters.null_model) AddNull(family, parameters.null_beta, batch, mine);
        return {};
      });
}

Result<Layout> MeatLayout(const Analysis&, const table::Schema&,
                          const GlmMeatParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  return Layout{
      {ScaledBlock("meat", p * (p + 1) / 2, static_cast<int>(2 * parameters.score_exponent)),
       CountBlock("clusters", 1)}};
}

/// Scores of a cluster's rows, added exactly, so that their order does not matter.
struct ClusterScores {
  std::unordered_map<std::int64_t, std::size_t> index;
  std::vector<ExactSums> sums;
};

Result<void> AddClusters(const ClusterScores& clusters, std::size_t p, ExactSums& sums) {
  std::vector<double> score(p);
  const double one = 1;
  for (const ExactSums& cluster : clusters.sums) {
    if (cluster.flagged()) {
      sums.Flag(kMeat);
      continue;
    }
    score = OwnSums(cluster).Numbers(0);
    sums.AddWeightedGram(kMeat, 0, {score.data(), 1, p}, &one, 1);
  }
  sums.AddCount(kClusters, 0, static_cast<std::int64_t>(clusters.sums.size()));
  return {};
}

Result<void> MeatEvaluate(const SiteView& site, const GlmMeatParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(GlmFamily family, GlmFamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const std::size_t p = frame->design.names().size();
  if (parameters.beta.size() != p || parameters.shrink.size() != p) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  family.theta = family.negative_binomial ? parameters.theta : 0;
  GlmParameters score;
  score.mode = GlmParameters::Mode::kScore;
  score.beta = parameters.beta;
  score.claim = parameters.claim;
  // Grows with the range of the sums of squares, when that was too small.
  const auto meat_exponent = static_cast<int>(sums.layout().blocks[kMeat].exponent);
  const Layout cluster_layout{{ScaledBlock("score", p, (meat_exponent + 1) / 2)}};
  ClusterScores clusters;
  ExactSums counts(*GlmLayout(site.analysis, site.table.schema, score));
  GlmBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    frame->design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first),
                           batch.design);
    ReadResponse(batch.design, batch);
    Standardise(parameters.claim, batch.design);
    if (!Predict(family, score, batch, counts)) continue;
    Work(family, score, batch);
    const std::size_t rows = batch.design.rows;
    for (std::size_t j = 0; j < p; ++j) {
      double* column = batch.design.x.data() + j * kBatchRows;
      for (std::size_t r = 0; r < rows; ++r) column[r] *= parameters.shrink[j];
    }
    const federation::ColumnsView x{batch.design.x.data(), kBatchRows, p};
    if (!parameters.clustered) {
      for (std::size_t r = 0; r < rows; ++r) {
        batch.working_score[r] *= batch.working_score[r];
      }
      sums.AddWeightedGram(kMeat, 0, x, batch.working_score.data(), rows);
      continue;
    }
    if (batch.design.cluster.empty()) {
      return Fail(ErrorCode::kInvalidInput, "robust = \"cluster\" needs cluster(id) in the formula",
                  "no_cluster");
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const auto [at, added] =
          clusters.index.try_emplace(batch.design.cluster.back()[r], clusters.sums.size());
      if (added) clusters.sums.emplace_back(cluster_layout);
      ExactSums& cluster = clusters.sums[at->second];
      for (std::size_t j = 0; j < p; ++j)
        cluster.Add(0, j, batch.working_score[r] * batch.design.x[j * kBatchRows + r]);
    }
  }
  return parameters.clustered ? AddClusters(clusters, p, sums) : Result<void>{};
}

}  // namespace

const federation::TypedStep<GlmParameters> kGlmStep{"glm.score", GlmLayout, GlmEvaluate,
                                                    FrameGuard{}};
const federation::TypedStep<GlmMeatParameters> kGlmMeatStep{"glm.meat", MeatLayout, MeatEvaluate,
                                                            FrameGuard{}};

}  // namespace clinnova::stats
