// SPDX-License-Identifier: Apache-2.0
// An ONNX graph under construction. Values are named tensors; most are double columns, one row per patient.
//
//   OnnxGraph graph;
//   const std::string x = graph.NumberInput("crp", "mg/L");
//   graph.Output("risk", graph.Node("Sigmoid", {x}), "");
//   const std::string bytes = graph.Bytes({.name = "choice", .documentation = "…"});
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clinnova::decision {

/// Operators of the standard set and of ai.onnx.ml, in these versions.
inline constexpr std::int64_t kOnnxOperators = 17;
inline constexpr std::int64_t kOnnxMlOperators = 3;

/// Said in every file.
inline constexpr const char* kOnnxLeavesOut =
    "Not in this file: intervals, calibration, whether the patient is like those of training, "
    "which missing "
    "input could turn the answer, and abstention; it recommends nothing. Research; not a medical "
    "device.";

/// What the output of an arm is called.
inline std::string OnnxOutput(bool probability, const std::string& arm) {
  return (probability ? "probability_" : "mean_") + arm;
}

/// What is said of a model beside its graph.
struct OnnxFacts {
  std::string name;
  std::string documentation;
  std::map<std::string, std::string> metadata{};
};

/// The nodes of trees, one entry of every list for each, and their leaves; as ai.onnx.ml's TreeEnsembleRegressor has them.
struct OnnxTrees {
  std::vector<std::int64_t> tree{}, node{}, feature{}, yes{}, no{}, missing_yes{};
  std::vector<bool> leaf{};
  std::vector<double> threshold{};  ///< a feature up to it goes to `yes`
  std::vector<std::int64_t> leaf_tree{}, leaf_node{};
  std::vector<double> leaf_value{};
  std::int64_t trees = 0;
};

class OnnxGraph {
 public:
  OnnxGraph();
  ~OnnxGraph();

  /// An input of doubles or of texts with shape [patients, 1]; gives its name.
  std::string NumberInput(const std::string& name, const std::string& documentation);
  std::string TextInput(const std::string& name, const std::string& documentation);
  /// `value` as an output of doubles with shape [patients, 1].
  void Output(const std::string& name, const std::string& value, const std::string& documentation);

  /// The value of a standard operator, with an integer attribute where one is named.
  std::string Node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::string& attribute = "", std::int64_t number = 0);
  std::string Constant(double value) { return Tensor({1, 1}, {value}); }
  /// dims[0] * dims[1] * … values, in rows.
  std::string Tensor(const std::vector<std::int64_t>& dims, const std::vector<double>& values);
  std::string Integers(const std::vector<std::int64_t>& values);
  std::string ToDouble(const std::string& value);
  /// A text input as [patients, texts] of 0 and 1; a runtime refuses any other text.
  std::string OneHot(const std::string& input, const std::vector<std::string>& texts);
  /// The sum of the trees' leaves for features [patients, features], in double: the operator itself sums in float, and
  /// is therefore asked for the leaf's number alone.
  std::string TreeSum(const std::string& features, const OnnxTrees& trees);

  /// The model's file.
  std::string Bytes(const OnnxFacts& facts) const;

 private:
  struct State;

  std::string Fresh();
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::decision
