// SPDX-License-Identifier: Apache-2.0
// Rheumatoid arthritis: activity, remission, function, classification.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"
#include "decision/score.h"

namespace clinnova::decision {
namespace {

constexpr const char* kDisease = "Rheumatoid arthritis";
constexpr const char* kThreeVariables =
    "without gh the published version with three variables is computed";

Field Tender() { return Count("tjc28", 28, "tender joints of 28"); }
Field Swollen() { return Count("sjc28", 28, "swollen joints of 28"); }
Field Crp() {
  return {.name = "crp", .unit = "mg/L", .low = 0, .high = 1000, .meaning = "C-reactive protein"};
}
Field Esr() {
  return {.name = "esr",
          .unit = "mm/h",
          .low = 0,
          .high = 200,
          .above_low = true,
          .meaning = "erythrocyte sedimentation rate, first hour"};
}
Field GlobalHealth() {
  return {.name = "gh",
          .unit = "mm",
          .low = 0,
          .high = 100,
          .presence = Presence::kOptional,
          .meaning = "patient's global health, visual analogue scale"};
}

std::vector<Band> Das28Bands() {
  return {BelowCut(2.6, "remission"), UpTo(3.2, "low"), UpTo(5.1, "moderate"), Beyond("high")};
}

double JointPart(const FieldValues& in) {
  return 0.56 * std::sqrt(in.Number("tjc28")) + 0.28 * std::sqrt(in.Number("sjc28"));
}

Result<ScoreValue> Das28Esr(const FieldValues& in) {
  const double part = JointPart(in) + 0.70 * std::log(in.Number("esr"));
  if (!in.Has("gh")) return ScoreValue{.value = part * 1.08 + 0.16, .version = "DAS28-ESR(3)"};
  return ScoreValue{.value = part + 0.014 * in.Number("gh"), .version = "DAS28-ESR(4)"};
}

/// The cuts that were proposed for the CRP version alone.
std::vector<Band> CrpCuts() {
  return {BelowCut(2.4, "remission"), UpTo(2.9, "low"), UpTo(4.6, "moderate"), Beyond("high")};
}

Result<ScoreValue> Das28Crp(const FieldValues& in) {
  const double part = JointPart(in) + 0.36 * std::log(in.Number("crp") + 1);
  ScoreValue score{.value = part * 1.10 + 1.15, .version = "DAS28-CRP(3)"};
  if (in.Has("gh")) {
    score = {.value = part + 0.014 * in.Number("gh") + 0.96, .version = "DAS28-CRP(4)"};
  }
  if (in.NumberOr("crp_cuts", 0) == 1) {
    score.band = BandOf(CrpCuts(), score.value);
    score.version += ", cuts 2.4, 2.9 and 4.6";
    score.notes.push_back("the cuts of the CRP version are from secondary literature: unverified");
  }
  return score;
}

double ClinicalIndex(const FieldValues& in) {
  constexpr std::array<std::string_view, 4> kParts{"tjc28", "sjc28", "ptga", "phga"};
  return in.Sum(kParts);
}

Result<ScoreValue> Cdai(const FieldValues& in) { return ScoreValue{.value = ClinicalIndex(in)}; }

Result<ScoreValue> Sdai(const FieldValues& in) {
  return ScoreValue{.value = ClinicalIndex(in) + in.Number("crp") / 10};
}

Result<ScoreValue> BooleanRemission(const FieldValues& in) {
  const double version = in.NumberOr("version", 2022);
  if (version != 2011 && version != 2022) {
    return Fail(ErrorCode::kInvalidInput,
                "version: found " + PlainNumber(version) + ", expected 2011 or 2022");
  }
  const double global_cut = version == 2011 ? 1 : 2;
  const bool remission = in.Number("tjc28") <= 1 && in.Number("sjc28") <= 1 &&
                         AtMost(in.Number("crp"), 10) && AtMost(in.Number("ptga"), global_cut);
  return ScoreValue{
      .value = remission ? 1.0 : 0.0,
      .band = remission ? "remission" : "not in remission",
      .version = version == 2011 ? "ACR/EULAR Boolean 2011" : "ACR/EULAR Boolean 2.0 (2022)"};
}

constexpr std::array<const char*, 8> kHaqCategories{"dressing", "arising", "eating", "walking",
                                                    "hygiene",  "reach",   "grip",   "activities"};

Result<ScoreValue> HaqDi(const FieldValues& in) {
  double sum = 0.0;
  int answered = 0;
  for (const char* category : kHaqCategories) {
    if (!in.Has(category)) continue;
    double item = in.Number(category);
    if (in.Has("aids") && std::ranges::count(in.Names("aids"), category) > 0) {
      item = std::max(item, 2.0);  // an aid, device or help raises 0 and 1 to 2
    }
    sum += item;
    ++answered;
  }
  if (answered < 6) {
    return Fail(ErrorCode::kInvalidInput, "categories: found " + std::to_string(answered) +
                                              " answered (missing: " + core::Joined(in.missing()) +
                                              "), expected 6 or more of 8");
  }
  ScoreValue score{.value = sum / answered};
  if (answered < 8) {
    score.notes.push_back("mean of " + std::to_string(answered) + " categories answered");
  }
  return score;
}

std::vector<Field> HaqFields() {
  std::vector<Field> fields;
  for (const char* category : kHaqCategories) {
    fields.push_back(Optional(Whole(category, 0, 3, "highest item of the category")));
  }
  fields.push_back({.name = "aids",
                    .kind = FieldKind::kNames,
                    .presence = Presence::kSetting,
                    .meaning = "categories with an aid, a device or help",
                    .names = {kHaqCategories.begin(), kHaqCategories.end()}});
  return fields;
}

Result<ScoreValue> Rapid3(const FieldValues& in) {
  return ScoreValue{.value = in.Number("function") / 3 + in.Number("pain") + in.Number("global")};
}

double JointPoints(double large, double small) {
  if (large + small > 10 && small >= 1) return 5;
  if (small >= 4) return 3;
  if (small >= 1) return 2;
  return large >= 2 ? 1 : 0;
}

Result<ScoreValue> AcrEular2010(const FieldValues& in) {
  const double large = in.Number("large_joints");
  const double small = in.Number("small_joints");
  constexpr std::array<double, 3> kSerology{0, 2, 3};
  ScoreValue score{.value = JointPoints(large, small) +
                            kSerology[static_cast<std::size_t>(in.Number("rf_acpa"))] +
                            in.Number("abnormal_reactants") +
                            (AtLeast(in.Number("weeks"), 6) ? 1 : 0)};
  if (large + small == 0) {
    score.notes.push_back("the criteria are for patients with at least one swollen joint");
  }
  return score;
}

Field Global(const char* name, const char* meaning) { return Scale(name, 0, 10, meaning); }

std::vector<Field> IndexFields() {
  return {Tender(), Swollen(), Global("ptga", "patient's global assessment"),
          Global("phga", "physician's global assessment")};
}

ScoreDefinition Das28(const char* name, const char* title, Field reactant, const char* source,
                      Result<ScoreValue> (*compute)(const FieldValues&)) {
  return {.name = name,
          .title = title,
          .disease = kDisease,
          .fields = {Tender(), Swollen(), std::move(reactant), GlobalHealth()},
          .bands = Das28Bands(),
          .version = "DAS28 with three or four variables",
          .source = source,
          .missing_rule = kThreeVariables,
          .compute = compute};
}

ScoreDefinition SdaiDefinition() {
  ScoreDefinition sdai{
      .name = "sdai",
      .title = "Simplified Disease Activity Index",
      .disease = kDisease,
      .fields = IndexFields(),
      .bands = {UpTo(3.3, "remission"), UpTo(11, "low"), UpTo(26, "moderate"), Beyond("high")},
      .version = "SDAI 2003, CRP in mg/dL",
      .source = "J. S. Smolen et al., Rheumatology 42 (2003) 244-257",
      .compute = Sdai};
  sdai.fields.push_back(Crp());
  return sdai;
}

ScoreDefinition Das28CrpDefinition() {
  ScoreDefinition crp =
      Das28("das28-crp", "Disease Activity Score, 28 joints, C-reactive protein", Crp(),
            "G. Wells et al., Ann. Rheum. Dis. 68 (2009) 954-960", Das28Crp);
  crp.fields.push_back(
      Setting(Flag("crp_cuts", "1 = the cuts 2.4, 2.9 and 4.6 proposed for this version")));
  return crp;
}

std::vector<ScoreDefinition> ActivityScores() {
  return {
      Das28("das28-esr", "Disease Activity Score, 28 joints, sedimentation rate", Esr(),
            "M. L. L. Prevoo et al., Arthritis Rheum. 38 (1995) 44-48", Das28Esr),
      Das28CrpDefinition(),
      SdaiDefinition(),
      {.name = "cdai-ra",
       .title = "Clinical Disease Activity Index of rheumatoid arthritis",
       .disease = kDisease,
       .fields = IndexFields(),
       .bands = {UpTo(2.8, "remission"), UpTo(10, "low"), UpTo(22, "moderate"), Beyond("high")},
       .version = "CDAI 2005",
       .source = "D. Aletaha et al., Arthritis Res. Ther. 7 (2005) R796-R806",
       .compute = Cdai},
      {.name = "rapid3",
       .title = "Routine Assessment of Patient Index Data 3",
       .disease = kDisease,
       .fields = {Scale("function", 0, 30, "MDHAQ function, ten items of 0 to 3"),
                  Global("pain", "pain"), Global("global", "patient's global assessment")},
       .bands = {UpTo(3, "near remission"), UpTo(6, "low"), UpTo(12, "moderate"), Beyond("high")},
       .version = "RAPID3, 0 to 30",
       .source = "T. Pincus et al., J. Rheumatol. 35 (2008) 2136-2147",
       .compute = Rapid3},
  };
}

std::vector<ScoreDefinition> OtherScores() {
  return {
      {.name = "boolean-remission",
       .title = "ACR/EULAR Boolean remission: 1 = in remission, 0 = not",
       .disease = kDisease,
       .fields = {Tender(), Swollen(), Crp(), Global("ptga", "patient's global assessment"),
                  Setting(Whole("version", 2011, 2022, "2011 or 2022; 2022 when left out"))},
       .bands = {BelowCut(1, "not in remission"), Beyond("remission")},
       .version = "ACR/EULAR Boolean",
       .source = "D. T. Felson et al., Ann. Rheum. Dis. 70 (2011) 404-413; P. Studenic et al., "
                 "Ann. Rheum. Dis. 82 (2023) 74-80",
       .missing_rule = "version: 2022 (Boolean 2.0, patient's global up to 2) when left out",
       .compute = BooleanRemission},
      {.name = "haq-di",
       .title = "Health Assessment Questionnaire, Disability Index",
       .disease = kDisease,
       .fields = HaqFields(),
       .bands = {},
       .version = "HAQ-DI, with aids",
       .source = "J. F. Fries et al., Arthritis Rheum. 23 (1980) 137-145",
       .missing_rule = "the mean of the categories answered, of which there must be 6",
       .compute = HaqDi},
      {.name = "acr-eular-2010",
       .title = "ACR/EULAR 2010 classification of rheumatoid arthritis",
       .disease = kDisease,
       .fields = {Count("large_joints", 10, "shoulders, elbows, hips, knees, ankles involved"),
                  Count("small_joints", 36, "MCP, PIP, thumb IP, MTP 2-5, wrists involved"),
                  Whole("rf_acpa", 0, 2, "0 negative, 1 low positive, 2 high positive"),
                  Flag("abnormal_reactants", "CRP or ESR abnormal"),
                  {.name = "weeks",
                   .unit = "wk",
                   .low = 0,
                   .high = 5200,
                   .meaning = "duration of symptoms"}},
       .bands = {BelowCut(6, "not classified as definite"), Beyond("definite")},
       .version = "ACR/EULAR 2010",
       .source = "D. Aletaha et al., Ann. Rheum. Dis. 69 (2010) 1580-1588",
       .compute = AcrEular2010},
  };
}

}  // namespace

std::vector<ScoreDefinition> ArthritisScores() {
  std::vector<ScoreDefinition> scores = ActivityScores();
  for (ScoreDefinition& score : OtherScores()) scores.push_back(std::move(score));
  return scores;
}

}  // namespace clinnova::decision
