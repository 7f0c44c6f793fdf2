// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_sums.h"

#include <algorithm>
#include <cmath>

#include "stats/elastic_net_folds.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

/// Numbers of one round at most: 4 MB from each site.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 18;
/// From this many columns on most of the time of an exact information is saved by a rounded one.
constexpr std::size_t kColumnsToRound = 32;
/// Rounding may make columns alike that are not quite; this part of the diagonal keeps them apart.
constexpr double kRoundedRidge = 0x1p-16;
/// A column whose variance is a smaller part of its mean square does not vary.
constexpr double kConstant = 1e-13;

}  // namespace

Result<std::unique_ptr<NetSource>> NetSums::Begin(Federation& federation, const Analysis& analysis,
                                                  const ModelFrame& frame, PenaltyUnits units,
                                                  std::int64_t folds) {
  CLINNOVA_ASSIGN(const GlmFamily family, ElasticNetFamily(analysis));
  std::unique_ptr<NetSums> made(
      new NetSums(federation, analysis, frame, family));  // a private constructor
  if (family.family == Family::kBinomial) made->weight_exponent_ = -2;
  const int y = std::max(frame.response_exponents().front() + 1, 1);
  made->score_range_ = family.family == Family::kPoisson ? y + 4 : 1;
  made->information_range_ = family.family == Family::kPoisson ? y + 4 : 0;
  // At most -2 log of the smallest probability of InverseLink: less than 128.
  made->deviance_range_ = family.family == Family::kPoisson ? y + 8 : 7;
  ElasticNetResponseParameters parameters;
  parameters.claim = frame.claim();
  const bool named = analysis.Has("fold_column");
  parameters.folds = folds > 0 ? folds : named ? kMaximumFolds : 1;
  parameters.size_exponent = frame.standardised_exponent();
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation.Sum(analysis, kElasticNetResponseStep, parameters));
  CLINNOVA_TRY(made->CheckResponse(sums));
  CLINNOVA_ASSIGN(made->fold_rows_, UsableFolds(analysis, sums.Counts(kNetFoldRows),
                                                sums.Count(kNetCounts, kNetNoFold), folds));
  CLINNOVA_TRY(CheckFoldRules(
      analysis, frame, {made->fold_rows_, sums.Counts(kNetFoldZeros), sums.Counts(kNetFoldOnes)},
      federation.minimum_count()));
  made->has_offset_ = sums.Count(kNetCounts, kNetHasOffset) != 0;
  CLINNOVA_TRY(made->CheckFoldOutcomes(sums));
  made->response_ = sums.Numbers(kNetFoldResponse);
  made->response_.resize(made->fold_rows_.size());
  made->MakeProblems(sums, units);
  if (made->gaussian()) CLINNOVA_TRY(made->ReadGram());
  return made;
}

Result<void> NetSums::CheckResponse(const PooledSums& sums) const {
  const std::int64_t invalid = sums.Count(kNetCounts, kNetInvalidResponse);
  if (invalid != 0) {
    return Fail(ErrorCode::kInvalidInput, "analysis \"" + analysis_.name() +
                                              "\": the outcome is outside the range of family " +
                                              analysis_.Text("family", "gaussian").value_or("") +
                                              " in " + std::to_string(invalid) + " rows");
  }
  if (family_.family != Family::kBinomial) return {};
  const std::int64_t zeros = sums.Count(kNetCounts, kNetOutcomeZero);
  const std::int64_t ones = sums.Count(kNetCounts, kNetOutcomeOne);
  if (zeros + ones != frame_.n()) {
    return analysis_.Wrong("formula", "expected an outcome of 0 and 1 before ~");
  }
  if (std::min(zeros, ones) == 0) {
    return Fail(ErrorCode::kFailed,
                "analysis \"" + analysis_.name() + "\": the outcome has one value only");
  }
  const std::int64_t k = federation_.minimum_count();
  if (std::min(zeros, ones) < k) {
    return Fail(ErrorCode::kRefused,
                "analysis \"" + analysis_.name() + "\": the outcome has a level with fewer than " +
                    std::to_string(k) + " persons",
                "rare_level");
  }
  return {};
}

Result<void> NetSums::CheckFoldOutcomes(const PooledSums& sums) const {
  const std::int64_t k = federation_.minimum_count();
  // Without an offset the response's sum is a count.
  if (k == 0 || folds() == 0 || family_.family != Family::kBinomial || has_offset_) return {};
  for (std::size_t fold = 0; fold < fold_rows_.size(); ++fold) {
    const auto ones = static_cast<std::int64_t>(std::lround(sums.Number(kNetFoldResponse, fold)));
    const std::int64_t zeros = fold_rows_[fold] - ones;
    if ((ones == 0 || ones >= k) && (zeros == 0 || zeros >= k)) continue;
    return Fail(ErrorCode::kRefused,
                "analysis \"" + analysis_.name() + "\": a fold has an outcome with fewer than " +
                    std::to_string(k) + " persons",
                "rare_level");
  }
  return {};
}

double NetSums::Training(const std::vector<double>& numbers, std::size_t size, std::size_t index,
                         std::size_t problem) const {
  long double sum = 0;
  for (std::size_t fold = 0; fold < fold_rows_.size(); ++fold) {
    if (problem == 0 || fold != problem - 1) sum += numbers[fold * size + index];
  }
  return static_cast<double>(sum);
}

void NetSums::MakeProblems(const PooledSums& sums, PenaltyUnits units) {
  const std::vector<double> column_sums = sums.Numbers(kNetFoldSums);
  const std::vector<double> squares = sums.Numbers(kNetFoldSquares);
  const std::vector<double> inverse_scale = frame_.claim().inverse_scale;
  for (std::size_t f = 0; f <= folds(); ++f) {
    NetProblem problem;
    for (std::size_t fold = 0; fold < fold_rows_.size(); ++fold) {
      if (f == 0 || fold != f - 1) problem.rows += static_cast<double>(fold_rows_[fold]);
    }
    for (std::size_t j = 0; j < p(); ++j) {
      const bool intercept = frame_.design().intercept() && j == 0;
      const double mean = Training(column_sums, p(), j, f) / problem.rows;
      const double square = Training(squares, p(), j, f) / problem.rows;
      const double variance = square - mean * mean;
      const bool constant = !intercept && !(variance > kConstant * square);
      problem.held.push_back(constant);
      double unit = units == PenaltyUnits::kStandardised ? std::sqrt(variance) : inverse_scale[j];
      if (constant) unit = 1;
      problem.unit.push_back(intercept ? 0 : unit);
    }
    problems_.push_back(std::move(problem));
  }
  if (gaussian() && frame_.design().intercept()) {
    center_ = Training(response_, 1, 0, 0) / problems_[0].rows;
  }
}

Result<void> NetSums::ReadGram() {
  ElasticNetGramParameters parameters;
  parameters.claim = frame_.claim();
  parameters.folds = static_cast<std::int64_t>(fold_rows_.size());
  parameters.center = center_;
  parameters.size_exponent = frame_.standardised_exponent();
  parameters.response_exponent = frame_.response_exponents().front() + 2;
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation_.Sum(analysis_, kElasticNetGramStep, parameters));
  gram_ = sums.Numbers(kNetGram);
  cross_ = sums.Numbers(kNetCross);
  square_ = sums.Numbers(kNetSquare);
  for (std::size_t f = 0; f < problems_.size(); ++f) {
    const double rows = problems_[f].rows;
    double variance = Training(square_, 1, 0, f) / rows;
    if (frame_.design().intercept()) {
      const double mean = Training(cross_, p(), 0, f) / rows;  // the intercept's column is 1
      variance -= mean * mean;
    }
    if (!(variance > 0)) {
      return Fail(ErrorCode::kFailed,
                  "analysis \"" + analysis_.name() + "\": the outcome does not vary");
    }
    problems_[f].response_scale = std::sqrt(variance);
  }
  return {};
}

std::vector<double> NetSums::NullStart(std::size_t problem) const {
  std::vector<double> start(p());
  if (gaussian() || !frame_.design().intercept()) return start;
  // Exact without an offset; with one the mean less the offset may not be a mean at all.
  const double mean = Training(response_, 1, 0, problem) / problems_[problem].rows;
  if (!has_offset_ && ValidMean(family_.family, mean) && mean > 0) {
    start[0] = LinkValue(family_.link, mean);
  }
  return start;
}

double NetSums::NullScale(std::size_t problem) const {
  if (gaussian()) return problems_[problem].response_scale;
  if (family_.family == Family::kBinomial || has_offset_) return 0.25;
  return std::max(Training(response_, 1, 0, problem) / problems_[problem].rows, 1e-300);
}

NetEvaluation NetSums::GramEvaluation(const NetPoint& point) const {
  const std::size_t triangle = p() * (p() + 1) / 2;
  NetEvaluation at;
  at.information.resize(triangle);
  for (std::size_t k = 0; k < triangle; ++k) {
    at.information[k] = Training(gram_, triangle, k, point.problem);
  }
  const Matrix gram = FromLowerTriangle(at.information, p());
  long double deviance = Training(square_, 1, 0, point.problem);
  for (std::size_t i = 0; i < p(); ++i) {
    const long double cross = Training(cross_, p(), i, point.problem);
    long double score = cross;
    for (std::size_t j = 0; j < p(); ++j) {
      score -= static_cast<long double>(gram[i][j]) * point.beta[j];
    }
    deviance -= point.beta[i] * (cross + score);
    at.score.push_back(static_cast<double>(score));
  }
  at.deviance = std::max(static_cast<double>(deviance), 0.0);
  return at;
}

double NetSums::GramLoss(std::size_t fold, const std::vector<double>& beta) const {
  const std::size_t triangle = p() * (p() + 1) / 2;
  long double sum = square_[fold];
  std::size_t cell = fold * triangle;
  for (std::size_t i = 0; i < p(); ++i) {
    sum -= 2 * static_cast<long double>(beta[i]) * cross_[fold * p() + i];
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      sum += (i == j ? 1 : 2) * static_cast<long double>(gram_[cell]) * beta[i] * beta[j];
    }
  }
  return static_cast<double>(sum / static_cast<long double>(fold_rows_[fold]));
}

Result<std::vector<NetEvaluation>> NetSums::Evaluate(const std::vector<NetPoint>& points) {
  std::vector<NetEvaluation> all;
  if (gaussian()) {
    for (const NetPoint& point : points) all.push_back(GramEvaluation(point));
    return all;
  }
  std::vector<NetPoint> some;
  std::size_t numbers = 0;
  const auto run = [&]() -> Result<void> {
    CLINNOVA_ASSIGN(std::vector<NetEvaluation> evaluations, ScoreRound(some));
    std::move(evaluations.begin(), evaluations.end(), std::back_inserter(all));
    some.clear();
    numbers = 0;
    return {};
  };
  for (const NetPoint& point : points) {
    const std::size_t more = 1 + p() + (point.informed ? p() * (p() + 1) / 2 : 0);
    if (some.size() >= 8 && numbers + more > kNumbersPerRound) CLINNOVA_TRY(run());
    some.push_back(point);
    numbers += more;
  }
  CLINNOVA_TRY(run());
  return all;
}

Result<std::vector<NetEvaluation>> NetSums::ScoreRound(const std::vector<NetPoint>& points) {
  ElasticNetScoreParameters parameters;
  parameters.claim = frame_.claim();
  parameters.folds = static_cast<std::int64_t>(fold_rows_.size());
  for (const NetPoint& point : points) {
    parameters.betas.push_back(point.beta);
    parameters.left_out.push_back(static_cast<std::int64_t>(point.problem));
    if (point.informed)
      parameters.informed.push_back(static_cast<std::int64_t>(parameters.betas.size()) - 1);
  }
  const int size = frame_.standardised_exponent();
  const bool rounded =
      p() >= kColumnsToRound && weight_exponent_ &&
      std::all_of(points.begin(), points.end(), [](const NetPoint& p) { return p.roughly; });
  parameters.rounded = rounded ? 1 : 0;
  parameters.weight_exponent = weight_exponent_.value_or(0);
  parameters.score_exponent = size + score_range_;
  parameters.information_exponent = 2 * size + information_range_;
  parameters.deviance_exponent = deviance_range_;
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation_.Sum(analysis_, kElasticNetScoreStep, parameters));
  // A range that had to grow stays grown: the next round would need it again.
  score_range_ = static_cast<int>(sums.layout().blocks[kNetScore].exponent) - size;
  information_range_ = static_cast<int>(sums.layout().blocks[kNetInformation].exponent) - 2 * size;
  deviance_range_ = static_cast<int>(sums.layout().blocks[kNetDeviance].exponent);
  const std::size_t triangle = p() * (p() + 1) / 2;
  std::vector<NetEvaluation> evaluations(points.size());
  std::size_t first = 0;  // of the next information's numbers
  for (std::size_t k = 0; k < points.size(); ++k) {
    NetEvaluation& at = evaluations[k];
    at.valid = sums.Count(kNetInvalidMeans, k) == 0;
    at.deviance = sums.Number(kNetDeviance, k);
    for (std::size_t j = 0; j < p(); ++j) at.score.push_back(sums.Number(kNetScore, k * p() + j));
    if (!points[k].informed) continue;
    for (std::size_t j = 0; j < triangle; ++j)
      at.information.push_back(sums.Number(kNetInformation, first++));
    for (std::size_t j = 0; rounded && j < p(); ++j)
      at.information[j * (j + 3) / 2] *= 1 + kRoundedRidge;
    if (!weight_exponent_ && frame_.design().intercept()) {
      weight_exponent_ =
          2 * (ExponentOf(at.information[0] / problems_[points[k].problem].rows) / 2 + 1);
    }
  }
  return evaluations;
}

Result<std::vector<std::vector<double>>> NetSums::FoldLoss(
    const std::vector<std::vector<std::vector<double>>>& betas) {
  std::vector<std::vector<double>> loss(betas.size());
  if (gaussian()) {
    for (std::size_t fold = 0; fold < betas.size(); ++fold) {
      for (const std::vector<double>& beta : betas[fold])
        loss[fold].push_back(GramLoss(fold, beta));
    }
    return loss;
  }
  ElasticNetLossParameters parameters;
  parameters.claim = frame_.claim();
  parameters.folds = static_cast<std::int64_t>(betas.size());
  for (const auto& fold : betas) {
    parameters.betas.insert(parameters.betas.end(), fold.begin(), fold.end());
  }
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation_.Sum(analysis_, kElasticNetLossStep, parameters));
  std::size_t at = 0;
  for (std::size_t fold = 0; fold < betas.size(); ++fold) {
    for (std::size_t k = 0; k < betas[fold].size(); ++k, ++at) {
      loss[fold].push_back(sums.Number(0, at) / static_cast<double>(fold_rows_[fold]));
    }
  }
  return loss;
}

}  // namespace clinnova::stats
