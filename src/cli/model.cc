// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/learned_model.h"
#include "core/json_text.h"
#include "core/whole_file.h"
#include "decision/onnx_export.h"
#include "decision/published_model.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string name;
  std::vector<std::string> fields;
  std::vector<std::string> thresholds;  ///< TREATMENT=DIFFERENCE
  std::string format = "document";
  std::string out;
  bool json = false;
  bool html = false;
};

void Print(const nlohmann::ordered_json& json) {
  std::printf("%s", core::ResultJson(json).c_str());
}

Result<const decision::PublishedModel*> Find(const std::string& name) {
  const decision::PublishedModel* model = decision::FindPublishedModel(name);
  if (model == nullptr) return decision::UnknownModel(name);
  return model;
}

Result<std::map<std::string, double>> Thresholds(const std::vector<std::string>& arguments) {
  std::map<std::string, double> thresholds;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.rfind('=');
    double value = -1.0;
    if (equals != std::string::npos) {
      const char* end = argument.data() + argument.size();
      const auto read = std::from_chars(argument.data() + equals + 1, end, value);
      if (read.ec != std::errc() || read.ptr != end) value = -1.0;
    }
    if (!(value >= 0 && value <= 1)) {
      return Fail(ErrorCode::kInvalidInput, "--threshold: found \"" + argument +
                                                "\", expected TREATMENT=DIFFERENCE from 0 to 1");
    }
    thresholds[argument.substr(0, equals)] = value;
  }
  return thresholds;
}

/// With two digits below 1 %, so that a rare event is not 0.0 %.
std::string PercentText(const std::optional<double>& probability) {
  if (!probability) return "not published";
  char text[32];
  const bool rare = *probability > 0 && *probability < 0.01;
  std::snprintf(text, sizeof text, rare ? "%.2g %%" : "%.1f %%", 100 * *probability);
  return text;
}

void PrintPrediction(const decision::Prediction& prediction) {
  const decision::PublishedModel& model = *prediction.model;
  std::printf("%s: %s\n", model.name.c_str(), model.outcome.c_str());
  if (model.kind == decision::ModelKind::kPoints) {
    std::printf("  score %s, %s\n", decision::PlainNumber(prediction.linear).c_str(),
                prediction.band.c_str());
  }
  for (const auto& outcome : prediction.outcomes) {
    std::printf("  %-20s %s\n", outcome.name.c_str(), PercentText(outcome.probability).c_str());
  }
  if (!prediction.recommendation.empty()) {
    std::printf("  by the published rule: %s\n", prediction.recommendation.c_str());
  }
  for (const std::string& reason : prediction.reasons) std::printf("    %s\n", reason.c_str());
  if (!model.unverified.empty()) std::printf("  unverified  %s\n", model.unverified.c_str());
  std::printf("  source      %s\n", model.source.c_str());
}

Result<void> PredictOne(const Arguments& arguments) {
  if (NamesModelFile(arguments.name)) {
    return PredictByFile(arguments.name, arguments.fields, arguments.json);
  }
  CLINNOVA_ASSIGN(const decision::PublishedModel* model, Find(arguments.name));
  CLINNOVA_ASSIGN(const auto thresholds, Thresholds(arguments.thresholds));
  CLINNOVA_ASSIGN(const decision::Prediction prediction,
                  decision::Predict(*model, arguments.fields, thresholds));
  if (arguments.json) {
    Print(decision::PredictionJson(prediction));
  } else {
    PrintPrediction(prediction);
  }
  return {};
}

Result<void> Card(const Arguments& arguments) {
  if (NamesModelFile(arguments.name)) {
    return PrintModelCard(arguments.name, arguments.html   ? CardForm::kHtml
                                          : arguments.json ? CardForm::kJson
                                                           : CardForm::kText);
  }
  if (arguments.html) {
    return Fail(ErrorCode::kInvalidInput, "--html: expected the file of a learned model");
  }
  CLINNOVA_ASSIGN(const decision::PublishedModel* model, Find(arguments.name));
  if (arguments.json) {
    Print(decision::ModelCardJson(*model));
  } else {
    std::printf("%s", decision::ModelCard(*model).c_str());
  }
  return {};
}

Result<void> List(const Arguments& arguments) {
  if (!arguments.json) {
    std::printf("%s", decision::ModelList().c_str());
    return {};
  }
  nlohmann::ordered_json models = nlohmann::ordered_json::array();
  for (const auto& model : decision::PublishedModels()) {
    models.push_back({{"name", model.name},
                      {"title", model.title},
                      {"disease", model.disease},
                      {"unverified", !model.unverified.empty()}});
  }
  Print(models);
  return {};
}

Result<std::string> Exported(const std::string& name, bool onnx) {
  if (NamesModelFile(name)) return ExportModelFile(name, onnx);
  CLINNOVA_ASSIGN(const decision::PublishedModel* model, Find(name));
  if (!onnx) return model->document;
  return decision::OnnxFile(*model);
}

Result<void> Export(const Arguments& arguments) {
  const bool onnx = arguments.format == "onnx";
  if (!onnx && arguments.format != "document") {
    return Fail(ErrorCode::kInvalidInput,
                "--format: found \"" + arguments.format + "\", expected one of: document, onnx");
  }
  if (onnx && arguments.out.empty()) {
    return Fail(ErrorCode::kInvalidInput, "--out: expected the ONNX file to write");
  }
  CLINNOVA_ASSIGN(const std::string text, Exported(arguments.name, onnx));
  if (!arguments.out.empty()) return core::WriteWholeFile(arguments.out, text);
  std::printf("%s", text.c_str());
  return {};
}

}  // namespace

void AddModel(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* model =
      commands.Add(commands.root(), "model",
                   "Published and learned models: prediction, treatment choice, their cards",
                   kForPhysicians, nullptr);
  model->require_subcommand(0, 1);
  const auto add = [&](const char* name, const char* what,
                       Result<void> (*action)(const Arguments&)) {
    CLI::App* command =
        commands.Add(model, name, what, "", [arguments, action] { return action(*arguments); });
    command->group("Subcommands");
    return command;
  };
  CLI::App* list = add("list", "all models", List);
  CLI::App* card = add("card", "population, outcome, equation, validity and source", Card);
  CLI::App* predict = add("predict", "the prediction for one patient", PredictOne);
  CLI::App* export_command =
      add("export", "the model's document, or an ONNX file for another runtime", Export);
  for (CLI::App* command : {card, predict, export_command}) {
    command->add_option("NAME", arguments->name, "the model, or a learned model's file")
        ->required();
  }
  card->add_flag("--html", arguments->html, "print a page (of a learned model's file)");
  export_command->add_option("--format", arguments->format,
                             "document (TOML or JSON, the default) or onnx");
  export_command->add_option("--out", arguments->out, "the file to write; needed for onnx");
  predict->add_option("FIELDS", arguments->fields, "its inputs, such as age=34")
      ->type_name("field=value");
  predict
      ->add_option("--threshold", arguments->thresholds,
                   "the least advantage for which a treatment is recommended")
      ->type_name("TREATMENT=DIFFERENCE")
      ->expected(1)
      ->take_all();
  for (CLI::App* command : {list, card, predict}) {
    command->add_flag("--json", arguments->json, "print JSON");
  }
}

}  // namespace clinnova::cli
