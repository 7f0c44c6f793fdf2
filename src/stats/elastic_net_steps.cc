// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_steps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "federation/registers.h"
#include "stats/rounded_gram.h"
#include "stats/row_folds.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Int128;
using federation::kLanes;
using federation::Layout;
using federation::Register;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

/// One thread's working memory.
struct Rows {
  DesignBatch design;
  std::vector<std::int32_t> fold;
  std::vector<std::size_t>
      ends;  ///< once sorted by fold, per fold from 0, no fold: where its rows end
  std::vector<double> y = std::vector<double>(kBatchRows);
};

const std::vector<double>& Ones() {
  static const std::vector<double> ones(kBatchRows, 1.0);
  return ones;
}

/// Puts the rows of a fold in line, so that sums over a fold are sums over a range.
void SortByFold(std::int64_t folds, std::size_t p, Rows& rows) {
  const std::size_t count = rows.design.rows;
  std::vector<std::size_t> next(static_cast<std::size_t>(folds) + 2);
  for (std::size_t r = 0; r < count; ++r) ++next[static_cast<std::size_t>(rows.fold[r]) + 1];
  for (std::size_t f = 1; f < next.size(); ++f) next[f] += next[f - 1];
  rows.ends.assign(next.begin() + 1, next.end());
  if (std::is_sorted(rows.fold.begin(), rows.fold.begin() + static_cast<std::ptrdiff_t>(count)))
    return;
  std::vector<std::size_t> target(count);
  for (std::size_t r = 0; r < count; ++r)
    target[r] = next[static_cast<std::size_t>(rows.fold[r])]++;
  std::vector<double> column(count);
  const auto sort = [&](double* values) {
    for (std::size_t r = 0; r < count; ++r) column[target[r]] = values[r];
    std::copy(column.begin(), column.end(), values);
  };
  for (std::size_t j = 0; j < p; ++j) sort(rows.design.x.data() + j * kBatchRows);
  for (std::vector<double>& part : rows.design.response) sort(part.data());
  sort(rows.design.offset.data());
  std::sort(rows.fold.begin(), rows.fold.begin() + static_cast<std::ptrdiff_t>(count));
}

/// Calls work(rows, sums) for each batch, with folds told.
template <typename Memory = Rows, typename Work>
Result<void> ForEachRows(const SiteView& site, const FrameClaim& claim, std::int64_t folds,
                         ExactSums& sums, Work work) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const RowFolds rule, RowFolds::Create(site.analysis, site.table.schema, folds));
  const std::size_t p = frame->design.names().size();
  return federation::ForEachBatch<Memory>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, Memory& rows, ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, rows.design);
        rule.Evaluate(site.table, rows.design, p, rows.fold);
        return work(rows, mine);
      });
}

Result<void> CheckFolds(std::int64_t folds) {
  if (folds >= 1 && folds <= kMaximumFolds) return {};
  return Fail(ErrorCode::kRefused, "a number of folds outside 1 to 100", "wrong_layout");
}

/// The design's columns in the rows of a fold, which begin at `first`, once rows are sorted.
struct FoldRows {
  std::size_t fold;  ///< from 0
  std::size_t first;
  std::size_t count;
  federation::ColumnsView x;
};

template <typename Work>
void ForEachFold(const Rows& rows, std::size_t p, Work work) {
  for (std::size_t f = 1; f < rows.ends.size(); ++f) {
    const std::size_t first = rows.ends[f - 1];
    const std::size_t count = rows.ends[f] - first;
    if (count > 0)
      work(FoldRows{f - 1, first, count, {rows.design.x.data() + first, kBatchRows, p}});
  }
}

Result<Layout> ResponseLayout(const Analysis&, const table::Schema&,
                              const ElasticNetResponseParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  const auto folds = static_cast<std::size_t>(parameters.folds);
  const std::size_t p = parameters.claim.center.size();
  const int size = static_cast<int>(parameters.size_exponent);
  return Layout{{CountBlock("counts", kNetCountSize), CountBlock("fold_rows", folds),
                 WideBlock("fold_response", folds), ScaledBlock("fold_sums", folds * p, size),
                 ScaledBlock("fold_squares", folds * p, 2 * size),
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
        SortByFold(parameters.folds, p, rows);
        CountFoldLevels(rows, folds, p, mine);
        Standardise(parameters.claim, rows.design);
        for (std::size_t r = 0; r < rows.design.rows; ++r) {
          const double y = rows.design.response[0][r];
          mine.AddCount(kNetCounts, kNetInvalidResponse, ValidResponse(family, y) ? 0 : 1);
          mine.AddCount(kNetCounts, kNetOutcomeZero, y == 0 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetOutcomeOne, y == 1 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetHasOffset, rows.design.offset[r] != 0 ? 1 : 0);
          mine.AddCount(kNetCounts, kNetNoFold, rows.fold[r] == 0 ? 1 : 0);
        }
        ForEachFold(rows, p, [&](const FoldRows& part) {
          mine.AddCount(kNetFoldRows, part.fold, static_cast<std::int64_t>(part.count));
          for (std::size_t r = part.first; r < part.first + part.count; ++r) {
            mine.Add(kNetFoldResponse, part.fold,
                     rows.design.response[0][r] - rows.design.offset[r]);
          }
          mine.AddWeightedColumns(kNetFoldSums, part.fold * p, part.x, Ones().data(), part.count);
          for (std::size_t j = 0; j < p; ++j) {
            const double* x = part.x.data + j * kBatchRows;
            mine.AddWeightedColumns(kNetFoldSquares, part.fold * p + j, {x, kBatchRows, 1}, x,
                                    part.count);
          }
        });
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
  return ForEachRows(site, parameters.claim, parameters.folds, sums,
                     [&](Rows& rows, ExactSums& mine) -> Result<void> {
                       SortByFold(parameters.folds, p, rows);
                       Standardise(parameters.claim, rows.design);
                       ForEachFold(rows, p, [&](const FoldRows& part) {
                         mine.AddWeightedGram(kNetGram, part.fold * p * (p + 1) / 2, part.x,
                                              Ones().data(), part.count);
                         for (std::size_t r = part.first; r < part.first + part.count; ++r) {
                           const double y = rows.design.response[0][r] - rows.design.offset[r] -
                                            parameters.center;
                           rows.y[r] = y;
                           mine.Add(kNetSquare, part.fold, y * y);
                         }
                         mine.AddWeightedColumns(kNetCross, part.fold * p, part.x,
                                                 rows.y.data() + part.first, part.count);
                       });
                       return {};
                     });
}

/// A coefficient vector's columns that are not 0.
struct SparseBeta {
  std::vector<std::size_t> columns;
  std::vector<double> values;

  explicit SparseBeta(const std::vector<double>& beta) {
    for (std::size_t j = 0; j < beta.size(); ++j) {
      if (beta[j] == 0) continue;
      columns.push_back(j);
      values.push_back(beta[j]);
    }
  }
};

/// Rows whose columns stay in a processor's cache while many coefficient vectors pass over them, and the distance
/// of their columns: not a power of two, whose columns would push each other out.
constexpr std::size_t kTileRows = 256;
constexpr std::size_t kTileStride = kTileRows + kLanes;
/// Rows that are summed side by side, as an addition takes longer than the next one may begin.
constexpr std::size_t kPredictRows = 4 * kLanes;
static_assert(kBatchRows % kTileRows == 0 && kTileRows % kPredictRows == 0);

/// The linear predictor of a tile's first rows, rounded up to a multiple of kPredictRows.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void PredictBy(const SparseBeta& beta, const double* offset,
                                             const double* x, std::size_t rows, double* eta) {
  using Numbers = Register<double, kWidth>;
  constexpr std::size_t kParts = 4;  // that fit into registers with the columns'
  for (std::size_t r = 0; r < rows; r += kParts * kWidth) {
    Numbers sums[kParts];
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part)
      std::memcpy(&sums[part], offset + r + part * kWidth, sizeof sums[part]);
    for (std::size_t k = 0; k < beta.columns.size(); ++k) {
      const double value = beta.values[k];
      const double* column = x + beta.columns[k] * kTileStride + r;
#pragma GCC unroll 4
      for (std::size_t part = 0; part < kParts; ++part) {
        Numbers more;
        std::memcpy(&more, column + part * kWidth, sizeof more);
        sums[part] += value * more;
      }
    }
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part)
      std::memcpy(eta + r + part * kWidth, &sums[part], sizeof sums[part]);
  }
}
CLINNOVA_FOR_REGISTERS(void, Predict,
                       (const SparseBeta& beta, const double* offset, const double* x,
                        std::size_t rows, double* eta),
                       (beta, offset, x, rows, eta))

Result<Layout> ScoreLayout(const Analysis&, const table::Schema&,
                           const ElasticNetScoreParameters& parameters) {
  CLINNOVA_TRY(CheckFolds(parameters.folds));
  const std::size_t p = parameters.claim.center.size();
  const std::size_t points = parameters.betas.size();
  return Layout{{ScaledBlock("score", points * p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", parameters.informed.size() * p * (p + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 ScaledBlock("deviance", points, static_cast<int>(parameters.deviance_exponent)),
                 CountBlock("invalid_means", points)}};
}

/// One thread's working memory of a round with many coefficient vectors.
struct ScoreRows : Rows {
  std::vector<double> tile;
  std::vector<double> eta = std::vector<double>(kTileRows);
  std::vector<double> mu = std::vector<double>(kTileRows);
  std::vector<double> slope = std::vector<double>(kTileRows);
  std::vector<double> residuals;  ///< per vector, of kTileRows rows
  std::vector<double> deviances;  ///< likewise
  std::vector<double>
      weights;  ///< of the information, per vector that tells it, of kBatchRows rows
  std::optional<RoundedGram> gram;
  std::vector<Int128> gram_sums;  ///< per vector that tells its information
};

/// Takes the rows from `first` on into the tile, and standardises them.
void FillTile(const FrameClaim& claim, bool standardise, std::size_t first, std::size_t count,
              ScoreRows& rows) {
  for (std::size_t j = 0; j < claim.center.size(); ++j) {
    const double* x = rows.design.x.data() + j * kBatchRows + first;
    double* tile = rows.tile.data() + j * kTileStride;
    const double center = standardise ? claim.center[j] : 0;
    const double inverse_scale = standardise ? claim.inverse_scale[j] : 1;
    for (std::size_t r = 0; r < count; ++r) tile[r] = (x[r] - center) * inverse_scale;
  }
}

/// What the rows from `first` on contribute to the sums at one coefficient vector: in rows.residuals, rows.deviances
/// and rows.slope. A mean that cannot be is told as such, and leaves zeros.
void EvaluatePoint(const GlmFamily& family, std::size_t point, std::int64_t left_out,
                   std::size_t first, std::size_t count, ScoreRows& rows, ExactSums& sums) {
  InverseLink(family.link, rows.eta.data(), count, rows.mu.data(), rows.slope.data());
  std::int64_t invalid = 0;
  for (std::size_t r = 0; r < count; ++r) {
    invalid += !(ValidMean(family.family, rows.mu[r]) && std::isfinite(rows.slope[r]));
  }
  sums.AddCount(kNetInvalidMeans, point, invalid);
  double* residuals = rows.residuals.data() + point * kTileRows;
  double* deviances = rows.deviances.data() + point * kTileRows;
  const double* y = rows.design.response[0].data() + first;
  DevianceResiduals(family.family, y, rows.mu.data(), count, deviances);
  for (std::size_t r = 0; r < count; ++r) {
    const bool used = invalid == 0 && rows.fold[first + r] != left_out;
    deviances[r] = used ? deviances[r] : 0;
    residuals[r] = used ? y[r] - rows.mu[r] : 0;
    rows.slope[r] = used ? rows.slope[r] : 0;
  }
}

/// Bits between the unit of a rounded information and that of its block.
std::int64_t RoundedShift(const ElasticNetScoreParameters& parameters) {
  return parameters.weight_exponent - RoundedGram::kUnitBits -
         (parameters.information_exponent - federation::kScaledBits);
}

/// Informations of a batch's rows rounded to a few bits.
void AddRounded(const ElasticNetScoreParameters& parameters, ScoreRows& rows, ExactSums& sums) {
  const std::size_t points = parameters.informed.size();
  if (points == 0) return;
  const std::size_t p = parameters.claim.center.size();
  const std::size_t triangle = p * (p + 1) / 2;
  if (!rows.gram) rows.gram.emplace(p, static_cast<int>(parameters.weight_exponent));
  rows.gram_sums.assign(points * triangle, 0);
  const double largest = std::ldexp(1.0, static_cast<int>(parameters.information_exponent / 2));
  for (std::size_t first = 0; first < rows.design.rows; first += RoundedGram::kRows) {
    const std::size_t count = std::min(RoundedGram::kRows, rows.design.rows - first);
    rows.gram->Load({rows.design.x.data() + first, kBatchRows, p}, count);
    for (std::size_t k = 0; k < points; ++k) {
      if (!rows.gram->Add(rows.weights.data() + k * kBatchRows + first, largest,
                          rows.gram_sums.data() + k * triangle))
        return sums.Flag(kNetInformation);
    }
  }
  const Int128 units = Int128{1} << RoundedShift(parameters);
  for (std::size_t i = 0; i < rows.gram_sums.size(); ++i)
    sums.AddInteger(kNetInformation, i, rows.gram_sums[i] * units);
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
      std::adjacent_find(informed.begin(), informed.end(), std::greater_equal<>()) !=
          informed.end()) {
    return Fail(ErrorCode::kRefused, "folds that do not fit the coefficients", "wrong_layout");
  }
  if (parameters.rounded != 0 &&
      !(RoundedShift(parameters) >= 0 && RoundedShift(parameters) < 64)) {
    return Fail(ErrorCode::kRefused, "an information that does not fit its range", "wrong_layout");
  }
  std::vector<SparseBeta> betas(parameters.betas.begin(), parameters.betas.end());
  std::vector<std::size_t> told(betas.size(), informed.size());  // its place among those that tell
  for (std::size_t k = 0; k < informed.size(); ++k) told[static_cast<std::size_t>(informed[k])] = k;
  return ForEachRows<ScoreRows>(
      site, parameters.claim, parameters.folds, sums,
      [&](ScoreRows& rows, ExactSums& mine) -> Result<void> {
        // Where informations are told, too, all rows are standardised first; else as they come to their tile.
        if (!informed.empty()) Standardise(parameters.claim, rows.design);
        rows.tile.resize(p * kTileStride);
        rows.residuals.resize(betas.size() * kTileRows);
        rows.deviances.resize(betas.size() * kTileRows);
        rows.weights.resize(informed.size() * kBatchRows);
        for (std::size_t first = 0; first < rows.design.rows; first += kTileRows) {
          const std::size_t count = std::min(kTileRows, rows.design.rows - first);
          FillTile(parameters.claim, informed.empty(), first, count, rows);
          for (std::size_t k = 0; k < betas.size(); ++k) {
            Predict(betas[k], rows.design.offset.data() + first, rows.tile.data(), count,
                    rows.eta.data());
            EvaluatePoint(family, k, parameters.left_out[k], first, count, rows, mine);
            if (told[k] == informed.size()) continue;
            std::copy_n(
                rows.slope.begin(), count,
                rows.weights.begin() + static_cast<std::ptrdiff_t>(told[k] * kBatchRows + first));
          }
          mine.AddWeightedColumns(kNetScore, 0, {rows.tile.data(), kTileStride, p},
                                  {rows.residuals.data(), kTileRows, betas.size()}, count);
          mine.AddWeightedColumns(kNetDeviance, 0, {rows.deviances.data(), kTileRows, betas.size()},
                                  Ones().data(), count);
        }
        if (parameters.rounded != 0) {
          AddRounded(parameters, rows, mine);
          return {};
        }
        for (std::size_t k = 0; k < informed.size(); ++k) {
          mine.AddWeightedGram(kNetInformation, k * p * (p + 1) / 2,
                               {rows.design.x.data(), kBatchRows, p},
                               rows.weights.data() + k * kBatchRows, rows.design.rows);
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
