// SPDX-License-Identifier: Apache-2.0
// Response of rheumatic disease: two visits compared.
#include <algorithm>
#include <array>
#include <utility>

#include "decision/score.h"

namespace clinnova::decision {
namespace {

constexpr const char* kDisease = "Response of rheumatic disease";

std::vector<Field> BeforeAfter(const char* before, const char* after, double high,
                               const char* what) {
  return {Scale(before, 0, high, std::string(what) + " before"),
          Scale(after, 0, high, std::string(what) + " after")};
}

Result<ScoreValue> EularResponse(const FieldValues& in) {
  const double attained = in.Number("das28_after");
  const double improvement = in.Number("das28_before") - attained;
  std::string band = "moderate";
  if (AtMost(attained, 3.2) && Above(improvement, 1.2)) band = "good";
  if (AtMost(improvement, 0.6) || (AtMost(improvement, 1.2) && Above(attained, 5.1))) band = "none";
  return ScoreValue{.value = improvement, .band = std::move(band)};
}

/// The relative improvement in percent. A value of 0 before leaves nothing to improve.
double PercentImprovement(double before, double after) {
  if (before == 0) return 0;
  return 100 * (before - after) / before;
}

Result<ScoreValue> PercentResponse(const FieldValues& in) {
  const double before = in.Number("before");
  ScoreValue score{.value = PercentImprovement(before, in.Number("after"))};
  if (before == 0) score.notes.push_back("0 before: there is no relative improvement");
  return score;
}

Result<ScoreValue> AsdasResponse(const FieldValues& in) {
  return ScoreValue{.value = in.Number("before") - in.Number("after")};
}

/// ACR20/50/70: tender and swollen joints, and three of the five others, all by so many percent.
Result<ScoreValue> AcrResponse(const FieldValues& in) {
  const bool crp = in.Has("crp_before") && in.Has("crp_after");
  const bool esr = in.Has("esr_before") && in.Has("esr_after");
  if (!crp && !esr) {
    return Fail(ErrorCode::kInvalidInput,
                "crp_before, crp_after: found neither these nor esr_before, esr_after, expected "
                "one of the two pairs");
  }
  const auto improvement = [&](const std::string& measure) {
    return PercentImprovement(in.Number(measure + "_before"), in.Number(measure + "_after"));
  };
  std::vector<double> others;
  for (const char* measure : {"patient_global", "physician_global", "pain", "haq"}) {
    others.push_back(improvement(measure));
  }
  others.push_back(improvement(crp ? "crp" : "esr"));
  std::ranges::sort(others, std::greater<>());
  const double percent = std::min({improvement("tjc"), improvement("sjc"), others[2]});
  ScoreValue score;
  for (const double level : {20.0, 50.0, 70.0}) {
    if (AtLeast(percent, level)) score.value = level;
  }
  score.notes.push_back("improvement in joints and three of five others: " + PlainNumber(percent) +
                        " %");
  return score;
}

std::vector<Field> AcrFields() {
  std::vector<Field> fields;
  const auto add = [&](const std::string& name, const char* unit, double high, Presence presence) {
    for (const char* when : {"_before", "_after"}) {
      fields.push_back(
          {.name = name + when, .unit = unit, .low = 0, .high = high, .presence = presence});
    }
  };
  add("tjc", "{count}", 68, Presence::kRequired);
  add("sjc", "{count}", 66, Presence::kRequired);
  add("patient_global", "{score}", 100, Presence::kRequired);
  add("physician_global", "{score}", 100, Presence::kRequired);
  add("pain", "{score}", 100, Presence::kRequired);
  add("haq", "{score}", 3, Presence::kRequired);
  add("crp", "mg/L", 1000, Presence::kOptional);
  add("esr", "mm/h", 200, Presence::kSetting);
  return fields;
}

ScoreDefinition IndexResponse(const char* name, const char* index, double high, const char* source,
                              std::array<double, 3> cuts) {
  return {.name = name,
          .title = std::string("Response by ") + index + ", improvement in percent",
          .disease = kDisease,
          .fields = BeforeAfter("before", "after", high, index),
          .bands = {BelowCut(cuts[0], "none"), BelowCut(cuts[1], "minor"),
                    BelowCut(cuts[2], "moderate"), Beyond("major")},
          .version = std::string(index) + " response",
          .source = source,
          .compute = PercentResponse};
}

std::vector<ScoreDefinition> IndexResponses() {
  constexpr const char* kSdaiSource = "D. Aletaha et al., Ann. Rheum. Dis. 71 (2012) 1190-1196";
  std::vector<ScoreDefinition> scores{
      IndexResponse("sdai-response", "SDAI", 86, kSdaiSource, {50, 70, 85}),
      IndexResponse("cdai-ra-response", "CDAI", 76, kSdaiSource, {50, 70, 85}),
      IndexResponse("dapsa-response", "DAPSA", 164,
                    "M. M. Schoels et al., Ann. Rheum. Dis. 75 (2016) 811-818", {50, 75, 85})};
  scores.back().unverified = "the cuts 50, 75 and 85 % are from secondary literature";
  return scores;
}

}  // namespace

std::vector<ScoreDefinition> ArthritisResponses() {
  std::vector<ScoreDefinition> scores = IndexResponses();
  scores.push_back(
      {.name = "eular-response",
       .title = "EULAR response by DAS28: the improvement, and good, moderate or none",
       .disease = kDisease,
       .fields = BeforeAfter("das28_before", "das28_after", 10, "DAS28"),
       .bands = {},
       .version = "EULAR 1996, for DAS28",
       .source = "A. M. van Gestel et al., Arthritis Rheum. 41 (1998) 1845-1850",
       .band_rules = {"good: DAS28 after up to 3.2 and improvement above 1.2",
                      "none: improvement up to 0.6, or up to 1.2 with DAS28 after above 5.1",
                      "moderate: what lies between"},
       .compute = EularResponse});
  scores.push_back({.name = "acr-response",
                    .title = "ACR20, ACR50 and ACR70: the highest level reached",
                    .disease = kDisease,
                    .fields = AcrFields(),
                    .bands = {BelowCut(20, "none"), BelowCut(50, "ACR20"), BelowCut(70, "ACR50"),
                              Beyond("ACR70")},
                    .version = "ACR 1995",
                    .source = "D. T. Felson et al., Arthritis Rheum. 38 (1995) 727-735",
                    .missing_rule = "crp or esr; CRP is taken where both are given",
                    .compute = AcrResponse});
  scores.push_back(
      {.name = "asdas-response",
       .title = "Improvement of ASDAS",
       .disease = kDisease,
       .fields = BeforeAfter("before", "after", 10, "ASDAS"),
       .bands = {BelowCut(1.1, "none"), BelowCut(2.0, "clinically important"), Beyond("major")},
       .version = "ASAS 2011",
       .source = "P. Machado et al., Ann. Rheum. Dis. 70 (2011) 47-53",
       .compute = AsdasResponse});
  scores.push_back({.name = "pasi-response",
                    .title = "PASI75 and PASI90: improvement of PASI in percent",
                    .disease = kDisease,
                    .fields = BeforeAfter("before", "after", 72, "PASI"),
                    .bands = {BelowCut(75, "none"), BelowCut(90, "PASI75"), Beyond("PASI90")},
                    .version = "PASI75, PASI90",
                    .source = "T. Fredriksson, U. Pettersson, Dermatologica 157 (1978) 238-244, in "
                              "percent of baseline",
                    .compute = PercentResponse});
  scores.push_back({.name = "basdai-response",
                    .title = "BASDAI50: improvement of BASDAI in percent",
                    .disease = kDisease,
                    .fields = BeforeAfter("before", "after", 10, "BASDAI"),
                    .bands = {BelowCut(50, "none"), Beyond("BASDAI50")},
                    .version = "BASDAI50",
                    .source = "J. Braun et al., Ann. Rheum. Dis. 62 (2003) 817-824",
                    .compute = PercentResponse});
  return scores;
}

}  // namespace clinnova::decision
