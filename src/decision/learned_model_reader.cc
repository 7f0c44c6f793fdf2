// SPDX-License-Identifier: Apache-2.0
// Reads a learned model's document and refuses one that is not whole.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "decision/learned_model.h"
#include "decision/learned_model_design.h"

namespace clinnova::decision {
namespace {

using nlohmann::json;

/// Trees, terms and inputs beyond these are not ours.
constexpr std::size_t kMostParts = 100'000;

/// A part of the document under its path.
struct Part {
  const json& value;  // not owned, outlives this
  std::string path;
  const std::string& file;  // not owned, outlives this

  tl::unexpected<Error> Wrong(std::string_view key, const std::string& message) const {
    std::string where = file + ": " + path;
    if (!path.empty() && !key.empty()) where += ".";
    return Fail(ErrorCode::kInvalidInput, where + std::string(key) + ": " + message);
  }
  bool Has(const char* key) const { return value.is_object() && value.contains(key); }

  Result<Part> Inner(const char* key) const {
    if (!Has(key) || !value.at(key).is_object()) {
      return Wrong(
          key, Has(key) ? "found no object, expected one" : "found nothing, expected an object");
    }
    return Part{value.at(key), path.empty() ? key : path + "." + key, file};
  }
  Result<std::vector<Part>> List(const char* key) const {
    std::vector<Part> parts;
    if (!Has(key) || !value.at(key).is_array() || value.at(key).size() > kMostParts) {
      return Wrong(key, Has(key) ? "expected a list" : "found nothing, expected a list");
    }
    const std::string base = path.empty() ? key : path + "." + key;
    for (std::size_t i = 0; i < value.at(key).size(); ++i) {
      parts.push_back({value.at(key)[i], base + "[" + std::to_string(i) + "]", file});
    }
    return parts;
  }
  Result<std::string> Text(const char* key) const {
    if (!Has(key)) return Wrong(key, "found nothing, expected a text");
    if (!value.at(key).is_string()) return Wrong(key, "expected a text");
    return value.at(key).get<std::string>();
  }
  Result<std::string> TextOr(const char* key) const {
    return Has(key) ? Text(key) : Result<std::string>("");
  }
  Result<double> Number(const char* key) const {
    if (!Has(key)) return Wrong(key, "found nothing, expected a number");
    if (!value.at(key).is_number()) return Wrong(key, "expected a number");
    const double number = value.at(key).get<double>();
    if (!std::isfinite(number)) return Wrong(key, "expected a finite number");
    return number;
  }
  Result<double> NumberOr(const char* key, double otherwise) const {
    return Has(key) && !value.at(key).is_null() ? Number(key) : Result<double>(otherwise);
  }
  Result<std::vector<double>> Numbers(const char* key) const {
    CLINNOVA_ASSIGN(const std::vector<Part> parts, List(key));
    std::vector<double> numbers;
    for (const Part& part : parts) {
      if (!part.value.is_number()) return part.Wrong("", "expected a number");
      numbers.push_back(part.value.get<double>());
    }
    return numbers;
  }
  Result<std::vector<std::string>> Texts(const char* key) const {
    CLINNOVA_ASSIGN(const std::vector<Part> parts, List(key));
    std::vector<std::string> texts;
    for (const Part& part : parts) {
      if (!part.value.is_string()) return part.Wrong("", "expected a text");
      texts.push_back(part.value.get<std::string>());
    }
    return texts;
  }
  /// A square matrix with `size` rows.
  Result<std::vector<std::vector<double>>> Square(const char* key, std::size_t size) const {
    CLINNOVA_ASSIGN(const std::vector<Part> rows, List(key));
    std::vector<std::vector<double>> matrix;
    for (const Part& row : rows) {
      const json wrapped = {{"row", row.value}};
      CLINNOVA_ASSIGN(matrix.emplace_back(), (Part{wrapped, row.path, file}.Numbers("row")));
      if (matrix.back().size() != size) break;
    }
    if (matrix.size() == size && (size == 0 || matrix.back().size() == size)) return matrix;
    return Wrong(key, "expected " + std::to_string(size) + " rows of as many numbers");
  }
};

/// [{"below": 12, "n": 80}, …, {"n": 75}]
Result<void> ReadGroups(const Part& part, ModelInput& input) {
  if (!part.Has("groups")) return {};
  CLINNOVA_ASSIGN(const std::vector<Part> groups, part.List("groups"));
  for (std::size_t g = 0; g < groups.size(); ++g) {
    CLINNOVA_ASSIGN(const double count, groups[g].Number("n"));
    input.counts.push_back(static_cast<std::int64_t>(std::clamp(count, 0.0, 1e15)));
    if (g + 1 == groups.size()) break;
    CLINNOVA_ASSIGN(const double below, groups[g].Number("below"));
    if (!input.cuts.empty() && !(below > input.cuts.back()))
      return groups[g].Wrong("below", "expected more than of the group before");
    input.cuts.push_back(below);
  }
  return {};
}

Result<ModelInput> ReadInput(const Part& part) {
  ModelInput input;
  CLINNOVA_ASSIGN(input.name, part.Text("name"));
  CLINNOVA_ASSIGN(const std::string kind, part.Text("kind"));
  if (kind != "number" && kind != "factor") {
    return part.Wrong("kind", "found \"" + kind + "\", expected number or factor");
  }
  input.factor = kind == "factor";
  CLINNOVA_ASSIGN(input.missing, part.NumberOr("missing", 0));
  if (input.factor) {
    CLINNOVA_ASSIGN(const std::vector<Part> levels, part.List("levels"));
    for (const Part& level : levels) {
      CLINNOVA_ASSIGN(std::string name, level.Text("name"));
      CLINNOVA_ASSIGN(const double count, level.NumberOr("n", 0));
      input.levels.push_back(std::move(name));
      input.counts.push_back(static_cast<std::int64_t>(std::clamp(count, 0.0, 1e15)));
    }
    if (input.levels.empty()) return part.Wrong("levels", "found none, expected at least one");
    return input;
  }
  CLINNOVA_ASSIGN(input.unit, part.TextOr("unit"));
  CLINNOVA_ASSIGN(input.mean, part.Number("mean"));
  CLINNOVA_ASSIGN(input.sd, part.NumberOr("sd", 0));
  CLINNOVA_ASSIGN(input.low, part.NumberOr("low", input.mean - 2 * input.sd));
  CLINNOVA_ASSIGN(input.high, part.NumberOr("high", input.mean + 2 * input.sd));
  if (input.low > input.high) return part.Wrong("low", "expected at most high");
  CLINNOVA_TRY(ReadGroups(part, input));
  return input;
}

Result<std::size_t> InputNamed(const LearnedModel& model, const Part& part) {
  CLINNOVA_ASSIGN(const std::string name, part.Text("input"));
  const auto found = std::ranges::find(model.inputs, name, &ModelInput::name);
  if (found == model.inputs.end()) {
    return part.Wrong("input", "found \"" + name + "\", expected one of the model's inputs");
  }
  return static_cast<std::size_t>(found - model.inputs.begin());
}

/// A child is a later node, so that every walk ends.
Result<std::size_t> Child(const Part& part, const char* key, std::size_t node, std::size_t nodes) {
  CLINNOVA_ASSIGN(const double child, part.Number(key));
  if (child > static_cast<double>(node) && child < static_cast<double>(nodes) &&
      child == std::floor(child)) {
    return static_cast<std::size_t>(child);
  }
  return part.Wrong(key, "expected the number of a later node of the tree");
}

Result<TreeNode> ReadNode(const LearnedModel& model, const Part& part, std::size_t index,
                          std::size_t nodes) {
  TreeNode node;
  node.leaf = part.Has("leaf");
  if (node.leaf) {
    CLINNOVA_ASSIGN(node.value, part.Number("leaf"));
    return node;
  }
  CLINNOVA_ASSIGN(node.input, InputNamed(model, part));
  CLINNOVA_ASSIGN(const std::string missing, part.TextOr("missing"));
  node.missing_left = missing == "left";
  CLINNOVA_ASSIGN(node.left, Child(part, "left", index, nodes));
  CLINNOVA_ASSIGN(node.right, Child(part, "right", index, nodes));
  const ModelInput& input = model.inputs[node.input];
  if (!input.factor) {
    CLINNOVA_ASSIGN(node.threshold, part.Number("threshold"));
    return node;
  }
  CLINNOVA_ASSIGN(const std::vector<std::string> left, part.Texts("levels"));
  for (const std::string& level : input.levels) {
    node.left_levels.push_back(std::ranges::find(left, level) != left.end());
  }
  return node;
}

Result<void> ReadTrees(const LearnedModel& model, const Part& part, ModelArm& arm) {
  CLINNOVA_ASSIGN(arm.base_score, part.NumberOr("base_score", 0));
  CLINNOVA_ASSIGN(const std::vector<Part> trees, part.List("trees"));
  for (const Part& tree : trees) {
    const json wrapped = {{"tree", tree.value}};
    CLINNOVA_ASSIGN(const std::vector<Part> nodes,
                    (Part{wrapped, tree.path, tree.file}.List("tree")));
    if (nodes.empty()) return tree.Wrong("", "found no node, expected at least a leaf");
    std::vector<TreeNode>& read = arm.trees.emplace_back();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      CLINNOVA_ASSIGN(read.emplace_back(), ReadNode(model, nodes[i], i, nodes.size()));
    }
  }
  return {};
}

Result<ModelArm> ReadArm(const LearnedModel& model, const Part& part, const std::string& name) {
  ModelArm arm{.name = name};
  CLINNOVA_ASSIGN(const std::string link, part.Text("link"));
  if (link != "logit" && link != "identity" && link != "log") {
    return part.Wrong("link", "found \"" + link + "\", expected logit, identity or log");
  }
  arm.link = link == "logit"      ? OutcomeLink::kLogit
             : link == "identity" ? OutcomeLink::kIdentity
                                  : OutcomeLink::kLog;
  if (part.Has("trees")) {
    CLINNOVA_TRY(ReadTrees(model, part, arm));
    return arm;
  }
  CLINNOVA_ASSIGN(arm.coefficients, part.Numbers("coefficients"));
  const std::size_t terms = model.terms.size();
  if (arm.coefficients.size() != terms) {
    return part.Wrong("coefficients", "found " + std::to_string(arm.coefficients.size()) +
                                          ", expected one for each of " + std::to_string(terms) +
                                          " terms");
  }
  if (part.Has("covariance")) {
    CLINNOVA_ASSIGN(arm.covariance, part.Square("covariance", terms));
  }
  return arm;
}

/// Arms stand in the order of treatment.arms; a prediction's one arm is its outcome.
Result<std::vector<std::pair<std::string, std::int64_t>>> ArmNames(const Part& root,
                                                                   LearnedModel& model) {
  std::vector<std::pair<std::string, std::int64_t>> names;
  if (model.kind == LearnedKind::kPrediction) {
    names.emplace_back(model.outcome, 0);
    return names;
  }
  CLINNOVA_ASSIGN(const Part treatment, root.Inner("treatment"));
  CLINNOVA_ASSIGN(model.treatment, treatment.Text("name"));
  CLINNOVA_ASSIGN(model.best_single, treatment.TextOr("best_single"));
  if (treatment.Has("guideline")) {
    CLINNOVA_ASSIGN(model.guideline, treatment.Texts("guideline"));
  }
  CLINNOVA_ASSIGN(const std::vector<Part> arms, treatment.List("arms"));
  for (const Part& arm : arms) {
    CLINNOVA_ASSIGN(std::string name, arm.Text("name"));
    CLINNOVA_ASSIGN(const double n, arm.NumberOr("n", 0));
    names.emplace_back(std::move(name), static_cast<std::int64_t>(std::clamp(n, 0.0, 1e15)));
  }
  if (names.size() < 2) return treatment.Wrong("arms", "expected at least two");
  return names;
}

Result<void> ReadArms(const Part& root, LearnedModel& model) {
  CLINNOVA_ASSIGN(const auto names, ArmNames(root, model));
  CLINNOVA_ASSIGN(const Part arms, root.Inner("arms"));
  for (const auto& [name, n] : names) {
    CLINNOVA_ASSIGN(const Part part, arms.Inner(name.c_str()));
    CLINNOVA_ASSIGN(ModelArm arm, ReadArm(model, part, name));
    arm.n = n;
    model.arms.push_back(std::move(arm));
  }
  return {};
}

Result<void> ReadOutcomeIntervals(const Part& intervals, LearnedModel& model) {
  if (!intervals.Has("outcome")) return {};
  if (model.binary) {
    return intervals.Wrong("outcome", "expected none, since the outcome is binary");
  }
  CLINNOVA_ASSIGN(const Part outcome, intervals.Inner("outcome"));
  CLINNOVA_ASSIGN(const Part halves, outcome.Inner("half_width"));
  for (ModelArm& arm : model.arms) {
    if (!halves.Has(arm.name.c_str())) continue;
    CLINNOVA_ASSIGN(arm.outcome_half_width, halves.Number(arm.name.c_str()));
    if (*arm.outcome_half_width > 0) continue;
    return halves.Wrong(arm.name.c_str(), "expected a number above 0");
  }
  return {};
}

Result<void> ReadIntervals(const Part& root, LearnedModel& model) {
  if (!root.Has("intervals")) return {};
  CLINNOVA_ASSIGN(const Part intervals, root.Inner("intervals"));
  CLINNOVA_ASSIGN(model.confidence_level, intervals.NumberOr("conf_level", 0.95));
  if (!(model.confidence_level > 0 && model.confidence_level < 1)) {
    return intervals.Wrong("conf_level", "expected a number between 0 and 1");
  }
  CLINNOVA_TRY(ReadOutcomeIntervals(intervals, model));
  if (!intervals.Has("std_error")) return {};
  CLINNOVA_ASSIGN(const Part errors, intervals.Inner("std_error"));
  for (ModelArm& arm : model.arms) {
    if (!errors.Has(arm.name.c_str())) continue;
    CLINNOVA_ASSIGN(arm.std_error, errors.Number(arm.name.c_str()));
  }
  return {};
}

Result<void> ReadApplicability(const Part& root, LearnedModel& model) {
  if (!root.Has("applicability")) return {};
  CLINNOVA_ASSIGN(const Part part, root.Inner("applicability"));
  Applicability range;
  CLINNOVA_ASSIGN(const std::vector<std::string> terms, part.Texts("terms"));
  for (const std::string& term : terms) {
    const auto found = std::ranges::find(model.terms, term);
    if (found == model.terms.end()) {
      return part.Wrong("terms", "found \"" + term + "\", expected one of the design's terms");
    }
    range.terms.push_back(static_cast<std::size_t>(found - model.terms.begin()));
  }
  CLINNOVA_ASSIGN(range.mean, part.Numbers("mean"));
  if (range.mean.size() != terms.size()) return part.Wrong("mean", "expected one for each term");
  CLINNOVA_ASSIGN(range.inverse_covariance, part.Square("inverse_covariance", terms.size()));
  CLINNOVA_ASSIGN(range.distance_95, part.Number("distance_95"));
  CLINNOVA_ASSIGN(range.distance_99, part.Number("distance_99"));
  if (!terms.empty()) model.applicability = std::move(range);
  return {};
}

Result<void> ReadHead(const Part& root, LearnedModel& model) {
  CLINNOVA_ASSIGN(const std::string format, root.Text("format"));
  if (format != "clinnova-model/1") {
    return root.Wrong("format", "found \"" + format + "\", expected clinnova-model/1");
  }
  CLINNOVA_ASSIGN(const std::string kind, root.Text("kind"));
  if (kind != "treatment_choice" && kind != "prediction") {
    return root.Wrong("kind", "found \"" + kind + "\", expected treatment_choice or prediction");
  }
  model.kind = kind == "prediction" ? LearnedKind::kPrediction : LearnedKind::kTreatmentChoice;
  CLINNOVA_ASSIGN(model.name, root.Text("name"));
  CLINNOVA_ASSIGN(model.title, root.TextOr("title"));
  CLINNOVA_ASSIGN(const Part outcome, root.Inner("outcome"));
  CLINNOVA_ASSIGN(model.outcome, outcome.Text("name"));
  CLINNOVA_ASSIGN(const std::string scale, outcome.Text("kind"));
  model.binary = scale == "binary";
  CLINNOVA_ASSIGN(const std::string better, outcome.TextOr("better"));
  if (!better.empty() && better != "higher" && better != "lower") {
    return outcome.Wrong("better", "found \"" + better + "\", expected higher or lower");
  }
  model.higher_is_better = better != "lower";
  return {};
}

/// The lists of numbers that `key` has by term; none when it is absent.
Result<std::map<std::string, std::vector<double>>> ReadByTerm(const Part& design, const char* key) {
  std::map<std::string, std::vector<double>> by_term;
  if (!design.Has(key)) return by_term;
  CLINNOVA_ASSIGN(const Part terms, design.Inner(key));
  for (const auto& item : terms.value.items()) {
    CLINNOVA_ASSIGN(by_term[item.key()], terms.Numbers(item.key().c_str()));
  }
  return by_term;
}

Result<void> ReadDesign(const Part& root, LearnedModel& model) {
  CLINNOVA_ASSIGN(const std::vector<Part> inputs, root.List("inputs"));
  for (const Part& part : inputs) {
    CLINNOVA_ASSIGN(ModelInput input, ReadInput(part));
    model.inputs.push_back(std::move(input));
  }
  // Trees alone read the inputs themselves.
  if (!root.Has("design")) return {};
  CLINNOVA_ASSIGN(const Part design, root.Inner("design"));
  CLINNOVA_ASSIGN(model.formula, design.Text("formula"));
  CLINNOVA_ASSIGN(model.terms, design.Texts("terms"));
  CLINNOVA_ASSIGN(model.knots, ReadByTerm(design, "knots"));
  CLINNOVA_ASSIGN(model.polynomials, ReadByTerm(design, "polynomials"));
  const auto made = PatientDesign::Create(model);
  if (!made) return design.Wrong("formula", made.error().message);
  return {};
}

Result<void> ReadEvaluation(const Part& root, LearnedModel& model) {
  if (!root.Has("evaluation")) return {};
  CLINNOVA_ASSIGN(const Part evaluation, root.Inner("evaluation"));
  CLINNOVA_ASSIGN(model.verdict, evaluation.TextOr("verdict"));
  if (!evaluation.Has("beats_best_single")) return {};
  const json& claim = evaluation.value.at("beats_best_single");
  if (!claim.is_boolean()) return evaluation.Wrong("beats_best_single", "expected true or false");
  model.beats_best_single = claim.get<bool>();
  return {};
}

}  // namespace

Result<LearnedModel> ReadLearnedModel(std::string_view text, const std::string& file) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    return Fail(ErrorCode::kInvalidInput, file + ": expected a JSON object");
  }
  const Part root{document, "", file};
  LearnedModel model;
  model.document = std::string(text);
  CLINNOVA_TRY(ReadHead(root, model));
  CLINNOVA_TRY(ReadDesign(root, model));
  CLINNOVA_TRY(ReadArms(root, model));
  CLINNOVA_TRY(ReadIntervals(root, model));
  CLINNOVA_TRY(ReadApplicability(root, model));
  CLINNOVA_TRY(ReadEvaluation(root, model));
  return model;
}

}  // namespace clinnova::decision
