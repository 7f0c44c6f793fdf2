// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_propensity_error.h"

#include <numeric>

#include "learn/choice_propensity.h"

namespace clinnova::learn {

using federation::ColumnsView;
using federation::ExactSums;
using federation::PooledSums;
using federation::ScaledBlock;
using table::kBatchRows;

std::vector<PolicyScore> PolicyScores(const ChoiceBatch& batch, std::size_t row,
                                      std::int64_t guideline) {
  const std::size_t arms = batch.score.size();
  const auto received = static_cast<std::size_t>(batch.arm()[row]);
  const auto of = [&](std::size_t a) {
    return PolicyScore{.score = batch.score[a][row], .own = a == received ? 1.0 : 0.0};
  };
  std::vector<PolicyScore> scores = {of(static_cast<std::size_t>(batch.chosen[row]))};
  double total = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    scores.push_back(of(a));
    total += batch.score[a][row];
  }
  const auto lots = static_cast<double>(arms);
  scores.push_back({.score = batch.y()[row]});
  scores.push_back({.score = total / lots, .own = 1 / lots});
  if (guideline >= 0) scores.push_back(of(static_cast<std::size_t>(guideline)));
  return scores;
}

std::vector<federation::BlockSpec> PropensityErrorLayout(std::size_t arms, std::size_t columns,
                                                         std::size_t policies, int column_exponent,
                                                         int score_exponent) {
  const std::size_t odds = arms - 1;
  const std::size_t products = odds * (odds + 1) / 2 * (columns * (columns + 1) / 2);
  const std::size_t by_policy = policies * odds * columns;
  return {ScaledBlock("odds_score", odds * columns, column_exponent),
          ScaledBlock("odds_squares", products, 2 * column_exponent),
          ScaledBlock("odds_information", products, 2 * column_exponent),
          ScaledBlock("odds_scores", by_policy, column_exponent + score_exponent),
          ScaledBlock("odds_gradient", by_policy, column_exponent + score_exponent)};
}

namespace {

/// One batch, whose rows out of all folds count nothing.
class AddingOdds {
 public:
  AddingOdds(ChoiceBatch& batch, std::size_t columns, std::size_t first, ExactSums& sums)
      : batch_(batch),
        columns_(columns),
        odds_(batch.score.size() - 1),
        first_(first),
        sums_(sums),
        x_{batch.design.x.data(), kBatchRows, columns_} {
    batch_.buffer.resize(kBatchRows);
  }

  /// [own = b] - e_b.
  double Residual(std::size_t b, std::size_t r) const {
    return (static_cast<std::size_t>(batch_.arm()[r]) == b ? 1.0 : 0.0) - batch_.propensity[b][r];
  }
  void AddProducts() {
    std::size_t pair = 0;
    for (std::size_t b = 1; b <= odds_; ++b) {
      AddColumns(kOddsScore, b - 1, [&](std::size_t r) { return Residual(b, r); });
      for (std::size_t c = 1; c <= b; ++c, ++pair) {
        AddGram(kOddsSquares, pair, [&](std::size_t r) { return Residual(b, r) * Residual(c, r); });
        AddGram(kOddsInformation, pair, [&](std::size_t r) {
          const double e_c = batch_.propensity[c][r];
          return batch_.propensity[b][r] * (b == c ? 1 - e_c : -e_c);
        });
      }
    }
  }
  /// value(row): what the residuals of every arm are multiplied by.
  template <typename Value>
  void AddPolicy(std::size_t block, std::size_t policy, Value value) {
    for (std::size_t b = 1; b <= odds_; ++b) {
      AddColumns(block, policy * odds_ + b - 1,
                 [&](std::size_t r) { return Residual(b, r) * value(r); });
    }
  }

 private:
  template <typename Weight>
  const double* Weights(Weight weight) {
    for (std::size_t r = 0; r < batch_.rows(); ++r) {
      batch_.buffer[r] = batch_.fold[r] == 0 ? 0 : weight(r);
    }
    return batch_.buffer.data();
  }
  template <typename Weight>
  void AddColumns(std::size_t block, std::size_t at, Weight weight) {
    sums_.AddWeightedColumns(first_ + block, at * columns_, x_, Weights(weight), batch_.rows());
  }
  template <typename Weight>
  void AddGram(std::size_t block, std::size_t pair, Weight weight) {
    const std::size_t triangle = columns_ * (columns_ + 1) / 2;
    sums_.AddWeightedGram(first_ + block, pair * triangle, x_, Weights(weight), batch_.rows());
  }

  ChoiceBatch& batch_;  // not owned, outlives this
  std::size_t columns_;
  std::size_t odds_;
  std::size_t first_;
  ExactSums& sums_;  // not owned, outlives this
  ColumnsView x_;
};

}  // namespace

void AddPropensityError(ChoiceBatch& batch, std::size_t columns, double trim,
                        std::int64_t guideline, std::size_t first, ExactSums& sums) {
  AddingOdds adding(batch, columns, first, sums);
  adding.AddProducts();
  std::vector<std::vector<PolicyScore>> scores(batch.rows());
  std::vector<double> pull(batch.rows());  // (y - q) / e of the received arm; 0 where e is trimmed
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    scores[r] = PolicyScores(batch, r, guideline);
    const auto own = static_cast<std::size_t>(batch.arm()[r]);
    const double e = batch.propensity[own][r];
    if (e > trim) pull[r] = (batch.y()[r] - batch.predicted[own][r]) / e;
  }
  for (std::size_t k = 0; k < PolicyCount(batch.score.size(), guideline >= 0); ++k) {
    adding.AddPolicy(kOddsScores, k, [&](std::size_t r) { return scores[r][k].score; });
    adding.AddPolicy(kOddsGradient, k, [&](std::size_t r) { return -scores[r][k].own * pull[r]; });
  }
}

stats::Matrix PropensityErrorOf(const PooledSums& sums, std::size_t first,
                                std::span<const double> values, std::int64_t n,
                                std::span<const double> precisions) {
  const std::size_t p = precisions.size();
  const std::vector<double> score = sums.Numbers(first + kOddsScore);
  const std::size_t size = score.size();
  const auto persons = static_cast<double>(n);
  stats::Matrix spread = OddsProducts(sums, first + kOddsSquares, 0, size / p, p);
  stats::Matrix information = OddsProducts(sums, first + kOddsInformation, 0, size / p, p);
  for (std::size_t i = 0; i < size; ++i) {
    information[i][i] += precisions[i % p];
    for (std::size_t j = 0; j < size; ++j) spread[i][j] -= score[i] * score[j] / persons;
  }
  const stats::SymmetricFactor factor(information, 1e-12);
  const std::size_t policies = values.size();
  stats::Matrix with_scores(policies),
      weights(policies);  // by policy: sums of Gamma s, (H + P)^-1 G
  for (std::size_t k = 0; k < policies; ++k) {
    std::vector<double> gradient;
    for (std::size_t i = 0; i < size; ++i) {
      with_scores[k].push_back(sums.Number(first + kOddsScores, k * size + i) -
                               score[i] * values[k]);
      gradient.push_back(sums.Number(first + kOddsGradient, k * size + i));
    }
    weights[k] = factor.Solve(gradient);
  }
  const auto product = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  stats::Matrix change(policies, std::vector<double>(policies));
  for (std::size_t k = 0; k < policies; ++k) {
    std::vector<double> spread_k;
    for (const auto& row : spread) spread_k.push_back(product(row, weights[k]));
    for (std::size_t l = 0; l < policies; ++l) {
      change[k][l] = (product(weights[k], with_scores[l]) + product(weights[l], with_scores[k]) +
                      product(weights[l], spread_k)) /
                     persons / (persons - 1);
    }
  }
  return change;
}

}  // namespace clinnova::learn
