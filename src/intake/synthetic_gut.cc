// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_gut.h"

#include <algorithm>

#include "core/deterministic_math.h"
#include "intake/synthetic_course.h"
#include "intake/synthetic_items.h"

namespace clinnova::intake::synthetic {
namespace {

constexpr int kLowCrpTenths = 6;      // the laboratory's limit, 0.6 mg/L
constexpr int kLowCalprotectin = 30;  // and 30 ug/g
constexpr int kMostHbi = 4;           // of remission
constexpr int kMostPartialMayo = 1;
constexpr int kMostSesCd = 2;
constexpr int kMostMayoEndoscopy = 1;

int Third(double u, double first, double second) { return u < first ? 0 : u < second ? 1 : 2; }

}  // namespace

void Gut::DrawPhenotype(SyntheticRandom& random) {
  location = Third(random.Uniform(), 0.30, 0.57);
  behaviour = Third(random.Uniform(), 0.60, 0.85);
  extent = Third(random.Uniform(), 0.15, 0.55);
  const double current = crohn ? 0.25 : 0.10;
  const double u = random.Uniform();
  smoking = u < current                           ? Smoking::kCurrent
            : u < current + (crohn ? 0.25 : 0.32) ? Smoking::kFormer
                                                  : Smoking::kNever;
  const double prior = random.Uniform();
  prior_biologics = prior < 0.60 ? 0 : prior < 0.85 ? 1 : prior < 0.95 ? 2 : 3;
  on_steroid = random.Chance(0.45);
  on_azathioprine = random.Chance(0.30);
  on_mesalazine = random.Chance(0.60) && !crohn;
}

SyntheticDiagnosis Gut::Diagnosis(Day date) const {
  if (crohn) {
    constexpr std::string_view kCm[] = {"K50.00", "K50.10", "K50.80"};
    constexpr std::string_view kFr[] = {"K500", "K501", "K508"};
    constexpr std::string_view kGm[] = {"K50.0", "K50.1", "K50.82"};
    return {
        date,          kCm[location],      kFr[location],
        kGm[location], "Maladie de Crohn", "Crohn-Krankheit [Enteritis regionalis] [Morbus Crohn]",
        "Morbus Crohn"};
  }
  constexpr std::string_view kCm[] = {"K51.20", "K51.50", "K51.00"};
  constexpr std::string_view kFr[] = {"K512", "K515", "K510"};
  constexpr std::string_view kGm[] = {"K51.2", "K51.5", "K51.0"};
  return {date,
          kCm[extent],
          kFr[extent],
          kGm[extent],
          "Rectocolite hémorragique",
          "Colitis ulcerosa",
          "Colitis ulcerosa"};
}

void Gut::DrawBaseline(double log_crp_shift, bool female, int age, SyntheticRandom& random) {
  const double z = random.Normal();
  const auto item = [&](double mean, double slope, double noise, int low, int high) {
    return Clamped(mean + slope * z + noise * random.Normal(), low, high);
  };
  GutState& now = baseline;
  now.wellbeing = item(1.6, 0.6, 0.5, 0, 4);
  now.pain = item(1.4, 0.5, 0.5, 0, 3);
  now.stools = item(5.0, 2.2, 1.5, 0, 25);
  now.mass = random.Chance(0.15) ? random.Between(1, 3) : 0;
  now.complications = item(0.6, 0.3, 0.6, 0, 5);
  now.ses_cd = item(13, 4, 3.5, 4, 44);
  now.mayo_stool = item(2.0, 0.5, 0.5, 0, 3);
  now.mayo_bleeding = item(1.6, 0.5, 0.6, 0, 3);
  now.mayo_physician = item(2.0, 0.4, 0.4, 1, 3);
  now.mayo_endoscopy = item(2.4, 0.3, 0.4, 2, 3);
  now.uceis_vascular = item(1.6, 0.3, 0.4, 0, 2);
  now.uceis_bleeding = item(1.6, 0.5, 0.5, 0, 3);
  now.uceis_erosions = item(1.7, 0.5, 0.5, 0, 3);
  const double log_crp = 2.0 + log_crp_shift + 0.45 * z + 0.9 * random.Normal();
  now.crp_tenths = Clamped(10 * core::Exp(log_crp), kLowCrpTenths, 2000);
  now.calprotectin =
      Clamped(core::Exp(6.3 + 0.5 * z + 0.8 * random.Normal()), kLowCalprotectin, 6000);
  now.albumin = Clamped(39 - 1.5 * z - 1.0 * (log_crp - 2) + 2.5 * random.Normal(), 18, 52);
  now.haemoglobin_tenths =
      Clamped(10 * ((female ? 12.9 : 14.2) - 0.35 * z + 1.0 * random.Normal()), 70, 180);
  now.platelets = item(330, 45, 70, 90, 900);
  now.leukocytes_tenths = item(82, 8, 20, 25, 250);
  now.ferritin = Clamped(core::Exp(3.6 + 0.2 * z + 0.9 * random.Normal()), 3, 1500);
  now.creatinine = Clamped((female ? 62 : 76) + 0.3 * (age - 38) + 10 * random.Normal(), 35, 260);
  Force(now, false, false);
}

GutState Gut::Improved(double improvement, SyntheticRandom& random) const {
  const double left = 1 - improvement;
  const auto fade = [&](int before, double noise, int high) {
    return Clamped(before * left + noise * random.Normal(), 0, high);
  };
  const GutState& before = baseline;
  GutState now;
  now.wellbeing = fade(before.wellbeing, 0.4, 4);
  now.pain = fade(before.pain, 0.4, 3);
  now.stools = fade(before.stools, 0.8, 25);
  now.mass = fade(before.mass, 0.2, 3);
  now.complications = fade(before.complications, 0.3, 5);
  now.ses_cd = fade(before.ses_cd, 2.0, 44);
  now.mayo_stool = fade(before.mayo_stool, 0.4, 3);
  now.mayo_bleeding = fade(before.mayo_bleeding, 0.3, 3);
  now.mayo_physician = fade(before.mayo_physician, 0.3, 3);
  now.mayo_endoscopy = fade(before.mayo_endoscopy, 0.4, 3);
  now.uceis_vascular = fade(before.uceis_vascular, 0.3, 2);
  now.uceis_bleeding = fade(before.uceis_bleeding, 0.3, 3);
  now.uceis_erosions = fade(before.uceis_erosions, 0.3, 3);
  now.crp_tenths =
      Clamped(before.crp_tenths * left * core::Exp(0.3 * random.Normal()), kLowCrpTenths, 2000);
  now.calprotectin =
      Clamped(before.calprotectin * (1 - 0.95 * improvement) * core::Exp(0.4 * random.Normal()),
              kLowCalprotectin, 6000);
  now.albumin = Clamped(before.albumin + 3 * improvement + 1.5 * random.Normal(), 18, 52);
  now.haemoglobin_tenths =
      Clamped(before.haemoglobin_tenths + 8 * improvement + 4 * random.Normal(), 70, 180);
  now.platelets = Clamped(before.platelets - 50 * improvement + 30 * random.Normal(), 90, 900);
  now.leukocytes_tenths =
      Clamped(before.leukocytes_tenths - 12 * improvement + 10 * random.Normal(), 25, 250);
  now.ferritin = Clamped(before.ferritin * core::Exp(0.2 * random.Normal()), 3, 1500);
  now.creatinine = Clamped(before.creatinine + 4 * random.Normal(), 35, 260);
  return now;
}

void Gut::Force(GutState& now, bool remission, bool endoscopic) const {
  const auto lower = [](int& value) { value = std::max(value - 1, 0); };
  const int most = crohn ? kMostHbi : kMostPartialMayo;
  while (remission && now.Activity(crohn) > most) {
    if (crohn) {
      lower(std::max({std::ref(now.stools), std::ref(now.wellbeing), std::ref(now.pain),
                      std::ref(now.complications), std::ref(now.mass)})
                .get());
    } else {
      lower(std::max({std::ref(now.mayo_stool), std::ref(now.mayo_bleeding),
                      std::ref(now.mayo_physician)})
                .get());
    }
  }
  while (!remission && now.Activity(crohn) <= most) {
    if (crohn) now.stools += 2;
    if (!crohn) now.mayo_stool += 1;
    if (!crohn && now.mayo_stool > 3) now.mayo_stool = 3, now.mayo_bleeding += 1;
  }
  if (endoscopic) {
    now.ses_cd = std::min(now.ses_cd, kMostSesCd);
    now.mayo_endoscopy = std::min(now.mayo_endoscopy, kMostMayoEndoscopy);
  } else {
    now.ses_cd = std::max(now.ses_cd, kMostSesCd + 1);
    now.mayo_endoscopy = std::max(now.mayo_endoscopy, kMostMayoEndoscopy + 1);
  }
}

// Laboratory values are missing more often where the disease is quiet.
std::vector<SyntheticResult> Gut::Laboratory(const GutState& now, bool first, double missing_shift,
                                             SyntheticRandom& missing) const {
  std::vector<SyntheticResult> results;
  const double quiet = 0.3 * (1.0 - now.Activity(crohn) / (crohn ? 9.0 : 6.0));
  const auto measure = [&](std::string_view key, int value, double log_odds, bool below = false) {
    if (missing.Chance(core::Expit(log_odds + missing_shift + quiet))) return;
    results.push_back({&FindItem(IbdItems(), key), value, below});
  };
  measure("crp", now.crp_tenths, -3.2, now.crp_tenths == kLowCrpTenths);
  measure("calprotectin", now.calprotectin, first ? -1.8 : -1.2,
          now.calprotectin == kLowCalprotectin);
  measure("albumin", now.albumin, -2.4);
  measure("hb", now.haemoglobin_tenths, -2.8);
  measure("platelets", now.platelets, -2.8);
  measure("leukocytes", now.leukocytes_tenths, -2.8);
  measure("ferritin", now.ferritin, -1.4);
  measure("creatinine", now.creatinine, -2.2);
  return results;
}

std::vector<SyntheticResult> Gut::Results(const GutState& now, bool scoped, bool first,
                                          double missing_shift, SyntheticRandom& missing) const {
  std::vector<SyntheticResult> results;
  const auto add = [&](std::string_view key, int value) {
    results.push_back({&FindItem(IbdItems(), key), value, false});
  };
  if (crohn) {
    add("hbi_wellbeing", now.wellbeing);
    add("hbi_pain", now.pain);
    add("hbi_stools", now.stools);
    add("hbi_mass", now.mass);
    add("hbi_complications", now.complications);
    if (scoped) add("ses_cd", now.ses_cd);
  } else {
    add("mayo_stool", now.mayo_stool);
    add("mayo_bleeding", now.mayo_bleeding);
    add("mayo_physician", now.mayo_physician);
    if (scoped) {
      add("mayo_endoscopy", now.mayo_endoscopy);
      add("uceis_vascular", now.uceis_vascular);
      add("uceis_bleeding", now.uceis_bleeding);
      add("uceis_erosions", now.uceis_erosions);
    }
  }
  const std::vector<SyntheticResult> laboratory = Laboratory(now, first, missing_shift, missing);
  results.insert(results.end(), laboratory.begin(), laboratory.end());
  if (!first) return results;
  add("prior_biologics", prior_biologics);
  add("smoking", static_cast<int>(smoking));
  if (crohn) {
    add("location", location);
    add("behaviour", behaviour);
  } else {
    add("extent", extent);
  }
  return results;
}

}  // namespace clinnova::intake::synthetic
