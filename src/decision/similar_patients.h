// SPDX-License-Identifier: Apache-2.0
// The site's own patients who are like the one in front of the physician, and how they fared: counts beside a
// model's estimates, for a physician who asks "and here?". They are plain counts of who was treated how, without any
// adjustment; the card says so.
//
//   CLINNOVA_ASSIGN(const SimilarPatients here, SimilarPatients::Read("site", model, module));
//   for (const SimilarCount& count : here.Find(patient)) SimilarText(count, "low_activity");
//   // "of 41 similar patients here, 12 reached low_activity"
//
// Rows come from the statement that makes a study's table (cohort/study_table.h), of persons with a valid research
// consent. Similar: every number that is known of the patient within one standard deviation of training, every factor
// the same, as known of both.
// Property: values without any identifier are kept in memory, and nothing leaves the site. Counts under five are said
// as "fewer than 5", likewise when all but a few reached the outcome.
// Thread rule: immutable value.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cohort/disease_module.h"
#include "decision/registered_model.h"

namespace clinnova::decision {

/// Similar patients whose outcome is known, by what they were given.
struct SimilarCount {
  std::string arm;
  std::size_t patients = 0;
  std::size_t reached = 0;  ///< whose outcome is 1
};

/// "of 41 similar patients here, 12 reached low_activity"
std::string SimilarText(const SimilarCount& count, const std::string& outcome);

class SimilarPatients {
 public:
  /// Nobody: of a site without a CDM, for a model of an outcome that is not binary, or when its study has no
  /// variable for the treatment or the outcome.
  SimilarPatients() = default;
  /// Reads the site's cohort of the model's study. kFailed when the store cannot be read, for example while an
  /// import writes it.
  static Result<SimilarPatients> Read(const std::filesystem::path& site,
                                      const RegisteredModel& model,
                                      const cohort::DiseaseModule& module);

  /// One count for every arm of the model, in its order; empty when there is nobody to count.
  std::vector<SimilarCount> Find(const PatientValues& patient) const;
  /// A patient of the site whose drug is an arm of the model and whose outcome is known.
  struct Row {
    std::size_t arm = 0;
    bool reached = false;
    std::vector<std::optional<double>> values;  ///< by input; of a factor the index of its level
  };
  /// Of rows that are at hand.
  SimilarPatients(std::vector<std::string> arms, std::vector<ModelInput> inputs,
                  std::vector<Row> rows)
      : arms_(std::move(arms)), inputs_(std::move(inputs)), rows_(std::move(rows)) {}
  const std::vector<Row>& rows() const { return rows_; }
  std::size_t size() const { return rows_.size(); }

 private:
  std::vector<std::string> arms_;
  std::vector<ModelInput> inputs_;
  std::vector<Row> rows_;
};

}  // namespace clinnova::decision
