// SPDX-License-Identifier: Apache-2.0
#include "cohort/score_formula.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/text.h"

namespace clinnova::cohort {
namespace {

using core::Significant;

constexpr ScoreInput kTender{.name = "tjc28", .unit = "{count}", .low = 0, .high = 28};
constexpr ScoreInput kSwollen{.name = "sjc28", .unit = "{count}", .low = 0, .high = 28};
constexpr ScoreInput kCrp{.name = "crp", .unit = "mg/L", .low = 0, .high = 1000};
constexpr ScoreInput kEsr{.name = "esr", .unit = "mm/h", .low = 0, .high = 200, .above_low = true};
constexpr ScoreInput kGlobal{.name = "gh", .unit = "mm", .low = 0, .high = 100};

constexpr ScoreInput kPatientScale{.name = "ptga", .unit = "mm", .low = 0, .high = 100};
constexpr ScoreInput kPhysicianScale{.name = "phga", .unit = "mm", .low = 0, .high = 100};

constexpr std::array kClinical{kTender, kSwollen, kPatientScale, kPhysicianScale};
constexpr std::array kCrp4{kTender, kSwollen, kCrp, kGlobal};
constexpr std::array kCrp3{kTender, kSwollen, kCrp};
constexpr std::array kEsr4{kTender, kSwollen, kEsr, kGlobal};
constexpr std::array kEsr3{kTender, kSwollen, kEsr};

constexpr ScoreInput Item(std::string_view name, double high) {
  return {.name = name, .unit = "{score}", .low = 0, .high = high};
}
constexpr ScoreInput kStools = Item("stool_frequency", 3);
constexpr ScoreInput kBleeding = Item("rectal_bleeding", 3);
constexpr ScoreInput kEndoscopy = Item("endoscopy", 3);
constexpr ScoreInput kPhysician = Item("physician_global", 3);

constexpr std::array kHbi{
    Item("wellbeing", 4), Item("pain", 3),
    ScoreInput{.name = "liquid_stools", .unit = "{count}", .low = 0, .high = 100}, Item("mass", 3),
    ScoreInput{.name = "complications", .unit = "{count}", .low = 0, .high = 8}};
constexpr std::array kMayo{kStools, kBleeding, kEndoscopy, kPhysician};
constexpr std::array kModifiedMayo{kStools, kBleeding, kEndoscopy};
constexpr std::array kPartialMayo{kStools, kBleeding, kPhysician};
constexpr std::array kUceis{Item("vascular", 2), Item("bleeding", 3), Item("erosions", 3)};

// In the order of their names.
constexpr std::array<ScoreFormula, 10> kScores{{
    {"cdai-ra", "Clinical Disease Activity Index of rheumatoid arthritis", kClinical,
     "(10 * ({tjc28} + {sjc28}) + {ptga} + {phga}) / 10"},  // rounded once: 2.8 is a cut
    {"das28-crp", "DAS28-CRP, four variables", kCrp4,
     "0.56 * sqrt({tjc28}) + 0.28 * sqrt({sjc28}) + 0.36 * ln({crp} + 1) + 0.014 * {gh} + 0.96"},
    {"das28-crp-3", "DAS28-CRP, three variables", kCrp3,
     "(0.56 * sqrt({tjc28}) + 0.28 * sqrt({sjc28}) + 0.36 * ln({crp} + 1)) * 1.10 + 1.15"},
    {"das28-esr", "DAS28-ESR, four variables", kEsr4,
     "0.56 * sqrt({tjc28}) + 0.28 * sqrt({sjc28}) + 0.70 * ln({esr}) + 0.014 * {gh}"},
    {"das28-esr-3", "DAS28-ESR, three variables", kEsr3,
     "(0.56 * sqrt({tjc28}) + 0.28 * sqrt({sjc28}) + 0.70 * ln({esr})) * 1.08 + 0.16"},
    {"hbi", "Harvey-Bradshaw index", kHbi,
     "{wellbeing} + {pain} + {liquid_stools} + {mass} + {complications}"},
    {"mayo", "Mayo score", kMayo,
     "{stool_frequency} + {rectal_bleeding} + {endoscopy} + {physician_global}"},
    {"modified-mayo", "Modified Mayo score, without the physician's assessment", kModifiedMayo,
     "{stool_frequency} + {rectal_bleeding} + {endoscopy}"},
    {"partial-mayo", "Partial Mayo score, without endoscopy", kPartialMayo,
     "{stool_frequency} + {rectal_bleeding} + {physician_global}"},
    {"uceis", "Ulcerative Colitis Endoscopic Index of Severity", kUceis,
     "{vascular} + {bleeding} + {erosions}"},
}};

void ReplaceAll(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

std::string ScoreFormula::Sql(
    const std::map<std::string, std::string, std::less<>>& columns) const {
  std::string formula(expression);
  std::string possible;
  for (const ScoreInput& input : inputs) {
    const auto column = columns.find(input.name);
    CLINNOVA_CHECK(column != columns.end());
    ReplaceAll(formula, "{" + std::string(input.name) + "}", column->second);
    possible += (possible.empty() ? "" : " AND ") + column->second +
                (input.above_low ? " > " : " >= ") + Significant(input.low, 15) + " AND " +
                column->second + " <= " + Significant(input.high, 15);
  }
  // CASE, not a filter: DuckDB raises an error for the logarithm of what the condition excludes.
  return "CASE WHEN " + possible + "\n       THEN " + formula + " END";
}

const ScoreFormula* FindScore(std::string_view name) {
  const auto found = std::ranges::find(kScores, name, &ScoreFormula::name);
  return found == kScores.end() ? nullptr : &*found;
}

std::span<const ScoreFormula> ScoreFormulas() { return kScores; }

}  // namespace clinnova::cohort
