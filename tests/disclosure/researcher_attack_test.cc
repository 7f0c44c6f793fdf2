// SPDX-License-Identifier: Apache-2.0
// What a researcher could write into a study to learn one patient's value, and what the study says instead.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "attacked_tables.h"
#include "federation/in_process.h"
#include "stats/method.h"
#include "stats/study_fixture.h"
#include "stats/study_run.h"

namespace clinnova::stats {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

Answer Guarded(std::string_view analysis, const Patients& patients) {
  return RunOne(analysis, patients.Sites(), {.minimum_count = 5});
}

/// The attack is refused with this reason, and is none on public data.
void ExpectRefused(std::string_view analysis, const Patients& patients, std::string_view reason) {
  const Answer refused = Guarded(analysis, patients);
  ASSERT_FALSE(refused) << refused.text();
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused) << refused.error().message;
  EXPECT_EQ(refused.error().reason, reason) << refused.error().message;
  const Answer open = RunOne(analysis, patients.Sites(), {.minimum_count = 0});
  EXPECT_TRUE(open) << open.error().message;
}

std::string Glm(std::string_view formula, std::string_view family = "gaussian") {
  return "method = \"glm\"\nformula = \"" + std::string(formula) + "\"\nfamily = \"" +
         std::string(family) + "\"";
}

TEST(Researcher, MayAskHonestQuestions) {
  const Patients patients;
  for (const std::string& analysis :
       {Glm("x ~ z + drug"), Glm("y ~ x + z + drug", "binomial"), Glm("x ~ z + site"),
        std::string("method = \"ttest\"\nformula = \"x ~ drug\""),
        std::string("method = \"summary\"\nvariables = [\"x\", \"z\", \"drug\"]"),
        std::string("method = \"table\"\nvariables = [\"drug\", \"site\"]"),
        std::string("method = \"cox\"\nformula = \"Surv(days, stopped) ~ drug + z\""),
        std::string("method = \"cox\"\nstrata = []\nformula = \"Surv(days, stopped) ~ drug + z\""),
        std::string("method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ drug\"")}) {
    const Answer answer = Guarded(analysis, patients);
    EXPECT_TRUE(answer) << analysis << "\n" << answer.error().message;
  }
}

TEST(Researcher, GetsTheSameNumbersUnderTheRules) {
  const Patients patients;
  const std::string analysis = Glm("x ~ z + drug");
  const Answer guarded = Guarded(analysis, patients);
  const Answer open = RunOne(analysis, patients.Sites());
  ASSERT_TRUE(guarded && open);
  for (const char* field : {"/terms/1/estimate", "/terms/2/std_error", "/deviance"}) {
    EXPECT_NEAR(guarded.Number(field), open.Number(field), 1e-11 * std::fabs(open.Number(field)));
  }
}

// ---- indicators of one person

TEST(Researcher, CannotMarkOnePersonWithAnIndicator) {
  Patients patients;
  patients.numbers["x"][40] = 1011.25;
  ExpectRefused(Glm("z ~ I(x == 1011.25)"), patients, "rare_level");
  ExpectRefused(Glm("z ~ I((x > 1011) * x)"), patients, "dominance");
  // One minus the indicator, and a level of a factor, tell the same.
  ExpectRefused(Glm("z ~ I(1 - (x == 1011.25))"), patients, "rare_level");
  patients.texts["drug"][40] = "C";
  ExpectRefused(Glm("z ~ drug"), patients, "rare_level");
}

/// Three persons between two cuts, each of which leaves many on either side: the coefficient of one is their mean.
TEST(Researcher, CannotMarkThreePersonsBetweenTwoIndicators) {
  Patients patients;
  for (double& z : patients.numbers["z"]) z = z < 20 ? z - 0.1 : z + 0.1;
  for (const std::size_t i : {3U, 40U, 77U}) patients.numbers["z"][i] = 20;
  ExpectRefused(Glm("x ~ I(z > 19.95) + I(z > 20.05)"), patients, "rare_level");
  ExpectRefused(Glm("x ~ I(z > 19.95) + I(z < 20.05)"), patients, "rare_level");
  ExpectRefused(Glm("x ~ I(z > 19.95) + drug + I(z > 20.05):drug"), patients, "rare_level");
  // A factor's level, or two together, that an indicator has but for three.
  for (std::size_t i = 0; i < patients.persons; ++i) {
    const double z = patients.numbers["z"][i];
    patients.texts["ward"].push_back(z < 19 ? "a" : z < 19.95 ? "b" : z < 21 ? "c" : "d");
  }
  ExpectRefused(Glm("x ~ ward + I(z > 20.05)"), patients, "rare_level");
  EXPECT_TRUE(Guarded(Glm("x ~ ward + I(z > 19.95)"), patients));  // aliased
  EXPECT_TRUE(Guarded(Glm("x ~ I(z > 19) + I(z > 20.5) + drug"), patients));
}

TEST(Researcher, CannotMarkOnePersonByTheOutcome) {
  Patients patients;
  patients.numbers["rare"] = std::vector<double>(150, 0.0);
  for (std::size_t i = 0; i < 3; ++i) patients.numbers["rare"][50 * i + i] = 1;
  ExpectRefused(Glm("rare ~ z", "binomial"), patients, "rare_level");
  ExpectRefused("method = \"ttest\"\nformula = \"rare ~ drug\"", patients, "rare_level");
}

TEST(Researcher, CannotMarkOnePersonByAWeight) {
  Patients patients;
  patients.numbers["w"] = std::vector<double>(150, 0.0);
  for (std::size_t i = 0; i < 147; ++i) patients.numbers["w"][i] = 1;
  ExpectRefused(Glm("x ~ z") + "\nweights = \"w\"", patients, "rare_level");
}

// ---- differences of two answers

/// Runs a study of two analyses; the reasons of those that were refused.
std::vector<std::string> Reasons(const Patients& patients, std::string_view first,
                                 std::string_view second) {
  const std::string text =
      "[study]\ntitle = \"t\"\npurpose = \"p\"\nminimum_sites = 1\n[[analysis]]\n"
      "name = \"one\"\n" +
      std::string(first) + "\n[[analysis]]\nname = \"two\"\n" + std::string(second) + "\n";
  const auto study = federation::Study::FromToml(text, "attack.toml");
  EXPECT_TRUE(study) << study.error().message;
  const auto federation = federation::InProcessFederation::Create({.study = *study,
                                                                   .site_names = {"s1", "s2", "s3"},
                                                                   .tables = patients.Sites(),
                                                                   .steps = &Steps(),
                                                                   .minimum_count = 5});
  EXPECT_TRUE(federation);
  const auto outcome = RunStudy(**federation, *study, {{"s1", 50}, {"s2", 50}, {"s3", 50}}, {});
  EXPECT_TRUE(outcome) << outcome.error().message;
  std::vector<std::string> reasons;
  for (const Error& error : outcome->errors) reasons.push_back(error.reason);
  return reasons;
}

TEST(Researcher, CannotCompareNestedModelsOnDifferentPersons) {
  Patients patients;
  patients.numbers["z"][10] = kMissing;  // one person is in the smaller model only
  const std::vector<std::string> differencing = {"differencing"};
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug"), Glm("x ~ drug + z")), differencing);
  EXPECT_EQ(Reasons(patients, "method = \"summary\"\nvariables = [\"x\"]", Glm("x ~ z")),
            differencing);
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug + z"), "method = \"ttest\"\nformula = \"x ~ drug\""),
            differencing);
  // The same persons in both, or different variables: nothing to compare.
  EXPECT_TRUE(Reasons(patients, Glm("x ~ z + drug"), Glm("drug ~ x + z", "binomial")).empty());
  EXPECT_TRUE(Reasons(patients, "method = \"summary\"\nvariables = [\"x\"]",
                      "method = \"summary\"\nvariables = [\"z\"]")
                  .empty());
  for (const std::size_t i : {21u, 33u, 52u, 77u}) patients.numbers["z"][i] = kMissing;
  EXPECT_TRUE(Reasons(patients, Glm("x ~ drug"), Glm("x ~ drug + z")).empty());  // five
}

TEST(Researcher, CannotComparePolynomialsWithCompleteCases) {
  Patients patients;
  const std::string other = "method = \"summary\"\nvariables = [\"y\"]";
  EXPECT_TRUE(Reasons(patients, Glm("x ~ poly(z, 2) + drug"), other).empty());
  patients.numbers["x"][10] = kMissing;  // the polynomial is of this person, too
  const std::vector<std::string> differencing = {"differencing"};
  EXPECT_EQ(Reasons(patients, Glm("x ~ poly(z, 2) + drug"), other), differencing);
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug:poly(log(z), 2)"), other), differencing);
  EXPECT_TRUE(Reasons(patients, Glm("x ~ poly(z, 2, raw = TRUE) + drug"), other).empty());
  for (const std::size_t i : {21u, 33u, 52u, 77u}) patients.numbers["x"][i] = kMissing;
  EXPECT_TRUE(Reasons(patients, Glm("x ~ poly(z, 2) + drug"), other).empty());  // five
}

TEST(Researcher, CannotMarkOnePersonByAPolynomial) {
  Patients patients;
  patients.numbers["x"][40] = 1e5;
  ExpectRefused(Glm("z ~ poly(x, 2)"), patients, "dominance");
  patients = Patients();
  for (std::size_t i = 0; i < 150; ++i) {
    if (i % 3 != 0) patients.numbers["x"][i] = kMissing;  // one site has it
  }
  ExpectRefused(Glm("z ~ poly(x, 2)"), patients, "few_contributors");
  for (std::size_t i = 12; i < 150; ++i) patients.numbers["x"][i] = kMissing;
  ExpectRefused(Glm("z ~ poly(x, 2)"), patients, "cohort_below_threshold");
}

TEST(Researcher, CannotLeaveOnePersonOutByAnExpression) {
  Patients patients;
  patients.numbers["z"][10] = 17.9;  // all others are above 18
  const std::vector<std::string> differencing = {"differencing"};
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug"), Glm("x ~ drug + sqrt(z - 17.95)")), differencing);
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug + z"), Glm("x ~ drug + sqrt(z - 17.95)")),
            differencing);
  EXPECT_EQ(Reasons(patients, Glm("sqrt(z - 17.95) ~ drug"), Glm("z ~ drug")), differencing);
  EXPECT_TRUE(Reasons(patients, Glm("x ~ drug + z"), Glm("x ~ drug + sqrt(z)")).empty());
  const std::string effect =
      "method = \"effect\"\noutcome = \"x\"\ntreatment = \"drug\"\ncovariates = [\"sqrt(z - "
      "17.95)\"]";
  EXPECT_EQ(Reasons(patients, Glm("x ~ drug"), effect), differencing);
  // Whom | keeps although z is missing: two of three.
  for (const std::size_t i : {10u, 11u, 12u}) patients.numbers["z"][i] = kMissing;
  for (const std::size_t i : {10u, 11u, 12u}) patients.numbers["y"][i] = i == 12 ? 0 : 1;
  EXPECT_EQ(Reasons(patients, Glm("x ~ y"), Glm("x ~ y + I(z > 20 | y == 1)")), differencing);
  patients.numbers["y"][12] = 1;  // now it keeps everybody
  EXPECT_TRUE(Reasons(patients, Glm("x ~ y"), Glm("x ~ y + I(z > 20 | y == 1)")).empty());
}

TEST(Researcher, CannotReadRiskSetDifferences) {
  const Patients patients;
  const Answer cox = Guarded(
      "method = \"cox\"\nstrata = []\nformula = \"Surv(days, stopped) ~ drug + z\"", patients);
  ASSERT_TRUE(cox) << cox.error().message;
  EXPECT_LE(cox.Size("/baseline"), 15u);  // each of at least ten of 150 exits
  const Answer curves =
      Guarded("method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ drug\"", patients);
  ASSERT_TRUE(curves) << curves.error().message;
  for (std::size_t c = 0; c < curves.Size("/curves"); ++c) {
    const std::string at = "/curves/" + std::to_string(c);
    const std::vector<double> events = curves.Numbers(at + "/n_event");
    const std::vector<double> censored = curves.Numbers(at + "/n_censor");
    for (std::size_t t = 0; t < events.size(); ++t) EXPECT_GE(events[t] + censored[t], 10);
  }
}

/// Risk sets wait for the counts that their bins are made of: one round more than without rules.
TEST(Researcher, WaitsOneRoundForTheBinsOfRiskSets) {
  const std::string cox =
      "method = \"cox\"\nstrata = []\nformula = \"Surv(days, stopped) ~ drug + z\"";
  for (const auto& [more, rounds] : {std::pair{"", 3}, {"\nrobust = true", 4}}) {
    const Answer answer = Guarded(cox + more, Patients());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_LE(answer.Number("/rounds"), answer.Number("/iterations") + rounds) << more;
  }
}

// ---- extremes

/// Whoever stays longest: no curve says how long, nor moves when a value asked for lies on either side of it.
TEST(Researcher, CannotReadTheLongestFollowUp) {
  const std::string curve = "method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ drug\"";
  const std::string risks = "method = \"competing_risks\"\nformula = \"Surv(days, stopped) ~ 1\"";
  const std::string late =
      "method = \"competing_risks\"\nformula = \"Surv(begin, days, stopped) ~ 1\"";
  const std::string cox =
      "method = \"cox\"\nstrata = []\nformula = \"Surv(days, stopped) ~ drug + z\"";
  const std::string person = "\nnewdata = [{drug = \"A\", z = 20}]";
  const std::string probes = "\ntimes = [100, 250, 899.5, 900.5, 2000]";
  for (const std::string& analysis :
       {curve, curve + probes, curve + "\ntime_grid = 0.25", risks, risks + probes,
        risks + "\nweights = \"w\"", late, cox, cox + person, cox + person + probes,
        std::string("method = \"kaplan_meier\"\nformula = \"Surv(x, x > 0) ~ 1\"")}) {
    std::vector<std::string> answers;
    for (const double longest : {0.0, 1.0}) {
      Patients patients;
      patients.numbers["begin"] = std::vector<double>(150, 0.5);
      patients.numbers["w"] = std::vector<double>(150, 1.0);
      patients.numbers["w"][3] = 2;
      patients.numbers["days"][7] = 900 + longest;
      patients.numbers["x"][7] = 1100.25 + longest;
      const Answer answer = Guarded(analysis, patients);
      ASSERT_TRUE(answer) << analysis << "\n" << answer.error().message;
      answers.push_back(answer.text());
    }
    EXPECT_EQ(answers[0], answers[1]) << analysis;
  }
}

/// The area between two horizons tells when the one event between them happened.
TEST(Researcher, CannotReadAnEventBetweenTwoHorizons) {
  Patients patients;
  for (std::size_t i = 0; i < patients.persons; ++i) {
    patients.numbers["days"][i] = static_cast<double>(i + 1);
    patients.numbers["stopped"][i] = i < 100 ? 1 : 0;
  }
  const auto until = [](const std::string& tau, const std::string& right = "1") {
    return "method = \"rmst\"\nformula = \"Surv(days, stopped) ~ " + right + "\"\n" +
           (tau.empty() ? "" : "tau = " + tau);
  };
  const std::vector<std::string> differencing = {"differencing"};
  EXPECT_EQ(Reasons(patients, until("40"), until("41")), differencing);
  EXPECT_EQ(Reasons(patients, until("49"), until("40")), differencing);
  EXPECT_EQ(Reasons(patients, until("40"), until("55", "drug")), differencing) << "eight in each";
  EXPECT_EQ(Reasons(patients, until("99"), until("")), differencing) << "the last event";
  EXPECT_TRUE(Reasons(patients, until("40"), until("40", "drug")).empty());
  EXPECT_TRUE(Reasons(patients, until("40"), until("75", "drug")).empty());
  EXPECT_TRUE(Reasons(patients, until("110"), until("120")).empty()) << "no event between";
}

TEST(Researcher, MayReadATimeThatManyReach) {
  Patients patients;
  for (std::size_t i = 0; i < 30; ++i) patients.numbers["days"][i] = 365;
  const Answer curves =
      Guarded("method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ 1\"", patients);
  ASSERT_TRUE(curves) << curves.error().message;
  EXPECT_EQ(curves.Numbers("/curves/0/time").back(), 365);
}

TEST(Researcher, CannotReadMinimumOrMaximumAsQuantiles) {
  const Patients patients;
  const Answer answer = Guarded(
      "method = \"summary\"\nvariables = [\"x\"]\nquantiles = [0, 0.02, 0.5, 0.98, 1]", patients);
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double> quantiles = answer.Numbers("/variables/0/quantiles");
  EXPECT_TRUE(std::isnan(quantiles[0]) && std::isnan(quantiles[1]));
  EXPECT_FALSE(std::isnan(quantiles[2]));
  EXPECT_TRUE(std::isnan(quantiles[3]) && std::isnan(quantiles[4]));
  EXPECT_LE(answer.Number("/rounds"), 8);
}

TEST(Researcher, CannotReadAValueThatDominatesASum) {
  Patients patients;
  patients.numbers["x"][40] = 1e6;
  ExpectRefused("method = \"ttest\"\nformula = \"x ~ drug\"", patients, "dominance");
  ExpectRefused(Glm("x ~ z"), patients, "dominance");
  ExpectRefused(Glm("z ~ x"), patients, "dominance");
  const Answer summary = Guarded("method = \"summary\"\nvariables = [\"x\", \"z\"]", patients);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary.IsNull("/variables/0/mean"));
  EXPECT_TRUE(summary.IsNull("/variables/0/variance"));
  EXPECT_EQ(summary.Texts("/suppressed").front(), "variables[0].mean");
  EXPECT_NEAR(summary.Number("/variables/1/mean"), 20, 1);
}

TEST(Researcher, MayAskAboutSitesTooSmallToProveTheRuleAlone) {
  const Patients patients(27);  // nine persons a site: each is more than a tenth of her site's sum
  const Answer answer = Guarded(Glm("x ~ z"), patients);
  ASSERT_TRUE(answer) << answer.error().message;
  const Answer open = RunOne(Glm("x ~ z"), patients.Sites());
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), open.Number("/terms/1/estimate"),
              1e-10 * std::fabs(open.Number("/terms/1/estimate")));
  EXPECT_EQ(answer.Number("/rounds"), open.Number("/rounds") + 1);
}

TEST(Researcher, CannotAimACoefficientAtOnePerson) {
  Patients patients;
  patients.numbers["x"][40] = 1300;  // too little of the sum of x, but nearly all of its spread
  ExpectRefused(Glm("z ~ x"), patients, "leverage");
  ExpectRefused(Glm("y ~ x", "binomial"), patients, "leverage");
  ExpectRefused("method = \"cox\"\nformula = \"Surv(days, stopped) ~ x\"", patients, "leverage");
  // Two columns whose difference is one person's.
  Patients pair;
  pair.numbers["w"] = pair.numbers["x"];
  pair.numbers["w"][40] += 3;
  ExpectRefused(Glm("z ~ x + w"), pair, "leverage");
}

// ---- small groups, many parameters, one site

TEST(Researcher, CannotStratifyByOnePerson) {
  Patients patients;
  patients.texts["ward"] = std::vector<std::string>(150, "a");
  patients.texts["ward"][40] = "b";
  ExpectRefused("method = \"logrank\"\nformula = \"Surv(days, stopped) ~ drug + strata(ward)\"",
                patients, "rare_level");
  ExpectRefused("method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ ward\"", patients,
                "rare_level");
  ExpectRefused("method = \"cox\"\nformula = \"Surv(days, stopped) ~ z + strata(ward)\"", patients,
                "rare_level");
}

TEST(Researcher, CannotSaturateAModel) {
  Patients patients(60);
  for (const double x : patients.numbers["x"]) patients.numbers["u"].push_back(x / 1000);
  ExpectRefused(Glm("z ~ poly(u, 20, raw=TRUE)"), patients, "too_many_parameters");
}

TEST(Researcher, CannotReadOneSitesLevel) {
  Patients patients;
  for (std::size_t i = 0; i < 90; i += 3) patients.texts["drug"][i] = "C";  // thirty persons of s1
  ExpectRefused(Glm("x ~ drug"), patients, "few_contributors");
  ExpectRefused("method = \"anova\"\nformula = \"x ~ drug\"", patients, "few_contributors");
  const Answer table = Guarded("method = \"table\"\nvariables = [\"drug\"]", patients);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table.IsNull("/counts/2"));
  const Answer summary = Guarded("method = \"summary\"\nvariables = [\"drug\"]", patients);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary.IsNull("/variables/0/counts/C"));
}

TEST(Researcher, CannotReadTheOutcomesOfASmallTreatment) {
  Patients patients;
  for (std::size_t i = 0; i < 150; ++i) {
    if (patients.texts["drug"][i] == "B") patients.numbers["y"][i] = 0;
  }
  patients.numbers["y"][static_cast<std::size_t>(
      std::find(patients.texts["drug"].begin(), patients.texts["drug"].end(), "B") -
      patients.texts["drug"].begin())] = 1;  // one of those who take B
  const Answer refused = Guarded(
      "method = \"effect\"\noutcome = \"y\"\ntreatment = \"drug\"\ncovariates = [\"z\"]\n"
      "estimator = \"gcomp\"\noutcome_family = \"binomial\"",
      patients);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "rare_level") << refused.error().message;
}

TEST(Researcher, CannotAskAboutAHandful) {
  const Patients patients(9);  // three a site: no site takes part
  const Answer refused = Guarded(Glm("x ~ z"), patients);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "cohort_below_threshold");
}

}  // namespace
}  // namespace clinnova::stats
