// SPDX-License-Identifier: Apache-2.0
// One patient through the formula of a learned model: the columns that training had, by table/'s own code.
//
//   CLINNOVA_ASSIGN(const PatientDesign design, PatientDesign::Create(model));
//   CLINNOVA_ASSIGN(const std::vector<double> x, design.Row(model, values));    // one number per term
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "decision/learned_model.h"
#include "table/design.h"
#include "table/table.h"

namespace clinnova::decision {

/// A patient with a value for every input: a number, or the index of a level.
using CompleteValues = std::vector<double>;

class PatientDesign {
 public:
  /// kInvalidInput when the formula does not parse, names something that is no input, or gives other terms than the
  /// model's.
  static Result<PatientDesign> Create(const LearnedModel& model);

  /// The design's row. kInvalidInput when a term is not finite there.
  Result<std::vector<double>> Row(const LearnedModel& model, const CompleteValues& values) const;

 private:
  PatientDesign() = default;

  table::Schema schema_;
  std::shared_ptr<const table::Design>
      design_;  // shared by copies of this immutable value; null without a formula
};

}  // namespace clinnova::decision
