// SPDX-License-Identifier: Apache-2.0
// The numbers of glmnet are held by tests/golden; here is what they do not show.
#include "stats/elastic_net.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Net(const std::string& formula, const std::string& more = "") {
  return "method = \"elastic_net\"\nformula = \"" + formula + "\"\n" + more;
}

/// 90 rows: y depends on a, z on nothing, ill on a and b; person says which rows belong together.
Table Patients() {
  std::vector<double> a, b, z, y, ill, person, fold;
  for (int i = 0; i < 90; ++i) {
    a.push_back(std::sin(i * 1.7));
    b.push_back(std::cos(i * 0.9));
    z.push_back((i * 7) % 5);
    y.push_back(3 + 2 * a.back() + 0.3 * std::sin(i * 12.9));
    ill.push_back(a.back() + b.back() + std::sin(i * 5.3) > 0);
    person.push_back(std::floor(i / 3.0));
    fold.push_back(i % 3 + 1);
  }
  return MakeTable(
      {{"a", a}, {"b", b}, {"z", z}, {"y", y}, {"ill", ill}, {"person", person}, {"fold", fold}});
}

std::vector<std::size_t> ByTurn(std::size_t rows, std::size_t sites) {
  std::vector<std::size_t> site;
  for (std::size_t r = 0; r < rows; ++r) site.push_back(r % sites);
  return site;
}

TEST(ElasticNet, GivesTheWholeGaussianPathInThreeRounds) {
  const Answer answer = RunOne(Net("y ~ a + b + z", "folds = 5\n"), {Patients()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/rounds"), 3);
  EXPECT_GT(answer.Size("/path"), 30u);
  EXPECT_LT(answer.Number("/kkt_violation"), 1e-14);
  EXPECT_EQ(answer.Number("/path/0/df"), 0);
  EXPECT_EQ(answer.Number("/path/0/deviance_ratio"), 0);
  EXPECT_EQ(answer.Text("/path/1/terms/1/term"), "a");
  EXPECT_GT(answer.Number("/path/1/terms/1/estimate"), 0);
  EXPECT_GE(answer.Number("/lambda_1se"), answer.Number("/lambda_min"));
  EXPECT_EQ(answer.Size("/cross_validation"), answer.Size("/path"));
}

// One column: the lasso's estimate is the covariance less lambda, over the variance.
TEST(ElasticNet, ShrinksAStandardisedColumnByLambda) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4}}, {"y", {1, 3, 2, 6}}});
  const Answer answer = RunOne(Net("y ~ x", "lambda = [0.5]\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  const double sd = std::sqrt(1.25);
  const double slope = (1.75 / sd - 0.5) / sd;
  EXPECT_NEAR(answer.Number("/path/0/terms/1/estimate"), slope, 1e-15);
  EXPECT_NEAR(answer.Number("/path/0/terms/0/estimate"), 3 - 2.5 * slope, 1e-15);
}

TEST(ElasticNet, ReachesTheUnpenalisedFit) {
  const Answer net =
      RunOne(Net("ill ~ a + b", "family = \"binomial\"\nlambda = 0\n"), {Patients()});
  const Answer glm =
      RunOne("method = \"glm\"\nformula = \"ill ~ a + b\"\nfamily = \"binomial\"\n", {Patients()});
  ASSERT_TRUE(net) << net.error().message;
  for (const char* term : {"0", "1", "2"}) {
    EXPECT_NEAR(net.Number("/path/0/terms/" + std::string(term) + "/estimate"),
                glm.Number("/terms/" + std::string(term) + "/estimate"), 1e-12);
  }
}

/// 600 rows of 40 columns, one of which has an outlier; ill and count depend on some of them.
Table Wide() {
  std::vector<std::pair<std::string, std::vector<double>>> columns(42);
  columns[0].first = "ill";
  columns[1].first = "count";
  for (std::size_t j = 2; j < columns.size(); ++j) columns[j].first = "x" + std::to_string(j);
  for (int i = 0; i < 600; ++i) {
    double eta = 0;
    for (std::size_t j = 2; j < columns.size(); ++j) {
      const double x =
          i == 5 && j == 4 ? 60.0 : std::sin(i * (1.3 + 0.17 * static_cast<double>(j)));
      columns[j].second.push_back(x);
      if (j % 4 == 2) eta += 0.4 * std::sin(x);
    }
    const double noise = std::sin(i * 12.9) + std::sin(i * 7.7);
    columns[0].second.push_back(eta + noise > 0 ? 1 : 0);
    columns[1].second.push_back(std::floor(std::exp(0.7 * eta + 0.5 * noise)));
  }
  std::vector<table::FixtureColumn> made;
  for (const auto& [name, values] : columns) made.push_back({name, values});
  return MakeTable(made);
}

// Of many columns the second derivatives are rounded, which says where to step next and not where the path lies.
TEST(ElasticNet, MeetsItsConditionsWithRoundedSecondDerivatives) {
  std::string columns = "x2";
  for (int j = 3; j < 42; ++j) columns += " + x" + std::to_string(j);
  const Table table = Wide();
  for (const std::string outcome : {"ill", "count"}) {
    const std::string family = outcome == "ill" ? "binomial" : "poisson";
    const std::string study =
        Net(outcome + " ~ " + columns, "family = \"" + family + "\"\nnlambda = 50\n");
    const Answer answer = RunOne(study, {table});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer.True("/converged"));
    EXPECT_LT(answer.Number("/kkt_violation"), 1e-12);
    EXPECT_GT(answer.Size("/path"), 20u);
    EXPECT_LE(answer.Number("/rounds"), 18);
    // One lambda, where nothing is shared.
    const std::string last = "/path/" + std::to_string(answer.Size("/path") - 1);
    const Answer alone =
        RunOne(Net(outcome + " ~ " + columns,
                   "family = \"" + family + "\"\nlambda = [" +
                       nlohmann::json(answer.Number(last + "/lambda")).dump() + "]\n"),
               {table});
    ASSERT_TRUE(alone) << alone.error().message;
    const auto path = nlohmann::json::parse(answer.text())["path"];
    const auto one = nlohmann::json::parse(alone.text())["path"][0];
    for (int j = 0; j < 41; ++j) {
      EXPECT_NEAR(path.back()["terms"][j]["estimate"].get<double>(),
                  one["terms"][j]["estimate"].get<double>(), 1e-11);
    }
    const Answer split = RunOne(study, Split(table, ByTurn(600, 3), 3));
    ASSERT_TRUE(split) << split.error().message;
    EXPECT_EQ(answer.text(), split.text());
  }
}

TEST(ElasticNet, SortsTheLambdasThatAreGiven) {
  const Answer answer = RunOne(Net("y ~ a + b", "lambda = [0.01, 1, 0.1]\n"), {Patients()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/path/0/lambda"), 1);
  EXPECT_EQ(answer.Number("/path/2/lambda"), 0.01);
}

TEST(ElasticNet, KeepsAPersonsRowsInOneFold) {
  const std::string options = "nlambda = 6\nfolds = 5\nid = \"person\"\n";
  const Answer by_person = RunOne(Net("y ~ a + b + z", options), {Patients()});
  const Answer other_seed = RunOne(Net("y ~ a + b + z", options + "seed = 2\n"), {Patients()});
  const Answer by_row = RunOne(Net("y ~ a + b + z", "nlambda = 6\nfolds = 5\n"), {Patients()});
  ASSERT_TRUE(by_person) << by_person.error().message;
  const char* mean = "/cross_validation/3/mean";
  EXPECT_NE(by_person.Number(mean), other_seed.Number(mean));
  EXPECT_NE(by_person.Number(mean), by_row.Number(mean));
  EXPECT_NEAR(by_person.Number("/path/3/deviance_ratio"), by_row.Number("/path/3/deviance_ratio"),
              1e-14);
}

TEST(ElasticNet, TakesFoldsFromAColumn) {
  const Answer answer =
      RunOne(Net("y ~ a + b", "nlambda = 6\nfold_column = \"fold\"\n"), {Patients()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/folds"), 3);
}

/// 120 survival times of whole days with ties.
Table Survivors() {
  std::vector<double> t, d, a, b;
  for (int i = 0; i < 120; ++i) {
    a.push_back(std::sin(i * 1.7));
    b.push_back((i * 7) % 5);
    t.push_back(1 + std::floor(30 * std::exp(-a.back()) * std::fabs(std::sin(i * 3.1))));
    d.push_back(i % 4 != 0);
  }
  return MakeTable({{"t", t}, {"d", d}, {"a", a}, {"b", b}});
}

TEST(ElasticNet, ReachesTheUnpenalisedCoxModel) {
  for (const std::string strata : {"", "strata = []\n"}) {
    const std::vector<Table> sites = Split(Survivors(), ByTurn(120, 3), 3);
    const Answer net =
        RunOne(Net("Surv(t, d) ~ a + b", "family = \"cox\"\nlambda = 0\n" + strata), sites);
    const Answer cox = RunOne(
        "method = \"cox\"\nformula = \"Surv(t, d) ~ a + b\"\nties = \"breslow\"\n" + strata, sites);
    ASSERT_TRUE(net) << net.error().message;
    EXPECT_EQ(net.Size("/path/0/terms"), 2u);
    for (const char* term : {"0", "1"}) {
      EXPECT_NEAR(net.Number("/path/0/terms/" + std::string(term) + "/estimate"),
                  cox.Number("/terms/" + std::string(term) + "/estimate"), 1e-11);
    }
  }
}

TEST(ElasticNet, GivesAWholeCoxPathInFewRoundsBySite) {
  const Answer answer = RunOne(Net("Surv(t, d) ~ a + b", "family = \"cox\"\n"),
                               Split(Survivors(), ByTurn(120, 3), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer.Size("/path"), 20u);
  EXPECT_LT(answer.Number("/rounds"), 15);
  EXPECT_EQ(answer.Number("/path/0/deviance_ratio"), 0);
}

TEST(ElasticNet, MergesEventTimesUnderTheDisclosureRules) {  // rule 9
  const Answer answer =
      RunOne(Net("Surv(t, d) ~ a + b", "family = \"cox\"\nlambda = [0.1]\nstrata = []\n"),
             {Survivors()}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Texts("/warnings"),
            (std::vector<std::string>{"event times are merged until each has at least ten exits"}));
}

TEST(ElasticNet, RefusesARareOutcome) {  // rule 3
  Table table = Patients();
  std::vector<double>& ill = table.columns[*table.schema.Find("ill")].numbers;
  for (double& value : ill) value = 0;
  for (const std::size_t r : {3u, 24u, 55u, 76u}) ill[r] = 1;
  const std::string study = Net("ill ~ a", "family = \"binomial\"\nnlambda = 6\n");
  const Answer rare = RunOne(study, {table}, {.minimum_count = 5});
  ASSERT_FALSE(rare);
  EXPECT_EQ(rare.error().reason, "rare_level");
  EXPECT_TRUE(RunOne(study, {table}));
}

TEST(ElasticNet, RefusesFoldsThatTellTooMuch) {  // rules 2 and 3 for each fold
  const Answer small =
      RunOne(Net("y ~ a + b + z", "nlambda = 6\nfolds = 9\n"), {Patients()}, {.minimum_count = 5});
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, ErrorCode::kRefused);
  EXPECT_EQ(small.error().reason, "too_many_parameters");
  const Answer rare = RunOne(
      Net("y ~ a + I(z == 4 & (fold == 1 | a > 0.7))", "nlambda = 6\nfold_column = \"fold\"\n"),
      {Patients()}, {.minimum_count = 5});  // few of folds 2 and 3
  ASSERT_FALSE(rare);
  EXPECT_EQ(rare.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rare.error().reason, "rare_level");
  EXPECT_TRUE(RunOne(Net("y ~ a + b", "nlambda = 6\nfold_column = \"fold\"\n"), {Patients()},
                     {.minimum_count = 5}));
}

/// The patients with times; those of `quiet` have no event.
Table WithTimes(double quiet = 0) {
  Table table = Patients();
  const std::vector<double>& fold = table.columns[*table.schema.Find("fold")].numbers;
  std::vector<double>& t = table.columns[*table.schema.Find("y")].numbers;
  std::vector<double>& d = table.columns[*table.schema.Find("ill")].numbers;
  for (std::size_t r = 0; r < t.size(); ++r) {
    t[r] = static_cast<double>(r * 37 % 89 + 1);
    d[r] = fold[r] == quiet ? 0 : static_cast<double>(r % 4 != 0);
  }
  return table;
}

TEST(ElasticNet, CrossValidatesSurvivalUnderTheRulesByStratumOfSites) {
  const auto run = [](const std::string& more, const Table& table) {
    return RunOne(Net("Surv(y, ill) ~ a + b", "family = \"cox\"\nlambda = [0.1, 0.01]\n" + more),
                  {table}, {.minimum_count = 5});
  };
  const Answer by_site = run("fold_column = \"fold\"\n", WithTimes());
  ASSERT_TRUE(by_site) << by_site.error().message;
  EXPECT_EQ(by_site.Number("/folds"), 3);
  EXPECT_EQ(by_site.Size("/cross_validation"), 2U);
  const Answer pooled = run("fold_column = \"fold\"\nstrata = []\n", WithTimes());
  ASSERT_FALSE(pooled);
  EXPECT_EQ(pooled.error().reason, "risk_sets_not_binned");
  EXPECT_NE(run("fold_column = \"fold\"\n", WithTimes(2)).error().message.find("has no event"),
            std::string::npos);
}

TEST(ElasticNet, SaysWhatIsWrong) {
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {Net("y ~ a + strata(fold)"),
       "analysis \"a\": formula: found strata(fold), which method elastic_net does not have"},
      {Net("y ~ a + cluster(person)"),
       "analysis \"a\": formula: found cluster(person), expected no clusters"},
      {Net("y ~ a", "family = \"normal\"\n"),
       "analysis \"a\": family: found \"normal\", expected one of gaussian"},
      {Net("y ~ a", "family = \"binomial\"\n"),
       "analysis \"a\": the outcome is outside the range of family binomial"},
      {Net("y ~ a", "alpha = 1.5\n"),
       "analysis \"a\": alpha: found 1.5, expected a number from 0 (ridge) to 1"},
      {Net("y ~ a", "lambda = \"all\"\n"),
       "analysis \"a\": lambda: found \"all\", expected numbers or \"path\""},
      {Net("y ~ a", "lambda = [-1.0]\n"), "analysis \"a\": lambda: found a negative number"},
      {Net("y ~ a", "folds = 2\n"), "analysis \"a\": folds: found 2, expected 3 to 100"},
      {Net("y ~ a", "folds = 60\n"), "analysis \"a\": folds: found 60 folds for 90 rows"},
      {Net("y ~ a", "fold_column = \"y\"\n"),
       "analysis \"a\": fold_column: found other values than whole"},
      {Net("y ~ a", "fold_column = \"none\"\n"), ""},
      {Net("y ~ a", "family = \"cox\"\n"),
       "analysis \"a\": formula: found \"y ~ a\", expected Surv(time, status) before ~"},
      {Net("y ~ a", "strata = [\"z\"]\n"),
       "analysis \"a\": strata: found [\"z\"], expected nothing"},
      {Net("y ~ 1"), "analysis \"a\": formula: found \"y ~ 1\", expected at least one term"},
      {Net("cbind(ill, z) ~ a", "family = \"binomial\"\n"),
       "analysis \"a\": formula: found \"cbind(ill, z) ~ a\", expected one outcome column"},
      {Net("y ~ a", "weights = \"z\"\n"),
       "analysis \"a\": weights: unknown option of method elastic_net"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {Patients()});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

TEST(ElasticNet, HasNoPathWhereNothingIsAssociated) {
  const Table table = MakeTable({{"x", {-1, 1, -1, 1}}, {"y", {1, 1, 2, 2}}});
  const Answer path = RunOne(Net("y ~ x"), {table});
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().message.substr(0, 48),
            "analysis \"a\": no term is associated with the out");
  const Answer given = RunOne(Net("y ~ x", "lambda = 0.1\n"), {table});
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given.Number("/path/0/terms/1/estimate"), 0);
}

}  // namespace
}  // namespace clinnova::stats
