// SPDX-License-Identifier: Apache-2.0
// The analysis' rounds on completed tables: Fisher scoring of one model per imputation.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/glm_family.h"
#include "stats/imputation_steps.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::Design;
using table::DesignBatch;
using table::kBatchRows;
using Mode = ImputationCompletedParameters::Mode;

namespace {

constexpr double kEdge = 10 * std::numeric_limits<double>::epsilon();

Result<GlmFamily> FamilyOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  CLINNOVA_ASSIGN(const std::string link, analysis.Text("link", ""));
  return ParseFamily(family, link);
}

Result<Design> DesignOf(const Analysis& analysis, const table::Schema& schema,
                        const FrameClaim& frame) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  return Design::Create(formula, schema, {}, frame.facts);
}

Result<Layout> CompletedLayout(const Analysis& analysis, const table::Schema& schema,
                               const ImputationCompletedParameters& parameters) {
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(analysis));
  CLINNOVA_ASSIGN(const Design design, DesignOf(analysis, schema, parameters.frame));
  const auto m = static_cast<std::size_t>(options.imputations);
  const std::size_t p = design.names().size();
  const bool columns = parameters.mode == Mode::kColumns;
  return Layout{
      {CountBlock("counts", m * kCompletedCountSize), WideBlock("columns", columns ? 2 * m * p : 0),
       CountBlock("zeros", columns ? 2 * m * p : 0),
       ScaledBlock("score", columns ? 0 : m * p, static_cast<int>(parameters.score_exponent)),
       ScaledBlock("information", columns ? 0 : m * p * (p + 1) / 2,
                   static_cast<int>(parameters.information_exponent)),
       WideBlock("fit", m * kCompletedFitSize)}};
}

struct CompletedBatch {
  ImputationBatch rows;
  DesignBatch design;
  std::vector<double> eta = std::vector<double>(kBatchRows);
  std::vector<double> mu = std::vector<double>(kBatchRows);
  std::vector<double> mu_eta = std::vector<double>(kBatchRows);
  std::vector<double> weight = std::vector<double>(kBatchRows);
  std::vector<double> score = std::vector<double>(kBatchRows);
};

void AddColumnSums(std::size_t m, std::size_t p, const DesignBatch& design, ExactSums& sums) {
  for (std::size_t j = 0; j < p; ++j) {
    std::int64_t zeros = 0;
    std::int64_t ones = 0;
    for (std::size_t r = 0; r < design.rows; ++r) {
      const double x = design.x[j * kBatchRows + r];
      zeros += x == 0;
      ones += x == 1;
      sums.Add(kCompletedColumns, 2 * m * p + j, x);
      sums.Add(kCompletedColumns, (2 * m + 1) * p + j, x * x);
    }
    sums.AddCount(kCompletedZeros, 2 * m * p + j, zeros);
    sums.AddCount(kCompletedZeros, (2 * m + 1) * p + j, ones);
  }
}

/// eta, mu, d mu / d eta; false when a mean is outside the family's range.
bool Predict(const GlmFamily& family, const ImputationCompletedParameters& parameters,
             std::size_t m, CompletedBatch& batch, ExactSums& sums) {
  const DesignBatch& design = batch.design;
  const std::size_t p = parameters.frame.center.size();
  for (std::size_t r = 0; r < design.rows; ++r) {
    batch.eta[r] =
        parameters.mode == Mode::kStart
            ? LinkValue(family.link, StartingMean(family.family, design.response[0][r], 1))
            : design.offset[r];
  }
  for (std::size_t j = 0; j < p && parameters.mode == Mode::kScore; ++j) {
    const double b = parameters.points[m * p + j];
    const double* x = design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < design.rows; ++r) batch.eta[r] += b * x[r];
  }
  InverseLink(family.link, batch.eta.data(), design.rows, batch.mu.data(), batch.mu_eta.data());
  std::int64_t bad = 0;
  for (std::size_t r = 0; r < design.rows; ++r) bad += !ValidMean(family.family, batch.mu[r]);
  sums.AddCount(kCompletedCounts, m * kCompletedCountSize + kBadMean, bad);
  return bad == 0;
}

void AddFit(const GlmFamily& family, std::size_t m, const CompletedBatch& batch, ExactSums& sums) {
  std::int64_t edge = 0;
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const double y = batch.design.response[0][r];
    const double mu = batch.mu[r];
    sums.Add(kCompletedFit, m * kCompletedFitSize + kFitDeviance,
             DevianceResidual(family.family, y, mu, 1));
    sums.Add(kCompletedFit, m * kCompletedFitSize + kFitPearson,
             (y - mu) * (y - mu) / Variance(family.family, mu));
    edge += family.family == Family::kBinomial && (mu < kEdge || mu > 1 - kEdge);
  }
  sums.AddCount(kCompletedCounts, m * kCompletedCountSize + kFittedEdge, edge);
}

void AddModel(const GlmFamily& family, const ImputationCompletedParameters& parameters,
              std::size_t m, CompletedBatch& batch, ExactSums& sums) {
  const std::size_t p = parameters.frame.center.size();
  Standardise(parameters.frame, batch.design);
  if (!Predict(family, parameters, m, batch, sums)) return;
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const double slope = batch.mu_eta[r];
    const double ratio = slope / Variance(family.family, batch.mu[r]);
    batch.weight[r] = ratio * slope;
    batch.score[r] = ratio * (batch.design.response[0][r] - batch.mu[r]);
    if (parameters.mode == Mode::kStart) {
      batch.score[r] += batch.weight[r] * (batch.eta[r] - batch.design.offset[r]);
    }
  }
  const federation::ColumnsView x{batch.design.x.data(), kBatchRows, p};
  sums.AddWeightedColumns(kCompletedScore, m * p, x, batch.score.data(), batch.design.rows);
  sums.AddWeightedGram(kCompletedInformation, m * p * (p + 1) / 2, x, batch.weight.data(),
                       batch.design.rows);
  AddFit(family, m, batch, sums);
}

/// Counts the rows; false when a sum over them would be meaningless.
bool CountRows(const GlmFamily& family, std::size_t m, const DesignBatch& design, ExactSums& sums) {
  std::int64_t bad = 0;
  for (std::size_t r = 0; r < design.rows; ++r) {
    const double y = design.response[0][r];
    bad += !ValidResponse(family, y);
    sums.Add(kCompletedFit, m * kCompletedFitSize + kFitOutcome, y);
    sums.Add(kCompletedFit, m * kCompletedFitSize + kFitOutcomeSquare, y * y);
  }
  const std::size_t first = m * kCompletedCountSize;
  sums.AddCount(kCompletedCounts, first + kCompletedRows, static_cast<std::int64_t>(design.rows));
  sums.AddCount(kCompletedCounts, first + kUnusableRows,
                static_cast<std::int64_t>(design.missing + design.infinite + design.invalid));
  sums.AddCount(kCompletedCounts, first + kBadOutcome, bad);
  return bad == 0;
}

Result<void> CompletedEvaluate(const SiteView& site,
                               const ImputationCompletedParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const ImputationRows rows, ImputationRows::Create(site, parameters.claim));
  CLINNOVA_ASSIGN(const GlmFamily family, FamilyOf(site.analysis));
  CLINNOVA_ASSIGN(const Design design,
                  DesignOf(site.analysis, site.table.schema, parameters.frame));
  const std::size_t p = design.names().size();
  const bool columns = parameters.mode == Mode::kColumns;
  if (!columns) {
    const FrameClaim& frame = parameters.frame;
    if (frame.center.size() != p || frame.inverse_scale.size() != p) {
      return Fail(ErrorCode::kRefused, "a claim that does not fit the design", "wrong_layout");
    }
    if (parameters.mode == Mode::kScore && parameters.points.size() != rows.imputations() * p) {
      return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
    }
  }
  return ForEachBatch<CompletedBatch>(site.table.rows, site.threads, sums,
                                      [&](std::size_t first, std::size_t count,
                                          CompletedBatch& batch, ExactSums& mine) -> Result<void> {
                                        rows.Read(first, count, batch.rows);
                                        for (std::size_t m = 0; m < rows.imputations(); ++m) {
                                          rows.Complete(m, batch.rows);
                                          design.Evaluate(batch.rows.table, 0, count, batch.design);
                                          if (!CountRows(family, m, batch.design, mine)) continue;
                                          if (columns) AddColumnSums(m, p, batch.design, mine);
                                          if (!columns)
                                            AddModel(family, parameters, m, batch, mine);
                                        }
                                        return {};
                                      });
}

/// The imputation models' rules, and those of a regression on the complete cases: imputed values are nobody's.
struct CompletedGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules(); }
  template <typename P>
  static Result<void> Check(const SiteView& site, const P& parameters) {
    CLINNOVA_TRY(ImputationGuard::Check(site, parameters));
    if (site.minimum_count > 0) CLINNOVA_TRY(SiteFrameOf(site, parameters.complete_cases));
    return {};
  }
};

}  // namespace

const federation::TypedStep<ImputationCompletedParameters> kImputationCompletedStep{
    "imputation.analysis", CompletedLayout, CompletedEvaluate, CompletedGuard{}};

}  // namespace clinnova::stats
