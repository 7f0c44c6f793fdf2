// SPDX-License-Identifier: Apache-2.0
// Hospitals are far apart: what a study costs in time is its rounds. Every method of stats::Methods() has its limits
// here; a new method without one fails. The rounds used are printed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "awkward_table.h"
#include "stats/method.h"
#include "stats/study_fixture.h"

namespace clinnova::invariance {
namespace {

using stats::Answer;

/// At most `most` rounds in all; where the result tells `iterations`, that many besides.
struct Limit {
  std::string method;
  std::string options;
  int most = 0;
  int minimum_count = 0;
};
void PrintTo(const Limit& limit, std::ostream* out) {
  *out << limit.method << "\n" << limit.options;
}

std::string Of(const std::string& formula, const std::string& more = "") {
  return "formula = \"" + formula + "\"\n" + more;
}

/// Regressions: one round for the model frame, one to judge the last step, which takes robust errors with it, and eight
/// (once, for all variables together) for the knots of a spline.
std::vector<Limit> Regressions() {
  return {
      {"glm", Of("y ~ x + far + tiny + sex"), 2},
      {"glm", Of("b ~ x + sex + arm", "family = \"binomial\"\n"), 2},
      {"glm", Of("b ~ x + sex", "family = \"binomial\"\nlink = \"probit\"\n"), 2},
      {"glm", Of("b ~ x + sex", "family = \"quasibinomial\"\n"), 2},
      {"glm", Of("count ~ x + offset(log(years))", "family = \"poisson\"\n"), 2},
      {"glm", Of("count ~ x", "family = \"quasipoisson\"\n"), 2},
      {"glm", Of("g ~ x + sex", "family = \"Gamma\"\nlink = \"log\"\n"), 2},
      {"glm", Of("count ~ x + sex", "family = \"negative_binomial\"\n"), 2},
      {"glm", Of("b ~ x + sex", "family = \"binomial\"\nfirth = true\n"), 2},
      {"glm", Of("b ~ x + far", "family = \"binomial\"\nridge = 3.0\n"), 2},
      {"glm", Of("b ~ x + sex", "family = \"binomial\"\nrobust = \"HC1\"\n"), 2},
      {"glm", Of("y ~ x + cluster(id)", "robust = \"cluster\"\n"), 2},
      {"glm", Of("y ~ x", "robust = \"HC0\"\nweights = \"w\"\n"), 2},
      {"glm", Of("count ~ x + offset(log(years))", "family = \"poisson\"\nrobust = \"HC0\"\n"), 2},
      {"glm", Of("b ~ x + sex", "family = \"binomial\"\nlink = \"cauchit\"\nrobust = \"HC1\"\n"),
       2},
      {"glm", Of("count ~ x + sex", "family = \"negative_binomial\"\nrobust = \"HC0\"\n"), 2},
      {"glm", Of("y ~ ns(x, df = 3) + ns(far, df = 4)"), 11},
      {"aft", Of("Surv(t, d) ~ x + sex"), 2},
      {"conditional_logistic", Of("b ~ x + strata(id)"), 2},
      {"multinomial", Of("stage ~ x + sex"), 2},
      {"ordinal", Of("stage ~ x + sex"), 2},
      {"gee", Of("b ~ x", "family = \"binomial\"\nid = \"id\"\ncorrelation = \"exchangeable\"\n"),
       3},
      {"mixed", Of("y ~ x + far + sex + (1 | site)"), 8},
      {"mixed", Of("y ~ x + (1 | id)"), 8},
      {"mixed", Of("b ~ x + (1 | id)", "family = \"binomial\"\n"), 10},
      {"elastic_net", Of("y ~ x + far + tiny + arm", "nlambda = 100\nfolds = 5\n"), 3},
      {"elastic_net", Of("b ~ x + sex + arm", "family = \"binomial\"\nnlambda = 100\nfolds = 5\n"),
       10},
      {"elastic_net", Of("Surv(t, d) ~ x + arm", "family = \"cox\"\nnlambda = 100\n"), 10},
  };
}

/// Survival: Cox's concordance, robust errors and test of proportional hazards travel with the steps of the fit, and
/// times on no usual grid (g) are found beside the first of them.
std::vector<Limit> Survival() {
  return {
      {"cox", Of("Surv(t, d) ~ x + sex"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex", "ties = \"breslow\"\n"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex", "robust = true\n"), 2},
      {"cox", Of("Surv(entry, t, d) ~ x + sex + cluster(id)"), 2},
      {"cox", Of("Surv(t, d) ~ x", "weights = \"years\"\n"), 2},
      {"cox", Of("Surv(g, d) ~ x + sex"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex", "strata = []\n"), 2},
      {"cox", Of("Surv(t, d) ~ sex", "strata = []\n"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex", "strata = [\"stage\"]\nties = \"breslow\"\n"), 2},
      {"cox", Of("Surv(entry, t, d) ~ x + sex", "strata = []\n"), 2},
      {"cox", Of("Surv(t, d) ~ x", "strata = []\nweights = \"w\"\n"), 2},
      {"cox",
       Of("Surv(t, d) ~ sex + offset(tiny)", "strata = []\nnewdata = [{sex = \"F\", tiny = 0}]\n"),
       2},
      {"cox", Of("Surv(t, d) ~ x + sex", "strata = []\nrobust = true\n"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex + cluster(id)", "strata = []\n"), 2},
      {"cox", Of("Surv(entry, t, d) ~ x + cluster(id)", "strata = [\"sex\"]\n"), 2},
      {"cox", Of("Surv(g, d) ~ sex", "strata = []\n"), 2},
      {"cox", Of("Surv(g, d) ~ x + sex + cluster(id)", "strata = []\nweights = \"w\"\n"), 2},
      {"cox", Of("Surv(t, d) ~ x + sex", "strata = []\n"), 2, 5},
      {"cox", Of("Surv(g, d) ~ x + sex", "strata = []\nrobust = true\n"), 2, 5},
      {"kaplan_meier", Of("Surv(t, d) ~ arm"), 2},
      {"kaplan_meier", Of("Surv(g, d) ~ arm"), 2, 5},
      {"kaplan_meier", Of("Surv(g, d) ~ arm"), 2},
      {"logrank", Of("Surv(g, d) ~ arm"), 2},
      {"kaplan_meier", Of("Surv(entry, t, d) ~ arm"), 2},
      {"logrank", Of("Surv(t, d) ~ arm + strata(sex)"), 2},
      {"rmst", Of("Surv(t, d) ~ arm", "tau = 100\n"), 2},
      {"competing_risks", Of("Surv(t, stage) ~ arm", "model = \"cuminc\"\n"), 4},
      {"competing_risks", Of("Surv(entry, t, stage) ~ arm", "model = \"cuminc\"\n"), 5},
      {"competing_risks", Of("Surv(t, stage) ~ arm", "model = \"cuminc\"\nweights = \"years\"\n"),
       6},
      {"competing_risks", Of("Surv(entry, t, stage) ~ x", "model = \"fine_gray\"\n"), 5},
      {"competing_risks", Of("Surv(begin, until, fate) ~ arm", "id = \"id\"\nmodel = \"cuminc\"\n"),
       4},
  };
}

std::vector<Limit> Others() {
  return {
      {"summary", "variables = [\"x\", \"far\", \"tiny\", \"g\", \"t\", \"s\", \"y\"]\n", 8},
      {"table", "variables = [\"sex\", \"stage\", \"arm\"]\n", 2},
      {"histogram", "variable = \"x\"\n", 9},
      {"ttest", Of("y ~ sex"), 3},
      {"anova", Of("y ~ arm"), 3},
      {"anova", Of("y ~ sex * arm + x"), 3},
      {"wilcoxon", Of("y ~ sex"), 10},
      {"kruskal", Of("y ~ arm"), 10},
      {"correlation", "variables = [\"x\", \"y\", \"far\"]\n", 2},
      {"correlation", "variables = [\"x\", \"y\"]\ntype = \"spearman\"\n", 10},
      {"pca", "variables = [\"x\", \"y\", \"far\"]\n", 3},
      {"kmeans", "variables = [\"x\", \"y\"]\ncenters = 3\nstarts = 1\n", 4},
      {"meta", Of("y ~ x + sex", "term = \"x\"\ntau2 = \"DL\"\n"), 4},
      {"meta", Of("y ~ x + sex", "term = \"x\"\ntau2 = \"REML\"\n"), 10},
      {"roc", "outcome = \"b\"\nscore = [\"tiny\", \"x\", \"y\"]\n", 13},
      {"calibration", "outcome = \"b\"\nprediction = \"chance\"\n", 15},
      {"net_benefit", "outcome = \"b\"\nprediction = \"chance\"\n", 2},
      {"combat", "variables = [\"x\", \"y\", \"far\"]\ncovariates = [\"sex\"]\n", 3},
      {"effect",
       "outcome = \"y\"\ntreatment = \"sex\"\ncovariates = [\"x\"]\nestimator = \"aipw\"\n", 8},
      {"multiple_imputation",
       Of("y ~ x + sex", "cycles = 2\nimputations = 20\nimputation_variables = [\"far\"]\n"), 18},
  };
}

/// Boosting: a round for each level of each tree, eight for cuts and scores; a forest: one for each level of all its
/// trees. A treatment choice: the Newton iterations of its models and eleven rounds of judgement; four for a policy tree.
std::vector<Limit> Learners() {
  return {
      {"boosted_trees", Of("b ~ x + sex", "trees = 4\ndepth = 3\nfolds = 3\ncross_site = false\n"),
       20},
      {"random_forest", Of("b ~ x + sex", "trees = 20\ndepth = 4\nid = \"id\"\n"), 14},
      {"treatment_choice",
       "outcome = \"b\"\ntreatment = \"sex\"\ncovariates = [\"x\"]\nfolds = 3\n", 42},
      {"treatment_choice",
       "outcome = \"b\"\ntreatment = \"sex\"\ncovariates = [\"x\"]\nfolds = 3\n"
       "evaluation = [\"calibration\", \"subgroups\", \"leave_one_site_out\", \"net_benefit\", "
       "\"between_sites\", \"heterogeneity\", \"policy_tree\"]\n",
       46},
      {"treatment_choice",
       "outcome = \"b\"\ntreatment = \"sex\"\ncovariates = [\"x\"]\nfolds = 3\n"
       "evaluation = [\"causal_forest\"]\ncausal_forest_trees = 6\n",
       43},
  };
}

std::vector<Limit> Limits() {
  std::vector<Limit> limits;
  for (const std::vector<Limit>& some : {Regressions(), Survival(), Others(), Learners()})
    limits.insert(limits.end(), some.begin(), some.end());
  return limits;
}

class Rounds : public testing::TestWithParam<Limit> {};

TEST_P(Rounds, StayWithinTheLimit) {
  const Limit& limit = GetParam();
  static const table::Table kTable = AwkwardTable();
  std::vector<std::size_t> site_of_row;
  for (const double id : kTable.columns[*kTable.schema.Find("id")].numbers)
    site_of_row.push_back(static_cast<std::size_t>(id) % 4);
  const Answer answer =
      stats::RunOne("method = \"" + limit.method + "\"\n" + limit.options,
                    stats::Split(kTable, site_of_row, 4), {.minimum_count = limit.minimum_count});
  ASSERT_TRUE(answer) << answer.error().message;
  const double rounds = answer.Number("/rounds");
  const double iterations = answer.Has("/iterations") ? answer.Number("/iterations") : 0;
  fmt::print("{} {}rounds {}, of them iterations {}\n", limit.method, limit.options, rounds,
             iterations);
  EXPECT_TRUE(answer.True("/converged"));
  EXPECT_LE(rounds, limit.most + iterations) << limit.method << "\n" << limit.options;
}

INSTANTIATE_TEST_SUITE_P(Case, Rounds, testing::ValuesIn(Limits()), [](const auto& info) {
  return info.param.method + "_" + std::to_string(info.index);
});

TEST(RoundsEntries, CoverEveryMethod) {
  std::set<std::string> covered;
  for (const Limit& limit : Limits()) covered.insert(limit.method);
  for (const stats::Method& method : stats::Methods()) {
    EXPECT_TRUE(covered.contains(std::string(method.name)))
        << method.name << " has no limit in tests/invariance/rounds_test.cc";
  }
}

}  // namespace
}  // namespace clinnova::invariance
