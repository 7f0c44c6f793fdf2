// SPDX-License-Identifier: Apache-2.0
// A result must be the same, to the last bit, however the rows are spread over sites, ordered, or shared between
// threads. Every method of stats::Methods() has an entry here; a new method without one fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "awkward_table.h"
#include "learn/learners.h"
#include "stats/method.h"
#include "stats/study_fixture.h"

namespace clinnova::invariance {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

using stats::Answer;
using stats::Reordered;
using stats::RunOne;
using stats::Split;
using table::Table;

std::string Formula(const std::string& formula, const std::string& more = "") {
  return "formula = \"" + formula + "\"\n" + more;
}

std::string Effect(const std::string& outcome, const std::string& treatment,
                   const std::string& covariates, const std::string& estimator,
                   const std::string& more = "") {
  return "outcome = \"" + outcome + "\"\ntreatment = \"" + treatment +
         "\"\ncovariates = " + covariates + "\nestimator = \"" + estimator + "\"\n" + more;
}

std::string Choice(const std::string& outcome, const std::string& treatment,
                   const std::string& covariates, const std::string& more) {
  return "outcome = \"" + outcome + "\"\ntreatment = \"" + treatment +
         "\"\ncovariates = " + covariates +
         "\nevaluation = [\"calibration\", \"net_benefit\", \"heterogeneity\"" +
         (more.find("subgroups") == std::string::npos ? "]\n" : ", \"subgroups\"]\n") + more;
}

/// The options of several analyses of each method.
const std::map<std::string, std::vector<std::string>>& Analyses() {
  static const std::map<std::string, std::vector<std::string>> kAnalyses = {
      {"anova",
       {Formula("y ~ arm"), Formula("far ~ factor(stage)", "welch = true\n"),
        Formula("y ~ sex * arm + x")}},
      {"boosted_trees",
       {Formula("b ~ x + far + tiny + arm",
                "trees = 4\ndepth = 3\nfolds = 3\ncross_site = false\n"),
        Formula("y ~ x + sex + factor(stage) + offset(years)",
                "objective = \"squared\"\ntrees = 3\nsubsample = 0.7\nid = \"id\"\nweights = "
                "\"w\"\ntest_fraction = 0.3\ncross_site = false\n"),
        Formula("count ~ x + arm + g",
                "objective = \"poisson\"\ntrees = 3\nfolds = 0\nbins = 8\n"
                "missing = \"learn\"\ncross_site = false\n"),
        Formula("Surv(t, d) ~ x + sex",
                "objective = \"cox\"\ntrees = 3\ndepth = 2\nfolds = 2\ncross_site = false\n"),
        Formula("b ~ x + sex", "trees = 2\ndepth = 2\nfolds = 0\nrelease_sites = true\n")}},
      {"correlation",
       {"variables = [\"x\", \"y\", \"far\", \"tiny\", \"count\"]\n",
        "variables = [\"x\", \"tiny\", \"t\"]\ntype = \"spearman\"\n"}},
      {"kmeans",
       {"variables = [\"x\", \"y\"]\ncenters = 3\nstarts = 2\n",
        "variables = [\"y\", \"far\"]\nscale = true\ninitial = [[1, 999999], [3, 1000001]]\n"}},
      {"kruskal", {Formula("tiny ~ arm"), Formula("x ~ stage")}},
      {"pca",
       {"variables = [\"x\", \"y\", \"far\", \"tiny\"]\n",
        "variables = [\"x\", \"y\", \"g\"]\nscale = false\ncomponents = 2\n"}},
      {"ttest",
       {Formula("y ~ sex"), Formula("far ~ sex", "equal_variance = true\n"),
        "y = \"t\"\npaired = \"s\"\n", Formula("log(g) ~ 1", "mu = 0.5\n")}},
      {"wilcoxon",
       {Formula("y ~ sex"), Formula("count ~ sex", "correct = false\n"), Formula("far ~ sex")}},
      {"aft",
       {Formula("Surv(t, d) ~ x + sex", "weights = \"w\"\n"),
        Formula("Surv(s, two) ~ x + far + arm", "distribution = \"lognormal\"\n"),
        Formula("Surv(t, d) ~ x", "distribution = \"loglogistic\"\n"),
        Formula("Surv(t, d) ~ x + tiny", "distribution = \"exponential\"\n"),
        Formula("Surv(entry, t, d) ~ x + sex", "weights = \"w\"\n")}},
      {"conditional_logistic",
       {Formula("b ~ x + sex + strata(id)"),
        Formula("b ~ x + tiny + strata(id)", "ties = \"efron\"\n"),
        Formula("b ~ x + strata(id)", "ties = \"breslow\"\n"),
        Formula("b ~ x + sex + strata(id)", "ties = \"efron\"\nweights = \"g\"\n")}},
      {"gee",
       {Formula("b ~ x + sex", "family = \"binomial\"\nid = \"id\"\n"),
        Formula("y ~ x + far + arm", "id = \"id\"\ncorrelation = \"exchangeable\"\n"),
        Formula("count ~ x + offset(log(years))",
                "family = \"poisson\"\nid = \"id\"\ncorrelation = \"exchangeable\"\n"),
        Formula("y ~ x", "id = \"id\"\ncorrelation = \"ar1\"\ntime = \"far\"\nlag = \"order\"\n")}},
      {"glm",
       {Formula("y ~ x + far + tiny + factor(stage)"),
        Formula("y ~ x * sex + arm", "robust = \"HC1\"\n"),
        Formula("y ~ 0 + sex + x", "weights = \"w\"\nrobust = \"HC0\"\n"),
        Formula("y ~ ns(x, df = 3) + I(x^2 > 1)"),
        Formula("y ~ poly(x, 4) + bs(tiny, df = 5) + poly(far, 2)"),
        Formula("y ~ sex + bs(x, knots = 0.5, degree = 2) %in% sex"),
        Formula("b ~ x + sex + arm", "family = \"binomial\"\n"),
        Formula("b ~ x + factor(stage)", "family = \"binomial\"\nlink = \"probit\"\n"),
        Formula("b ~ x", "family = \"binomial\"\nlink = \"cloglog\"\n"),
        Formula("b ~ x", "family = \"binomial\"\nlink = \"cauchit\"\n"),
        Formula("b ~ sex", "family = \"binomial\"\nlink = \"log\"\n"),
        Formula("b ~ x + sex + cluster(id)", "family = \"binomial\"\nrobust = \"cluster\"\n"),
        Formula("cbind(wins, losses) ~ x", "family = \"quasibinomial\"\n"),
        Formula("count ~ x + sex + offset(log(years))", "family = \"poisson\"\n"),
        Formula("count ~ x + offset(log(years)) + cluster(id)",
                "family = \"poisson\"\nrobust = \"cluster\"\n"),
        Formula("count ~ x", "family = \"quasipoisson\"\n"),
        Formula("count ~ x + sex + far", "family = \"negative_binomial\"\n"),
        Formula("count ~ x", "family = \"negative_binomial\"\nlink = \"sqrt\"\nrobust = \"HC0\"\n"),
        Formula("b ~ x + sex + arm", "family = \"binomial\"\nfirth = true\n"),
        Formula("b ~ x + far + arm", "family = \"binomial\"\nridge = 3.0\n"),
        Formula("g ~ x + sex", "family = \"Gamma\"\nlink = \"log\"\n"),
        Formula("g ~ x", "family = \"Gamma\"\n")}},
      {"competing_risks",
       {Formula("Surv(t, stage) ~ arm"), Formula("Surv(s, wins) ~ x + sex + tiny", "cause = 2\n"),
        Formula("Surv(s, stage) ~ far", "model = \"fine_gray\"\n"),
        Formula("Surv(entry, t, stage) ~ x + arm", "groups = [\"sex\"]\nweights = \"years\"\n"),
        Formula("Surv(entry, t, stage) ~ x + strata(sex)", "cause = 2\n"),
        Formula("Surv(t, stage) ~ arm", "strata = [\"sex\"]\nties = \"efron\"\n"),
        Formula("Surv(begin, until, fate) ~ arm", "id = \"id\"\n"),
        Formula("Surv(begin, until, fate) ~ far + years + strata(ward)",
                "id = \"id\"\nweights = \"loyal\"\ncause = 2\n")}},
      {"meta",
       {Formula("y ~ x + sex", "term = \"x\"\ntau2 = \"REML\"\n"),
        Formula("Surv(t, d) ~ x", "tau2 = \"PM\"\nhartung_knapp = true\n"),
        "analysis = \"fit\"\nterm = \"x\"\nmodel = \"bayes\"\nlikelihood = \"profile\"\n"
        "tau_scale = 0.002\n"
        "[[analysis]]\nname = \"fit\"\nmethod = \"glm\"\nfamily = \"poisson\"\n" +
            Formula("count ~ x + far + offset(log(years))"),
        "estimate = \"x\"\nstd_error = \"g\"\nmodel = \"random\"\n",
        "estimate = \"x\"\nstd_error = \"g\"\nmodel = \"fixed\"\n",
        Formula("y ~ x + arm",
                "term = \"x\"\nhartung_knapp = \"adhoc\"\ntau2 = \"DL\"\n"
                "release_sites = true\n")}},
      {"rmst",
       {Formula("Surv(t, d) ~ arm", "tau = 100\n"),
        Formula("Surv(s, two) ~ sex + arm", "tau = 60\n")}},
      {"multinomial", {Formula("stage ~ x + sex"), Formula("arm ~ x + far", "weights = \"w\"\n")}},
      {"ordinal",
       {Formula("stage ~ x + sex + far"), Formula("stage ~ x", "link = \"probit\"\n"),
        Formula("stage ~ x + arm", "link = \"cloglog\"\nweights = \"w\"\n"),
        Formula("stage ~ x", "link = \"cauchit\"\n"),
        Formula("stage ~ x + offset(tiny)", "link = \"loglog\"\n")}},
      {"calibration",
       {"outcome = \"b\"\nprediction = \"chance\"\n",
        "outcome = \"b\"\nprediction = \"chance\"\nbins = [0, 0.3, 0.6, 1]\n"}},
      {"elastic_net",
       {Formula("y ~ x + far + tiny + arm", "nlambda = 10\nfolds = 4\n"),
        Formula("y ~ x * sex", "alpha = 0.3\nnlambda = 5\nfolds = 3\nid = \"id\"\n"),
        Formula("b ~ x + sex + arm", "family = \"binomial\"\nnlambda = 6\nfolds = 3\n"),
        Formula("count ~ x + sex + offset(log(years))",
                "family = \"poisson\"\nlambda = [0.5, 0.1]\nfold_column = \"stage\"\n"),
        Formula("Surv(t, d) ~ x + arm", "family = \"cox\"\nlambda = [0.05]\n"),
        Formula("Surv(t, d) ~ x + sex", "family = \"cox\"\nlambda = [0.1, 0.01]\nstrata = []\n"),
        Formula("Surv(t, d) ~ x + arm", "family = \"cox\"\nnlambda = 5\nfolds = 4\n"),
        Formula("Surv(entry, t, d) ~ x + sex",
                "family = \"cox\"\nlambda = [0.1, 0.01]\nfolds = 3\nid = \"id\"\nstrata = []\n")}},
      {"combat",
       {"variables = [\"x\", \"y\", \"far\", \"tiny\"]\ncovariates = [\"sex\"]\n",
        "variables = [\"y\", \"g\", \"s\"]\nmean_only = true\n"}},
      {"effect",
       {Effect("y", "sex", "[\"x\", \"far\", \"factor(stage)\"]", "ipw"),
        Effect("y", "stage", "[\"x\", \"sex\", \"tiny\"]", "aipw", "conf_level = 0.9\n"),
        Effect("b", "stage", "[\"x\", \"sex\"]", "tmle"),
        Effect("y", "sex", "[\"x\", \"tiny\"]", "tmle", "trim = 0.3\n"),
        Effect("b", "sex", "[\"x * arm\"]", "gcomp", "estimand = \"ATT\"\n"),
        Effect("count", "sex", "[\"ns(x, df = 3)\"]", "overlap")}},
      {"multiple_imputation",
       {Formula("y ~ x + sex + far",
                "cycles = 2\nimputations = 3\nimputation_variables = [\"tiny\"]\n"),
        Formula("b ~ x + sex", "family = \"binomial\"\ncycles = 1\nimputations = 2\nseed = 9\n"),
        Formula("count ~ x + offset(log(years))",
                "family = \"poisson\"\ncycles = 1\nimputations = 2\n")}},
      {"treatment_choice",
       {Choice("b", "stage", "[\"x\", \"sex\", \"far\"]",
               "guideline = [\"2\"]\nsubgroups = [\"arm\"]\n"),
        Choice("y", "sex", "[\"x\", \"tiny\", \"factor(stage)\"]",
               "thresholds = [0, 0.25]\ndirection = \"lower\"\nfolds = 3\nsubgroups = [\"x\"]\n"),
        Choice("b", "sex", "[\"x\", \"g\"]", "fold_column = \"stage\"\nfolds = 3\nalpha = 0\n"),
        Choice("b", "arm", "[\"x\", \"sex\", \"far\"]",
               "learner = \"boosted_trees\"\ntrees = 4\ndepth = 2\nfolds = 3\nsubsample = 0.8\n"
               "subgroups = [\"sex\"]\n"),
        Choice("y", "sex", "[\"x\", \"factor(stage)\"]",
               "learner = \"boosted_trees\"\ntrees = 3\nfolds = 3\nid = \"id\"\n"),
        "outcome = \"b\"\ntreatment = \"sex\"\ncovariates = [\"x\", \"arm\"]\nfolds = 3\n"
        "evaluation = [\"between_sites\"]\n",
        "outcome = \"y\"\ntreatment = \"arm\"\ncovariates = [\"x\", \"tiny\", \"stage\", \"sex\"]\n"
        "folds = 3\nevaluation = [\"policy_tree\"]\n",
        "outcome = \"b\"\ntreatment = \"sex\"\ncovariates = [\"far\", 'I(x > 0 | far > 1e6)', "
        "\"arm\"]\nguideline = [\"M\"]\ndirection = \"lower\"\nid = \"id\"\n"
        "evaluation = [\"policy_tree\"]\npolicy_tree_bins = 5\n",
        "outcome = \"y\"\ntreatment = \"sex\"\ncovariates = [\"x\", \"tiny\", \"arm\"]\nfolds = 3\n"
        "evaluation = [\"causal_forest\"]\ncausal_forest_trees = 9\n"
        "causal_forest_columns_per_node = 2\n"}},
      {"summary",
       {"variables = [\"x\", \"far\", \"tiny\", \"arm\", \"g\"]\n",
        "variables = [\"t\"]\nquantiles = [0, 0.1, 0.333, 0.9, 1]\n"}},
      {"table",
       {"variables = [\"arm\"]\n", "variables = [\"arm\", \"sex\"]\n",
        "variables = [\"sex\", \"stage\", \"arm\"]\n",
        "variables = [\"sex\", \"stage\"]\nfisher = true\n"}},
      {"histogram",
       {"variable = \"x\"\n", "variable = \"tiny\"\nbins = 7\n",
        "variable = \"t\"\nbreaks = [0, 10, 100, 1000]\n"}},
      {"kaplan_meier",
       {Formula("Surv(t, d) ~ 1"), Formula("Surv(s, two) ~ sex + arm", "conf_type = \"log-log\"\n"),
        Formula("Surv(entry, t, d) ~ arm", "times = [10, 100]\n"),
        Formula("Surv(s, d) ~ sex", "time_grid = 7\n")}},
      {"logrank",
       {Formula("Surv(t, d) ~ arm"), Formula("Surv(s, d) ~ sex + strata(stage)", "rho = 1\n")}},
      {"net_benefit", {"outcome = \"b\"\nprediction = \"chance\"\n"}},
      {"random_forest",
       {Formula("b ~ x + far + arm", "trees = 5\ndepth = 4\nid = \"id\"\n"),
        Formula("y ~ x + sex + tiny", "trees = 4\ndepth = 3\nweights = \"w\"\n")}},
      {"roc",
       {"outcome = \"b\"\nscore = \"x\"\n", "outcome = \"sex\"\nscore = \"far\"\n",
        "outcome = \"b\"\nscore = [\"tiny\", \"x\", \"y\"]\n"}},
      {"cox",
       {Formula("Surv(t, d) ~ x + sex", "strata = []\n"),
        Formula("Surv(t, d) ~ x + arm", "strata = [\"sex\"]\n"),
        Formula("Surv(s, two) ~ x + far", "strata = []\nties = \"breslow\"\n"),
        Formula("Surv(entry, t, d) ~ x + factor(stage)", "strata = []\n"),
        Formula("Surv(t, d) ~ x + sex + offset(years)", "strata = []\nweights = \"g\"\n"),
        Formula("Surv(t, d) ~ x + cluster(id)", "strata = []\nweights = \"g\"\n"),
        Formula("Surv(entry, t, d) ~ x + cluster(id)", "weights = \"g\"\n"),
        Formula("Surv(t, d) ~ x + sex"),
        Formula("Surv(t, d) ~ x + sex", "strata = []\nrobust = true\n"),
        Formula("Surv(t, d) ~ x + offset(tiny)",
                "strata = []\nnewdata = [{x = 0.5, tiny = 0}]\ntimes = [10, 100]\n")}},
      {"mixed",
       {Formula("y ~ x + far + sex + (1 | id)"),
        Formula("y ~ x + tiny + (x | id)", "reml = false\n"), Formula("y ~ x + arm + (1 | site)"),
        Formula("y ~ x + sex + (1 | site) + (1 | id)", "reml = false\n"),
        Formula("b ~ x + sex + (1 | id)", "family = \"binomial\"\n"),
        Formula("count ~ x + offset(log(years)) + (1 | id)",
                "family = \"poisson\"\nquadrature = 1\n"),
        Formula("count ~ x + (x | id)", "family = \"poisson\"\n"),
        Formula("y ~ x + sex + (1 | id) + (1 | rater)", "weights = \"g\"\n"),
        Formula("y ~ x + sex + (x | rater/id)"),
        Formula("y ~ x + (x || id) + (1 | rater)", "reml = false\n"),
        Formula("y ~ x + sex + (1 | site) + (x | id)")}},
  };
  return kAnalyses;
}

/// Cox models are stratified by site unless told otherwise: their result depends on who is where. So do a
/// meta-analysis of the sites' own fits, effects of sites, what combat takes away, trees without a site, and what a
/// treatment choice says of differences between sites.
bool DependsOnSites(const std::string& method, const std::string& options) {
  if (method == "combat" || options.find("release_sites") != std::string::npos) return true;
  if (method == "meta") return options.find("formula = ") != std::string::npos;
  if (options.find("| site)") != std::string::npos) return true;
  if (options.find("between_sites") != std::string::npos) return true;
  const bool cox = method == "cox" || options.find("\"cox\"") != std::string::npos;
  return cox && options.find("strata = ") == std::string::npos;
}

/// A cluster's rows are all at one site: nobody is a patient of two hospitals under one id.
bool NeedsWholeClusters(const std::string& options) {
  return options.find("cluster(") != std::string::npos ||
         options.find("strata(id)") != std::string::npos ||
         options.find("| id)") != std::string::npos || options.find("/id)") != std::string::npos ||
         options.find("id = ") != std::string::npos;
}

/// Where disclosure rules hold, a tree's split needs persons of two sites on either side (rule 10).
bool RuledBySites(const std::string& method, const std::string& options) {
  return method == "boosted_trees" || method == "random_forest" ||
         options.find("learner = \"boosted_trees\"") != std::string::npos ||
         options.find("causal_forest") != std::string::npos;
}

struct Spread {
  std::string name;
  std::vector<Table> tables;
  int threads = 1;
  bool same_sites = false;  ///< as "four sites" has them
};

/// Sites of rows: `site_of_id` keeps clusters together; the rare level is then at one site only.
std::vector<std::size_t> ByPerson(const Table& table, std::size_t sites, std::uint64_t seed) {
  const std::vector<double>& id = table.columns[*table.schema.Find("id")].numbers;
  std::vector<std::size_t> site_of_row;
  for (const double person : id) {
    const auto number = static_cast<std::uint64_t>(person);
    site_of_row.push_back(
        number >= 680 ? sites - 1
                      : static_cast<std::size_t>((number * 2654435761U + seed) % 97 % sites));
  }
  return site_of_row;
}

std::vector<std::size_t> ByChance(std::size_t rows, std::size_t sites, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < rows; ++r) site_of_row.push_back(random() % (1 + random() % sites));
  return site_of_row;
}

std::vector<std::size_t> Shuffled(std::size_t rows, std::uint64_t seed) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  return order;
}

/// The first is what the others are held against; those marked with the same sites serve all analyses.
const std::vector<Spread>& Spreads() {
  static const std::vector<Spread> kSpreads = [] {
    const Table table = AwkwardTable();
    const Table shuffled = Reordered(table, Shuffled(table.rows, 3));
    std::vector<Spread> spreads;
    spreads.push_back({"four sites", Split(table, ByPerson(table, 4, 1), 4), 1, true});
    spreads.push_back({"four sites, two threads", spreads[0].tables, 2, true});
    spreads.push_back(
        {"four sites, rows shuffled", Split(shuffled, ByPerson(shuffled, 4, 1), 4), 1, true});
    spreads.push_back({"one site, two threads", Split(table, ByPerson(table, 1, 0), 1), 2});
    spreads.push_back(
        {"one site, rows shuffled, three threads", Split(shuffled, ByPerson(table, 1, 0), 1), 3});
    spreads.push_back(
        {"five sites, one of them empty", Split(table, ByPerson(table, 4, 55), 5), 1});
    return spreads;
  }();
  return kSpreads;
}

/// Where two texts part, for a person to see.
std::string Difference(const std::string& a, const std::string& b) {
  const auto at = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const std::size_t begin = at < 80 ? 0 : at - 80;
  return "\n… " + a.substr(begin, 160) + "\n… " + b.substr(begin, 160);
}

void ExpectSame(const std::string& analysis, const Answer& reference, const std::string& name,
                const std::vector<Table>& tables, stats::RunSetting setting) {
  const Answer answer = RunOne(analysis, tables, setting);
  ASSERT_TRUE(answer) << name << ": " << answer.error().message;
  EXPECT_EQ(answer.secure(), tables.size() >= 3) << name;
  EXPECT_TRUE(answer.text() == reference.text())
      << name << Difference(reference.text(), answer.text());
}

class Invariance : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Invariance, ResultIsTheSameToTheLastBit) {
  const auto& [method, options] = GetParam();
  const std::string analysis = "method = \"" + method + "\"\n" + options;
  const Answer reference = RunOne(analysis, Spreads()[0].tables);
  ASSERT_TRUE(reference) << analysis << reference.error().message;
  EXPECT_TRUE(reference.secure()) << analysis;
  EXPECT_TRUE(reference.True("/converged")) << analysis;
  for (std::size_t i = 1; i < Spreads().size(); ++i) {
    const Spread& spread = Spreads()[i];
    if (DependsOnSites(method, options) && !spread.same_sites) continue;
    ExpectSame(analysis, reference, spread.name, spread.tables, {.threads = spread.threads});
  }
  if (DependsOnSites(method, options) || NeedsWholeClusters(options)) return;
  const Table table = AwkwardTable();
  for (const std::uint64_t seed : {11U, 12U}) {
    ExpectSame(analysis, reference, "rows at random sites",
               Split(table, ByChance(table.rows, 6, seed), 6), {});
  }
}

TEST_P(Invariance, HoldsUnderTheDisclosureRules) {
  const auto& [method, options] = GetParam();
  const std::string analysis = "method = \"" + method + "\"\n" + options;
  // Rule 11 is about who has a level: the only rule whose verdict depends on the sites.
  federation::DisclosureLimits limits;
  limits.contributors = 1;
  const Answer reference =
      RunOne(analysis, Spreads()[0].tables, {.minimum_count = 5, .limits = limits});
  for (const std::size_t i : {2U, 4U}) {
    const Spread& spread = Spreads()[i];
    const bool by_sites = DependsOnSites(method, options) || RuledBySites(method, options);
    if (by_sites && !spread.same_sites) continue;
    const Answer answer = RunOne(analysis, spread.tables,
                                 {.minimum_count = 5, .threads = spread.threads, .limits = limits});
    ASSERT_EQ(static_cast<bool>(answer), static_cast<bool>(reference)) << answer.error().message;
    EXPECT_EQ(answer.error().message, reference.error().message);
    EXPECT_TRUE(answer.text() == reference.text())
        << spread.name << Difference(reference.text(), answer.text());
  }
}

std::vector<std::pair<std::string, std::string>> Cases() {
  std::vector<std::pair<std::string, std::string>> cases;
  for (const auto& [method, analyses] : Analyses()) {
    for (const std::string& options : analyses) cases.emplace_back(method, options);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Case, Invariance, testing::ValuesIn(Cases()), [](const auto& info) {
  return info.param.first + "_" + std::to_string(info.index);
});

TEST(InvarianceEntries, CoverEveryMethod) {
  for (const stats::Method& method : stats::Methods()) {
    const auto found = Analyses().find(std::string(method.name));
    EXPECT_TRUE(found != Analyses().end() && !found->second.empty())
        << method.name << " has no analyses in tests/invariance/invariance_test.cc";
  }
}

/// What changes the formulas of a method: options, as they stand in a study, and parts of formulas. A method that is not
/// here has one way to run.
const std::map<std::string, std::vector<std::string>>& Variants() {
  static const std::map<std::string, std::vector<std::string>> kVariants = {
      {"aft", {"weights", "lognormal", "loglogistic", "exponential", "Surv(entry, "}},
      {"anova", {"welch = true", " * "}},
      {"boosted_trees",
       {"squared", "poisson", "cox", "subsample", "weights", "offset(", "learn", "release_sites"}},
      {"calibration", {"bins = ["}},
      {"combat", {"covariates", "mean_only"}},
      {"competing_risks",
       {"fine_gray", "weights", "strata = ", "strata(", "efron", "id = ", "Surv(entry, "}},
      {"conditional_logistic", {"efron", "breslow", "weights"}},
      {"correlation", {"spearman"}},
      {"cox",
       {"strata = []", "strata = [\"sex\"]", "breslow", "Surv(entry, ", "offset(", "weights",
        "cluster(", "robust = true", "newdata"}},
      {"effect",
       {"ipw", "aipw", "tmle", "gcomp", "overlap", "ATT", "trim", "treatment = \"stage\""}},
      {"elastic_net",
       {"folds", "alpha", "binomial", "poisson", "cox", "strata = []", "offset(", "id = "}},
      {"gee", {"binomial", "poisson", "exchangeable", "ar1"}},
      {"glm",
       {"binomial",
        "poisson",
        "Gamma",
        "quasibinomial",
        "quasipoisson",
        "negative_binomial",
        "probit",
        "cloglog",
        "cauchit",
        "link = \"log\"",
        "HC0",
        "HC1",
        "robust = \"cluster\"",
        "firth",
        "ridge",
        "weights",
        "offset(",
        "ns(",
        "bs(",
        "poly("}},
      {"kaplan_meier", {"times", "time_grid", "Surv(entry, "}},
      {"kmeans", {"initial", "starts", "scale = true"}},
      {"logrank", {"rho", "strata("}},
      {"meta",
       {"REML", "PM", "DL", "fixed", "random", "hartung_knapp = true", "adhoc", "bayes", "profile",
        "release_sites"}},
      {"mixed",
       {"| site)", "(x | id)", "/id)", "||", "rater", "reml = false", "binomial", "poisson",
        "quadrature = 1", "weights"}},
      {"multinomial", {"weights"}},
      {"multiple_imputation", {"binomial", "poisson"}},
      {"ordinal", {"probit", "loglog", "cloglog", "cauchit", "weights", "offset("}},
      {"pca", {"scale = false"}},
      {"random_forest", {"weights", "id = "}},
      {"roc", {"score = ["}},
      {"summary", {"quantiles"}},
      {"table", {"fisher"}},
      {"treatment_choice",
       {"boosted_trees", "fold_column", "policy_tree", "causal_forest", "between_sites",
        "heterogeneity", "subgroups"}},
      {"ttest", {"equal_variance", "paired", "mu"}},
  };
  return kVariants;
}

TEST(InvarianceEntries, CoverEveryVariant) {
  for (const auto& [method, variants] : Variants()) {
    ASSERT_TRUE(Analyses().contains(method)) << method;
    for (const std::string& variant : variants) {
      const std::vector<std::string>& analyses = Analyses().at(method);
      EXPECT_TRUE(std::any_of(
          analyses.begin(), analyses.end(),
          [&](const std::string& options) { return options.find(variant) != std::string::npos; }))
          << method << " is nowhere run with " << variant;
    }
  }
}

}  // namespace
}  // namespace clinnova::invariance
