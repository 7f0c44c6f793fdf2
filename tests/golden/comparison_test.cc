// SPDX-License-Identifier: Apache-2.0
#include "comparison.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace clinnova::golden {
namespace {

using nlohmann::json;

Comparison Of(const char* expected, const char* actual, Tolerances tolerances = {}) {
  return Compare(json::parse(expected), json::parse(actual), tolerances);
}

struct Pair {
  const char* expected;
  const char* actual;
  const char* mismatch;  // part of the first mismatch; empty: they agree
};

class ComparisonOf : public testing::TestWithParam<Pair> {};

TEST_P(ComparisonOf, FindsWhatDiffers) {
  const Pair& pair = GetParam();
  const Comparison comparison = Of(pair.expected, pair.actual);
  EXPECT_EQ(comparison.Agrees(), *pair.mismatch == '\0') << comparison.Describe();
  if (!comparison.Agrees()) {
    EXPECT_NE(comparison.mismatches.front().find(pair.mismatch), std::string::npos)
        << comparison.Describe();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, ComparisonOf,
    testing::Values(Pair{R"({"n": 5})", R"({"n": 5, "rounds": 3})", ""},
                    Pair{R"({"n": 5})", R"({})", "n: missing"},
                    Pair{R"({"n": 5})", R"({"n": 6})", "n: 6"},
                    Pair{R"({"n": 5})", R"({"n": 5.0})", ""},
                    Pair{R"({"a": 1.0})", R"({"a": 1.0000000005})", ""},
                    Pair{R"({"a": 1.0})", R"({"a": 1.000000002})", "off by 2.0e-09"},
                    Pair{R"({"a": 0})", R"({"a": 1e-300})", "a: "},
                    Pair{R"({"a": 0})", R"({"a": 0.0})", ""},
                    Pair{R"({"a": null})", R"({"a": null})", ""},
                    Pair{R"({"a": null})", R"({"a": 0})", "expected null"},
                    Pair{R"({"a": 2})", R"({"a": null})", "a: null"},
                    Pair{R"({"a": 2})", R"({"a": "2"})", "expected 2"},
                    Pair{R"({"t": "sexM"})", R"({"t": "sexF"})", "expected \"sexM\""},
                    Pair{R"({"c": true})", R"({"c": false})", "expected true"},
                    Pair{R"({"a": [1, 2]})", R"({"a": [1, 2, 3]})", "3 elements, expected 2"}));

INSTANTIATE_TEST_SUITE_P(
    Scales, ComparisonOf,
    testing::Values(
        // 1e-17 beside 3 is rounding; 1e-12 is not.
        Pair{R"({"a": [0, 3]})", R"({"a": [1e-17, 3]})", ""},
        Pair{R"({"a": [0, 3]})", R"({"a": [1e-12, 3]})", "a[0]"},
        Pair{R"({"t": [{"statistic": 0}, {"statistic": 9}]})",
             R"({"t": [{"statistic": 1e-16}, {"statistic": 9}]})", ""},
        // A large coefficient must not hide an error in a small one.
        Pair{
            R"({"t": [{"estimate": 1e-12, "std_error": 1e-13}, {"estimate": 1e12, "std_error": 1e11}]})",
            R"({"t": [{"estimate": 1.1e-12, "std_error": 1e-13}, {"estimate": 1e12, "std_error": 1e11}]})",
            "t[0].estimate"},
        Pair{R"({"t": [{"estimate": 0, "std_error": 1}]})",
             R"({"t": [{"estimate": 1e-16, "std_error": 1}]})", ""},
        Pair{R"({"vcov": {"names": ["a", "b"], "values": [[1e-24, 0], [0, 1e24]]}})",
             R"({"vcov": {"names": ["a", "b"], "values": [[1e-24, 1e-17], [1e-17, 1e24]]}})", ""},
        Pair{R"({"vcov": {"names": ["a", "b"], "values": [[1e-24, 0], [0, 1e24]]}})",
             R"({"vcov": {"names": ["a", "b"], "values": [[2e-24, 0], [0, 1e24]]}})",
             "vcov.values[0][0]"},
        Pair{R"({"vcov": {"names": ["a"], "values": [[1]]}})",
             R"({"vcov": {"names": ["b"], "values": [[1]]}})", "vcov.names"},
        Pair{R"({"vcov": {"names": ["a"], "values": [[null]]}})",
             R"({"vcov": {"names": ["a"], "values": [[0]]}})", "[0][0]"}));

INSTANTIATE_TEST_SUITE_P(WarningTexts, ComparisonOf,
                         testing::Values(Pair{R"({"warnings_contain": "separat"})",
                                              R"({"warnings": ["Separation: x"]})", ""},
                                         Pair{R"({"warnings_contain": "separat"})",
                                              R"({"warnings": ["slow"]})", "no warning has"},
                                         Pair{R"({"warnings_contain": "separat"})", R"({})",
                                              "no warning has"}));

TEST(Comparison, NamesTheWorstPath) {
  const Comparison comparison = Of(
      R"({"fit": {"terms": [{"estimate": 1}, {"estimate": 2}], "aic": 100}})",
      R"({"fit": {"terms": [{"estimate": 1}, {"estimate": 2.0000000008}], "aic": 100.00000001}})");
  EXPECT_TRUE(comparison.Agrees());
  EXPECT_EQ(comparison.worst_path, "fit.terms[1].estimate");
  EXPECT_NEAR(comparison.worst, 4e-10, 1e-12);
  EXPECT_EQ(comparison.numbers, 3);
}

TEST(Comparison, TakesAToleranceForAField) {
  const Tolerances loose{.tolerance = 1e-9, .by_field = {{"quantiles", 1e-3}}};
  EXPECT_TRUE(Of(R"({"quantiles": [1, 2]})", R"({"quantiles": [1.0005, 2]})", loose).Agrees());
  EXPECT_FALSE(Of(R"({"mean": 1})", R"({"mean": 1.0005})", loose).Agrees());
}

}  // namespace
}  // namespace clinnova::golden
