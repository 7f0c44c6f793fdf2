// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_lines.h"

#include <algorithm>

#include "learn/choice_options.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::ExactSums;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using stats::Matrix;
using table::kBatchRows;

namespace {

std::size_t Triangle(std::size_t size) { return size * (size + 1) / 2; }

/// A column whose variance is below this part of its size depends on others.
constexpr double kAliased = 1e-11;

/// What rounding may do to a leverage.
constexpr double kLeverageError = 1e-6;

/// The columns asked, one after the other.
std::vector<double> ColumnsOf(const ChoiceLineQuestion& question, const table::DesignBatch& batch) {
  std::vector<double> z;
  for (const std::int64_t column : question.columns) {
    const auto first = batch.x.begin() + column * static_cast<std::int64_t>(kBatchRows);
    z.insert(z.end(), first, first + static_cast<std::int64_t>(kBatchRows));
  }
  return z;
}

/// 1 less the row's leverage.
double Freedom(const ChoiceLineQuestion& question, const std::vector<double>& z, std::size_t row) {
  const std::size_t size = question.columns.size();
  double leverage = 0;
  for (std::size_t i = 0; i < size; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < size; ++j) {
      sum += question.inverse[i * size + j] * z[j * kBatchRows + row];
    }
    leverage += sum * z[i * kBatchRows + row];
  }
  return 1 - leverage;
}

/// Refuses columns of terms that tell sites apart.
Result<void> CheckColumns(const Analysis& analysis, const table::Schema& schema,
                          const stats::FrameClaim& claim, const ChoiceLineQuestion& question) {
  CLINNOVA_ASSIGN(const table::Formula formula, stats::FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::Design design, stats::DesignOf(analysis, schema, claim.facts));
  if (std::ranges::includes(LineColumns(formula, design), question.columns)) return {};
  return Fail(ErrorCode::kRefused, "lines in columns of sites, which would tell a site's gain",
              "single_contributor");
}

}  // namespace

// --- The site's side ---------------------------------------------------------------------------------

Result<federation::BlockSpec> LineBlock(const Analysis& analysis, const table::Schema& schema,
                                        const stats::FrameClaim& claim, std::size_t arms,
                                        const ChoiceLineQuestion& question) {
  const std::size_t size = question.columns.size();
  const bool errors = !question.lines.empty();
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  bool fits = size == 0 ? !errors : options.evaluation.heterogeneity;
  for (std::size_t i = 0; i < size; ++i) {
    fits = fits && question.columns[i] >= 0 &&
           question.columns[i] < static_cast<std::int64_t>(claim.center.size()) &&
           (i == 0 || question.columns[i] > question.columns[i - 1]);
  }
  if (errors) {
    fits =
        fits && question.lines.size() == Contrasts(arms) &&
        question.inverse.size() == size * size &&
        std::ranges::all_of(question.lines, [&](const auto& line) { return line.size() == size; });
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "lines that the analysis does not ask for", "wrong_layout");
  }
  if (size > 0) CLINNOVA_TRY(CheckColumns(analysis, schema, claim, question));
  const auto exponent = static_cast<int>(question.exponent);
  return errors ? ScaledBlock("line_errors", Contrasts(arms) * Triangle(size), exponent)
                : ScaledBlock("line_sums", arms * size, exponent);
}

void AddLines(const ChoiceLineQuestion& question, const ChoiceBatch& batch, double sign,
              std::size_t block, ExactSums& sums) {
  const std::size_t size = question.columns.size();
  const std::size_t arms = batch.score.size();
  if (size == 0) return;
  const std::vector<double> z = ColumnsOf(question, batch.design);
  const federation::ColumnsView columns{z.data(), kBatchRows, size};
  std::vector<double> weight(kBatchRows);
  if (question.lines.empty()) {
    for (std::size_t a = 0; a < arms; ++a) {
      for (std::size_t r = 0; r < batch.rows(); ++r) {
        weight[r] = batch.fold[r] == 0 ? 0 : sign * batch.score[a][r];
      }
      sums.AddWeightedColumns(block, a * size, columns, weight.data(), batch.rows());
    }
    return;
  }
  // Somebody whom the line meets for want of others alike has no error, and HC3 none to tell.
  std::vector<double> freedom(batch.rows());
  for (std::size_t r = 0; r < batch.rows(); ++r) freedom[r] = Freedom(question, z, r);
  std::size_t contrast = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    for (std::size_t b = a + 1; b < arms; ++b, ++contrast) {
      for (std::size_t r = 0; r < batch.rows(); ++r) {
        double error = sign * (batch.score[a][r] - batch.score[b][r]);
        for (std::size_t i = 0; i < size; ++i) {
          error -= question.lines[contrast][i] * z[i * kBatchRows + r];
        }
        error /= freedom[r];
        weight[r] = batch.fold[r] == 0 || !(freedom[r] > 1e-10) ? 0 : error * error;
      }
      sums.AddWeightedGram(block, contrast * Triangle(size), columns, weight.data(), batch.rows());
    }
  }
}

Result<void> CheckLines(const SiteView& site, const ChoiceSplit& split,
                        const ChoiceLineQuestion& question) {
  if (question.lines.empty()) return {};
  CLINNOVA_ASSIGN(const auto frame, stats::SiteFrameOf(site, split.claim));
  table::DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    frame->design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first), batch);
    stats::Standardise(split.claim, batch);
    const std::vector<double> z = ColumnsOf(question, batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const double freedom = Freedom(question, z, r);
      if (freedom >= 1 - site.limits.leverage - kLeverageError && freedom <= 1 + kLeverageError) {
        continue;
      }
      return Fail(ErrorCode::kRefused, "errors divided by what no person's leverage leaves",
                  "leverage");
    }
  }
  return {};
}

// --- The hub's side ----------------------------------------------------------------------------------

std::vector<std::int64_t> LineColumns(const table::Formula& formula, const table::Design& design) {
  const auto of_site = [&](int term) {
    if (term == 0) return false;  // the intercept
    return std::ranges::any_of(formula.terms()[static_cast<std::size_t>(term - 1)].factors,
                               [](const table::TermFactor& factor) {
                                 const std::vector<std::string> columns =
                                     factor.expression.Columns();
                                 return std::ranges::find(columns, "site") != columns.end();
                               });
  };
  std::vector<std::int64_t> columns;
  for (std::size_t j = 0; j < design.assign().size(); ++j) {
    if (!of_site(design.assign()[j])) columns.push_back(static_cast<std::int64_t>(j));
  }
  return columns;
}

Matrix ProductsOf(const std::vector<std::int64_t>& columns, const Matrix& covariance,
                  const std::vector<double>& means, double n) {
  Matrix products;
  for (const std::int64_t i : columns) {
    products.emplace_back();
    for (const std::int64_t j : columns) {
      const auto a = static_cast<std::size_t>(i);
      const auto b = static_cast<std::size_t>(j);
      products.back().push_back((n - 1) * covariance[a][b] + n * means[a] * means[b]);
    }
  }
  return products;
}

FittingLines::FittingLines(Setting setting)
    : setting_(std::move(setting)), factor_(setting_.gram, kAliased), inverse_(factor_.Inverse()) {}

ChoiceLineQuestion FittingLines::First() const {
  return {.columns = setting_.columns,
          .exponent = setting_.column_exponent + setting_.score_exponent};
}

void FittingLines::TakeSums(const PooledSums& sums, std::size_t block) {
  const std::size_t size = setting_.columns.size();
  for (std::size_t a = 0; a < setting_.arms; ++a) {
    for (std::size_t b = a + 1; b < setting_.arms; ++b) {
      std::vector<double> products(size);
      for (std::size_t i = 0; i < size; ++i) {
        products[i] = sums.Number(block, a * size + i) - sums.Number(block, b * size + i);
      }
      lines_.push_back({.first = a, .second = b, .coefficients = factor_.Solve(products)});
    }
  }
}

ChoiceLineQuestion FittingLines::Second() const {
  // An error is at most about twice a score; a round that finds a larger one is asked again with more room.
  ChoiceLineQuestion question{
      .columns = setting_.columns,
      .exponent = 2 * (setting_.column_exponent + setting_.score_exponent + 2)};
  for (const ContrastLine& line : lines_) question.lines.push_back(line.coefficients);
  for (const std::vector<double>& row : inverse_) {
    question.inverse.insert(question.inverse.end(), row.begin(), row.end());
  }
  return question;
}

void FittingLines::TakeErrors(const PooledSums& sums, std::size_t block) {
  const std::size_t size = setting_.columns.size();
  for (std::size_t c = 0; c < lines_.size(); ++c) {
    ContrastLine& line = lines_[c];
    std::vector<double> packed;
    for (std::size_t i = 0; i < Triangle(size); ++i) {
      packed.push_back(sums.Number(block, c * Triangle(size) + i));
    }
    line.covariance = stats::Congruence(inverse_, stats::FromLowerTriangle(packed, size));
    Matrix slopes;
    std::vector<double> coefficients;
    for (std::size_t i = 1; i < size; ++i) {
      slopes.emplace_back(line.covariance[i].begin() + 1, line.covariance[i].end());
      coefficients.push_back(line.coefficients[i]);
    }
    const stats::SymmetricFactor factor(slopes, kAliased);
    const std::vector<double> solved = factor.Solve(coefficients);
    for (std::size_t i = 0; i < solved.size(); ++i) line.statistic += solved[i] * coefficients[i];
    line.degrees = static_cast<std::int64_t>(factor.rank());
  }
}

}  // namespace clinnova::learn
