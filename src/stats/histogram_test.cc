// SPDX-License-Identifier: Apache-2.0
#include "stats/histogram.h"

#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;

const std::string kX = "method = \"histogram\"\nvariable = \"x\"\n";

TEST(Histogram, CountsBetweenBreaksAsRDoes) {
  // Bins are closed on the right, the first on both sides.
  const auto table = MakeTable({{"x", {0, 1, 1, 1.5, 2, 3, kNa}}});
  const Answer answer =
      RunOne(kX + "breaks = [0, 1, 2, 3]\n", Split(table, {0, 1, 0, 1, 0, 1, 1}, 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/counts"), (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(answer.Number("/n"), 6);
  EXPECT_EQ(answer.Number("/n_missing"), 1);
}

TEST(Histogram, FindsBreaksThatTellNoValue) {
  const Answer answer = RunOne(kX + "bins = 4\n", {MakeTable({{"x", {-3, 0.5, 5, 5}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/breaks"),
            (std::vector<double>{-4, -1, 2, 5, 8}));  // powers of two around
  EXPECT_EQ(answer.Numbers("/counts"), (std::vector<double>{1, 1, 2, 0}));
  const Answer zeros = RunOne(kX + "bins = 2\n", {MakeTable({{"x", {0.0, 0.0}}})});
  EXPECT_EQ(zeros.Numbers("/counts"), (std::vector<double>{2, 0}));
}

TEST(Histogram, HidesSmallBinsWithAnotherBesideThem) {
  std::vector<double> x(30, 0.5);
  x[0] = 1.5;
  for (std::size_t r = 10; r < 20; ++r) x[r] = 2.5;
  const std::string study = kX + "breaks = [0, 1, 2, 3, 4]\n";
  const Answer answer = RunOne(study, {MakeTable({{"x", x}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/counts/0"), 19);
  EXPECT_TRUE(answer.IsNull("/counts/1"));
  EXPECT_TRUE(answer.IsNull("/counts/2"));
  EXPECT_EQ(answer.Number("/counts/3"), 0);
  EXPECT_EQ(answer.Texts("/suppressed"), (std::vector<std::string>{"counts[1]", "counts[2]"}));
  EXPECT_EQ(RunOne(study, {MakeTable({{"x", x}})}).Numbers("/counts"),
            (std::vector<double>{19, 1, 10, 0}));
}

TEST(Histogram, RefusesFewerValuesThanTheThreshold) {
  std::vector<double> x(30, kNa);
  x[0] = x[1] = 0.5;
  const Answer answer =
      RunOne(kX + "breaks = [0, 1, 2]\n", {MakeTable({{"x", x}})}, {.minimum_count = 5});
  ASSERT_FALSE(answer) << answer.text();
  EXPECT_EQ(answer.error().reason, "cohort_below_threshold");
}

TEST(Histogram, DoesNotSayHowFewValuesLieOutside) {
  std::vector<double> x(30, 0.5);
  x[0] = 99;
  const Answer few =
      RunOne(kX + "breaks = [0, 1]\n", {MakeTable({{"x", x}})}, {.minimum_count = 5});
  EXPECT_EQ(few.error().message,
            "analysis \"a\": breaks: some values (few) lie outside them, expected breaks that "
            "cover all values");
}

TEST(Histogram, SaysWhatIsWrong) {
  const auto table = MakeTable({{"x", {1.0, 2.0}}, {"f", {"a", "b"}}});
  EXPECT_FALSE(RunOne(kX + "breaks = [1]\n", {table}));
  EXPECT_FALSE(RunOne(kX + "breaks = [1, 1]\n", {table}));
  EXPECT_FALSE(RunOne(kX + "bins = 0\n", {table}));
  EXPECT_FALSE(RunOne("method = \"histogram\"\nvariable = \"f\"\n", {table}));
  EXPECT_EQ(
      RunOne("method = \"histogram\"\nvariable = \"z\"\n", {table}).error().message,
      "analysis \"a\": variable: column \"z\": not in the table, expected one of: x, f, site");
}

}  // namespace
}  // namespace clinnova::stats
