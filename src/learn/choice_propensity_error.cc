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

PolicyScore ScoreOf(const ChoiceBatch& batch, std::size_t row, std::size_t arm) {
  const auto received = static_cast<std::size_t>(batch.arm()[row]);
  return {.score = batch.score[arm][row], .own = arm == received ? 1.0 : 0.0};
}

std::vector<PolicyScore> PolicyScores(const ChoiceBatch& batch, std::size_t row,
                                      std::int64_t guideline) {
  const std::size_t arms = batch.score.size();
  std::vector<PolicyScore> scores = {
      ScoreOf(batch, row, static_cast<std::size_t>(batch.chosen[row]))};
  double total = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    scores.push_back(ScoreOf(batch, row, a));
    total += batch.score[a][row];
  }
  const auto lots = static_cast<double>(arms);
  scores.push_back({.score = batch.y()[row]});
  scores.push_back({.score = total / lots, .own = 1 / lots});
  if (guideline >= 0) {
    scores.push_back(ScoreOf(batch, row, static_cast<std::size_t>(guideline)));
  }
  return scores;
}

std::vector<federation::BlockSpec> PropensityErrorLayout(std::size_t arms, std::size_t columns,
                                                         std::size_t policies, int column_exponent,
                                                         int score_exponent) {
  const std::size_t odds = arms - 1;
  const std::size_t products = odds * (odds + 1) / 2 * (columns * (columns + 1) / 2);
  std::vector<federation::BlockSpec> blocks = {
      ScaledBlock("odds_score", odds * columns, column_exponent),
      ScaledBlock("odds_squares", products, 2 * column_exponent),
      ScaledBlock("odds_information", products, 2 * column_exponent)};
  const auto by_policy = PolicyOddsLayout(arms, columns, policies, column_exponent, score_exponent);
  blocks.insert(blocks.end(), by_policy.begin(), by_policy.end());
  return blocks;
}

std::vector<federation::BlockSpec> PolicyOddsLayout(std::size_t arms, std::size_t columns,
                                                    std::size_t policies, int column_exponent,
                                                    int score_exponent) {
  const std::size_t size = policies * (arms - 1) * columns;
  return {ScaledBlock("odds_scores", size, column_exponent + score_exponent),
          ScaledBlock("odds_gradient", size, column_exponent + score_exponent)};
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
  /// `scores`: by row, of one policy; to number `policy` of the blocks `score_block` and the next.
  void AddPolicy(const std::vector<PolicyScore>& scores, double trim, std::size_t score_block,
                 std::size_t policy) {
    const auto gradient = [&](std::size_t r) {
      const auto own = static_cast<std::size_t>(batch_.arm()[r]);
      const double e = batch_.propensity[own][r];
      return e > trim ? -scores[r].own * (batch_.y()[r] - batch_.predicted[own][r]) / e : 0;
    };
    for (std::size_t b = 1; b <= odds_; ++b) {
      const std::size_t at = policy * odds_ + b - 1;
      AddColumns(score_block, at, [&](std::size_t r) { return Residual(b, r) * scores[r].score; });
      AddColumns(score_block + 1, at, [&](std::size_t r) { return Residual(b, r) * gradient(r); });
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
  std::vector<std::vector<PolicyScore>> by_policy(PolicyCount(batch.score.size(), guideline >= 0),
                                                  std::vector<PolicyScore>(batch.rows()));
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    const std::vector<PolicyScore> scores = PolicyScores(batch, r, guideline);
    for (std::size_t k = 0; k < scores.size(); ++k) by_policy[k][r] = scores[k];
  }
  for (std::size_t k = 1; k < by_policy.size(); ++k) {
    adding.AddPolicy(by_policy[k], trim, kOddsScores, k - 1);
  }
}

void AddPolicyOdds(ChoiceBatch& batch, std::size_t columns, double trim,
                   const std::vector<PolicyScore>& scores, std::size_t first, ExactSums& sums) {
  AddingOdds(batch, columns, first, sums).AddPolicy(scores, trim, 0, 0);
}

std::vector<PolicyOdds> PolicyOddsOf(const PooledSums& sums, std::size_t first,
                                     std::span<const double> values) {
  const std::size_t size = sums.Numbers(first + kOddsScore).size();
  std::vector<PolicyOdds> policies;
  for (std::size_t k = 0; k < values.size(); ++k) {
    PolicyOdds& policy = policies.emplace_back(PolicyOdds{.value = values[k]});
    for (std::size_t i = 0; i < size; ++i) {
      policy.scores.push_back(sums.Number(first + kOddsScores, k * size + i));
      policy.gradient.push_back(sums.Number(first + kOddsGradient, k * size + i));
    }
  }
  return policies;
}

stats::Matrix PropensityErrorOf(const PooledSums& sums, std::size_t first,
                                const std::vector<PolicyOdds>& policies, std::int64_t n,
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
  stats::Matrix with_scores,
      weights;  // by policy: sums of Gamma s around their means, (H + P)^-1 G
  for (const PolicyOdds& policy : policies) {
    with_scores.push_back(policy.scores);
    for (std::size_t i = 0; i < size; ++i) with_scores.back()[i] -= score[i] * policy.value;
    weights.push_back(factor.Solve(policy.gradient));
  }
  const auto product = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  stats::Matrix change(policies.size(), std::vector<double>(policies.size()));
  for (std::size_t k = 0; k < policies.size(); ++k) {
    std::vector<double> spread_k;
    for (const auto& row : spread) spread_k.push_back(product(row, weights[k]));
    for (std::size_t l = 0; l < policies.size(); ++l) {
      change[k][l] = (product(weights[k], with_scores[l]) + product(weights[l], with_scores[k]) +
                      product(weights[l], spread_k)) /
                     persons / (persons - 1);
    }
  }
  return change;
}

}  // namespace clinnova::learn
