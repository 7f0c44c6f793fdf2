// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_steps.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/row_folds.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

/// One thread's working memory.
struct Rows {
  DesignBatch design;
  std::vector<std::int32_t> fold;
  std::vector<double> eta = std::vector<double>(kBatchRows);
  std::vector<double> mu = std::vector<double>(kBatchRows);
  std::vector<double> slope = std::vector<double>(kBatchRows);
  std::vector<double> weight = std::vector<double>(kBatchRows);
};

/// Calls work(rows, sums) for each batch, with folds told and columns standardised.
template <typename Work>
Result<void> ForEachRows(const SiteView& site, const FrameClaim& claim, std::int64_t folds,
                         ExactSums& sums, Work work) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const RowFolds rule, RowFolds::Create(site.analysis, site.table.schema, folds));
  const std::size_t p = frame->design.names().size();
  return federation::ForEachBatch<Rows>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, Rows& rows, ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, rows.design);
        rule.Evaluate(site.table, rows.design, p, rows.fold);
        return work(rows, mine);
      });
}

Result<void> CheckFolds(std::int64_t folds) {
  if (folds >= 1 && folds <= kMaximumFolds) return {};
  return Fail(ErrorCode::kRefused, "a number of folds outside 1 to 100", "wrong_layout");
}

/// Weights that keep the rows of one fold: 1 there and 0 elsewhere.
void KeepFold(std::int32_t fold, Rows& rows) {
  for (std::size_t r = 0; r < rows.design.rows; ++r) rows.weight[r] = rows.fold[r] == fold ? 1 : 0;
}

Result<Layout> ResponseLayout(const Analysis&, const table::Schema&,
                              const ElasticNetResponseParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  const auto folds = static_cast<std::size_t>(parameters.folds);
  const std::size_t p = parameters.claim.center.size();
  return Layout{{CountBlock("counts", kNetCountSize), CountBlock("fold_rows", folds),
                 WideBlock("fold_response", folds), WideBlock("fold_moments", folds * 2 * p),
                 CountBlock("fold_zeros", folds * p), CountBlock("fold_ones", folds * p)}};
}

/// How often each column is 0 and 1 in each fold.
void CountFoldLevels(const Rows& rows, std::size_t folds, std::size_t p, ExactSums& sums) {
  for (std::size_t j = 0; j < p; ++j) {
    std::vector<std::int64_t> zeros(folds);
    std::vector<std::int64_t> ones(folds);
    const double* x = rows.design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < rows.design.rows; ++r) {
      if (rows.fold[r] == 0) continue;
      const auto fold = static_cast<std::size_t>(rows.fold[r] - 1);
      zeros[fold] += x[r] == 0;
      ones[fold] += x[r] == 1;
    }
    for (std::size_t fold = 0; fold < folds; ++fold) {
      sums.AddCount(kNetFoldZeros, fold * p + j, zeros[fold]);
      sums.AddCount(kNetFoldOnes, fold * p + j, ones[fold]);
    }
  }
}

Result<void> ResponseEvaluate(const SiteView& site, const ElasticNetResponseParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const GlmFamily family, ElasticNetFamily(site.analysis));
  const std::size_t p = parameters.claim.center.size();
  const auto folds = static_cast<std::size_t>(parameters.folds);
  return ForEachRows(
      site, parameters.claim, parameters.folds, sums,
      [&](Rows& rows, ExactSums& mine) -> Result<void> {
        CountFoldLevels(rows, folds, p, mine);
        Standardise(parameters.claim, rows.design);
        for (std::size_t r = 0; r < rows.design.rows; ++r) {
          const double y = rows.design.response[0][r];
          mine.AddCount(kNetCounts, kNetInvalidResponse, ValidResponse(family, y) ? 0 : 1);
          mine.AddCount(kNetCounts, kNetOutcomeZero, y == 0 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetOutcomeOne, y == 1 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetHasOffset, rows.design.offset[r] != 0 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetNoFold, rows.fold[r] == 0 ? 1 : 0);
          if (rows.fold[r] == 0) continue;
          const auto fold = static_cast<std::size_t>(rows.fold[r] - 1);
          mine.AddCount(kNetFoldRows, fold);
          mine.Add(kNetFoldResponse, fold, y - rows.design.offset[r]);
          for (std::size_t j = 0; j < p; ++j) {
            const double x = rows.design.x[j * kBatchRows + r];
            mine.Add(kNetFoldMoments, fold * 2 * p + j, x);
            mine.Add(kNetFoldMoments, fold * 2 * p + p + j, x * x);
          }
        }
        return {};
      });
}

Result<Layout> GramLayout(const Analysis&, const table::Schema&,
                          const ElasticNetGramParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  const auto folds = static_cast<std::size_t>(parameters.folds);
  const std::size_t p = parameters.claim.center.size();
  const int size = static_cast<int>(parameters.size_exponent);
  return Layout{
      {ScaledBlock("gram", folds * p * (p + 1) / 2, 2 * size),
       ScaledBlock("cross", folds * p, size + static_cast<int>(parameters.response_exponent)),
       WideBlock("square", folds)}};
}

Result<void> GramEvaluate(const SiteView& site, const ElasticNetGramParameters& parameters,
                          ExactSums& sums) {
  const std::size_t p = parameters.claim.center.size();
  return ForEachRows(
      site, parameters.claim, parameters.folds, sums,
      [&](Rows& rows, ExactSums& mine) -> Result<void> {
        Standardise(parameters.claim, rows.design);
        const std::size_t count = rows.design.rows;
        const federation::ColumnsView x{rows.design.x.data(), kBatchRows, p};
        for (std::int32_t fold = 1; fold <= parameters.folds; ++fold) {
          const auto at = static_cast<std::size_t>(fold - 1);
          KeepFold(fold, rows);
          mine.AddWeightedGram(kNetGram, at * p * (p + 1) / 2, x, rows.weight.data(), count);
          for (std::size_t r = 0; r < count; ++r) {
            const double y = rows.design.response[0][r] - rows.design.offset[r] - parameters.center;
            rows.mu[r] = rows.weight[r] * y;
            if (rows.weight[r] != 0) mine.Add(kNetSquare, at, y * y);
          }
          mine.AddWeightedColumns(kNetCross, at * p, x, rows.mu.data(), count);
        }
        return {};
      });
}

void Predict(const std::vector<double>& beta, Rows& rows) {
  const std::size_t count = rows.design.rows;
  for (std::size_t r = 0; r < count; ++r) rows.eta[r] = rows.design.offset[r];
  for (std::size_t j = 0; j < beta.size(); ++j) {
    const double b = beta[j];
    if (b == 0) continue;
    const double* x = rows.design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < count; ++r) rows.eta[r] += b * x[r];
  }
}

Result<Layout> ScoreLayout(const Analysis&, const table::Schema&,
                           const ElasticNetScoreParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  const std::size_t p = parameters.claim.center.size();
  const std::size_t points = parameters.betas.size();
  return Layout{{ScaledBlock("score", points * p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", parameters.informed.size() * p * (p + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 WideBlock("deviance", points), CountBlock("invalid_means", points)}};
}

/// Adds one coefficient vector's score and deviance, and leaves its information's weights in rows.slope; false for a
/// vector with a mean that cannot be, which is told as such.
bool AddPoint(const GlmFamily& family, std::size_t point, std::int64_t left_out, std::size_t p,
              Rows& rows, ExactSums& sums) {
  const std::size_t count = rows.design.rows;
  InverseLink(family.link, rows.eta.data(), count, rows.mu.data(), rows.slope.data());
  std::int64_t invalid = 0;
  for (std::size_t r = 0; r < count; ++r) {
    invalid += !(ValidMean(family.family, rows.mu[r]) && std::isfinite(rows.slope[r]));
  }
  if (invalid > 0) {
    sums.AddCount(kNetInvalidMeans, point, invalid);
    return false;
  }
  for (std::size_t r = 0; r < count; ++r) {
    const bool used = rows.fold[r] != left_out;
    const double y = rows.design.response[0][r];
    if (used) {
      sums.Add(kNetDeviance, point, DevianceResidual(family.family, y, rows.mu[r], 1));
    }
    rows.weight[r] = used ? y - rows.mu[r] : 0;
    rows.slope[r] = used ? rows.slope[r] : 0;
  }
  const federation::ColumnsView x{rows.design.x.data(), kBatchRows, p};
  sums.AddWeightedColumns(kNetScore, point * p, x, rows.weight.data(), count);
  return true;
}

Result<void> CheckBetas(const std::vector<std::vector<double>>& betas, std::size_t p) {
  const bool fit =
      std::all_of(betas.begin(), betas.end(), [&](const auto& beta) { return beta.size() == p; });
  if (fit) return {};
  return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
}

Result<void> ScoreEvaluate(const SiteView& site, const ElasticNetScoreParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const GlmFamily family, ElasticNetFamily(site.analysis));
  const std::size_t p = parameters.claim.center.size();
  CLINNOVA_TRY(CheckBetas(parameters.betas, p));
  const auto points = static_cast<std::int64_t>(parameters.betas.size());
  const std::vector<std::int64_t>& informed = parameters.informed;
  if (parameters.left_out.size() != parameters.betas.size() ||
      std::any_of(informed.begin(), informed.end(),
                  [&](std::int64_t k) { return k < 0 || k >= points; }) ||
      !std::is_sorted(informed.begin(), informed.end())) {
    return Fail(ErrorCode::kRefused, "folds that do not fit the coefficients", "wrong_layout");
  }
  return ForEachRows(site, parameters.claim, parameters.folds, sums,
                     [&](Rows& rows, ExactSums& mine) -> Result<void> {
                       Standardise(parameters.claim, rows.design);
                       const federation::ColumnsView x{rows.design.x.data(), kBatchRows, p};
                       std::size_t next = 0;
                       for (std::size_t k = 0; k < parameters.betas.size(); ++k) {
                         Predict(parameters.betas[k], rows);
                         const bool told = next < informed.size() &&
                                           informed[next] == static_cast<std::int64_t>(k);
                         if (AddPoint(family, k, parameters.left_out[k], p, rows, mine) && told) {
                           mine.AddWeightedGram(kNetInformation, next * p * (p + 1) / 2, x,
                                                rows.slope.data(), rows.design.rows);
                         }
                         next += told ? 1 : 0;
                       }
                       return {};
                     });
}

Result<Layout> LossLayout(const Analysis&, const table::Schema&,
                          const ElasticNetLossParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  if (parameters.betas.size() % static_cast<std::size_t>(parameters.folds) != 0) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the folds", "wrong_layout");
  }
  return Layout{{WideBlock("loss", parameters.betas.size())}};
}

double LinearPredictor(const std::vector<double>& beta, const Rows& rows, std::size_t row) {
  double eta = rows.design.offset[row];
  for (std::size_t j = 0; j < beta.size(); ++j) {
    if (beta[j] != 0) eta += beta[j] * rows.design.x[j * kBatchRows + row];
  }
  return eta;
}

/// The deviance of one row, as cv.glmnet has it.
double Loss(Family family, double y, double eta) {
  constexpr double kEdge = 1e-5;
  if (family == Family::kBinomial) {
    const double p = std::clamp(core::Expit(eta), kEdge, 1 - kEdge);
    return -2 * (y * core::Log(p) + (1 - y) * core::Log(1 - p));
  }
  const double saturated = y == 0 ? 0 : y * core::Log(y) - y;
  return 2 * (saturated - (y * eta - core::Exp(eta)));
}

Result<void> LossEvaluate(const SiteView& site, const ElasticNetLossParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(const GlmFamily family, ElasticNetFamily(site.analysis));
  CLINNOVA_TRY(CheckBetas(parameters.betas, parameters.claim.center.size()));
  const std::size_t lambdas = parameters.betas.size() / static_cast<std::size_t>(parameters.folds);
  return ForEachRows(site, parameters.claim, parameters.folds, sums,
                     [&](Rows& rows, ExactSums& mine) -> Result<void> {
                       Standardise(parameters.claim, rows.design);
                       for (std::size_t r = 0; r < rows.design.rows; ++r) {
                         if (rows.fold[r] == 0) continue;
                         const auto first = static_cast<std::size_t>(rows.fold[r] - 1) * lambdas;
                         for (std::size_t k = first; k < first + lambdas; ++k) {
                           const double eta = LinearPredictor(parameters.betas[k], rows, r);
                           mine.Add(0, k, Loss(family.family, rows.design.response[0][r], eta));
                         }
                       }
                       return {};
                     });
}

}  // namespace

Result<GlmFamily> ElasticNetFamily(const Analysis& analysis) {
  constexpr std::string_view kFamilies[] = {"gaussian", "binomial", "poisson"};
  CLINNOVA_ASSIGN(const std::string family, analysis.Choice("family", kFamilies));
  return ParseFamily(family, "");
}

const federation::TypedStep<ElasticNetResponseParameters> kElasticNetResponseStep{
    "elastic_net.response", ResponseLayout, ResponseEvaluate, FrameGuard{}};
const federation::TypedStep<ElasticNetGramParameters> kElasticNetGramStep{
    "elastic_net.gram", GramLayout, GramEvaluate, FrameGuard{}};
const federation::TypedStep<ElasticNetScoreParameters> kElasticNetScoreStep{
    "elastic_net.score", ScoreLayout, ScoreEvaluate, FrameGuard{}};
const federation::TypedStep<ElasticNetLossParameters> kElasticNetLossStep{
    "elastic_net.loss", LossLayout, LossEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
