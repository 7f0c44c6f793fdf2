// SPDX-License-Identifier: Apache-2.0
#include "stats/effect.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Effect(const std::string& more) {
  return "method = \"effect\"\noutcome = \"y\"\ntreatment = \"drug\"\n" + more;
}

/// Persons by stratum, drug and outcome: {stratum, drug, events, persons}.
struct Cell {
  std::string stratum;
  std::string drug;
  int events;
  int persons;
};
Table Cohort(const std::vector<Cell>& cells) {
  std::vector<std::string> stratum;
  std::vector<std::string> drug;
  std::vector<double> y;
  for (const Cell& cell : cells) {
    for (int i = 0; i < cell.persons; ++i) {
      stratum.push_back(cell.stratum);
      drug.push_back(cell.drug);
      y.push_back(i < cell.events);
    }
  }
  return MakeTable({{"stratum", stratum}, {"drug", drug}, {"y", y}});
}
Table Confounded() {
  return Cohort({{"mild", "new", 24, 30},
                 {"mild", "old", 6, 10},
                 {"severe", "new", 4, 10},
                 {"severe", "old", 10, 40}});
}

TEST(Effect, IsTheDifferenceOfMeansWithoutCovariates) {
  const Table table = Cohort({{"a", "new", 30, 40}, {"a", "old", 16, 50}});
  for (const char* estimator : {"ipw", "aipw", "gcomp", "overlap", "tmle"}) {
    const Answer answer = RunOne(
        Effect("covariates = []\nestimator = \"" + std::string(estimator) + "\"\n"), {table});
    ASSERT_TRUE(answer) << answer.error().message;
    // Levels in order: new is the first.
    EXPECT_EQ(answer.Text("/contrast"), "old - new");
    EXPECT_NEAR(answer.Number("/estimate"), 0.32 - 0.75, 1e-14) << estimator;
    const double variance = 0.32 * 0.68 / 50 + 0.75 * 0.25 / 40;
    EXPECT_NEAR(answer.Number("/std_error"), std::sqrt(variance), 1e-13) << estimator;
    EXPECT_NEAR(answer.Number("/conf_low"), -0.43 - 1.959963984540054 * std::sqrt(variance), 1e-13);
    EXPECT_EQ(answer.Number("/n"), 90);
    EXPECT_EQ(answer.Text("/outcome_family"), "binomial");
  }
}

TEST(Effect, StandardisesOverStrata) {
  // Risks by stratum: new 0.8, 0.4; old 0.6, 0.25. Strata: 40 mild, 50 severe; on old: 10 and 40.
  const double everybody = (40 * (0.6 - 0.8) + 50 * (0.25 - 0.4)) / 90;
  const double on_old = (10 * (0.6 - 0.8) + 40 * (0.25 - 0.4)) / 50;
  for (const char* estimator : {"ipw", "aipw", "gcomp", "tmle"}) {
    const std::string options =
        "covariates = [\"stratum\"]\nestimator = \"" + std::string(estimator) + "\"\n";
    const Answer answer = RunOne(Effect(options), {Confounded()}, {.minimum_count = 3});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_NEAR(answer.Number("/estimate"), everybody, 1e-13) << estimator;
    if (std::string_view(estimator) == "tmle") continue;
    const Answer treated = RunOne(Effect(options + "estimand = \"ATT\"\n"), {Confounded()});
    ASSERT_TRUE(treated) << treated.error().message;
    EXPECT_NEAR(treated.Number("/estimate"), on_old, 1e-13) << estimator;
  }
}

TEST(Effect, BalancesThePropensityModelsColumnsByOverlapWeights) {
  const Answer answer =
      RunOne(Effect("covariates = [\"stratum\"]\nestimator = \"overlap\"\n"), {Confounded()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/estimand"), "ATO");
  EXPECT_EQ(answer.Text("/balance/0/variable"), "stratumsevere");
  const double variance = 0.8 * 0.2 * 50 / 49 / 2 + 0.25 * 0.75 * 40 / 39 / 2;
  EXPECT_NEAR(answer.Number("/balance/0/smd_before"), (0.8 - 0.25) / std::sqrt(variance), 1e-13);
  EXPECT_NEAR(answer.Number("/balance/0/smd_after"), 0, 1e-13);
  // Strata weigh n1 n0 / n: 7.5 and 8.
  EXPECT_NEAR(answer.Number("/estimate"), (7.5 * (0.6 - 0.8) + 8 * (0.25 - 0.4)) / 15.5, 1e-13);
  EXPECT_EQ(answer.Text("/propensity/terms/1/term"), "stratumsevere");
  EXPECT_NEAR(answer.Number("/propensity/terms/1/estimate"), std::log(4.0 * 3), 1e-12);
}

TEST(Effect, WeighsByTheInversePropensity) {
  const Answer answer =
      RunOne(Effect("covariates = [\"stratum\"]\nestimator = \"ipw\"\n"), {Confounded()});
  ASSERT_TRUE(answer) << answer.error().message;
  // old: weights 4 for 10 mild, 1.25 for 40 severe.
  EXPECT_NEAR(answer.Number("/means/1/ess"), 90.0 * 90 / (10 * 16 + 40 * 1.5625), 1e-10);
  EXPECT_EQ(answer.Number("/means/1/n"), 50);
  EXPECT_EQ(answer.Text("/means/1/level"), "old");
}

TEST(Effect, SaysThatTheCovariatesSeparateTheTreatments) {
  const Table table = Cohort({{"mild", "new", 24, 30}, {"severe", "old", 10, 40}});
  for (const char* estimator : {"ipw", "aipw", "overlap"}) {
    const Answer answer = RunOne(
        Effect("covariates = [\"stratum\"]\nestimator = \"" + std::string(estimator) + "\"\n"),
        {table});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer.True("/converged"));
    EXPECT_TRUE(answer.IsNull("/estimate"));
    EXPECT_TRUE(answer.IsNull("/means/0/estimate"));
    EXPECT_NE(answer.Text("/warnings/0").find("separate the treatments"), std::string::npos);
  }
}

TEST(Effect, DoesNotExtrapolateAnArmToALevelThatItLacks) {
  const Table table =
      Cohort({{"mild", "new", 24, 30}, {"mild", "old", 6, 10}, {"severe", "old", 10, 40}});
  const Answer answer =
      RunOne(Effect("covariates = [\"stratum\"]\nestimator = \"gcomp\"\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/estimate"));
  EXPECT_EQ(answer.Text("/warnings/0"),
            "not estimable: among the persons of new, stratumsevere does not vary on its own; no "
            "effect is given");
}

TEST(Effect, RefusesArmsAndOutcomesOfFewPersons) {
  const Table rare = Cohort({{"a", "new", 30, 40}, {"a", "old", 3, 50}});
  const Answer outcome = RunOne(Effect("covariates = []\n"), {rare}, {.minimum_count = 5});
  EXPECT_EQ(outcome.error().code, ErrorCode::kRefused);
  EXPECT_EQ(outcome.error().reason, "rare_level");
  EXPECT_TRUE(RunOne(Effect("covariates = []\n"), {rare}, {.minimum_count = 3}));

  const Table small = Cohort({{"a", "new", 30, 60}, {"a", "old", 2, 4}});
  const Answer arm = RunOne(Effect("covariates = []\n"), {small}, {.minimum_count = 5});
  EXPECT_EQ(arm.error().code, ErrorCode::kRefused);

  const Table thin = Cohort({{"a", "new", 20, 60}, {"b", "new", 20, 40}, {"a", "old", 5, 10}});
  const Answer models =
      RunOne(Effect("covariates = []\nestimator = \"gcomp\"\n"), {thin}, {.minimum_count = 5});
  EXPECT_EQ(models.error().reason, "too_many_parameters");
  EXPECT_TRUE(RunOne(Effect("covariates = []\n"), {thin}, {.minimum_count = 5}));
}

TEST(Effect, RefusesToTrimFewPersons) {
  // Propensities of old: 0.25 among the mild, 0.8 among the severe, who are left out; 10 on old remain.
  const Table table = Cohort({{"mild", "new", 24, 30},
                              {"mild", "old", 6, 10},
                              {"severe", "new", 5, 10},
                              {"severe", "old", 10, 40}});
  const std::string options = "covariates = [\"stratum\"]\ntrim = 0.22\n";
  const Answer answer = RunOne(Effect(options), {table}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/n_trimmed"), 50);
  EXPECT_NEAR(answer.Number("/estimate"), 0.6 - 0.8, 1e-13);
  const Answer refused = RunOne(Effect(options), {table}, {.minimum_count = 11});
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message.find("trim tells fewer than 11"), std::string::npos);
  const Answer nobody =
      RunOne(Effect("covariates = [\"stratum\"]\ntrim = 0.4\n"), {table}, {.minimum_count = 0});
  EXPECT_EQ(nobody.error().code, ErrorCode::kFailed);
}

TEST(Effect, NamesTheOptionThatIsWrong) {
  const auto message = [](const std::string& more) {
    const Answer answer = RunOne(Effect(more), {Confounded()});
    EXPECT_FALSE(answer) << more;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput) << answer.error().message;
    return answer.error().message;
  };
  const auto names = [&](const std::string& more, const std::string& what) {
    EXPECT_NE(message(more).find(what), std::string::npos) << message(more);
  };
  names("covariates = []\nestimator = \"matching\"\n", "estimator");
  names("covariates = []\nestimand = \"LATE\"\n", "estimand");
  names("covariates = []\nestimator = \"tmle\"\nestimand = \"ATT\"\n", "not there yet");
  names("covariates = []\nestimator = \"overlap\"\nestimand = \"ATT\"\n", "ATO");
  names("covariates = []\nestimator = \"gcomp\"\ntrim = 0.1\n", "trim");
  names("covariates = []\ntrim = 0.5\n", "trim");
  names("covariates = [\"drug\"]\n", "treatment");
  names("covariates = [\"y\"]\n", "response");
  names("covariates = [\"strata(stratum)\"]\n", "covariates");
  names("covariates = []\nestimand = \"ATT\"\ntreated = \"none\"\n", "new, old");
  names("covariates = []\nconf_level = 1\n", "conf_level");
}

}  // namespace
}  // namespace clinnova::stats
