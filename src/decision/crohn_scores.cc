// SPDX-License-Identifier: Apache-2.0
// Crohn's disease: clinical and endoscopic activity, response.
#include <algorithm>
#include <array>
#include <numeric>

#include "decision/score.h"

namespace clinnova::decision {
namespace {

constexpr const char* kDisease = "Crohn's disease";

/// Best's index. The haematocrit term keeps its sign and the weight term has no floor, as in the formula of
/// 1976; some trials cut one or the other, which the version says.
Result<ScoreValue> CrohnIndex(const FieldValues& in) {
  const double normal_haematocrit = in.Names("sex").front() == "m" ? 47 : 42;
  return ScoreValue{.value = 2 * in.Number("liquid_stools") + 5 * in.Number("pain") +
                             7 * in.Number("wellbeing") + 20 * in.Number("complications") +
                             30 * in.Number("antidiarrhoeal") + 10 * in.Number("mass") +
                             6 * (normal_haematocrit - in.Number("hct")) +
                             100 * (1 - in.Number("weight") / in.Number("standard_weight"))};
}

Result<ScoreValue> CrohnIndexChecked(const FieldValues& in) {
  const double mass = in.Number("mass");
  if (mass != 0 && mass != 2 && mass != 5) {
    return Fail(ErrorCode::kInvalidInput,
                "mass: found " + PlainNumber(mass) +
                    ", expected 0 (none), 2 (questionable) or 5 (definite)");
  }
  return CrohnIndex(in);
}

Result<ScoreValue> HarveyBradshaw(const FieldValues& in) {
  constexpr std::array<std::string_view, 5> kParts{"wellbeing", "pain", "liquid_stools", "mass",
                                                   "complications"};
  return ScoreValue{.value = in.Sum(kParts)};
}

double SumOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

Result<ScoreValue> SesCd(const FieldValues& in) {
  constexpr double kMostStenosis = 11;  // only one narrowing can be impassable
  const double stenosis = SumOf(in.Numbers("stenosis"));
  ScoreValue score{.value =
                       SumOf(in.Numbers("ulcer_size")) + SumOf(in.Numbers("ulcerated_surface")) +
                       SumOf(in.Numbers("affected_surface")) + std::min(stenosis, kMostStenosis)};
  if (stenosis > kMostStenosis) {
    score.notes.push_back("the stenosis subtotal is capped at 11");
  }
  return score;
}

/// Means over the segments that were seen, and 3 for each kind of stenosis anywhere.
Result<ScoreValue> Cdeis(const FieldValues& in) {
  const double seen = in.Number("segments");
  for (const char* part : {"deep_ulceration", "superficial_ulceration"}) {
    if (in.Number(part) > seen) {
      return Fail(ErrorCode::kInvalidInput,
                  std::string(part) + ": found " + PlainNumber(in.Number(part)) +
                      " segments, expected at most the " + PlainNumber(seen) + " explored");
    }
  }
  for (const char* part : {"surface_involved", "ulcerated_surface"}) {
    if (in.Number(part) > 10 * seen) {
      return Fail(ErrorCode::kInvalidInput,
                  std::string(part) + ": found a sum of " + PlainNumber(in.Number(part)) +
                      " cm, expected at most 10 for each segment explored");
    }
  }
  return ScoreValue{
      .value = (12 * in.Number("deep_ulceration") + 6 * in.Number("superficial_ulceration") +
                in.Number("surface_involved") + in.Number("ulcerated_surface")) /
                   seen +
               3 * in.Number("ulcerated_stenosis") + 3 * in.Number("nonulcerated_stenosis")};
}

Result<ScoreValue> Pro2(const FieldValues& in) {
  const double stools = in.Number("liquid_stools") / 7;
  const double pain = in.Number("pain") / 7;
  const bool remission = AtMost(pain, 1) && AtMost(stools, 3);
  ScoreValue score{.value = 2 * stools + 5 * pain,
                   .band = remission ? "remission" : "not in remission"};
  score.notes.push_back("daily means: liquid stools " + PlainNumber(stools) + ", pain " +
                        PlainNumber(pain));
  return score;
}

Result<ScoreValue> Rutgeerts(const FieldValues& in) {
  return ScoreValue{.value = in.Number("grade")};
}

Result<ScoreValue> Drop(const FieldValues& in) {
  return ScoreValue{.value = in.Number("before") - in.Number("after")};
}

Result<ScoreValue> PercentDrop(const FieldValues& in) {
  const double before = in.Number("before");
  if (before == 0) {
    return Fail(ErrorCode::kInvalidInput, "before: found 0, expected more: nothing can improve");
  }
  return ScoreValue{.value = 100 * (before - in.Number("after")) / before};
}

Field Segments(const char* name, const char* meaning) {
  return {.name = name,
          .unit = "{score}",
          .low = 0,
          .high = 3,
          .kind = FieldKind::kSegments,
          .meaning = meaning};
}

std::vector<Field> CrohnIndexFields() {
  return {Count("liquid_stools", 700, "liquid or very soft stools, sum of 7 days"),
          Whole("pain", 0, 21, "abdominal pain 0 to 3 a day, sum of 7 days"),
          Whole("wellbeing", 0, 28, "general well-being 0 to 4 a day, sum of 7 days"),
          Count("complications", 6, "categories of complications"),
          Flag("antidiarrhoeal", "diphenoxylate, loperamide or opiates taken"),
          Whole("mass", 0, 5, "abdominal mass: 0 none, 2 questionable, 5 definite"),
          {.name = "hct", .unit = "%", .low = 5, .high = 75, .meaning = "haematocrit"},
          Sex(),
          {.name = "weight", .unit = "kg", .low = 10, .high = 400, .meaning = "body weight"},
          {.name = "standard_weight",
           .unit = "kg",
           .low = 10,
           .high = 400,
           .meaning = "standard weight for sex and height"}};
}

std::vector<ScoreDefinition> ClinicalScores() {
  return {
      {.name = "cdai-crohn",
       .title = "Crohn's Disease Activity Index",
       .disease = kDisease,
       .fields = CrohnIndexFields(),
       .bands = {BelowCut(150, "remission"), UpTo(220, "mild"), UpTo(450, "moderate"),
                 Beyond("severe")},
       .version = "CDAI 1976, haematocrit term with its sign, weight term without a floor",
       .source = "W. R. Best et al., Gastroenterology 70 (1976) 439-444",
       .compute = CrohnIndexChecked},
      {.name = "hbi",
       .title = "Harvey-Bradshaw Index",
       .disease = kDisease,
       .fields = {Whole("wellbeing", 0, 4, "general well-being, yesterday"),
                  Whole("pain", 0, 3, "abdominal pain, yesterday"),
                  Count("liquid_stools", 100, "liquid stools, yesterday"),
                  Whole("mass", 0, 3, "abdominal mass"),
                  Count("complications", 8,
                        "of arthralgia, uveitis, erythema nodosum, aphthous ulcer, pyoderma "
                        "gangrenosum, anal fissure, new fistula, abscess")},
       .bands = {BelowCut(5, "remission"), UpTo(7, "mild"), UpTo(16, "moderate"), Beyond("severe")},
       .version = "HBI 1980",
       .source = "R. F. Harvey, J. M. Bradshaw, Lancet 315 (1980) 514",
       .compute = HarveyBradshaw},
      {.name = "pro2-crohn",
       .title = "Patient-reported outcome of stools and pain, weighted daily means",
       .disease = kDisease,
       .fields = {Count("liquid_stools", 700, "liquid or very soft stools, sum of 7 days"),
                  Whole("pain", 0, 21, "abdominal pain 0 to 3 a day, sum of 7 days")},
       .bands = {},
       .version = "PRO2, remission by STRIDE-II: daily pain up to 1 and stools up to 3",
       .source = "R. Khanna et al., Aliment. Pharmacol. Ther. 41 (2015) 77-86; D. Turner et al., "
                 "Gastroenterology 160 (2021) 1570-1583",
       .band_rules = {"remission: daily means of pain up to 1 and of stools up to 3",
                      "not in remission: else"},
       .unverified = "the weights of the daily means are from secondary literature",
       .compute = Pro2},
  };
}

std::vector<ScoreDefinition> EndoscopicScores() {
  return {
      {.name = "ses-cd",
       .title = "Simple Endoscopic Score for Crohn's Disease",
       .disease = kDisease,
       .fields = {Segments("ulcer_size", "size of ulcers"),
                  Segments("ulcerated_surface", "ulcerated surface"),
                  Segments("affected_surface", "affected surface"),
                  Segments("stenosis", "narrowing")},
       .bands = {UpTo(2, "remission"), UpTo(6, "mild"), UpTo(15, "moderate"), Beyond("severe")},
       .version = "SES-CD 2004, stenosis up to 11, 0 to 56",
       .source = "M. Daperno et al., Gastrointest. Endosc. 60 (2004) 505-512",
       .compute = SesCd},
      {.name = "rutgeerts",
       .title = "Rutgeerts score after ileocolic resection: i0 to i4",
       .disease = kDisease,
       .fields = {Whole("grade", 0, 4, "endoscopic grade of the neoterminal ileum")},
       .bands = {BelowCut(2, "no recurrence"), Beyond("recurrence")},
       .version = "recurrence from i2 on",
       .source = "P. Rutgeerts et al., Gastroenterology 99 (1990) 956-963",
       .compute = Rutgeerts},
      {.name = "cdeis",
       .title = "Crohn's Disease Endoscopic Index of Severity",
       .disease = kDisease,
       .fields = {Whole("segments", 1, 5, "segments explored"),
                  Count("deep_ulceration", 5, "segments with deep ulceration"),
                  Count("superficial_ulceration", 5, "segments with superficial ulceration"),
                  Scale("surface_involved", 0, 50, "sum over segments, cm of 10"),
                  Scale("ulcerated_surface", 0, 50, "sum over segments, cm of 10"),
                  Flag("ulcerated_stenosis", "an ulcerated stenosis anywhere"),
                  Flag("nonulcerated_stenosis", "a stenosis without ulcers anywhere")},
       .bands = {BelowCut(6, "remission"), Beyond("active")},
       .version = "CDEIS 1989, 0 to 44",
       .source = "J. Y. Mary, R. Modigliani, Gut 30 (1989) 983-989",
       .unverified = "formula and cut are from secondary literature",
       .compute = Cdeis},
  };
}

std::vector<Field> BeforeAfter(double high, const char* what) {
  return {Scale("before", -200, high, std::string(what) + " before"),
          Scale("after", -200, high, std::string(what) + " after")};
}

std::vector<ScoreDefinition> Responses() {
  std::vector<Field> endoscopic = BeforeAfter(56, "SES-CD");
  for (Field& field : endoscopic) field.low = 0;
  std::vector<Field> bradshaw = BeforeAfter(118, "HBI");
  for (Field& field : bradshaw) field.low = 0;
  return {
      {.name = "cdai-crohn-response",
       .title = "Drop of the Crohn's Disease Activity Index: CR-70 and CR-100",
       .disease = kDisease,
       .fields = BeforeAfter(2000, "CDAI"),
       .bands = {BelowCut(70, "none"), BelowCut(100, "CR-70"), Beyond("CR-100")},
       .version = "CR-70, CR-100",
       .source = "W. R. Best et al., Gastroenterology 77 (1979) 843-846",
       .compute = Drop},
      {.name = "hbi-response",
       .title = "Drop of the Harvey-Bradshaw Index",
       .disease = kDisease,
       .fields = bradshaw,
       .bands = {BelowCut(3, "none"), Beyond("response")},
       .version = "drop of 3 or more",
       .source = "S. Vermeire et al., Clin. Gastroenterol. Hepatol. 8 (2010) 357-363",
       .unverified = "the cut is from secondary literature",
       .compute = Drop},
      {.name = "ses-cd-response",
       .title = "Endoscopic response: drop of SES-CD in percent",
       .disease = kDisease,
       .fields = endoscopic,
       .bands = {BelowCut(50, "none"), Beyond("response")},
       .version = "50 % or more",
       .source = "L. Vuitton et al., Gut 65 (2016) 1447-1455",
       .compute = PercentDrop},
  };
}

}  // namespace

std::vector<ScoreDefinition> CrohnScores() {
  std::vector<ScoreDefinition> scores = ClinicalScores();
  for (auto* group : {EndoscopicScores, Responses}) {
    for (ScoreDefinition& score : group()) scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace clinnova::decision
