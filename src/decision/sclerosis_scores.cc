// SPDX-License-Identifier: Apache-2.0
// Multiple sclerosis: disability, severity, no evidence of disease activity.
#include <array>

#include "decision/edss.h"
#include "decision/published_model.h"
#include "decision/score.h"
#include "decision/severity.h"

namespace clinnova::decision {
namespace {

constexpr const char* kDisease = "Multiple sclerosis";

Result<ScoreValue> EdssScore(const FieldValues& in) {
  const auto whole = [&](const char* name) { return static_cast<int>(in.Number(name)); };
  return ScoreValue{.value = Edss({.visual = whole("visual"),
                                   .brainstem = whole("brainstem"),
                                   .pyramidal = whole("pyramidal"),
                                   .cerebellar = whole("cerebellar"),
                                   .sensory = whole("sensory"),
                                   .bowel_bladder = whole("bowel_bladder"),
                                   .cerebral = whole("cerebral"),
                                   .ambulation = whole("ambulation")})};
}

Result<ScoreValue> FromTable(const SeverityTable& table, const FieldValues& in,
                             const std::string& years) {
  const auto value = table.At(in.Number(years), in.Number("edss"));
  if (!value) {
    return Fail(ErrorCode::kInvalidInput,
                years + ": found " + PlainNumber(in.Number(years)) + ", expected a year from " +
                    std::to_string(table.first_year()) + " to below " +
                    std::to_string(table.last_year() + 1) + ", which the published table has");
  }
  return ScoreValue{.value = *value};
}

Result<ScoreValue> Msss(const FieldValues& in) {
  static const SeverityTable table(Severity::kMsss2005);
  return FromTable(table, in, "duration");
}
Result<ScoreValue> Msss2017(const FieldValues& in) {
  static const SeverityTable table(Severity::kMsss2017);
  return FromTable(table, in, "duration");
}
Result<ScoreValue> Armss(const FieldValues& in) {
  static const SeverityTable table(Severity::kArmss2017);
  return FromTable(table, in, "age");
}

/// Criteria met of three, or of four where the brain's volume is given.
Result<ScoreValue> Neda(const FieldValues& in) {
  const bool four = in.Has("brain_volume_loss");
  const int met = (in.Number("relapses") == 0) + (in.Number("confirmed_worsening") == 0) +
                  (in.Number("new_t2") == 0 && in.Number("gd_lesions") == 0) +
                  (four && AtMost(in.Number("brain_volume_loss"), 0.4));
  const bool none = met == (four ? 4 : 3);
  return ScoreValue{.value = none ? 1.0 : 0.0,
                    .band = none ? "no evidence of disease activity" : "disease activity",
                    .version = four ? "NEDA-4" : "NEDA-3"};
}

const PublishedModel& Rio() {
  static const PublishedModel& model = *FindPublishedModel("modified-rio");
  return model;
}
const PublishedModel& Magnims() {
  static const PublishedModel& model = *FindPublishedModel("magnims");
  return model;
}
Result<ScoreValue> ModifiedRio(const FieldValues& in) {
  return ScoreValue{.value = LinearPredictor(Rio(), in)};
}
Result<ScoreValue> MagnimsScore(const FieldValues& in) {
  return ScoreValue{.value = LinearPredictor(Magnims(), in)};
}

Field EdssField() {
  return {.name = "edss",
          .unit = "{score}",
          .low = 0,
          .high = 9.5,
          .kind = FieldKind::kHalves,
          .meaning = "Expanded Disability Status Scale"};
}

/// The years of a table's rows; the last of them ends just below `last`.
Field Years(const char* name, double first, double last, const char* meaning) {
  return {.name = name, .unit = "a", .low = first, .high = last, .meaning = meaning};
}

std::vector<Field> EdssFields() {
  return {Whole("visual", 0, 6, "visual, raw"),
          Whole("brainstem", 0, 5, "brainstem"),
          Whole("pyramidal", 0, 6, "pyramidal"),
          Whole("cerebellar", 0, 5, "cerebellar"),
          Whole("sensory", 0, 6, "sensory"),
          Whole("bowel_bladder", 0, 6, "bowel and bladder, raw"),
          Whole("cerebral", 0, 5, "cerebral"),
          Whole("ambulation", 0, 16,
                "0 unrestricted, 1 limited, 2 300-500 m, 3 200-300 m, 4 100-200 m, 5 below 100 m, "
                "6 to 9 with aids, 10 to 15 wheelchair and bed, 16 death")};
}

ScoreDefinition Severity2005() {
  return {.name = "msss",
          .title = "Multiple Sclerosis Severity Score, original table",
          .disease = kDisease,
          .fields = {EdssField(), Years("duration", 0, 31, "since onset; whole years count")},
          .bands = {},
          .version = "MSSS 2005, durations 0 to 30 years",
          .source = "R. H. S. R. Roxburgh et al., Neurology 64 (2005) 1144-1151",
          .compute = Msss};
}

/// A score on treatment as its model in models/ has it: the rule stands there alone.
ScoreDefinition OnTreatment(const PublishedModel& model,
                            Result<ScoreValue> (*compute)(const FieldValues&)) {
  ScoreDefinition score{.name = model.name,
                        .title = model.title,
                        .disease = kDisease,
                        .fields = model.fields,
                        .bands = {},
                        .version = model.version,
                        .source = model.source,
                        .unverified = model.unverified,
                        .compute = compute};
  for (const ModelBand& band : model.bands) {
    score.bands.push_back(band.up_to ? UpTo(*band.up_to, band.label) : Beyond(band.label));
  }
  return score;
}

std::vector<ScoreDefinition> SeverityScores() {
  constexpr const char* kSource = "A. Manouchehrinia et al., Mult. Scler. 23 (2017) 1938-1946";
  return {
      Severity2005(),
      {.name = "msss-2017",
       .title = "Multiple Sclerosis Severity Score, updated table",
       .disease = kDisease,
       .fields = {EdssField(), Years("duration", 1, 31, "since onset; whole years count")},
       .bands = {},
       .version = "MSSS 2017, durations 1 to 30 years",
       .source = kSource,
       .compute = Msss2017},
      {.name = "armss",
       .title = "Age-Related Multiple Sclerosis Severity",
       .disease = kDisease,
       .fields = {EdssField(), Years("age", 18, 76, "whole years count")},
       .bands = {},
       .version = "ARMSS 2017, ages 18 to 75",
       .source = kSource,
       .compute = Armss},
  };
}

}  // namespace

std::vector<ScoreDefinition> SclerosisScores() {
  std::vector<ScoreDefinition> scores = SeverityScores();
  scores.push_back(
      {.name = "edss",
       .title = "Expanded Disability Status Scale, from functional systems",
       .disease = kDisease,
       .fields = EdssFields(),
       .bands = {},
       .version = "Neurostatus rules, raw functional systems",
       .source = "J. F. Kurtzke, Neurology 33 (1983) 1444-1452; L. Kappos, Neurostatus",
       .compute = EdssScore});
  scores.push_back(
      {.name = "neda",
       .title = "No evidence of disease activity: 1 = none, 0 = some",
       .disease = kDisease,
       .fields = {Count("relapses", 50, "relapses in the period"),
                  Flag("confirmed_worsening", "disability worsening, confirmed"),
                  Count("new_t2", 500, "new or enlarging T2 lesions"),
                  Count("gd_lesions", 200, "gadolinium-enhancing lesions"),
                  Setting({.name = "brain_volume_loss",
                           .unit = "%",
                           .low = -10,
                           .high = 50,
                           .meaning = "a year; makes it NEDA-4"})},
       .bands = {},
       .version = "NEDA-3, or NEDA-4 with brain_volume_loss",
       .source = "G. Giovannoni et al., Mult. Scler. Relat. Disord. 4 (2015) 329-333; L. Kappos et "
                 "al., Mult. Scler. 22 (2016) 1297-1305",
       .band_rules =
           {"no evidence of disease activity: no relapse, no confirmed worsening, no new or "
            "enhancing lesion (and brain volume loss up to 0.4 % a year)",
            "disease activity: else"},
       .unverified = "the brain volume cut of NEDA-4 is from secondary literature",
       .compute = Neda});
  scores.push_back(OnTreatment(Rio(), ModifiedRio));
  scores.push_back(OnTreatment(Magnims(), MagnimsScore));
  return scores;
}

}  // namespace clinnova::decision
