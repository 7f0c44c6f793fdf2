// SPDX-License-Identifier: Apache-2.0
// The numbers of whole studies are held against R by tests/golden (choice_*).
#include "learn/choice_propensity_error.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "core/hash.h"

namespace clinnova::learn {
namespace {

/// Persons with one of two drugs by lot, a design of the intercept alone, and an outcome model that says 0 of everybody.
ChoiceBatch Batch(const std::vector<int>& arm, const std::vector<double>& y, double e) {
  ChoiceBatch batch;
  batch.design.rows = arm.size();
  batch.design.x.assign(table::kBatchRows, 1);
  batch.design.response = {y};
  batch.design.strata.emplace_back(arm.begin(), arm.end());
  batch.fold.assign(arm.size(), 1);
  batch.chosen.assign(arm.size(), 0);
  for (auto* part : {&batch.predicted, &batch.propensity, &batch.score}) {
    part->assign(2, std::vector<double>(arm.size()));
  }
  for (std::size_t r = 0; r < arm.size(); ++r) {
    batch.propensity[0][r] = 1 - e;
    batch.propensity[1][r] = e;
    const auto own = static_cast<std::size_t>(arm[r]);
    batch.score[own][r] = y[r] / batch.propensity[own][r];
  }
  return batch;
}

/// Of `values`, the rule's first, which is summed apart.
stats::Matrix ErrorOf(ChoiceBatch& batch, const std::vector<double>& values, double trim,
                      std::int64_t n) {
  const federation::Layout layout{PropensityErrorLayout(2, 1, values.size() - 1, 1, 6)};
  federation::ExactSums sums(layout);
  AddPropensityError(batch, 1, trim, -1, 0, sums);
  const auto pooled = federation::PooledSums::Decode(layout, sums.Seal(core::Hash{}));
  const federation::Layout rule_layout{PolicyOddsLayout(2, 1, 1, 1, 6)};
  federation::ExactSums rule_sums(rule_layout);
  std::vector<PolicyScore> scores(batch.rows());
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    scores[r] = ScoreOf(batch, r, static_cast<std::size_t>(batch.chosen[r]));
  }
  AddPolicyOdds(batch, 1, trim, scores, 0, rule_sums);
  const auto rule = federation::PooledSums::Decode(rule_layout, rule_sums.Seal(core::Hash{}));
  EXPECT_TRUE(pooled && rule);
  std::vector<PolicyOdds> odds = PolicyOddsOf(*pooled, 0, std::span(values).subspan(1));
  odds.insert(odds.begin(),
              {.value = values[0], .scores = rule->Numbers(0), .gradient = rule->Numbers(1)});
  return PropensityErrorOf(*pooled, 0, odds, n, {{0.0}});
}
stats::Matrix ErrorOf(ChoiceBatch& batch, const std::vector<double>& values, double trim) {
  return ErrorOf(batch, values, trim, static_cast<std::int64_t>(batch.rows()));
}

/// Variance of the mean of the scores of one drug for everybody.
double VarianceOf(const ChoiceBatch& batch, std::size_t arm, double mean) {
  double squares = 0;
  for (const double score : batch.score[arm]) squares += (score - mean) * (score - mean);
  const auto n = static_cast<double>(batch.rows());
  return squares / (n - 1) / n;
}

TEST(PropensityError, MakesOfWeightsOneOverEThoseOfTheMeanOfWhoHadTheDrug) {
  // With the share itself as propensity a drug's value is the mean of those who had it, and its variance theirs, not that
  // of the outcomes around 0: sum of (y - mean)^2 / e^2 over n (n - 1).
  const std::vector<int> arm = {1, 0, 1, 0, 0, 1, 0, 0};
  const std::vector<double> y = {3, 1, 4, 1, 5, 8, 2, 6};
  const double e = 3.0 / 8;
  ChoiceBatch batch = Batch(arm, y, e);
  const double first = (1 + 1 + 5 + 2 + 6) / 5.0;
  const double second = (3 + 4 + 8) / 3.0;
  const double practice = 30 / 8.0;
  const stats::Matrix change =
      ErrorOf(batch, {first, first, second, practice, (first + second) / 2}, 0.02);
  EXPECT_NEAR(VarianceOf(batch, 1, second) + change[2][2], 14 / (e * e) / 56, 1e-12);
  EXPECT_NEAR(VarianceOf(batch, 0, first) + change[1][1], 22 / ((1 - e) * (1 - e)) / 56, 1e-12);
  EXPECT_EQ(change[0], change[1]);  // the rule is the first drug
  EXPECT_EQ(change[1][2], change[2][1]);
  EXPECT_NEAR(change[3][3], 0, 1e-15);  // nothing is weighted in what was given
}

TEST(PropensityError, LeavesOutScoresWhosePropensityIsTrimmedAndRowsOutOfAllFolds) {
  ChoiceBatch batch = Batch({1, 0, 1, 0}, {3, 1, 4, 2}, 0.5);
  const stats::Matrix trimmed = ErrorOf(batch, {1.5, 1.5, 3.5, 2.5, 2.5}, 0.5);
  for (const auto& row : trimmed) {
    for (const double number : row) EXPECT_EQ(number, 0);
  }
  const stats::Matrix four = ErrorOf(batch, {1.5, 1.5, 3.5, 2.5, 2.5}, 0.02);
  ChoiceBatch five = Batch({1, 0, 1, 0, 1}, {3, 1, 4, 2, 50}, 0.5);
  five.fold.back() = 0;
  five.design.rows = 5;
  EXPECT_EQ(ErrorOf(five, {1.5, 1.5, 3.5, 2.5, 2.5}, 0.02, 4), four);
}

TEST(PropensityError, OfAPolicyThatIsAddedIsThatOfOneThatWasThere) {
  const std::vector<int> arm = {1, 0, 1, 0, 0, 1, 0, 0};
  ChoiceBatch batch = Batch(arm, {3, 1, 4, 1, 5, 8, 2, 6}, 0.4);
  const std::vector<double> values = {2, 2, 6, 3.75, 4};
  const federation::Layout layout{PropensityErrorLayout(2, 1, values.size() - 1, 1, 6)};
  federation::ExactSums sums(layout);
  AddPropensityError(batch, 1, 0.02, -1, 0, sums);
  const auto all = federation::PooledSums::Decode(layout, sums.Seal(core::Hash{}));
  const federation::Layout added_layout{PolicyOddsLayout(2, 1, 1, 1, 6)};
  federation::ExactSums added(added_layout);
  std::vector<PolicyScore> second;
  for (std::size_t r = 0; r < arm.size(); ++r) second.push_back(ScoreOf(batch, r, 1));
  AddPolicyOdds(batch, 1, 0.02, second, 0, added);
  const auto one = federation::PooledSums::Decode(added_layout, added.Seal(core::Hash{}));
  ASSERT_TRUE(all && one);
  const std::vector<PolicyOdds> odds = PolicyOddsOf(*all, 0, std::span(values).subspan(1));
  EXPECT_EQ(one->Numbers(0), odds[1].scores);
  EXPECT_EQ(one->Numbers(1), odds[1].gradient);
}

}  // namespace
}  // namespace clinnova::learn
