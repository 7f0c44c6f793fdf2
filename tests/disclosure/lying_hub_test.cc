// SPDX-License-Identifier: Apache-2.0
// A hub that runs other code than ours: it judges nothing itself, or tells the sites what is not so. The sites hold
// the rules on their own rows, before anything is masked.
#include <gtest/gtest.h>

#include <functional>

#include "lying_hub.h"
#include "stats/cox_likelihood.h"
#include "stats/fine_gray_steps.h"
#include "stats/glm_steps.h"
#include "stats/linear_mixed_steps.h"
#include "stats/method.h"
#include "stats/study_fixture.h"

namespace clinnova::stats {
namespace {

using federation::RoundRequest;

constexpr const char* kGlm = "method = \"glm\"\nformula = \"x ~ z + drug\"";
constexpr const char* kCox =
    "method = \"cox\"\nstrata = []\nformula = \"Surv(days, stopped) ~ drug + z\"";

/// Changes the claim of every scoring round.
LyingHub::Forge OfGlm(std::function<void(GlmParameters&)> lie) {
  return Asking("glm.score", std::move(lie));
}

LyingHub::Forge OfCox(std::function<void(CoxParameters&)> lie) {
  return [lie = std::move(lie)](RoundRequest& request) {
    if (request.step != "cox.round") return;
    RoundParts parts = *core::Decode<RoundParts>(request.parameters);
    for (std::size_t part = 0; part < parts.steps.size(); ++part) {
      if (parts.steps[part] != "cox.risk_sets") continue;
      CoxParameters parameters = *core::Decode<CoxParameters>(parts.parameters[part]);
      lie(parameters);
      parts.parameters[part] = core::Encode(parameters);
    }
    request.parameters = core::Encode(parts);
  };
}

/// A part slipped into a round of several is held to its rules as if it came alone.
TEST(LyingHub, CannotSlipAPartIntoARound) {
  const std::string by_site = "method = \"cox\"\nformula = \"Surv(days, stopped) ~ drug + z\"";
  const federation::Study study = StudyOf(by_site, 5);
  const table::Schema schema = Patients().Sites()[0].schema;
  LyingHub hub(by_site, Patients(), 5, [&](RoundRequest& request) {
    if (request.step != "cox.round") return;
    RoundParts parts = *core::Decode<RoundParts>(request.parameters);
    CoxParameters more = *core::Decode<CoxParameters>(parts.parameters[0]);
    more.axes.resize(3);
    for (TimeAxis& axis : more.axes) axis.times = {1, 2, 3};
    parts.Ask(kCoxRiskStep, more);
    request.parameters = core::Encode(parts);
    const auto layout =
        kCoxRiskStep.LayoutOf(study.analyses().front(), schema, parts.parameters.back());
    for (const federation::BlockSpec& block : layout->blocks)
      request.exponents.push_back(block.exponent);
  });
  EXPECT_EQ(hub.Outcome(), "risk_sets_not_binned");
}

TEST(LyingHub, GetsItsNumbersWhenItDoesNotLie) {
  for (const char* analysis : {kGlm, kCox}) {
    LyingHub hub(analysis, Patients(), 5, {});
    EXPECT_EQ(hub.Outcome(), "") << analysis;
    EXPECT_TRUE(hub.got_sums());
  }
}

/// A hub that says there are no rules asks as if the data were public: no site gives it a sum.
TEST(LyingHub, GetsNoSumWithoutTheRulesCounts) {
  for (const char* analysis :
       {kGlm, kCox, "method = \"ttest\"\nformula = \"x ~ drug\"",
        "method = \"summary\"\nvariables = [\"x\", \"z\"]",
        "method = \"correlation\"\nvariables = [\"x\", \"z\"]",
        "method = \"kmeans\"\nvariables = [\"x\", \"z\"]\ncenters = 2",
        "method = \"multinomial\"\nformula = \"drug ~ z\"",
        "method = \"elastic_net\"\nformula = \"x ~ z + days\"\nlambda = [0.1]",
        "method = \"mixed\"\nformula = \"x ~ z + (1 | drug)\"",
        "method = \"kaplan_meier\"\nformula = \"Surv(days, stopped) ~ drug\"",
        "method = \"logrank\"\nformula = \"Surv(days, stopped) ~ drug\"",
        "method = \"competing_risks\"\nformula = \"Surv(days, stopped) ~ z\"",
        "method = \"calibration\"\noutcome = \"y\"\nprediction = \"stopped\""}) {
    LyingHub hub(analysis, Patients(), 0, {});
    EXPECT_EQ(hub.Outcome(), "unguarded_step") << analysis;
    EXPECT_FALSE(hub.got_sums()) << analysis;
  }
}

TEST(LyingHub, CannotClaimLessThanASiteHas) {
  struct Case {
    const char* what;
    std::function<void(GlmParameters&)> lie;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"persons", [](GlmParameters& p) { p.claim.n = 49; }, "false_claim"},
      {"few persons", [](GlmParameters& p) { p.claim.n = 4; }, "cohort_below_threshold"},
      {"few degrees of freedom", [](GlmParameters& p) { p.claim.n = 12; }, "too_many_parameters"},
      {"zeros", [](GlmParameters& p) { p.claim.zeros[2] = 6; }, "false_claim"},
      {"rare ones", [](GlmParameters& p) { p.claim.zeros[2] = p.claim.n - 3; }, "rare_level"},
      {"level counts", [](GlmParameters& p) { p.claim.level_counts[0][0] = 6; }, "false_claim"},
      {"a rare level", [](GlmParameters& p) { p.claim.level_counts[0][0] = 4; }, "rare_level"},
      {"no counts", [](GlmParameters& p) { p.claim.level_counts.clear(); }, "wrong_layout"},
      {"no contributors", [](GlmParameters& p) { p.claim.level_sites.clear(); }, "wrong_layout"},
      {"one contributor", [](GlmParameters& p) { p.claim.level_sites[0][0] = 1; },
       "few_contributors"},
      {"one contributor of a column", [](GlmParameters& p) { p.claim.column_sites[1] = 1; },
       "few_contributors"},
      {"no outcome", [](GlmParameters& p) { p.claim.part_zeros.clear(); }, "wrong_layout"},
      {"no precision", [](GlmParameters& p) { p.claim.precision.clear(); }, "wrong_layout"},
  };
  for (const Case& c : cases) {
    LyingHub hub(kGlm, Patients(), 5, OfGlm(c.lie));
    EXPECT_EQ(hub.Outcome(), c.reason) << c.what;
  }
}

/// Leaving a level out of the design would leave its persons out of the sums: a difference of two sums is theirs.
TEST(LyingHub, CannotLeaveALevelOut) {
  Patients patients;
  for (const std::size_t i : {3u, 4u, 5u, 6u, 7u, 8u}) patients.texts["drug"][i] = "C";
  LyingHub hub(kGlm, patients, 5, OfGlm([](GlmParameters& p) {
                 p.claim.facts.used_levels["drug"] = {"A", "B"};
                 FrameClaim& claim = p.claim;
                 for (auto* list : {&claim.zeros, &claim.ones, &claim.column_sites})
                   list->pop_back();
                 for (auto* list : {&claim.center, &claim.inverse_scale}) list->pop_back();
                 for (auto* list : {&claim.level_counts, &claim.level_sites, &claim.level_ones})
                   list->front().pop_back();
                 claim.precision.resize(6);
                 if (p.mode == GlmParameters::Mode::kScore) p.beta.resize(3);
               }));
  EXPECT_EQ(hub.Outcome(), "false_claim");
}

TEST(LyingHub, CannotSendCoefficientsThatAreNoNumbers) {
  LyingHub hub(kGlm, Patients(), 5, OfGlm([](GlmParameters& p) {
                 if (!p.beta.empty()) p.beta[0] = std::nan("");
               }));
  EXPECT_EQ(hub.Outcome(), "parameters_not_finite");
}

TEST(LyingHub, CannotScaleResidualsBeyondNumbers) {
  const char* mixed = "method = \"mixed\"\nformula = \"x ~ z + (1 | site)\"";
  LyingHub honest(mixed, Patients(), 5, {});
  EXPECT_EQ(honest.Outcome(), "");
  for (const std::int64_t exponent :
       {std::int64_t{601}, std::int64_t{-601}, std::int64_t{-1} << 31, std::int64_t{1} << 32,
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    LyingHub hub(mixed, Patients(), 5,
                 Asking<ProfileParameters>("mixed.profile", [&](auto& parameters) {
                   parameters.residual_exponent = exponent;
                 }));
    EXPECT_EQ(hub.Outcome(), "wrong_layout") << exponent;
  }
}

/// llabs() of the smallest number is no number: it passed for a small one.
TEST(LyingHub, CannotScaleRiskSetsBeyondNumbers) {
  const char* fine_gray =
      "method = \"competing_risks\"\nmodel = \"fine_gray\"\nformula = \"Surv(days, stopped) ~ drug "
      "+ z\"";
  LyingHub honest(fine_gray, Patients(), 5, {});
  EXPECT_EQ(honest.Outcome(), "");
  for (const std::int64_t exponent :
       {std::int64_t{201}, std::int64_t{-201}, std::int64_t{1} << 32,
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    for (std::int64_t CoxParameters::* of :
         {&CoxParameters::risk_exponent, &CoxParameters::size_exponent}) {
      LyingHub hub(kCox, Patients(), 5, OfCox([&](CoxParameters& p) { p.*of = exponent; }));
      EXPECT_EQ(hub.Outcome(), "wrong_layout") << exponent;
    }
    for (std::int64_t FineGrayParameters::* of :
         {&FineGrayParameters::risk_exponent, &FineGrayParameters::other_exponent,
          &FineGrayParameters::size_exponent}) {
      LyingHub hub(fine_gray, Patients(), 5,
                   Asking<FineGrayParameters>("competing.risk_sets", [&](auto& parameters) {
                     parameters.*of = exponent;
                   }));
      EXPECT_EQ(hub.Outcome(), "wrong_layout") << exponent;
    }
  }
}

TEST(LyingHub, CannotNarrowTheTimesOfRiskSets) {
  struct Case {
    const char* what;
    std::function<void(CoxParameters&)> lie;
    std::string reason;
  };
  const auto finer = [](CoxParameters& p, std::int64_t claimed) {
    // A bin of its own for whoever leaves on the last day of the first.
    TimeAxis& axis = p.axes[0];
    axis.times.insert(axis.times.begin(), axis.times[0] - 1);
    axis.exits.insert(axis.exits.begin(), claimed);
  };
  const std::vector<Case> cases = {
      {"exact times", [](CoxParameters& p) { p.axes[0].binned = false; }, "risk_sets_not_binned"},
      {"bins without exits", [](CoxParameters& p) { p.axes[0].exits.clear(); },
       "risk_sets_not_binned"},
      {"a bin of few", [&](CoxParameters& p) { finer(p, 9); }, "too_few_exits"},
      {"more exits than persons", [&](CoxParameters& p) { finer(p, 10); }, "false_claim"},
      {"exits of other bins",
       [](CoxParameters& p) {
         p.axes[0].times.back() = 1e9;
         p.axes[0].exits[0] = 10;
         p.axes[0].times.erase(p.axes[0].times.begin() + 1, p.axes[0].times.end() - 1);
         p.axes[0].exits.resize(2);
         p.axes[0].exits[1] = 10;
       },
       "false_claim"},
  };
  for (const Case& c : cases) {
    LyingHub hub(kCox, Patients(), 5, OfCox(c.lie));
    EXPECT_EQ(hub.Outcome(), c.reason) << c.what;
  }
}

/// What a hub could ask that compares sets of persons of its own choice: those with a value in columns, and of expressions.
struct ChosenPersons {
  std::vector<std::string> columns;
  std::vector<std::string> expressions;
  template <class A>
  void Fields(A& a) {
    a(columns);
    a(expressions);
  }
};
struct ChosenSets {
  std::vector<std::pair<ChosenPersons, ChosenPersons>> pairs;
  template <class A>
  void Fields(A& a) {
    std::uint64_t count = pairs.size();
    a(count);
    for (auto& [here, there] : pairs) {
      a(here);
      a(there);
    }
  }
};

/// Whom two analyses differ by is a question of the study: a hub that asks of persons it picks itself, here those
/// whose x is above 1011, is told nothing.
TEST(LyingHub, CannotCountPersonsOfItsChoice) {
  Patients patients;
  for (std::size_t i = 0; i < 6; ++i) patients.numbers["z"][i] = std::nan("");
  const std::string study =
      std::string("method = \"glm\"\nformula = \"x ~ drug\"\n[[analysis]]\nname = \"two\"\n") +
      kGlm;
  LyingHub honest(study, patients, 5, {});
  EXPECT_EQ(honest.OutcomeOfDifferences(), "");  // six persons
  ChosenSets chosen{{{{{"x"}, {}}, {{"x"}, {"sqrt(1011 - x)"}}}}};
  LyingHub hub(study, patients, 5, [&](RoundRequest& request) {
    ASSERT_EQ(request.step, "gate.differences");
    request.parameters = core::Encode(chosen);
  });
  EXPECT_EQ(hub.OutcomeOfDifferences(), "malformed");
}

/// What docs/disclosure.md says a lie gains: claiming more persons than there are is not noticed in the round, only in
/// the ledgers afterwards. This test keeps the page honest; should it fail, the page is out of date.
TEST(LyingHub, MayOverstateUnnoticedInTheRound) {
  Patients patients;
  patients.texts["drug"][40] = "C";
  LyingHub honest(kGlm, patients, 5, {});
  EXPECT_EQ(honest.Outcome(), "rare_level");
  LyingHub hub(kGlm, Patients(), 5, OfGlm([](GlmParameters& p) { p.claim.n += 50; }));
  EXPECT_EQ(hub.Outcome(), "");
}

TEST(Steps, SayWhatTheyHoldOrThatTheyCount) {
  std::size_t guarded = 0;
  for (const Method& method : Methods()) {
    for (const federation::Step* step : method.steps) guarded += !step->rules().empty();
    EXPECT_FALSE(method.steps.empty()) << method.name;
  }
  EXPECT_GT(guarded, 40u);
}

}  // namespace
}  // namespace clinnova::stats
