// SPDX-License-Identifier: Apache-2.0
// Ulcerative colitis: clinical, endoscopic and histological activity, response.
#include <algorithm>
#include <array>

#include "decision/score.h"

namespace clinnova::decision {
namespace {

constexpr const char* kDisease = "Ulcerative colitis";

Field Stools() { return Whole("stool_frequency", 0, 3, "Mayo stool frequency"); }
Field Bleeding() { return Whole("rectal_bleeding", 0, 3, "Mayo rectal bleeding"); }
Field Endoscopy() { return Whole("endoscopy", 0, 3, "Mayo endoscopic sub-score"); }
Field Physician() { return Whole("physician_global", 0, 3, "physician's global assessment"); }

constexpr std::array<std::string_view, 4> kMayoParts{"stool_frequency", "rectal_bleeding",
                                                     "endoscopy", "physician_global"};

/// Remission is at most 2 with no sub-score above 1; a 2 made of one sub-score is mild activity.
Result<ScoreValue> Mayo(const FieldValues& in) {
  ScoreValue score{.value = in.Sum(kMayoParts)};
  for (const std::string_view part : kMayoParts) {
    if (score.value <= 2 && in.Number(part) > 1) {
      score.band = "mild";
      score.notes.push_back("a total of 2 with a sub-score above 1 is not remission");
    }
  }
  return score;
}

Result<ScoreValue> PartialMayo(const FieldValues& in) {
  constexpr std::array<std::string_view, 3> kParts{"stool_frequency", "rectal_bleeding",
                                                   "physician_global"};
  return ScoreValue{.value = in.Sum(kParts)};
}

Result<ScoreValue> ModifiedMayo(const FieldValues& in) {
  constexpr std::array<std::string_view, 3> kParts{"stool_frequency", "rectal_bleeding",
                                                   "endoscopy"};
  const bool remission = in.Number("stool_frequency") <= 1 && in.Number("rectal_bleeding") == 0 &&
                         in.Number("endoscopy") <= 1;
  return ScoreValue{.value = in.Sum(kParts), .band = remission ? "remission" : "active"};
}

Result<ScoreValue> Pro2(const FieldValues& in) {
  const bool remission = in.Number("rectal_bleeding") == 0 && in.Number("stool_frequency") <= 1;
  return ScoreValue{.value = in.Number("stool_frequency") + in.Number("rectal_bleeding"),
                    .band = remission ? "remission" : "active"};
}

Result<ScoreValue> Uceis(const FieldValues& in) {
  constexpr std::array<std::string_view, 3> kParts{"vascular", "bleeding", "erosions"};
  return ScoreValue{.value = in.Sum(kParts)};
}

Result<ScoreValue> Sccai(const FieldValues& in) {
  constexpr std::array<std::string_view, 6> kParts{
      "day_frequency", "night_frequency", "urgency", "blood", "wellbeing", "extracolonic"};
  return ScoreValue{.value = in.Sum(kParts)};
}

Result<ScoreValue> Lichtiger(const FieldValues& in) {
  constexpr std::array<std::string_view, 8> kParts{"stools",       "nocturnal",     "blood",
                                                   "incontinence", "pain",          "wellbeing",
                                                   "tenderness",   "antidiarrhoeal"};
  return ScoreValue{.value = in.Sum(kParts)};
}

Result<ScoreValue> TrueloveWitts(const FieldValues& in) {
  if (!in.Has("esr") && !in.Has("crp")) {
    return Fail(ErrorCode::kInvalidInput, "esr: found neither it nor crp, expected one of them");
  }
  const bool inflamed = (in.Has("esr") && Above(in.Number("esr"), 30)) ||
                        (in.Has("crp") && Above(in.Number("crp"), 30));
  const bool toxic = Above(in.Number("temperature"), 37.8) || Above(in.Number("pulse"), 90) ||
                     Below(in.Number("haemoglobin"), 10.5) || inflamed;
  const bool severe = AtLeast(in.Number("bloody_stools"), 6) && toxic;
  return ScoreValue{.value = severe ? 1.0 : 0.0, .band = severe ? "severe" : "not severe"};
}

Result<ScoreValue> Robarts(const FieldValues& in) {
  return ScoreValue{
      .value = in.Number("chronic_infiltrate") + 2 * in.Number("lamina_propria_neutrophils") +
               3 * in.Number("epithelial_neutrophils") + 5 * in.Number("erosion_ulceration")};
}

/// A tree from the top: ulcers, neutrophils, chronic inflammation.
Result<ScoreValue> Nancy(const FieldValues& in) {
  const double acute = in.Number("acute_infiltrate");
  if (in.Number("ulceration") == 1) return ScoreValue{.value = 4};
  if (acute >= 1) return ScoreValue{.value = acute >= 2 ? 3.0 : 2.0};
  return ScoreValue{.value = in.Number("chronic_infiltrate") >= 2 ? 1.0 : 0.0};
}

/// A drop of the total by points and percent, and of the bleeding (or little of it).
Result<ScoreValue> MayoDrop(const FieldValues& in, double points) {
  const double before = in.Number("before");
  const double drop = before - in.Number("after");
  const double bleeding = in.Number("bleeding_after");
  const bool response = AtLeast(drop, points) && AtLeast(drop, 0.3 * before) &&
                        (in.Number("bleeding_before") - bleeding >= 1 || bleeding <= 1);
  return ScoreValue{.value = drop, .band = response ? "response" : "none"};
}
Result<ScoreValue> MayoResponse(const FieldValues& in) { return MayoDrop(in, 3); }
Result<ScoreValue> ModifiedMayoResponse(const FieldValues& in) { return MayoDrop(in, 2); }

std::vector<Field> ResponseFields(double high) {
  return {Whole("before", 0, high, "total before"), Whole("after", 0, high, "total after"),
          Whole("bleeding_before", 0, 3, "rectal bleeding before"),
          Whole("bleeding_after", 0, 3, "rectal bleeding after")};
}

std::vector<ScoreDefinition> MayoScores() {
  constexpr const char* kSource = "K. W. Schroeder et al., N. Engl. J. Med. 317 (1987) 1625-1629";
  return {
      {.name = "mayo",
       .title = "Mayo score",
       .disease = kDisease,
       .fields = {Stools(), Bleeding(), Endoscopy(), Physician()},
       .bands = {UpTo(2, "remission"), UpTo(5, "mild"), UpTo(10, "moderate"), Beyond("severe")},
       .version = "Mayo 0 to 12; remission without a sub-score above 1",
       .source = kSource,
       .band_rules = {"up to 2 with a sub-score above 1: mild"},
       .compute = Mayo},
      {.name = "partial-mayo",
       .title = "Partial Mayo score, without endoscopy",
       .disease = kDisease,
       .fields = {Stools(), Bleeding(), Physician()},
       .bands = {UpTo(1, "remission"), UpTo(4, "mild"), UpTo(6, "moderate"), Beyond("severe")},
       .version = "partial Mayo 0 to 9, bands 1/4/6",
       .source = "J. D. Lewis et al., Inflamm. Bowel Dis. 14 (2008) 1660-1666",
       .compute = PartialMayo},
      {.name = "modified-mayo",
       .title = "Modified Mayo score, without the physician's assessment",
       .disease = kDisease,
       .fields = {Stools(), Bleeding(), Endoscopy()},
       .bands = {},
       .version = "mMS 0 to 9; remission: stools up to 1, no bleeding, endoscopy up to 1",
       .source = "US FDA, Ulcerative colitis: developing drugs for treatment, guidance, 2022",
       .band_rules = {"remission: stools up to 1, no bleeding, endoscopy up to 1", "active: else"},
       .unverified = "the definition of remission is from secondary literature",
       .compute = ModifiedMayo},
      {.name = "pro2-uc",
       .title = "Patient-reported outcome of stools and bleeding",
       .disease = kDisease,
       .fields = {Stools(), Bleeding()},
       .bands = {},
       .version = "PRO2; remission: no bleeding, stools up to 1",
       .source = "V. Jairath et al., Aliment. Pharmacol. Ther. 42 (2015) 1200-1210",
       .band_rules = {"remission: no bleeding, stools up to 1", "active: else"},
       .unverified = "the definition of remission is from secondary literature",
       .compute = Pro2},
  };
}

std::vector<ScoreDefinition> MayoResponses() {
  return {
      {.name = "mayo-response",
       .title = "Clinical response by the Mayo score",
       .disease = kDisease,
       .fields = ResponseFields(12),
       .bands = {},
       .version = "drop by 3 and 30 %, bleeding by 1 or at most 1",
       .source = "P. Rutgeerts et al., N. Engl. J. Med. 353 (2005) 2462-2476",
       .band_rules = {"response: drop of 3 or more and of 30 %, bleeding less by 1 or up to 1",
                      "none: else"},
       .unverified = "the definition is from secondary literature",
       .compute = MayoResponse},
      {.name = "modified-mayo-response",
       .title = "Clinical response by the modified Mayo score",
       .disease = kDisease,
       .fields = ResponseFields(9),
       .bands = {},
       .version = "drop by 2 and 30 %, bleeding by 1 or at most 1",
       .source = "US FDA, Ulcerative colitis: developing drugs for treatment, guidance, 2022",
       .band_rules = {"response: drop of 2 or more and of 30 %, bleeding less by 1 or up to 1",
                      "none: else"},
       .unverified = "the definition is from secondary literature",
       .compute = ModifiedMayoResponse},
  };
}

std::vector<Field> SccaiFields() {
  return {Whole("day_frequency", 0, 3, "bowel frequency by day"),
          Whole("night_frequency", 0, 2, "bowel frequency by night"),
          Whole("urgency", 0, 3, "urgency of defaecation"),
          Whole("blood", 0, 3, "blood in the stool"),
          Whole("wellbeing", 0, 4, "general well-being"),
          Whole("extracolonic", 0, 4, "extracolonic features, one each")};
}

std::vector<Field> LichtigerFields() {
  return {Whole("stools", 0, 4, "diarrhoea, stools a day"),
          Whole("nocturnal", 0, 1, "nocturnal diarrhoea"),
          Whole("blood", 0, 3, "visible blood in stool"),
          Whole("incontinence", 0, 1, "faecal incontinence"),
          Whole("pain", 0, 3, "abdominal pain or cramping"),
          Whole("wellbeing", 0, 5, "general well-being"),
          Whole("tenderness", 0, 3, "abdominal tenderness"),
          Whole("antidiarrhoeal", 0, 1, "need for antidiarrhoeal drugs")};
}

std::vector<Field> TrueloveFields() {
  return {Count("bloody_stools", 100, "bloody stools a day"),
          {.name = "temperature", .unit = "Cel", .low = 30, .high = 45},
          {.name = "pulse", .unit = "/min", .low = 20, .high = 300},
          {.name = "haemoglobin", .unit = "g/dL", .low = 1, .high = 25},
          Optional({.name = "esr", .unit = "mm/h", .low = 0, .high = 200}),
          Setting({.name = "crp", .unit = "mg/L", .low = 0, .high = 1000})};
}

std::vector<ScoreDefinition> ClinicalScores() {
  return {
      {.name = "sccai",
       .title = "Simple Clinical Colitis Activity Index",
       .disease = kDisease,
       .fields = SccaiFields(),
       .bands = {UpTo(2, "remission"), BelowCut(5, "intermediate"), Beyond("active")},
       .version = "SCCAI 1998; remission up to 2, active from 5",
       .source = "R. S. Walmsley et al., Gut 43 (1998) 29-32",
       .compute = Sccai},
      {.name = "lichtiger",
       .title = "Lichtiger index (modified Truelove-Witts)",
       .disease = kDisease,
       .fields = LichtigerFields(),
       .bands = {UpTo(3, "remission"), BelowCut(10, "intermediate"), Beyond("active")},
       .version = "Lichtiger 0 to 21; remission up to 3, active from 10",
       .source = "S. Lichtiger et al., N. Engl. J. Med. 330 (1994) 1841-1845",
       .compute = Lichtiger},
      {.name = "truelove-witts",
       .title = "Truelove and Witts: acute severe colitis; 1 = severe, 0 = not",
       .disease = kDisease,
       .fields = TrueloveFields(),
       .bands = {},
       .version = "6 bloody stools and one of temperature, pulse, haemoglobin, ESR (or CRP > 30)",
       .source = "S. C. Truelove, L. J. Witts, BMJ 2 (1955) 1041-1048",
       .missing_rule = "crp may stand for esr",
       .band_rules =
           {"severe: 6 or more bloody stools and one of temperature above 37.8 Cel, pulse above "
            "90 /min, haemoglobin below 10.5 g/dL, ESR above 30 mm/h or CRP above 30 mg/L",
            "not severe: else"},
       .compute = TrueloveWitts},
  };
}

std::vector<ScoreDefinition> MucosaScores() {
  return {
      {.name = "uceis",
       .title = "Ulcerative Colitis Endoscopic Index of Severity",
       .disease = kDisease,
       .fields = {Whole("vascular", 0, 2, "vascular pattern"), Whole("bleeding", 0, 3, "bleeding"),
                  Whole("erosions", 0, 3, "erosions and ulcers")},
       .bands = {UpTo(1, "remission"), UpTo(4, "mild"), UpTo(6, "moderate"), Beyond("severe")},
       .version = "UCEIS 0 to 8 (the first paper counted 3 to 11)",
       .source = "S. P. L. Travis et al., Gut 61 (2012) 535-542",
       .compute = Uceis},
      {.name = "nancy",
       .title = "Nancy histological index",
       .disease = kDisease,
       .fields = {Flag("ulceration", "ulcers or erosions with neutrophils"),
                  Whole("acute_infiltrate", 0, 3,
                        "neutrophils: 0 none, 1 mild, 2 moderate, 3 severe"),
                  Whole("chronic_infiltrate", 0, 3,
                        "lymphocytes and plasma cells: 0 none, 1 mild, 2 moderate, 3 marked")},
       .bands = {UpTo(0, "no significant disease"), UpTo(1, "chronic, not acute"),
                 UpTo(2, "mildly active"), UpTo(3, "moderately active"), Beyond("severely active")},
       .version = "Nancy 0 to 4",
       .source = "A. Marchal-Bressenot et al., Gut 66 (2017) 43-49",
       .unverified = "the tree below ulceration is from secondary literature",
       .compute = Nancy},
      {.name = "robarts",
       .title = "Robarts Histopathology Index",
       .disease = kDisease,
       .fields = {Whole("chronic_infiltrate", 0, 3, "chronic inflammatory infiltrate"),
                  Whole("lamina_propria_neutrophils", 0, 3, "lamina propria neutrophils"),
                  Whole("epithelial_neutrophils", 0, 3, "neutrophils in epithelium"),
                  Whole("erosion_ulceration", 0, 3,
                        "erosion or ulceration, Geboes 5.1 and 5.2 both 1")},
       .bands = {},
       .version = "RHI 0 to 33",
       .source = "M. H. Mosli et al., Gut 66 (2017) 50-58",
       .compute = Robarts},
  };
}

}  // namespace

std::vector<ScoreDefinition> ColitisScores() {
  std::vector<ScoreDefinition> scores = MayoScores();
  for (auto* group : {MayoResponses, ClinicalScores, MucosaScores}) {
    for (ScoreDefinition& score : group()) scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace clinnova::decision
