// SPDX-License-Identifier: Apache-2.0
#include "decision/similar_patients.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "cohort/site_files.h"
#include "cohort/study_table.h"
#include "store/store.h"

namespace clinnova::decision {
namespace {

constexpr std::size_t kSmall = 5;

std::optional<std::size_t> IndexOf(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

/// The value of a column as the model's input has it; nothing where it is missing or of no known level.
std::optional<double> ValueOf(const core::SqlRows& rows, std::size_t column, std::size_t row,
                              const ModelInput& input, table::ColumnKind kind) {
  if (rows.IsNull(column, row)) return std::nullopt;
  if (!input.factor) return rows.Double(column, row);
  // factor(x) of a column of ones and zeros has their digits as levels.
  const std::string level = kind == table::ColumnKind::kFactor
                                ? std::string(rows.Text(column, row))
                                : (rows.Double(column, row) == 1 ? "1" : "0");
  const auto index = IndexOf(input.levels, level);
  return index ? std::optional<double>(static_cast<double>(*index)) : std::nullopt;
}

bool IsNear(const ModelInput& input, double here, double other) {
  return input.factor ? here == other : std::abs(here - other) <= input.sd;
}

}  // namespace

std::string SimilarText(const SimilarCount& count, const std::string& outcome) {
  if (count.patients < kSmall) return "fewer than 5 similar patients here";
  const std::size_t others = count.patients - count.reached;
  const std::string reached = count.reached < kSmall ? "fewer than 5"
                              : others < kSmall      ? "all but fewer than 5"
                                                     : std::to_string(count.reached);
  return "of " + std::to_string(count.patients) + " similar patients here, " + reached +
         " reached " + outcome;
}

Result<SimilarPatients> SimilarPatients::Read(const std::filesystem::path& site,
                                              const RegisteredModel& model,
                                              const cohort::DiseaseModule& module) {
  SimilarPatients similar;
  const std::filesystem::path path = cohort::SiteFiles(site).store;
  std::error_code none;
  if (!model.model.binary || !std::filesystem::exists(path, none)) return similar;
  cohort::TableRequest request{.study = {}, .index = model.index, .variables = {}};
  std::vector<std::string> names = {model.model.treatment, model.model.outcome};
  for (const ModelInput& input : model.model.inputs) names.push_back(input.name);
  for (const std::string& name : names) {
    const auto feature = model.feature_of.find(name);
    if (feature == model.feature_of.end()) return similar;
    request.variables.push_back({name, feature->second});
  }
  CLINNOVA_ASSIGN(const cohort::StudyQuery query, cohort::CompileStudy(request, module));
  if (query.columns[0].kind != table::ColumnKind::kFactor ||
      query.columns[1].kind != table::ColumnKind::kNumeric) {
    return similar;
  }
  CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = path.string(),
                                                  .access = store::Store::Access::kReadOnly,
                                                  .threads = 1}));
  CLINNOVA_ASSIGN(core::SqlRows rows, store.database().Query(query.sql));
  for (const ModelArm& arm : model.model.arms) similar.arms_.push_back(arm.name);
  similar.inputs_ = model.model.inputs;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      if (rows.IsNull(0, r) || rows.IsNull(1, r)) continue;
      const auto arm = IndexOf(similar.arms_, rows.Text(0, r));
      if (!arm) continue;
      Row row{.arm = *arm, .reached = rows.Double(1, r) == 1, .values = {}};
      for (std::size_t i = 0; i < similar.inputs_.size(); ++i) {
        row.values.push_back(
            ValueOf(rows, i + 2, r, similar.inputs_[i], query.columns[i + 2].kind));
      }
      similar.rows_.push_back(std::move(row));
    }
  }
  return similar;
}

std::vector<SimilarCount> SimilarPatients::Find(const PatientValues& patient) const {
  if (rows_.empty()) return {};
  std::vector<std::optional<double>> here;
  for (const ModelInput& input : inputs_) {
    std::optional<double> value;
    const auto number = patient.numbers.find(input.name);
    const auto level = patient.levels.find(input.name);
    if (input.factor && level != patient.levels.end()) {
      const auto index = IndexOf(input.levels, level->second);
      // A level that nobody of the training had is like nobody's.
      value = index ? static_cast<double>(*index) : -1;
    } else if (!input.factor && number != patient.numbers.end()) {
      value = number->second;
    }
    here.push_back(value);
  }
  std::vector<SimilarCount> counts;
  for (const std::string& arm : arms_) counts.push_back({.arm = arm});
  for (const Row& row : rows_) {
    bool near = true;
    for (std::size_t i = 0; near && i < here.size(); ++i) {
      near = !here[i] || (row.values[i] && IsNear(inputs_[i], *here[i], *row.values[i]));
    }
    if (!near) continue;
    ++counts[row.arm].patients;
    counts[row.arm].reached += row.reached ? 1 : 0;
  }
  return counts;
}

}  // namespace clinnova::decision
