// SPDX-License-Identifier: Apache-2.0
// Keeps the claim of the golden cases true: every method of stats::Methods(), in every variant that matters, is held
// against R on three data sets at least, and meets every condition that can break it. Prints what there is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "case_facts.h"
#include "learn/learners.h"
#include "stats/method.h"

namespace clinnova::golden {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

const std::vector<CaseFacts>& Cases() {
  static const std::vector<CaseFacts> kCases =
      ReadCases(std::filesystem::path(CLINNOVA_GOLDEN) / "cases");
  return kCases;
}

/// Methods that R has no counterpart of, and the file that holds them against something else.
const std::map<std::string, std::string>& HeldElsewhere() {
  static const std::map<std::string, std::string> kFiles = {
      {"boosted_trees", "src/learn/boosted_trees_reference.tsv"},
  };
  return kFiles;
}

/// A way to run a method that has its own formulas.
struct Variant {
  std::string method;
  std::string label;
  std::function<bool(const CaseFacts&)> is;
};

using Options = std::map<std::string, std::string>;

/// The analyses that have these options; "" is an option that is not given, "*" one that is.
Variant With(const std::string& method, const Options& options) {
  std::string label;
  for (const auto& [key, value] : options)
    label += " " + key + (value.empty() ? " absent" : "=" + value);
  return {method, label, [options](const CaseFacts& facts) {
            return std::all_of(options.begin(), options.end(), [&](const auto& option) {
              const std::string given = facts.Option(option.first);
              return option.second == "*" ? !given.empty() : given == option.second;
            });
          }};
}

/// The analyses whose formula has all of these texts.
Variant Formula(const std::string& method, const std::vector<std::string>& texts,
                const Options& options = {}) {
  Variant variant = With(method, options);
  for (const std::string& text : texts) variant.label += " " + text;
  variant.is = [texts, others = variant.is](const CaseFacts& facts) {
    const std::string formula = facts.Option("formula");
    return others(facts) && std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
             return formula.find(text) != std::string::npos;
           });
  };
  return variant;
}

/// The analyses for which R gives this field.
Variant Gives(const std::string& method, const std::string& field, const Options& options = {}) {
  Variant variant = With(method, options);
  variant.label += " gives " + field;
  variant.is = [field, others = variant.is](const CaseFacts& facts) {
    return others(facts) && facts.expected.contains(field);
  };
  return variant;
}

Variant Several(const std::string& method, const std::string& list, bool several) {
  return {method, several ? " several of " + list : " one of " + list,
          [list, several](const CaseFacts& facts) {
            return facts.options.contains(list) && facts.options.at(list).is_array() == several;
          }};
}

Variant Arms(const std::string& estimator, bool several) {
  return {"effect", " " + estimator + (several ? ", several arms" : ", two arms"),
          [estimator, several](const CaseFacts& facts) {
            return facts.Option("estimator") == estimator &&
                   (facts.expected.at("contrasts").size() > 1) == several;
          }};
}

std::vector<Variant> Regressions() {
  std::vector<Variant> variants;
  for (const char* family : {"gaussian", "binomial", "poisson", "Gamma", "quasibinomial",
                             "quasipoisson", "negative_binomial"}) {
    variants.push_back(With("glm", {{"family", family}}));
  }
  for (const char* link : {"probit", "cloglog", "cauchit", "log"})
    variants.push_back(With("glm", {{"family", "binomial"}, {"link", link}}));
  for (const char* robust : {"HC0", "HC1", "cluster"})
    variants.push_back(With("glm", {{"robust", robust}}));
  variants.push_back(With("glm", {{"firth", "true"}}));
  variants.push_back(With("glm", {{"ridge", "*"}}));
  for (const char* family : {"gaussian", "binomial", "poisson", "cox"}) {
    variants.push_back(With("elastic_net", {{"family", family}}));
    variants.push_back(Gives("elastic_net", "cross_validation", {{"family", family}}));
  }
  for (const char* link : {"", "probit", "loglog", "cloglog", "cauchit"})
    variants.push_back(With("ordinal", {{"link", link}}));
  for (const char* family : {"gaussian", "binomial", "poisson"})
    variants.push_back(With("gee", {{"family", family}}));
  for (const char* correlation : {"independence", "exchangeable", "ar1"})
    variants.push_back(With("gee", {{"correlation", correlation}}));
  variants.push_back(Formula("mixed", {"(1 | site)"}, {{"family", ""}}));
  variants.push_back(Formula("mixed", {"(1 | "}, {{"family", ""}}));
  variants.push_back(With("mixed", {{"reml", "false"}}));
  variants.push_back({"mixed", " slopes", [](const CaseFacts& facts) {
                        const std::string formula = facts.Option("formula");
                        return facts.Option("family").empty() &&
                               formula.find("| ") != std::string::npos &&
                               formula.find("(1 | ") == std::string::npos;
                      }});
  variants.push_back({"mixed", " nested", [](const CaseFacts& facts) {
                        const std::string formula = facts.Option("formula");
                        return formula.find('/', formula.find('|')) != std::string::npos;
                      }});
  variants.push_back(With("mixed", {{"family", "binomial"}}));
  variants.push_back(With("mixed", {{"family", "poisson"}}));
  variants.push_back(With("mixed", {{"quadrature", "1"}}));
  return variants;
}

std::vector<Variant> Survival() {
  std::vector<Variant> variants;
  variants.push_back(With("cox", {{"strata", ""}}));    // by site
  variants.push_back(With("cox", {{"strata", "[]"}}));  // pooled
  for (const char* ties : {"", "breslow"}) variants.push_back(With("cox", {{"ties", ties}}));
  variants.push_back(Formula("cox", {"cluster("}));
  variants.push_back(With("cox", {{"weights", "*"}}));
  variants.push_back(Formula("cox", {"Surv(start, stop,"}));  // rows that follow each other
  for (const char* field : {"proportional_hazards", "baseline", "concordance", "predictions"})
    variants.push_back(Gives("cox", field));
  for (const char* type : {"", "log-log", "plain"})
    variants.push_back(With("kaplan_meier", {{"conf_type", type}}));
  variants.push_back(With("kaplan_meier", {{"times", "*"}}));
  variants.push_back(With("logrank", {{"rho", "*"}}));
  variants.push_back(With("logrank", {{"strata", "*"}}));
  variants.push_back(Gives("rmst", "difference"));
  variants.push_back(Gives("competing_risks", "curves"));
  variants.push_back(Gives("competing_risks", "tests"));
  variants.push_back(Gives("competing_risks", "terms"));
  variants.push_back(With("competing_risks", {{"weights", "*"}}));
  variants.push_back(With("competing_risks", {{"strata", "*"}}));
  variants.push_back(With("competing_risks", {{"id", "*"}}));
  for (const char* distribution : {"exponential", "lognormal", "loglogistic"})
    variants.push_back(With("aft", {{"distribution", distribution}}));
  variants.push_back({"aft", " Weibull", [](const CaseFacts& facts) {
                        const std::string kind = facts.Option("distribution");
                        return kind.empty() || kind == "weibull";
                      }});
  for (const char* ties : {"", "efron", "breslow"})
    variants.push_back(With("conditional_logistic", {{"ties", ties}}));
  return variants;
}

std::vector<Variant> Others() {
  std::vector<Variant> variants;
  for (const char* type : {"pearson", "spearman"})
    variants.push_back(With("correlation", {{"type", type}}));
  variants.push_back(With("pca", {{"scale", "false"}}));
  variants.push_back(With("kmeans", {{"scale", "true"}}));
  variants.push_back(Formula("ttest", {"~"}, {{"equal_variance", ""}}));  // Welch's
  variants.push_back(With("ttest", {{"equal_variance", "true"}}));
  variants.push_back(With("ttest", {{"paired", "*"}}));
  variants.push_back(With("ttest", {{"y", "*"}, {"paired", ""}}));
  variants.push_back(With("anova", {{"welch", "true"}}));
  variants.push_back(Gives("anova", "statistic"));
  variants.push_back(Gives("anova", "terms"));
  variants.push_back(With("table", {{"fisher", "true"}}));
  variants.push_back(Gives("table", "chisq"));
  for (const char* model : {"fixed", "random", "bayes"}) {
    variants.push_back({"meta", fmt::format(" {}", model), [model](const CaseFacts& facts) {
                          const std::string given = facts.Option("model");
                          const bool tau2 = !facts.Option("tau2").empty();
                          return given.empty() ? model == std::string(tau2 ? "random" : "fixed")
                                               : given == model;
                        }});
  }
  for (const char* tau2 : {"REML", "PM"}) variants.push_back(With("meta", {{"tau2", tau2}}));
  variants.push_back(With("meta", {{"hartung_knapp", "true"}}));
  variants.push_back(With("meta", {{"hartung_knapp", "adhoc"}}));
  variants.push_back(With("meta", {{"likelihood", "profile"}}));
  variants.push_back(Gives("meta", "prediction_low"));
  variants.push_back(Several("roc", "score", false));
  variants.push_back(Several("roc", "score", true));
  for (const char* estimator : {"ipw", "overlap", "gcomp", "aipw", "tmle"}) {
    variants.push_back(Arms(estimator, false));
    variants.push_back(Arms(estimator, true));
  }
  variants.push_back(With("effect", {{"estimand", "ATT"}}));
  for (const char* family : {"gaussian", "binomial", "poisson"})
    variants.push_back(With("multiple_imputation", {{"family", family}}));
  variants.push_back(With("treatment_choice", {{"learner", ""}}));
  variants.push_back(With("treatment_choice", {{"learner", "boosted_trees"}}));
  variants.push_back({"treatment_choice", " policy tree", [](const CaseFacts& facts) {
                        return facts.Option("evaluation").find("policy_tree") != std::string::npos;
                      }});
  return variants;
}

/// The sources of the data on which R gives numbers: an analysis that is only said to have none does not count.
std::set<std::string> DataSets(const std::string& method,
                               const std::function<bool(const CaseFacts&)>& is) {
  std::set<std::string> sets;
  for (const CaseFacts& facts : Cases()) {
    if (facts.method == method && facts.expected.is_object() && facts.expected.size() > 1 &&
        facts.expected.value("converged", true) && facts.Meets("secure sums") && is(facts)) {
      sets.insert(facts.data);
    }
  }
  return sets;
}

bool Any(const CaseFacts&) { return true; }

TEST(GoldenCoverage, HoldsEveryMethodAgainstThreeDataSetsWithSecureSums) {
  for (const stats::Method& method : stats::Methods()) {
    const std::string name(method.name);
    const std::size_t sets = DataSets(name, Any).size();
    fmt::print("{:24}{:3} data sets\n", name, sets);
    if (const auto other = HeldElsewhere().find(name); other != HeldElsewhere().end()) {
      EXPECT_TRUE(std::ifstream(std::string(CLINNOVA_SOURCE_DIR) + "/" + other->second).good())
          << name << ": there is no " << other->second;
      continue;
    }
    EXPECT_GE(sets, 3U) << name << " is compared with R on too few data sets: add golden cases";
  }
}

TEST(GoldenCoverage, HoldsEveryVariantAgainstThreeDataSetsWithSecureSums) {
  for (const auto& variants : {Regressions(), Survival(), Others()}) {
    for (const Variant& variant : variants) {
      const std::size_t sets = DataSets(variant.method, variant.is).size();
      fmt::print("{:24}{:44}{:3} data sets\n", variant.method, variant.label, sets);
      EXPECT_GE(sets, 3U) << variant.method << variant.label;
    }
  }
}

/// The conditions that every method meets in some case, and those that a method cannot meet.
const std::vector<std::string>& Everywhere() {
  static const std::vector<std::string> kAll = {
      "secure sums",  "no rows",           "one row", "level at one site",
      "unused level", "missing at a site", "1e-12",   "1e12"};
  return kAll;
}

const std::map<std::string, std::set<std::string>>& CannotMeet() {
  const std::set<std::string> levels = {"level at one site", "unused level"};
  const std::set<std::string> scales = {"1e-12", "1e12"};
  const std::set<std::string> both = {"level at one site", "unused level", "1e-12", "1e12"};
  static const std::map<std::string, std::set<std::string>> kImpossible = {
      {"calibration", both},    // an outcome of two values and probabilities
      {"net_benefit", both},    // the same
      {"correlation", levels},  // numbers only
      {"histogram", levels},    // the same
      {"kmeans", levels},       // the same
      {"pca", levels},          // the same
      {"roc", levels},          // two levels of the outcome, and numbers
      {"table", scales},        // levels only
      {"logrank", {"1e-12"}},   // survdiff takes times that differ by less than 1.5e-8 as equal
      {"kaplan_meier", {"1e-12"}},
      {"rmst", {"1e-12"}},
  };
  return kImpossible;
}

/// What only some methods can meet.
const std::map<std::string, std::set<std::string>>& Besides() {
  static const std::map<std::string, std::set<std::string>> kBesides = {
      {"aft",
       {"weights", "offset", "late entries", "collinear", "ties across sites", "said in words"}},
      {"anova", {"collinear"}},
      {"competing_risks",
       {"weights", "late entries", "clusters", "ties across sites", "no events"}},
      {"conditional_logistic", {"weights", "offset", "collinear", "no events", "said in words"}},
      {"correlation", {"collinear"}},
      {"cox",
       {"weights", "offset", "late entries", "clusters", "ties across sites", "no events",
        "collinear", "said in words"}},
      {"effect", {"collinear"}},
      {"elastic_net", {"offset", "collinear", "ties across sites", "no events"}},
      {"gee", {"offset", "clusters", "said in words"}},
      {"glm", {"weights", "offset", "clusters", "collinear", "said in words"}},
      {"kaplan_meier", {"late entries", "ties across sites", "no events"}},
      {"logrank", {"ties across sites", "no events"}},
      {"meta", {"missing at a site"}},
      {"mixed", {"weights", "offset", "clusters"}},
      {"multinomial", {"weights", "collinear", "said in words"}},
      {"multiple_imputation", {"offset"}},
      {"ordinal", {"weights", "offset", "collinear", "said in words"}},
      {"pca", {"collinear"}},
      {"rmst", {"ties across sites", "no events"}},
  };
  return kBesides;
}

TEST(GoldenCoverage, MeetsWithEveryMethodWhatCanBreakIt) {
  for (const stats::Method& method : stats::Methods()) {
    const std::string name(method.name);
    if (HeldElsewhere().contains(name)) continue;
    std::map<std::string, std::set<std::string>> met;
    for (const CaseFacts& facts : Cases()) {
      if (facts.method != name || !facts.expected.is_object()) continue;
      for (const std::string& condition : facts.conditions) met[condition].insert(facts.name);
    }
    fmt::print("{}:", name);
    for (const char* condition : kConditions)
      if (met.contains(condition)) fmt::print(" {} {},", condition, met[condition].size());
    fmt::print("\n");
    const auto none = CannotMeet().find(name);
    for (const std::string& condition : Everywhere()) {
      if (none != CannotMeet().end() && none->second.contains(condition)) continue;
      EXPECT_TRUE(met.contains(condition)) << name << " nowhere meets: " << condition;
    }
    const auto more = Besides().find(name);
    if (more == Besides().end()) continue;
    for (const std::string& condition : more->second)
      EXPECT_TRUE(met.contains(condition)) << name << " nowhere meets: " << condition;
  }
}

TEST(GoldenCoverage, SaysWhyWhereAToleranceIsLooser) {
  for (const std::string& line :
       UnexplainedTolerances(std::filesystem::path(CLINNOVA_GOLDEN) / "cases")) {
    ADD_FAILURE() << line << " is looser than 1e-9: expected.json needs \"because\"";
  }
}

}  // namespace
}  // namespace clinnova::golden
