// SPDX-License-Identifier: Apache-2.0
// The step choice.inputs of choice_value_steps.h.
#include "federation/batches.h"
#include "learn/choice_inputs.h"
#include "learn/choice_value_steps.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;

namespace {

std::size_t LevelCount(const std::vector<ChoiceInput>& inputs) {
  std::size_t levels = 0;
  for (const ChoiceInput& input : inputs) levels += input.levels.size();
  return levels;
}

Result<Layout> InputLayout(const Analysis& analysis, const table::Schema& schema,
                           const ChoiceInputParameters& parameters) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, schema));
  const bool sums = parameters.centers.empty();
  return Layout{{WideBlock("sums", sums ? 2 * inputs.size() : 0),
                 CountBlock("missing", sums ? inputs.size() : 0),
                 CountBlock("levels", sums ? LevelCount(inputs) : 0),
                 CountBlock("histogram", sums ? 0 : inputs.size() * kInputBins),
                 CountBlock("rows", 1), CountBlock("persons", sums ? inputs.size() : 0)}};
}

void CountMissing(const std::vector<ChoiceInput>& inputs, const table::Table& table,
                  std::size_t first, std::size_t count, ExactSums& sums) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const table::Column& column = table.column(inputs[i].column);
    std::int64_t missing = 0;
    for (std::size_t r = first; r < first + count; ++r) {
      missing += IsMissing(inputs[i], column, r) ? 1 : 0;
    }
    sums.AddCount(kInputMissing, i, missing);
  }
}

void AddInputs(const std::vector<ChoiceInput>& inputs, const ChoiceInputParameters& parameters,
               const table::Table& table, const ChoiceBatch& batch, ExactSums& sums) {
  const bool first_round = parameters.centers.empty();
  std::size_t level = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const table::Column& column = table.column(inputs[i].column);
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      const std::size_t row = batch.design.source_row[r];
      if (IsMissing(inputs[i], column, row)) continue;
      if (first_round) sums.AddCount(kInputPersons, i);
      if (inputs[i].factor) {
        if (first_round) {
          sums.AddCount(kInputLevels, level + static_cast<std::size_t>(column.codes[row]));
        }
        continue;
      }
      const double value = column.numbers[row];
      if (first_round) {
        sums.Add(kInputSums, 2 * i, value);
        sums.Add(kInputSums, 2 * i + 1, value * value);
        continue;
      }
      sums.AddCount(kInputHistogram,
                    i * kInputBins + InputBin(value, parameters.centers[i], parameters.scales[i]));
    }
    level += inputs[i].levels.size();
  }
}

Result<void> InputEvaluate(const SiteView& site, const ChoiceInputParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs,
                  InputsOf(site.analysis, site.table.schema));
  CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site, parameters.split));
  const bool histograms = !parameters.centers.empty();
  const bool fits = !histograms || (parameters.centers.size() == inputs.size() &&
                                    parameters.scales.size() == inputs.size());
  if (!fits) return Fail(ErrorCode::kRefused, "centres that do not fit the inputs", "wrong_layout");
  return ForEachBatch<ChoiceBatch>(site.table.rows, site.threads, sums,
                                   [&](std::size_t first, std::size_t count, ChoiceBatch& batch,
                                       ExactSums& mine) -> Result<void> {
                                     rows.Read(first, count, batch);
                                     AddInputs(inputs, parameters, site.table, batch, mine);
                                     if (!histograms)
                                       CountMissing(inputs, site.table, first, count, mine);
                                     mine.AddCount(kInputRows, 0, static_cast<std::int64_t>(count));
                                     return {};
                                   });
}

}  // namespace

const federation::TypedStep<ChoiceInputParameters> kChoiceInputStep{"choice.inputs", InputLayout,
                                                                    InputEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
