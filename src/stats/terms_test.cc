// SPDX-License-Identifier: Apache-2.0
#include "stats/terms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace clinnova::stats {
namespace {

Coefficients Two() {
  Coefficients two;
  two.names = {"x", "z"};
  two.estimates = {3, 5};
  two.covariance = {{2.25, 0.5}, {0.5, 4}};
  two.estimable = {true, false};
  return two;
}

TEST(Terms, AreWaldsOfTheEstimates) {
  const auto terms = TermsJson(Two());
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0]["term"], "x");
  EXPECT_EQ(terms[0]["estimate"], 3.0);
  EXPECT_EQ(terms[0]["std_error"], 1.5);
  EXPECT_EQ(terms[0]["statistic"], 2.0);
  EXPECT_NEAR(terms[0]["p_value"].get<double>(), 0.0455002638963584, 1e-14);  // 2 pnorm(-2)
  EXPECT_NEAR(terms[0]["conf_high"].get<double>(), 3 + 1.5 * 1.959963984540054, 1e-14);
  EXPECT_NEAR(terms[0]["conf_low"].get<double>(), 3 - 1.5 * 1.959963984540054, 1e-14);
}

TEST(Terms, UseStudentsTWhereTheDispersionIsEstimated) {
  Coefficients two = Two();
  two.degrees_of_freedom = 10;
  EXPECT_NEAR(TermsJson(two)[0]["p_value"].get<double>(), 0.0733880347707404,
              1e-13);  // 2 pt(-2, 10)
}

TEST(Terms, NotEstimableIsNullNotANumber) {
  const auto terms = TermsJson(Two());
  for (const char* key :
       {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}) {
    EXPECT_TRUE(terms[1][key].is_null()) << key;
  }
  const Coefficients two = Two();
  const auto matrix = MatrixJson(two.names, two.covariance, two.estimable);
  EXPECT_EQ(matrix["values"][0][0], 2.25);
  EXPECT_TRUE(matrix["values"][0][1].is_null());
  EXPECT_TRUE(matrix["values"][1][1].is_null());
}

TEST(Terms, NumbersThatAreNotFiniteAreNull) {
  EXPECT_EQ(NumberJson(1.5), 1.5);
  EXPECT_TRUE(NumberJson(std::nan("")).is_null());
  EXPECT_TRUE(NumberJson(std::numeric_limits<double>::infinity()).is_null());
}

TEST(Terms, NamesWhatIsAliased) {
  EXPECT_EQ(AliasedNames({"a", "b", "c"}, {true, false, true}), "a, c");
  EXPECT_EQ(AliasedNames({"a", "b"}, {true, true, false, true}, 2), "b");
  EXPECT_EQ(AliasedNames({"a"}, {false}), "");
}

}  // namespace
}  // namespace clinnova::stats
