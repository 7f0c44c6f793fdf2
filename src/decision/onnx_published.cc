// SPDX-License-Identifier: Apache-2.0
// Published models as ONNX files.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "decision/onnx_export.h"
#include "decision/onnx_graph.h"
#include "decision/score.h"

namespace clinnova::decision {
namespace {

tl::unexpected<Error> NotCarried(const PublishedModel& model, const std::string& found) {
  return Fail(ErrorCode::kInvalidInput,
              model.name + ": ONNX: found " + found +
                  ", expected a risk or a choice by risk that needs all its inputs");
}

/// 1 where a bound of the condition holds, else 0; NaN where the number is. The same tolerance at cuts as in Predict.
std::vector<std::string> Held(OnnxGraph& graph, const Condition& condition,
                              const std::map<std::string, std::string>& one_hot) {
  if (!condition.is.empty()) {
    const std::vector<double> weights = {condition.is == "m" ? 1.0 : 0.0,
                                         condition.is == "f" ? 1.0 : 0.0};
    return {graph.Node("MatMul", {one_hot.at(condition.field), graph.Tensor({2, 1}, weights)})};
  }
  std::vector<std::string> held;
  const auto bound = [&](const char* op, const std::optional<double>& cut, double tolerance) {
    if (!cut) return;
    const std::string holds =
        graph.ToDouble(graph.Node(op, {condition.field, graph.Constant(*cut + tolerance)}));
    const std::string known = graph.Node("Sub", {condition.field, condition.field});
    held.push_back(graph.Node("Add", {holds, known}));
  };
  bound("Equal", condition.equals, 0);
  bound("GreaterOrEqual", condition.at_least, -kCutTolerance);
  bound("Greater", condition.above, kCutTolerance);
  bound("LessOrEqual", condition.up_to, kCutTolerance);
  bound("Less", condition.below, -kCutTolerance);
  return held;
}

/// What a published term adds to the sum; `one_hot` has the columns m and f of each input that is a sex.
Result<std::string> PublishedTerm(OnnxGraph& graph, const PublishedModel& model, const Term& term,
                                  const std::map<std::string, std::string>& one_hot) {
  std::string part = graph.Constant(term.coefficient);
  if (!term.field.empty()) {
    if (one_hot.contains(term.field)) return NotCarried(model, "a coefficient of " + term.field);
    std::string value = term.field;
    if (term.log_plus) {
      value = graph.Node("Log", {graph.Node("Add", {value, graph.Constant(*term.log_plus)})});
    }
    part = graph.Node("Mul", {part, graph.Node("Sub", {value, graph.Constant(term.centre)})});
  }
  for (const Condition& condition : term.when) {
    const bool sex = one_hot.contains(condition.field);
    if (condition.absent || sex == condition.is.empty()) {
      return NotCarried(model, "a term under a condition on " + condition.field);
    }
    for (const std::string& holds : Held(graph, condition, one_hot)) {
      part = graph.Node("Mul", {part, holds});
    }
  }
  return part;
}

}  // namespace

Result<std::string> OnnxFile(const PublishedModel& model) {
  if (model.kind != ModelKind::kLogistic && model.kind != ModelKind::kChoice) {
    return NotCarried(model, model.kind == ModelKind::kPoints ? "a point score" : "a table");
  }
  OnnxGraph graph;
  std::map<std::string, std::string> one_hot;
  for (const Field& field : model.fields) {
    if (field.presence != Presence::kRequired) {
      return NotCarried(model, "the field " + field.name + ", which may be left out");
    }
    if (field.kind == FieldKind::kSegments || field.kind == FieldKind::kNames) {
      return NotCarried(model, "the list " + field.name);
    }
    const std::string what = field.meaning + (field.unit == "1" ? "" : ", in " + field.unit);
    if (field.kind == FieldKind::kSex) {
      one_hot[field.name] = graph.OneHot(graph.TextInput(field.name, "m or f"), {"m", "f"});
    } else {
      graph.NumberInput(field.name, what);
    }
  }
  std::string linear = graph.Constant(model.intercept);
  for (const Term& term : model.terms) {
    CLINNOVA_ASSIGN(const std::string part, PublishedTerm(graph, model, term, one_hot));
    linear = graph.Node("Add", {linear, part});
  }
  std::vector<Treatment> outcomes = model.treatments;
  if (model.kind == ModelKind::kLogistic) outcomes = {{.name = model.outcome_name, .slope = 1}};
  const std::string centred = graph.Node(
      "Sub", {linear, graph.Constant(model.kind == ModelKind::kChoice ? model.risk_centre : 0)});
  for (const Treatment& outcome : outcomes) {
    const std::string eta =
        graph.Node("Add", {graph.Constant(outcome.intercept),
                           graph.Node("Mul", {graph.Constant(outcome.slope), centred})});
    graph.Output(OnnxOutput(true, outcome.name), graph.Node("Sigmoid", {eta}),
                 model.outcome + ": " + outcome.name);
  }
  return graph.Bytes(
      {.name = model.name,
       .documentation = model.title + ". " + model.outcome + ". Source: " + model.source +
                        ". Inputs have the shape [patients, 1]; a number that is not known is NaN "
                        "and makes the outputs NaN. Validity: " +
                        model.validity + ". " + kOnnxLeavesOut,
       .metadata = {{"model", model.name}, {"version", model.version}}});
}

}  // namespace clinnova::decision
