// SPDX-License-Identifier: Apache-2.0
// What `clinnova model export --format onnx` writes, run by onnxruntime beside the program's own prediction. Skipped
// where python3 (or CLINNOVA_PYTHON) cannot import it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "decision/learned_model.h"
#include "decision/published_model.h"

namespace clinnova {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double kTolerance = 1e-12;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string Python() {
  const char* chosen = std::getenv("CLINNOVA_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  return python + " " CLINNOVA_SOURCE_DIR "/tests/e2e/onnx_predict.py";
}

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A patient's values; a number that is not known is NaN, a level the empty text.
struct Patient {
  std::map<std::string, double> numbers{};
  std::map<std::string, std::string> texts{};
};

class Onnx : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system((Python() + " 2>/dev/null").c_str()) != 0) {
      GTEST_SKIP() << "python3 cannot import onnxruntime and numpy";
    }
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  /// The outputs of the exported model, one number per patient; null is NaN.
  json Run(const std::string& model, const std::vector<Patient>& patients) const {
    json columns = {{"numbers", json::object()}, {"texts", json::object()}};
    for (const Patient& patient : patients) {
      for (const auto& [name, number] : patient.numbers) {
        columns["numbers"][name].push_back(std::isnan(number) ? json() : json(number));
      }
      for (const auto& [name, text] : patient.texts) columns["texts"][name].push_back(text);
    }
    std::ofstream(Path("patients.json")) << columns;
    const std::string commands = CLINNOVA_PROGRAM " model export " + model +
                                 " --format onnx --out " + Path("model.onnx") + " && " + Python() +
                                 " " + Path("model.onnx") + " " + Path("patients.json") + " > " +
                                 Path("answers.json");
    EXPECT_EQ(std::system(commands.c_str()), 0) << model;
    return json::parse(Read(Path("answers.json")), nullptr, false);
  }

  /// Against the program's own prediction for each patient; an output that is NaN is one that it refuses.
  void ExpectSame(const json& document, const std::vector<Patient>& patients) const {
    std::ofstream(Path("model.json")) << document;
    const auto model = decision::ReadLearnedModel(document.dump(), "model.json");
    ASSERT_TRUE(model) << model.error().message;
    const json answers = Run(Path("model.json"), patients);
    ASSERT_EQ(answers.size(), model->arms.size());
    for (std::size_t p = 0; p < patients.size(); ++p) {
      decision::PatientValues values{.numbers = patients[p].numbers};
      for (const auto& [name, text] : patients[p].texts) {
        if (!text.empty()) values.levels[name] = text;
      }
      const auto expected = decision::PredictLearned(*model, values);
      for (std::size_t a = 0; a < model->arms.size(); ++a) {
        const decision::ModelArm& arm = model->arms[a];
        const bool logit = arm.link == decision::OutcomeLink::kLogit;
        const json& found = answers.at((logit ? "probability_" : "mean_") + arm.name).at(p);
        ASSERT_EQ(found.is_null(), !expected.has_value()) << "patient " << p << ", " << arm.name;
        if (!expected) continue;
        const double own = expected->outcomes[a].estimate;
        EXPECT_NEAR(found.get<double>(), own, kTolerance * std::max(1.0, std::fabs(own)))
            << "patient " << p << ", " << arm.name;
      }
    }
  }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("clinnova_onnx_" + std::to_string(::getpid()));
};

json Sample() {
  return json::parse(Read(CLINNOVA_SOURCE_DIR "/src/decision/testdata/learned_choice.json"));
}

/// All combinations of numbers at and around thresholds, not known, and outside a term's domain.
std::vector<Patient> Patients() {
  std::vector<Patient> patients;
  for (const double crp : {0.0, 0.3, 1.0, 7.5, std::nextafter(7.5, 8), 20.0, 81.0, 400.0, kNaN}) {
    for (const char* sex : {"F", "M", ""}) {
      patients.push_back({.numbers = {{"crp", crp}}, .texts = {{"sex", sex}}});
    }
  }
  return patients;
}

TEST_F(Onnx, ComputesLinearArmsAndTreesWithMissingValues) {
  json document = Sample();
  // A tree that sends a missing level the other way than the commonest level, and a missing number right.
  document["arms"]["anti-TNF"]["trees"].push_back(json::parse(R"([
    {"input": "sex", "levels": ["M"], "missing": "left", "left": 1, "right": 4},
    {"input": "crp", "threshold": 7.5, "missing": "right", "left": 2, "right": 3},
    {"leaf": 0.123456789012345}, {"leaf": -0.987654321098765}, {"leaf": 0.333333333333333}])"));
  ExpectSame(document, Patients());
}

TEST_F(Onnx, ComputesEveryOperationOfFormulas) {
  for (const auto& [formula, terms] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"~ crp * sex + I(crp^2)", {"(Intercept)", "crp", "sexM", "I(crp^2)", "crp:sexM"}},
           {"~ 0 + sex + crp:sex", {"sexF", "sexM", "sexF:crp", "sexM:crp"}},
           {"~ poly(crp, 3, raw = TRUE)",
            {"(Intercept)", "poly(crp, 3, raw = TRUE)1", "poly(crp, 3, raw = TRUE)2",
             "poly(crp, 3, raw = TRUE)3"}},
           {"~ (crp > 7.5) + sqrt(crp) + log1p(crp) + log2(crp + 1) + log10(crp + 2)",
            {"(Intercept)", "crp > 7.5TRUE", "sqrt(crp)", "log1p(crp)", "log2(crp + 1)",
             "log10(crp + 2)"}},
           {"~ I(sex == \"M\") + pmin(crp, 10) + pmax(crp, 3, 5) + exp(-crp/100)",
            {"(Intercept)", "I(sex == \"M\")TRUE", "pmin(crp, 10)", "pmax(crp, 3, 5)",
             "exp(-crp/100)"}},
           {"~ abs(crp - 20) + floor(crp) + ceiling(crp) + trunc(crp) + round(crp)",
            {"(Intercept)", "abs(crp - 20)", "floor(crp)", "ceiling(crp)", "trunc(crp)",
             "round(crp)"}},
           {"~ log(crp, 3) + I((crp != 20) * 2) + I(1 - (sex != \"M\"))",
            {"(Intercept)", "log(crp, 3)", "I((crp != 20) * 2)", "I(1 - (sex != \"M\"))"}}}) {
    json document = Sample();
    document["design"] = {{"terms", terms}, {"formula", formula}};
    document.erase("applicability");
    const char* links[] = {"logit", "identity", "log"};
    std::size_t a = 0;
    for (auto& [name, arm] : document["arms"].items()) {
      std::vector<double> coefficients;
      for (std::size_t j = 0; j < terms.size(); ++j) {
        coefficients.push_back((j % 2 == 0 ? 1e-6 : -1.7e-6) * static_cast<double>(3 * a + j + 1));
      }
      coefficients[0] = 0.3;
      arm = {{"learner", "elastic_net"}, {"link", links[a++]}, {"coefficients", coefficients}};
    }
    SCOPED_TRACE(formula);
    ExpectSame(document, Patients());
  }
}

TEST_F(Onnx, ComputesPublishedRisksAndChoices) {
  for (const char* name : {"ms-choice-chalkou-twostage", "ms-choice-chalkou-twostage-lasso",
                           "ms-choice-chalkou-threestage", "ms-relapse-chalkou-2021"}) {
    const decision::PublishedModel& model = *decision::FindPublishedModel(name);
    std::vector<Patient> patients;
    std::vector<std::vector<std::string>> arguments;
    for (const int value : {0, 1, 2}) {
      for (const char* sex : {"m", "f"}) {
        Patient& patient = patients.emplace_back();
        std::vector<std::string>& given = arguments.emplace_back();
        for (const decision::Field& field : model.fields) {
          if (field.kind == decision::FieldKind::kSex) {
            patient.texts[field.name] = sex;
            given.push_back(field.name + "=" + sex);
            continue;
          }
          const double number = std::clamp<double>(value, field.low, field.high);
          patient.numbers[field.name] = number;
          given.push_back(field.name + "=" + std::to_string(number));
        }
      }
    }
    Patient unknown = patients.back();
    for (auto& [field, number] : unknown.numbers) number = kNaN;
    patients.push_back(unknown);
    const json answers = Run(name, patients);
    for (std::size_t p = 0; p < arguments.size(); ++p) {
      const auto expected = decision::Predict(model, arguments[p], {});
      ASSERT_TRUE(expected) << expected.error().message;
      for (const auto& outcome : expected->outcomes) {
        const json& found = answers.at("probability_" + outcome.name);
        EXPECT_NEAR(found.at(p).get<double>(), *outcome.probability, kTolerance) << name;
        EXPECT_TRUE(found.back().is_null()) << name;
      }
    }
  }
}

TEST_F(Onnx, RefusesALevelThatTheModelDoesNotKnow) {
  std::ofstream(Path("model.json")) << Sample();
  std::ofstream(Path("patients.json")) << R"({"numbers": {"crp": [3]}, "texts": {"sex": ["X"]}})";
  ASSERT_EQ(std::system((CLINNOVA_PROGRAM " model export " + Path("model.json") +
                         " --format onnx --out " + Path("model.onnx"))
                            .c_str()),
            0);
  EXPECT_NE(std::system((Python() + " " + Path("model.onnx") + " " + Path("patients.json") +
                         " > /dev/null 2>&1")
                            .c_str()),
            0);
}

}  // namespace
}  // namespace clinnova
