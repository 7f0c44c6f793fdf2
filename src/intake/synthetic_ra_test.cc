// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_ra.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "intake/synthetic_random.h"

namespace clinnova::intake {
namespace {

constexpr CohortOptions kLuxembourg{.seed = 11, .site = SyntheticSite::kLuxembourg};

double Das28Of(const RaVisit& visit) {
  return Das28Crp(*visit.tender_joints, *visit.swollen_joints, *visit.crp_tenths / 10.0,
                  *visit.patient_global);
}

TEST(SyntheticCohort, ComputesDas28Crp) {
  // 0.56 * 2 + 0.28 * 3 + 0.36 * ln(21) + 0.014 * 50 + 0.96
  EXPECT_NEAR(Das28Crp(4, 9, 20, 50), 1.12 + 0.84 + 0.36 * std::log(21.0) + 0.7 + 0.96, 1e-12);
}

TEST(SyntheticCohort, DrawsTheSamePatientWhateverTheOrder) {
  const RaPatient first = DrawRaPatient(kLuxembourg, 17);
  DrawRaPatient(kLuxembourg, 3);
  const RaPatient again = DrawRaPatient(kLuxembourg, 17);
  EXPECT_EQ(first.index, again.index);
  EXPECT_EQ(first.probability, again.probability);
  EXPECT_EQ(first.visits.size(), again.visits.size());
  EXPECT_NE(first.probability, DrawRaPatient({.seed = 12}, 17).probability);
  EXPECT_NE(first.probability, DrawRaPatient(kLuxembourg, 18).probability);
}

// Pinned: another machine, compiler or library must give the same numbers.
TEST(SyntheticCohort, GivesTheSameNumbersOnEveryMachine) {
  SyntheticRandom random(1, 2, 3);
  EXPECT_EQ(random.Bits(), SyntheticRandom(1, 2, 3).Bits());
  const RaPatient patient = DrawRaPatient(kLuxembourg, 0);
  std::uint64_t digest = 0;
  const auto add = [&](std::int64_t value) {
    digest = core::MixBits(digest ^ static_cast<std::uint64_t>(value));
  };
  add(patient.birth.time_since_epoch().count());
  add(patient.index.time_since_epoch().count());
  for (double p : patient.probability) add(static_cast<std::int64_t>(p * 0x1p52));
  for (int days : patient.stop_days) add(days);
  for (const RaVisit& visit : patient.visits)
    add(visit.crp_tenths.value_or(-1) * 100 + *visit.tender_joints);
  EXPECT_EQ(digest, 2723866378944881050u);
}

TEST(SyntheticCohort, TheVisitAtSixMonthsShowsTheDrawnResponse) {
  int seen = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const RaPatient patient = DrawRaPatient(kLuxembourg, i);
    ASSERT_FALSE(patient.visits.empty());
    EXPECT_EQ(patient.visits[0].month, 0);
    if (patient.visits[0].crp_tenths) {
      EXPECT_GT(Das28Of(patient.visits[0]), 3.2);
    }
    for (const RaVisit& visit : patient.visits) {
      if (visit.month != 6 || !visit.crp_tenths) continue;
      ++seen;
      EXPECT_EQ(Das28Of(visit) <= 3.2, patient.response[patient.assigned]) << i;
    }
  }
  EXPECT_GT(seen, 1500);
}

TEST(SyntheticCohort, EveryPatientIsPlausible) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const RaPatient p = DrawRaPatient({.seed = 5, .site = SyntheticSite::kBasel}, i);
    const double years = static_cast<double>((p.index - p.birth).count()) / 365.25;
    EXPECT_EQ(p.age, static_cast<int>(years)) << i;
    EXPECT_GE(p.age, 20);
    EXPECT_LE(p.birth, p.diagnosis);
    EXPECT_LE(p.diagnosis, p.index);
    EXPECT_GE(p.last_contact, p.index);
    EXPECT_NEAR(p.propensity[0] + p.propensity[1] + p.propensity[2], 1, 1e-12);
    EXPECT_EQ(p.treatments[0].start, p.index);
    for (const SyntheticTreatment& t : p.treatments) {
      EXPECT_EQ(t.stop.has_value(), t.reason.has_value());
      EXPECT_LE(t.stop.value_or(t.start), p.last_contact);
      EXPECT_LE(t.start, p.last_contact);
    }
    for (const RaVisit& v : p.visits) EXPECT_LE(v.date, p.last_contact);
    for (double q : p.probability) EXPECT_TRUE(q > 0 && q < 1);
  }
}

// A fraction of n draws lies within five standard errors of its probability.
void ExpectShare(double count, double expected, double n) {
  EXPECT_NEAR(count / n, expected / n, 5 * std::sqrt(0.25 / n));
}

TEST(SyntheticCohort, DrawsClassesAndOutcomesWithTheStatedChances) {
  constexpr int kN = 20000;
  double given[3] = {}, chance[3] = {}, responded[3] = {}, probable[3] = {};
  for (std::uint64_t i = 0; i < kN; ++i) {
    const RaPatient patient = DrawRaPatient(kLuxembourg, i);
    given[patient.assigned] += 1;
    for (std::size_t k = 0; k < 3; ++k) {
      chance[k] += patient.propensity[k];
      responded[k] += patient.response[k];
      probable[k] += patient.probability[k];
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    ExpectShare(given[k], chance[k], kN);
    ExpectShare(responded[k], probable[k], kN);
    EXPECT_GT(given[k] / kN, 0.12) << k;
    EXPECT_GT(probable[k] / kN, 0.25) << k;
    EXPECT_LT(probable[k] / kN, 0.65) << k;
  }
}

// The classes' true effects cross over, and who gets which class is confounded.
TEST(SyntheticCohort, NoClassIsBestForEverybody) {
  constexpr int kN = 5000;
  double best[3] = {};
  double crp_il6 = 0, n_il6 = 0, crp_tnf = 0, n_tnf = 0;
  double jak_smokers = 0, smokers = 0, jak_others = 0, others = 0;
  for (std::uint64_t i = 0; i < kN; ++i) {
    const RaPatient patient = DrawRaPatient(kLuxembourg, i);
    const auto& p = patient.probability;
    best[p[1] > p[0] && p[1] > p[2] ? 1 : p[2] > p[0] ? 2 : 0] += 1;
    const bool smoker = patient.smoking == Smoking::kCurrent;
    (smoker ? smokers : others) += 1;
    (smoker ? jak_smokers : jak_others) += patient.assigned == kJak;
    if (!patient.visits[0].crp_tenths) continue;
    const double crp = *patient.visits[0].crp_tenths / 10.0;
    if (patient.assigned == kIl6) crp_il6 += crp, n_il6 += 1;
    if (patient.assigned == kAntiTnf) crp_tnf += crp, n_tnf += 1;
  }
  for (double count : best) EXPECT_GT(count / kN, 0.10);
  EXPECT_GT(crp_il6 / n_il6, 1.2 * crp_tnf / n_tnf);
  EXPECT_LT(jak_smokers / smokers, 0.8 * jak_others / others);
}

// Mean true probability of response to an anti-TNF and share of anti-TNF at a site.
std::pair<double, double> SiteMeans(SyntheticSite site, double site_effect) {
  constexpr int kN = 8000;
  std::pair<double, double> mean;
  for (std::uint64_t i = 0; i < kN; ++i) {
    const RaPatient patient =
        DrawRaPatient({.seed = 3, .site = site, .site_effect = site_effect}, i);
    mean.first += patient.probability[kAntiTnf] / kN;
    mean.second += patient.propensity[kAntiTnf] / kN;
  }
  return mean;
}

TEST(SyntheticCohort, OneClassIsBestOrNoneWhereAskedFor) {
  CohortOptions one = kLuxembourg;
  one.effects = TrueEffects::kOneBest;
  CohortOptions none = kLuxembourg;
  none.effects = TrueEffects::kNone;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const RaPatient best = DrawRaPatient(one, i);
    EXPECT_GT(best.probability[kAntiTnf], best.probability[kJak]);
    EXPECT_GT(best.probability[kJak], best.probability[kIl6]);
    const RaPatient alike = DrawRaPatient(none, i);
    EXPECT_EQ(alike.probability[kAntiTnf], alike.probability[kJak]);
    EXPECT_EQ(alike.probability[kAntiTnf], alike.probability[kIl6]);
    EXPECT_EQ(alike.propensity, DrawRaPatient(kLuxembourg, i).propensity);
  }
}

TEST(SyntheticCohort, SitesDifferOnlyWithASiteEffect) {
  const auto [alike_fr, given_alike_fr] = SiteMeans(SyntheticSite::kStrasbourg, 0);
  const auto [alike_ch, given_alike_ch] = SiteMeans(SyntheticSite::kBasel, 0);
  EXPECT_NEAR(alike_fr, alike_ch, 0.015);
  EXPECT_NEAR(given_alike_fr, given_alike_ch, 0.015);
  const auto [fr, given_fr] = SiteMeans(SyntheticSite::kStrasbourg, 1);
  const auto [ch, given_ch] = SiteMeans(SyntheticSite::kBasel, 1);
  EXPECT_GT(ch, fr + 0.05);
  EXPECT_GT(given_fr, given_ch + 0.08);
}

TEST(SyntheticCohort, SitesHaveDifferentPatientsUnderOneSeed) {
  const RaPatient a =
      DrawRaPatient({.seed = 3, .site = SyntheticSite::kFreiburg, .site_effect = 0}, 1);
  const RaPatient b =
      DrawRaPatient({.seed = 3, .site = SyntheticSite::kBasel, .site_effect = 0}, 1);
  EXPECT_NE(a.birth, b.birth);
  EXPECT_NE(a.probability, b.probability);
}

TEST(SyntheticCohort, TellsItsParameters) {
  const nlohmann::ordered_json json = RaModelParameters(kLuxembourg);
  EXPECT_EQ(json["outcome_log_odds"]["JAK"]["age >= 65 and current_smoker"], -0.9);
  EXPECT_EQ(json["site"]["name"], "lu-chl");
}

// "−0.45", as the documentation's tables print a coefficient.
std::string Printed(double value) {
  if (value == 0) return "0";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", std::abs(value));
  return (value < 0 ? "−" : "") + std::string(text);
}

TEST(SyntheticCohort, TheDocumentationHasTheCoefficientsAsCoded) {
  std::ifstream stream(CLINNOVA_SOURCE_DIR "/docs/synthetic-data.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const nlohmann::ordered_json json = RaModelParameters(kLuxembourg);
  int rows = 0;
  for (const char* table :
       {"outcome_log_odds", "assignment_log_odds", "discontinuation_log_scale_days"}) {
    for (const auto& [term, value] : json[table]["anti-TNF"].items()) {
      const std::string row = " | " + Printed(value) + " | " +
                              Printed(json[table]["anti-IL-6"][term]) + " | " +
                              Printed(json[table]["JAK"][term]) + " |\n";
      EXPECT_NE(text.find(row), std::string::npos) << table << " " << term << row;
      ++rows;
    }
  }
  EXPECT_EQ(rows, 22);
}

}  // namespace
}  // namespace clinnova::intake
