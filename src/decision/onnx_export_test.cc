// SPDX-License-Identifier: Apache-2.0
// What the files are made of. That a runtime computes the program's own numbers with them is asked in
// tests/e2e/onnx_e2e_test.cc.
#include "decision/onnx_export.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "onnx/onnx_subset.pb.h"

namespace clinnova::decision {
namespace {

using nlohmann::json;

json Sample() {
  std::ifstream file(CLINNOVA_SOURCE_DIR "/src/decision/testdata/learned_choice.json");
  return json::parse(file);
}

Result<std::string> Export(const json& document) {
  const Result<LearnedModel> model = ReadLearnedModel(document.dump(), "choice.json");
  if (!model) return tl::unexpected(model.error());
  return OnnxFile(*model);
}

onnx::ModelProto Parsed(const Result<std::string>& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(bytes) << bytes.error().message;
  EXPECT_TRUE(bytes && model.ParseFromString(*bytes));
  return model;
}

std::multiset<std::string> Operators(const onnx::ModelProto& model) {
  std::multiset<std::string> operators;
  for (const auto& node : model.graph().node()) operators.insert(node.op_type());
  return operators;
}

/// Every value is made before it is used, and once.
void ExpectInOrder(const onnx::ModelProto& model) {
  std::set<std::string> known;
  for (const auto& input : model.graph().input()) EXPECT_TRUE(known.insert(input.name()).second);
  for (const auto& tensor : model.graph().initializer()) {
    EXPECT_TRUE(known.insert(tensor.name()).second);
  }
  for (const auto& node : model.graph().node()) {
    for (const auto& input : node.input()) EXPECT_TRUE(known.contains(input)) << input;
    for (const auto& output : node.output()) EXPECT_TRUE(known.insert(output).second) << output;
  }
  for (const auto& output : model.graph().output()) EXPECT_TRUE(known.contains(output.name()));
}

TEST(OnnxExport, HasAnInputForEachColumnAndAnOutputForEachArm) {
  const onnx::ModelProto model = Parsed(Export(Sample()));
  EXPECT_EQ(model.ir_version(), 8);
  ASSERT_EQ(model.opset_import_size(), 2);
  EXPECT_EQ(model.opset_import(0).domain(), "");
  EXPECT_EQ(model.opset_import(0).version(), 17);
  EXPECT_EQ(model.opset_import(1).domain(), "ai.onnx.ml");
  EXPECT_EQ(model.opset_import(1).version(), 3);
  ASSERT_EQ(model.graph().input_size(), 2);
  EXPECT_EQ(model.graph().input(0).name(), "crp");
  EXPECT_EQ(model.graph().input(0).type().tensor_type().elem_type(), onnx::TensorProto::DOUBLE);
  EXPECT_NE(model.graph().input(0).doc_string().find("mg/L"), std::string::npos);
  EXPECT_EQ(model.graph().input(1).name(), "sex");
  EXPECT_EQ(model.graph().input(1).type().tensor_type().elem_type(), onnx::TensorProto::STRING);
  ASSERT_EQ(model.graph().output_size(), 3);
  EXPECT_EQ(model.graph().output(0).name(), "probability_JAK");
  EXPECT_EQ(model.graph().output(2).name(), "probability_anti-TNF");
  EXPECT_EQ(model.graph().output(2).type().tensor_type().elem_type(), onnx::TensorProto::DOUBLE);
  EXPECT_NE(model.doc_string().find("abstention"), std::string::npos);
  ExpectInOrder(model);
}

TEST(OnnxExport, CarriesTermsByOperatorsAndTreesByTheirOwn) {
  const onnx::ModelProto model = Parsed(Export(Sample()));
  const std::multiset<std::string> operators = Operators(model);
  EXPECT_EQ(operators.count("Log"), 1u);
  EXPECT_EQ(operators.count("Sigmoid"), 3u);
  EXPECT_EQ(operators.count("TreeEnsembleRegressor"), 1u);
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "TreeEnsembleRegressor") continue;
    EXPECT_EQ(node.domain(), "ai.onnx.ml");
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == "nodes_missing_value_tracks_true") {
        // The root's missing values go left; a factor's are in its feature; leaves have none.
        EXPECT_EQ(std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end()),
                  (std::vector<std::int64_t>{1, 0, 0, 0, 0}));
      }
      if (attribute.name() == "n_targets") {
        EXPECT_EQ(attribute.i(), 1);  // one tree has a split
      }
    }
  }
}

json Linear(const std::string& formula, const std::vector<std::string>& terms) {
  json document = Sample();
  document["design"] = {{"terms", terms}, {"formula", formula}};
  document.erase("applicability");
  for (auto& [name, arm] : document["arms"].items()) {
    arm = {{"learner", "elastic_net"},
           {"link", "identity"},
           {"coefficients", std::vector<double>(terms.size(), 0.5)}};
  }
  return document;
}

TEST(OnnxExport, AMeanIsCalledOneAndInteractionsAreProducts) {
  const onnx::ModelProto model = Parsed(Export(
      Linear("~ crp * sex + I(crp^2)", {"(Intercept)", "crp", "sexM", "I(crp^2)", "crp:sexM"})));
  EXPECT_EQ(model.graph().output(0).name(), "mean_JAK");
  EXPECT_EQ(Operators(model).count("Sigmoid"), 0u);
  EXPECT_EQ(Operators(model).count("Pow"), 1u);
  ExpectInOrder(model);
}

TEST(OnnxExport, RefusesATermByItsName) {
  json document =
      Linear("~ ns(crp, df = 2)", {"(Intercept)", "ns(crp, df = 2)1", "ns(crp, df = 2)2"});
  document["design"]["knots"] = {{"ns(crp, df = 2)", {1, 10, 80}}};
  const Result<std::string> bytes = Export(document);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(bytes.error().message.find("found the term ns(crp, df = 2)"), std::string::npos)
      << bytes.error().message;
}

TEST(OnnxExport, OfPublishedModelsCarriesRisksAndRefusesPoints) {
  const onnx::ModelProto model =
      Parsed(OnnxFile(*FindPublishedModel("ms-choice-chalkou-twostage")));
  EXPECT_EQ(model.graph().input_size(), 14);
  EXPECT_EQ(Operators(model).count("Sigmoid"),
            static_cast<std::size_t>(model.graph().output_size()));
  ExpectInOrder(model);
  const Result<std::string> points = OnnxFile(*FindPublishedModel("cd-vedolizumab-dulai-2018"));
  ASSERT_FALSE(points);
  EXPECT_NE(points.error().message.find("found a point score"), std::string::npos)
      << points.error().message;
}

}  // namespace
}  // namespace clinnova::decision
