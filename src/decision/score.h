// SPDX-License-Identifier: Apache-2.0
// Disease activity scores, response criteria and classifications, each one declarative entry (fields with
// units and ranges, bands, version, source) and one function.
//
//   const ScoreDefinition* score = FindScore("das28-crp");
//   const std::vector<std::string> arguments = {"tjc28=4", "sjc28=3", "crp=1.5mg/dL", "gh=42"};
//   const auto result = ComputeScore(*score, arguments);
//   result->value;   // 4.15…, never rounded
//   result->band;    // "moderate"
//
// Bands are compared on the unrounded value. A value that differs from a cut by less than kCutTolerance
// counts as equal to it: 1 + 1 + 0.3 + 0.5 + 0.5 is 3.3 on paper, and its band is that of 3.3, though
// the sum in binary is a little more.
// A blank is never a zero (see field.h). Whatever only rests on secondary literature says so in
// `unverified`, and the result carries it.
// Thread rule: immutable data and pure functions.
#pragma once

#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "decision/field.h"

namespace clinnova::decision {

inline constexpr double kCutTolerance = 1e-9;

/// Comparisons with a published cut, in which values nearer than kCutTolerance are equal.
inline bool AtMost(double value, double cut) { return value <= cut + kCutTolerance; }
inline bool Below(double value, double cut) { return value < cut - kCutTolerance; }
inline bool AtLeast(double value, double cut) { return !Below(value, cut); }
inline bool Above(double value, double cut) { return !AtMost(value, cut); }

/// A band ends at `cut`, which belongs to it (kUpTo) or to the next (kBelow).
enum class Edge { kUpTo, kBelow };
struct Band {
  std::string label;
  double cut = std::numeric_limits<double>::infinity();
  Edge edge = Edge::kUpTo;
};
Band UpTo(double cut, std::string label);
Band BelowCut(double cut, std::string label);
/// The last band, which has no end.
Band Beyond(std::string label);

/// What a score's function gives.
struct ScoreValue {
  double value = 0.0;
  std::string band{};     ///< where it does not follow from the value; empty = by the bands
  std::string version{};  ///< where the inputs choose among versions; empty = the definition's
  std::vector<std::string> notes{};
};

struct ScoreDefinition {
  std::string name;     ///< "das28-crp"
  std::string title;    ///< "Disease Activity Score, 28 joints, C-reactive protein"
  std::string disease;  ///< heading in the list
  std::vector<Field> fields;
  std::vector<Band> bands;  ///< in ascending order; empty = no cuts of the value tell the band
  std::string version;
  std::string source;
  /// The published rule for an input that is left out; empty where there is none.
  std::string missing_rule{};
  /// How a band is found where cuts of the value do not tell it, a line each.
  std::vector<std::string> band_rules{};
  std::string unverified{};  ///< what has not been checked against the primary source
  Result<ScoreValue> (*compute)(const FieldValues&) = nullptr;
};

struct ScoreResult {
  std::string score;
  double value = 0.0;
  std::string band;  ///< empty where the score has none
  std::string version;
  std::vector<Field> fields;
  FieldValues inputs;
  std::string source;
  std::vector<std::string> notes;
  std::string unverified;
};

/// All scores, in the order of their names.
std::span<const ScoreDefinition> Scores();
/// Null when there is no such score.
const ScoreDefinition* FindScore(std::string_view name);
/// `found "das28", expected one of: …` with names that are near, in kInvalidInput.
tl::unexpected<Error> UnknownScore(std::string_view name);

/// The label of the band in which `value` lies; empty when `bands` is.
std::string BandOf(std::span<const Band> bands, double value);

/// kInvalidInput as for ReadFields, and where a score's own rule for missing inputs is not met.
Result<ScoreResult> ComputeScore(const ScoreDefinition& score,
                                 std::span<const std::string> arguments);

/// {"score","value","band","version","inputs","missing","source"}, and "notes" and "unverified" where
/// there are any; a score without bands has "band": null.
nlohmann::ordered_json ScoreJson(const ScoreResult& result);
/// The fields with units and ranges, the bands, the rule for missing inputs and the source, as text.
std::string ScoreHelp(const ScoreDefinition& score);
/// All names with their titles, by disease, as text.
std::string ScoreList();

/// The definitions by what they are about; Scores() joins and sorts them.
std::vector<ScoreDefinition> ArthritisScores();
std::vector<ScoreDefinition> SpondyloarthritisScores();
std::vector<ScoreDefinition> ArthritisResponses();
std::vector<ScoreDefinition> CrohnScores();
std::vector<ScoreDefinition> ColitisScores();
std::vector<ScoreDefinition> SclerosisScores();

}  // namespace clinnova::decision
