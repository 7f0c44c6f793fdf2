// SPDX-License-Identifier: Apache-2.0
#include "decision/learned_model_design.h"

#include "core/text.h"
#include "table/formula.h"

namespace clinnova::decision {

using table::ColumnKind;

Result<PatientDesign> PatientDesign::Create(const LearnedModel& model) {
  PatientDesign made;
  for (const ModelInput& input : model.inputs) {
    made.schema_.columns.push_back(
        {.name = input.name,
         .kind = input.factor ? ColumnKind::kFactor : ColumnKind::kNumeric,
         .levels = input.levels});
  }
  // Every table has a factor of its sites; a model that reads it has it among its inputs.
  if (!made.schema_.Find("site")) {
    made.schema_.columns.push_back(
        {.name = "site", .kind = ColumnKind::kFactor, .levels = {"here"}});
  }
  if (model.formula.empty()) return made;
  CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse(model.formula));
  if (formula.response().kind != table::Response::Kind::kNone || !formula.strata().empty() ||
      !formula.clusters().empty() || !formula.random().empty() || !formula.offsets().empty()) {
    return Fail(ErrorCode::kInvalidInput, "expected terms of a linear predictor alone");
  }
  const table::DesignFacts facts{.knots = model.knots, .polynomials = model.polynomials};
  CLINNOVA_ASSIGN(table::Design design, table::Design::Create(formula, made.schema_, {}, facts));
  const auto needs = design.bases_without_facts();
  if (!needs.empty()) {
    const std::string wanted = needs.front().polynomial ? "polynomial's coefficients" : "knots";
    return Fail(ErrorCode::kInvalidInput,
                needs.front().text + ": found no " + wanted + ", expected them");
  }
  if (design.names() != model.terms) {
    return Fail(ErrorCode::kInvalidInput, "gives the terms " + core::Joined(design.names()) +
                                              ", expected " + core::Joined(model.terms));
  }
  made.design_ = std::make_shared<const table::Design>(std::move(design));
  return made;
}

Result<std::vector<double>> PatientDesign::Row(const LearnedModel& model,
                                               const CompleteValues& values) const {
  if (design_ == nullptr) return std::vector<double>{};
  table::Table patient{.schema = schema_, .columns = {}, .rows = 1};
  for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
    table::Column& column = patient.columns.emplace_back();
    const double value = i < model.inputs.size() ? values[i] : 0;
    if (schema_.columns[i].kind == ColumnKind::kFactor) {
      column.codes = {static_cast<std::int32_t>(value)};
    } else {
      column.numbers = {value};
    }
  }
  // Has room for thousands of rows, which to make anew for each of a patient's what-ifs took longer than the rest.
  thread_local table::DesignBatch batch;
  design_->Evaluate(patient, 0, 1, batch);
  if (batch.rows != 1) {
    return Fail(ErrorCode::kInvalidInput,
                model.name + ": a term of \"" + model.formula +
                    "\" has no value for this patient, such as the logarithm of 0; expected values "
                    "inside its domain");
  }
  std::vector<double> row;
  for (std::size_t j = 0; j < model.terms.size(); ++j) {
    row.push_back(batch.x[j * table::kBatchRows]);
  }
  return row;
}

}  // namespace clinnova::decision
