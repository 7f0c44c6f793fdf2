// SPDX-License-Identifier: Apache-2.0
#include "stats/treatment_formula.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace clinnova::stats {
namespace {

federation::Analysis AnalysisOf(const std::string& outcome, const std::string& treatment,
                                const std::vector<std::string>& covariates) {
  auto analysis = federation::Analysis::FromJson({{"name", "a"},
                                                  {"method", "effect"},
                                                  {"outcome", outcome},
                                                  {"treatment", treatment},
                                                  {"covariates", covariates}});
  return std::move(*analysis);
}

TEST(TreatmentFormula, HasTheTreatmentAsStratum) {
  const auto formula = TreatmentFormula(AnalysisOf("y", "the drug", {"age", "ns(crp, df = 3)"}));
  ASSERT_TRUE(formula) << formula.error().message;
  EXPECT_EQ(formula->terms().size(), 2U);
  ASSERT_EQ(formula->strata().size(), 1U);
  EXPECT_EQ(formula->strata()[0].name, "the drug");
  EXPECT_EQ(formula->Columns(), (std::vector<std::string>{"y", "age", "crp", "the drug"}));
}

TEST(TreatmentFormula, TakesOnlyTermsOfALinearPredictor) {
  for (const char* covariate : {"offset(age)", "strata(sex)", "cluster(id)", "(1 | site)",
                                "age - 1", "y", "drug", "log(y)", "age:drug", "age +"}) {
    const auto formula = TreatmentFormula(AnalysisOf("y", "drug", {covariate}));
    ASSERT_FALSE(formula) << covariate;
    EXPECT_EQ(formula.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(TreatmentFormula, NeedsOneOutcome) {
  EXPECT_FALSE(TreatmentFormula(AnalysisOf("Surv(t, d)", "drug", {"age"})));
  EXPECT_FALSE(TreatmentFormula(AnalysisOf("cbind(a, b)", "drug", {"age"})));
  EXPECT_TRUE(TreatmentFormula(AnalysisOf("das28 < 3.2", "drug", {})));
}

}  // namespace
}  // namespace clinnova::stats
