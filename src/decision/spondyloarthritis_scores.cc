// SPDX-License-Identifier: Apache-2.0
// Axial spondyloarthritis, psoriatic arthritis and the skin.
#include <algorithm>
#include <array>
#include <cmath>

#include "decision/score.h"

namespace clinnova::decision {
namespace {

constexpr const char* kAxial = "Axial spondyloarthritis";
constexpr const char* kPsoriatic = "Psoriatic arthritis and psoriasis";

Field Crp() {
  return {.name = "crp", .unit = "mg/L", .low = 0, .high = 1000, .meaning = "C-reactive protein"};
}
Field Rating(const char* name, const char* meaning) { return Scale(name, 0, 10, meaning); }

std::vector<Field> AsdasFields(Field reactant) {
  return {Rating("back_pain", "BASDAI question 2"),
          Rating("morning_stiffness", "its duration, BASDAI question 6"),
          Rating("patient_global", "patient's global assessment"),
          Rating("peripheral_pain", "peripheral pain or swelling, BASDAI question 3"),
          std::move(reactant)};
}

Result<ScoreValue> AsdasCrp(const FieldValues& in) {
  constexpr double kLowestCrp = 2.0;  // mg/L; below it the logarithm would drive the score
  ScoreValue score;
  if (Below(in.Number("crp"), kLowestCrp)) {
    score.notes.push_back("a CRP below 2 mg/L counts as 2 mg/L (ASAS)");
  }
  const double crp = std::max(in.Number("crp"), kLowestCrp);
  score.value = 0.12 * in.Number("back_pain") + 0.06 * in.Number("morning_stiffness") +
                0.11 * in.Number("patient_global") + 0.07 * in.Number("peripheral_pain") +
                0.58 * std::log(crp + 1);
  return score;
}

Result<ScoreValue> AsdasEsr(const FieldValues& in) {
  return ScoreValue{.value = 0.08 * in.Number("back_pain") + 0.07 * in.Number("morning_stiffness") +
                             0.11 * in.Number("patient_global") +
                             0.09 * in.Number("peripheral_pain") +
                             0.29 * std::sqrt(in.Number("esr"))};
}

Result<ScoreValue> Basdai(const FieldValues& in) {
  return ScoreValue{.value = (in.Number("q1") + in.Number("q2") + in.Number("q3") +
                              in.Number("q4") + (in.Number("q5") + in.Number("q6")) / 2) /
                             5};
}

Result<ScoreValue> Basfi(const FieldValues& in) {
  double sum = 0.0;
  for (int q = 1; q <= 10; ++q) sum += in.Number("q" + std::to_string(q));
  return ScoreValue{.value = sum / 10};
}

std::vector<Field> Questions(int count) {
  std::vector<Field> fields;
  for (int q = 1; q <= count; ++q) {
    fields.push_back(Scale("q" + std::to_string(q), 0, 10, "question " + std::to_string(q)));
  }
  return fields;
}

Result<ScoreValue> Dapsa(const FieldValues& in) {
  constexpr std::array<std::string_view, 4> kParts{"tjc68", "sjc66", "pain", "patient_global"};
  return ScoreValue{.value = in.Sum(kParts) + in.Number("crp") / 10};
}

struct Region {
  const char* name;
  double weight;
};
constexpr std::array<Region, 4> kRegions{
    {{"head", 0.1}, {"upper", 0.2}, {"trunk", 0.3}, {"lower", 0.4}}};

/// The grade of an area in percent: 0, below 10, 10-29, 30-49, 50-69, 70-89, 90-100.
double AreaGrade(double percent) {
  if (percent == 0) return 0;
  double grade = 1;
  for (const double cut : {10.0, 30.0, 50.0, 70.0, 90.0}) {
    if (AtLeast(percent, cut)) ++grade;
  }
  return grade;
}

Result<ScoreValue> Pasi(const FieldValues& in) {
  double sum = 0.0;
  for (const Region& region : kRegions) {
    const std::string name = region.name;
    const double severity =
        in.Number(name + "_e") + in.Number(name + "_i") + in.Number(name + "_d");
    sum += region.weight * severity * AreaGrade(in.Number(name + "_area"));
  }
  return ScoreValue{.value = sum};
}

std::vector<Field> PasiFields() {
  std::vector<Field> fields;
  for (const Region& region : kRegions) {
    const std::string name = region.name;
    fields.push_back(Whole(name + "_e", 0, 4, "erythema"));
    fields.push_back(Whole(name + "_i", 0, 4, "induration"));
    fields.push_back(Whole(name + "_d", 0, 4, "desquamation"));
    fields.push_back({.name = name + "_area",
                      .unit = "%",
                      .low = 0,
                      .high = 100,
                      .meaning = "area of the region involved"});
  }
  return fields;
}

/// Minimal disease activity: at least 5 of 7; the skin by PASI or by body surface.
Result<ScoreValue> Mda(const FieldValues& in) {
  if (!in.Has("pasi") && !in.Has("bsa")) {
    return Fail(ErrorCode::kInvalidInput, "pasi, bsa: found neither, expected one of them");
  }
  const bool skin = (in.Has("pasi") && AtMost(in.Number("pasi"), 1)) ||
                    (in.Has("bsa") && AtMost(in.Number("bsa"), 3));
  const int met = (in.Number("tjc") <= 1) + (in.Number("sjc") <= 1) + skin +
                  AtMost(in.Number("pain"), 15) + AtMost(in.Number("patient_global"), 20) +
                  AtMost(in.Number("haq"), 0.5) + (in.Number("entheses") <= 1);
  return ScoreValue{.value = static_cast<double>(met)};
}

/// The imaging arm needs one feature besides the sacroiliitis, HLA-B27 among them; the clinical arm
/// HLA-B27 and two others.
Result<ScoreValue> AsasAxial(const FieldValues& in) {
  const bool eligible = Below(in.Number("onset_age"), 45) && AtLeast(in.Number("back_pain"), 3);
  const double features = in.Number("features");
  const bool hla_b27 = in.Number("hla_b27") == 1;
  const bool imaging = in.Number("sacroiliitis") == 1 && features + (hla_b27 ? 1 : 0) >= 1;
  const bool classified = eligible && (imaging || (hla_b27 && features >= 2));
  ScoreValue score{.value = classified ? 1.0 : 0.0,
                   .band = classified ? "axial spondyloarthritis" : "not classified"};
  if (!eligible) {
    score.notes.push_back("the criteria are for back pain of 3 months or more, begun before 45");
  }
  return score;
}

/// Of the three kinds of evidence of psoriasis only one counts.
Result<ScoreValue> Caspar(const FieldValues& in) {
  constexpr std::array<std::string_view, 5> kParts{"psoriasis", "nail_dystrophy", "rf_negative",
                                                   "dactylitis", "new_bone"};
  ScoreValue score{.value = in.Sum(kParts)};
  const bool classified = in.Number("inflammatory") == 1 && score.value >= 3;
  score.band = classified ? "psoriatic arthritis" : "not classified";
  if (in.Number("inflammatory") == 0) {
    score.notes.push_back("the criteria are for inflammatory disease of joint, spine or entheses");
  }
  return score;
}

std::vector<Band> AsdasBands() {
  return {BelowCut(1.3, "inactive"), BelowCut(2.1, "low"), UpTo(3.5, "high"), Beyond("very high")};
}

std::vector<ScoreDefinition> AxialScores() {
  return {
      {.name = "asdas-crp",
       .title = "Ankylosing Spondylitis Disease Activity Score, C-reactive protein",
       .disease = kAxial,
       .fields = AsdasFields(Crp()),
       .bands = AsdasBands(),
       .version = "ASDAS-CRP, weights to two decimals",
       .source = "C. Lukas et al., Ann. Rheum. Dis. 68 (2009) 18-24; P. Machado et al., Arthritis "
                 "Rheumatol. 67 (2015) 408-413; bands P. M. Machado et al., Ann. Rheum. Dis. 77 "
                 "(2018) 1539-1540",
       .compute = AsdasCrp},
      {.name = "asdas-esr",
       .title = "Ankylosing Spondylitis Disease Activity Score, sedimentation rate",
       .disease = kAxial,
       .fields = AsdasFields({.name = "esr",
                              .unit = "mm/h",
                              .low = 0,
                              .high = 200,
                              .meaning = "erythrocyte sedimentation rate, first hour"}),
       .bands = AsdasBands(),
       .version = "ASDAS-ESR, weights to two decimals",
       .source = "C. Lukas et al., Ann. Rheum. Dis. 68 (2009) 18-24",
       .compute = AsdasEsr},
  };
}

std::vector<ScoreDefinition> BathScores() {
  return {
      {.name = "basdai",
       .title = "Bath Ankylosing Spondylitis Disease Activity Index",
       .disease = kAxial,
       .fields = Questions(6),
       .bands = {BelowCut(4, "not active"), Beyond("active")},
       .version = "BASDAI 1994",
       .source = "S. Garrett et al., J. Rheumatol. 21 (1994) 2286-2291",
       .compute = Basdai},
      {.name = "basfi",
       .title = "Bath Ankylosing Spondylitis Functional Index",
       .disease = kAxial,
       .fields = Questions(10),
       .bands = {},
       .version = "BASFI 1994",
       .source = "A. Calin et al., J. Rheumatol. 21 (1994) 2281-2285",
       .compute = Basfi},
  };
}

ScoreDefinition AsasDefinition() {
  return {
      .name = "asas-axspa",
      .title = "ASAS classification of axial spondyloarthritis: 1 = classified, 0 = not",
      .disease = kAxial,
      .fields =
          {{.name = "onset_age",
            .unit = "a",
            .low = 0,
            .high = 120,
            .meaning = "age at onset of the back pain"},
           {.name = "back_pain", .unit = "mo", .low = 0, .high = 1200, .meaning = "its duration"},
           Flag("sacroiliitis", "on imaging"),
           Flag("hla_b27", "HLA-B27 positive"),
           Count("features", 10, "of spondyloarthritis, besides these two")},
      .bands = {},
      .version = "ASAS 2009",
      .source = "M. Rudwaleit et al., Ann. Rheum. Dis. 68 (2009) 777-783",
      .band_rules = {"axial spondyloarthritis: onset below 45 a, back pain of 3 mo or more, and "
                     "sacroiliitis with a feature (HLA-B27 counts) or HLA-B27 with 2 features",
                     "not classified: else"},
      .compute = AsasAxial};
}

ScoreDefinition CasparDefinition() {
  return {.name = "caspar",
          .title = "CASPAR classification of psoriatic arthritis: points, of 6",
          .disease = kPsoriatic,
          .fields = {Flag("inflammatory", "inflammatory disease of joint, spine or entheses"),
                     Whole("psoriasis", 0, 2, "2 current, 1 in own or family history, 0 neither"),
                     Flag("nail_dystrophy", "psoriatic, now"),
                     Flag("rf_negative", "rheumatoid factor negative"),
                     Flag("dactylitis", "now or in the history"),
                     Flag("new_bone", "juxta-articular new bone on a radiograph")},
          .bands = {},
          .version = "CASPAR 2006, classified from 3 points",
          .source = "W. Taylor et al., Arthritis Rheum. 54 (2006) 2665-2673",
          .band_rules = {"psoriatic arthritis: inflammatory disease and 3 points or more",
                         "not classified: else"},
          .compute = Caspar};
}

ScoreDefinition MdaDefinition() {
  return {.name = "mda",
          .title = "Minimal disease activity of psoriatic arthritis: criteria met, of 7",
          .disease = kPsoriatic,
          .fields = {Count("tjc", 68, "tender joints"),
                     Count("sjc", 66, "swollen joints"),
                     Optional(Scale("pasi", 0, 72, "PASI")),
                     Setting({.name = "bsa",
                              .unit = "%",
                              .low = 0,
                              .high = 100,
                              .meaning = "body surface involved"}),
                     {.name = "pain", .unit = "mm", .low = 0, .high = 100, .meaning = "pain"},
                     {.name = "patient_global",
                      .unit = "mm",
                      .low = 0,
                      .high = 100,
                      .meaning = "patient's global assessment"},
                     Scale("haq", 0, 3, "HAQ-DI"),
                     Count("entheses", 16, "tender entheses")},
          .bands = {BelowCut(5, "not minimal"), BelowCut(7, "minimal"), Beyond("very low")},
          .version = "MDA 2010, VLDA = 7 of 7",
          .source = "L. C. Coates et al., Ann. Rheum. Dis. 69 (2010) 48-53",
          .missing_rule = "the skin by pasi or by bsa",
          .compute = Mda};
}

}  // namespace

std::vector<ScoreDefinition> SpondyloarthritisScores() {
  std::vector<ScoreDefinition> scores = AxialScores();
  for (ScoreDefinition& score : BathScores()) scores.push_back(std::move(score));
  scores.push_back(
      {.name = "dapsa",
       .title = "Disease Activity index for Psoriatic Arthritis",
       .disease = kPsoriatic,
       .fields = {Count("tjc68", 68, "tender joints of 68"),
                  Count("sjc66", 66, "swollen joints of 66"), Rating("pain", "patient's pain"),
                  Rating("patient_global", "patient's global assessment"), Crp()},
       .bands = {UpTo(4, "remission"), UpTo(14, "low"), UpTo(28, "moderate"), Beyond("high")},
       .version = "DAPSA, CRP in mg/dL",
       .source = "M. M. Schoels et al., Ann. Rheum. Dis. 69 (2010) 1441-1447 and 75 (2016) 811-818",
       .compute = Dapsa});
  scores.push_back({.name = "pasi",
                    .title = "Psoriasis Area and Severity Index",
                    .disease = kPsoriatic,
                    .fields = PasiFields(),
                    .bands = {BelowCut(10, "mild"), UpTo(20, "moderate"), Beyond("severe")},
                    .version = "PASI 1978, area in percent",
                    .source = "T. Fredriksson, U. Pettersson, Dermatologica 157 (1978) 238-244",
                    .compute = Pasi});
  scores.push_back(MdaDefinition());
  scores.push_back(AsasDefinition());
  scores.push_back(CasparDefinition());
  return scores;
}

}  // namespace clinnova::decision
