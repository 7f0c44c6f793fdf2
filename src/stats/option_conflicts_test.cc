// SPDX-License-Identifier: Apache-2.0
#include "stats/option_conflicts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "federation/study.h"
#include "stats/method.h"

namespace clinnova::stats {
namespace {

/// The error of an analysis with these options, empty where there is none.
std::string ErrorOf(const std::string& method, const std::string& options) {
  const std::string toml =
      "[study]\ntitle = \"t\"\n[[analysis]]\nname = \"a\"\nmethod = \"" + method + "\"\n" + options;
  const auto study = federation::Study::FromToml(toml, "study.toml");
  EXPECT_TRUE(study) << options;
  if (!study) return "no study";
  const auto checked = CheckAnalyses(*study);
  return checked ? "" : checked.error().message;
}

TEST(OptionConflicts, NameTheOptionThatWouldLose) {
  const std::string both = ", which takes its place, expected one of them";
  EXPECT_EQ(ErrorOf("histogram", "variable = \"x\"\nbreaks = [0, 1]\nbins = 3"),
            "analysis \"a\": bins: found it beside breaks" + both);
  EXPECT_EQ(ErrorOf("kmeans", "variables = [\"x\"]\ninitial = [[1], [2]]\nstarts = 3"),
            "analysis \"a\": starts: found it beside initial" + both);
  EXPECT_EQ(ErrorOf("kmeans", "variables = [\"x\"]\ninitial = [[1], [2]]\nseed = 3"),
            "analysis \"a\": seed: found it beside initial" + both);
  EXPECT_EQ(ErrorOf("ttest", "formula = \"y ~ g\"\ny = \"y\""),
            "analysis \"a\": formula: found it beside y" + both);
  EXPECT_EQ(ErrorOf("ttest", "y = \"y\"\nequal_variance = true"),
            "analysis \"a\": equal_variance: found it beside y" + both);
  EXPECT_EQ(ErrorOf("elastic_net", "formula = \"y ~ x\"\nfold_column = \"f\"\nseed = 2"),
            "analysis \"a\": seed: found it beside fold_column" + both);
  EXPECT_EQ(ErrorOf("elastic_net", "formula = \"y ~ x\"\nlambda = [1, 0.1]\nnlambda = 20"),
            "analysis \"a\": nlambda: found it beside lambda" + both);
  EXPECT_EQ(ErrorOf("elastic_net", "formula = \"y ~ x\"\nlambda = 1\nlambda_min_ratio = 0.1"),
            "analysis \"a\": lambda_min_ratio: found it beside lambda" + both);
}

TEST(OptionConflicts, NameTheOptionThatNothingIsMadeOf) {
  EXPECT_EQ(ErrorOf("gee", "formula = \"y ~ x\"\nid = \"i\"\nlag = \"order\""),
            "analysis \"a\": lag: needs correlation = \"ar1\"");
  EXPECT_EQ(ErrorOf("mixed", "formula = \"y ~ x + (1 | g)\"\nquadrature = 9"),
            "analysis \"a\": quadrature: needs family = \"binomial\" or \"poisson\"");
  EXPECT_EQ(ErrorOf("mixed", "formula = \"y ~ x + (1 | g)\"\nfamily = \"poisson\"\nreml = false"),
            "analysis \"a\": reml: needs family = \"gaussian\"");
  EXPECT_EQ(ErrorOf("effect", "outcome = \"y\"\ntreatment = \"t\"\noutcome_family = \"binomial\""),
            "analysis \"a\": outcome_family: needs estimator = \"aipw\" or \"gcomp\" or \"tmle\"");
  EXPECT_EQ(ErrorOf("elastic_net", "formula = \"y ~ x\"\nseed = 2"),
            "analysis \"a\": seed: needs folds, which it is about");
}

TEST(OptionConflicts, AllowWhatGoesTogether) {
  EXPECT_EQ(ErrorOf("histogram", "variable = \"x\"\nbins = 3"), "");
  EXPECT_EQ(ErrorOf("kmeans", "variables = [\"x\"]\nstarts = 3\nseed = 4"), "");
  EXPECT_EQ(
      ErrorOf("gee", "formula = \"y ~ x\"\nid = \"i\"\ncorrelation = \"ar1\"\nlag = \"order\""),
      "");
  EXPECT_EQ(ErrorOf("elastic_net",
                    "formula = \"y ~ x\"\nlambda = \"path\"\nnlambda = 20\nfolds = 5\nseed = 2"),
            "");
  EXPECT_EQ(ErrorOf("elastic_net", "formula = \"y ~ x\"\nfolds = 3\nfold_column = \"f\""), "");
  EXPECT_EQ(
      ErrorOf("mixed", "formula = \"y ~ x + (1 | g)\"\nfamily = \"binomial\"\nquadrature = 9"), "");
  EXPECT_EQ(ErrorOf("effect",
                    "outcome = \"y\"\ntreatment = \"t\"\nestimator = \"aipw\"\noutcome_family = "
                    "\"binomial\""),
            "");
}

}  // namespace
}  // namespace clinnova::stats
