// SPDX-License-Identifier: Apache-2.0
#include "decision/onnx_graph.h"

#include "onnx/onnx_subset.pb.h"

namespace clinnova::decision {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

constexpr std::int64_t kFormatVersion = 8;
constexpr const char* kMl = "ai.onnx.ml";

void Describe(onnx::ValueInfoProto& value, const std::string& name, TensorProto::DataType type,
              const std::string& documentation) {
  value.set_name(name);
  if (!documentation.empty()) value.set_doc_string(documentation);
  auto* tensor = value.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape()->add_dim()->set_dim_param("patients");
  tensor->mutable_shape()->add_dim()->set_dim_value(1);
}

AttributeProto& Attribute(onnx::NodeProto& node, const std::string& name,
                          AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void AddInteger(onnx::NodeProto& node, const std::string& name, std::int64_t number) {
  Attribute(node, name, AttributeProto::INT).set_i(number);
}

void AddIntegers(onnx::NodeProto& node, const std::string& name,
                 const std::vector<std::int64_t>& numbers) {
  AttributeProto& attribute = Attribute(node, name, AttributeProto::INTS);
  attribute.mutable_ints()->Assign(numbers.begin(), numbers.end());
}

void AddTexts(onnx::NodeProto& node, const std::string& name,
              const std::vector<std::string>& texts) {
  AttributeProto& attribute = Attribute(node, name, AttributeProto::STRINGS);
  for (const std::string& text : texts) attribute.add_strings(text);
}

void FillDoubles(TensorProto& tensor, const std::vector<std::int64_t>& dims,
                 const std::vector<double>& values) {
  tensor.set_data_type(TensorProto::DOUBLE);
  tensor.mutable_dims()->Assign(dims.begin(), dims.end());
  tensor.mutable_double_data()->Assign(values.begin(), values.end());
}

void AddDoubles(onnx::NodeProto& node, const std::string& name, const std::vector<double>& values) {
  TensorProto& tensor = *Attribute(node, name, AttributeProto::TENSOR).mutable_t();
  tensor.set_name(name);
  FillDoubles(tensor, {static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

struct OnnxGraph::State {
  onnx::GraphProto graph;
  std::size_t values = 0;
};

OnnxGraph::OnnxGraph() : state_(std::make_unique<State>()) {}
OnnxGraph::~OnnxGraph() = default;

std::string OnnxGraph::Fresh() { return "/" + std::to_string(++state_->values); }

std::string OnnxGraph::NumberInput(const std::string& name, const std::string& documentation) {
  Describe(*state_->graph.add_input(), name, TensorProto::DOUBLE, documentation);
  return name;
}

std::string OnnxGraph::TextInput(const std::string& name, const std::string& documentation) {
  Describe(*state_->graph.add_input(), name, TensorProto::STRING, documentation);
  return name;
}

void OnnxGraph::Output(const std::string& name, const std::string& value,
                       const std::string& documentation) {
  Describe(*state_->graph.add_output(), name, TensorProto::DOUBLE, documentation);
  onnx::NodeProto& node = *state_->graph.add_node();
  node.set_op_type("Identity");
  node.add_input(value);
  node.add_output(name);
}

std::string OnnxGraph::Node(const std::string& op, const std::vector<std::string>& inputs,
                            const std::string& attribute, std::int64_t number) {
  onnx::NodeProto& node = *state_->graph.add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  if (!attribute.empty()) AddInteger(node, attribute, number);
  std::string value = Fresh();
  node.add_output(value);
  return value;
}

std::string OnnxGraph::Tensor(const std::vector<std::int64_t>& dims,
                              const std::vector<double>& values) {
  TensorProto& tensor = *state_->graph.add_initializer();
  FillDoubles(tensor, dims, values);
  std::string name = Fresh();
  tensor.set_name(name);
  return name;
}

std::string OnnxGraph::Integers(const std::vector<std::int64_t>& values) {
  TensorProto& tensor = *state_->graph.add_initializer();
  tensor.set_data_type(TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  tensor.mutable_int64_data()->Assign(values.begin(), values.end());
  std::string name = Fresh();
  tensor.set_name(name);
  return name;
}

std::string OnnxGraph::ToDouble(const std::string& value) {
  return Node("Cast", {value}, "to", TensorProto::DOUBLE);
}

std::string OnnxGraph::OneHot(const std::string& input, const std::vector<std::string>& texts) {
  onnx::NodeProto& node = *state_->graph.add_node();
  node.set_op_type("OneHotEncoder");
  node.set_domain(kMl);
  node.add_input(input);
  AddTexts(node, "cats_strings", texts);
  AddInteger(node, "zeros", 0);
  const std::string encoded = Fresh();  // [patients, 1, texts]
  node.add_output(encoded);
  const std::string shape = Integers({-1, static_cast<std::int64_t>(texts.size())});
  return ToDouble(Node("Reshape", {encoded, shape}));
}

std::string OnnxGraph::TreeSum(const std::string& features, const OnnxTrees& trees) {
  onnx::NodeProto& node = *state_->graph.add_node();
  node.set_op_type("TreeEnsembleRegressor");
  node.set_domain(kMl);
  node.add_input(features);
  std::vector<std::string> modes;
  for (const bool leaf : trees.leaf) modes.emplace_back(leaf ? "LEAF" : "BRANCH_LEQ");
  std::vector<double> numbers;  // of the leaves, counted through all trees
  for (std::size_t i = 0; i < trees.leaf_value.size(); ++i) {
    numbers.push_back(static_cast<double>(i));
  }
  AddIntegers(node, "nodes_treeids", trees.tree);
  AddIntegers(node, "nodes_nodeids", trees.node);
  AddIntegers(node, "nodes_featureids", trees.feature);
  AddIntegers(node, "nodes_truenodeids", trees.yes);
  AddIntegers(node, "nodes_falsenodeids", trees.no);
  AddIntegers(node, "nodes_missing_value_tracks_true", trees.missing_yes);
  AddTexts(node, "nodes_modes", modes);
  AddDoubles(node, "nodes_values_as_tensor", trees.threshold);
  AddIntegers(node, "target_treeids", trees.leaf_tree);
  AddIntegers(node, "target_nodeids", trees.leaf_node);
  AddIntegers(node, "target_ids", trees.leaf_tree);
  AddDoubles(node, "target_weights_as_tensor", numbers);
  AddInteger(node, "n_targets", trees.trees);
  const std::string found = Fresh();  // [patients, trees]
  node.add_output(found);
  const std::string leaves = Node("Cast", {found}, "to", TensorProto::INT64);
  const std::string values =
      Tensor({static_cast<std::int64_t>(trees.leaf_value.size())}, trees.leaf_value);
  return Node("ReduceSum", {Node("Gather", {values, leaves}), Integers({1})});
}

std::string OnnxGraph::Bytes(const OnnxFacts& facts) const {
  onnx::ModelProto model;
  model.set_ir_version(kFormatVersion);
  model.set_producer_name("clinnova");
  model.set_doc_string(facts.documentation);
  *model.mutable_graph() = state_->graph;
  model.mutable_graph()->set_name(facts.name);
  auto* standard = model.add_opset_import();
  standard->set_domain("");
  standard->set_version(kOnnxOperators);
  auto* ml = model.add_opset_import();
  ml->set_domain(kMl);
  ml->set_version(kOnnxMlOperators);
  for (const auto& [key, value] : facts.metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model.SerializeAsString();
}

}  // namespace clinnova::decision
