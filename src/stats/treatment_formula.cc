// SPDX-License-Identifier: Apache-2.0
#include "stats/treatment_formula.h"

#include <algorithm>
#include <string>
#include <vector>

namespace clinnova::stats {
namespace {

using federation::Analysis;
using table::Formula;

bool Names(const std::vector<std::string>& columns, const std::string& column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

Result<void> CheckCovariates(const Analysis& analysis, const Formula& covariates,
                             const std::string& treatment) {
  if (!covariates.intercept() || !covariates.offsets().empty() || !covariates.strata().empty() ||
      !covariates.clusters().empty() || !covariates.random().empty()) {
    return analysis.Wrong("covariates",
                          "expected terms of a linear predictor with its intercept, without "
                          "offset(), strata(), cluster() or random effects");
  }
  std::vector<std::string> taken = {treatment};
  for (const table::Expression& part : covariates.response().parts) {
    for (const std::string& column : part.Columns()) taken.push_back(column);
  }
  for (const table::Term& term : covariates.terms()) {
    for (const table::TermFactor& factor : term.factors) {
      for (const std::string& column : factor.expression.Columns()) {
        if (!Names(taken, column)) continue;
        return analysis.Wrong("covariates", "found \"" + column +
                                                "\", which is the outcome or the treatment; "
                                                "expected other columns");
      }
    }
  }
  return {};
}

}  // namespace

Result<Formula> TreatmentFormula(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string outcome, analysis.Text("outcome"));
  CLINNOVA_ASSIGN(const std::string treatment, analysis.Text("treatment"));
  CLINNOVA_ASSIGN(const std::vector<std::string> covariates, analysis.Texts("covariates"));
  std::string text = outcome + " ~ 1";
  for (const std::string& covariate : covariates) text += " + " + covariate;
  const auto parsed = Formula::Parse(text);
  if (!parsed) return FailAt("analysis \"" + analysis.name() + "\"", parsed);
  if (parsed->response().kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("outcome", "found \"" + outcome + "\", expected one column");
  }
  CLINNOVA_TRY(CheckCovariates(analysis, *parsed, treatment));
  if (treatment.find('`') != std::string::npos) {
    return analysis.Wrong("treatment", "found \"" + treatment + "\", expected a column's name");
  }
  return Formula::Parse(text + " + strata(`" + treatment + "`)");
}

}  // namespace clinnova::stats
