// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_prediction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Cox(const std::string& more) {
  return "method = \"cox\"\nformula = \"Surv(t, d) ~ x + g\"\nstrata = []\n" + more;
}

Table Forty(double weight = 1) {
  std::vector<double> t;
  std::vector<double> d;
  std::vector<double> x;
  std::vector<double> w;
  std::vector<std::string> g;
  for (int i = 0; i < 40; ++i) {
    t.push_back(1 + (i * 7) % 19);
    d.push_back(i % 4 != 0);
    x.push_back((i * 11) % 13 / 4.0);
    w.push_back(weight);
    g.push_back(i % 3 == 0 ? "b" : "a");
  }
  return MakeTable({{"t", t}, {"d", d}, {"x", x}, {"w", w}, {"g", g}});
}

TEST(CoxPrediction, OfZeroCovariatesIsTheBaseline) {
  const Answer answer = RunOne(Cox("newdata = [{x = 0, g = \"a\"}]\n"), {Forty()});
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double> survival = answer.Numbers("/predictions/0/estimate");
  ASSERT_EQ(survival.size(), answer.Size("/baseline"));
  for (std::size_t i = 0; i < survival.size(); ++i) {
    const double hazard = answer.Number("/baseline/" + std::to_string(i) + "/hazard");
    EXPECT_NEAR(survival[i], std::exp(-hazard), 1e-14);
  }
}

TEST(CoxPrediction, ScalesTheHazardByTheRatio) {
  const Answer answer = RunOne(
      Cox("newdata = [{x = 1, g = \"a\"}, {x = 1, g = \"b\"}]\ntimes = [0.5, 10]\n"), {Forty()});
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double> a = answer.Numbers("/predictions/0/estimate");
  const std::vector<double> b = answer.Numbers("/predictions/1/estimate");
  EXPECT_EQ(a[0], 1);
  EXPECT_NEAR(std::log(b[1]) / std::log(a[1]), answer.Number("/terms/1/hazard_ratio"), 1e-12);
}

TEST(CoxPrediction, NamesWhatIsWrongInARow) {
  const auto error = [](const std::string& more) {
    return RunOne(Cox(more), {Forty()}).error().message;
  };
  const std::string where = "analysis \"a\": newdata: ";
  EXPECT_EQ(error("newdata = [{x = 1}]\n"), where + "row 1: found no value of g");
  EXPECT_EQ(error("newdata = [{x = 1, g = \"c\"}]\n"),
            where + "row 1.g: found \"c\", expected one of a, b");
  EXPECT_EQ(error("newdata = [{x = \"one\", g = \"a\"}]\n"),
            where + "row 1.x: found \"one\", expected a number");
  EXPECT_EQ(error("newdata = [{x = 1, g = \"a\", t = 3}]\n"),
            where + "row 1: t is not in the model");
  EXPECT_EQ(error("newdata = 3\n"),
            where + "found 3, expected a list such as [{age = 60, sex = \"male\"}]");
  EXPECT_EQ(
      RunOne("method = \"cox\"\nformula = \"Surv(t, d) ~ x\"\nnewdata = [{x = 1}]\n", {Forty()})
          .error()
          .message,
      where + "needs strata = []: a stratum's hazard is not released");
}

TEST(CoxWeights, OfTwoCountPersonsTwice) {
  // Breslow's likelihood of doubled rows and of weights of two are the same.
  const Answer once = RunOne(Cox("ties = \"breslow\"\nweights = \"w\"\n"), {Forty(2)});
  Table table = Forty();
  std::vector<std::size_t> twice;
  for (std::size_t r = 0; r < 80; ++r) twice.push_back(r % 40);
  const Answer doubled = RunOne(Cox("ties = \"breslow\"\n"), {Reordered(table, twice)});
  ASSERT_TRUE(once && doubled) << once.error().message << doubled.error().message;
  for (const char* field : {"/terms/0/estimate", "/terms/1/std_error", "/log_lik", "/concordance",
                            "/proportional_hazards/0/statistic"}) {
    EXPECT_NEAR(once.Number(field), doubled.Number(field), 1e-12 * std::fabs(doubled.Number(field)))
        << field;
  }
}

TEST(CoxWeights, ThatAreNotWholeMakeErrorsRobust) {
  const Answer fractions = RunOne(Cox("weights = \"w\"\n"), {Forty(0.5)});
  const Answer robust = RunOne(Cox("robust = true\n"), {Forty()});
  const Answer plain = RunOne(Cox("weights = \"w\"\nrobust = false\n"), {Forty(0.5)});
  ASSERT_TRUE(fractions && robust && plain) << fractions.error().message;
  EXPECT_NEAR(fractions.Number("/terms/0/std_error"), robust.Number("/terms/0/std_error"), 1e-12);
  EXPECT_GT(plain.Number("/terms/0/std_error"), 1.2 * robust.Number("/terms/0/std_error") * 0.9);
}

}  // namespace
}  // namespace clinnova::stats
